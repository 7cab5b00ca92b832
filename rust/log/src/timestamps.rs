//! Searching by timestamp: for `ListOffsets`.
//!
//! The plan is made under the mutex of the log from the time indexes; the batches are read, and decompressed, when it runs,
//! outside of the mutex.

use std::path::PathBuf;
use std::sync::Arc;

use pybroker_wire::batch::{Batch, TimestampType};

use crate::disk::File;
use crate::error::LogError;
use crate::log::Log;
use crate::scan::{BatchScanner, FoundBatch, SCAN_CHUNK_BYTES};

/// What a batch that is searched may expand to.
const MAX_DECOMPRESSED_BATCH_BYTES: usize = 256 * 1024 * 1024;

/// A record found by its timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundTimestamp {
    /// The record's offset.
    pub offset: i64,
    /// The record's timestamp.
    pub timestamp_ms: i64,
    /// Leader epoch of its batch.
    pub leader_epoch: i32,
}

/// Where to look for a timestamp; `run` it outside of the mutex.
#[derive(Debug)]
pub struct TimestampSearch {
    /// The first record at or after it is wanted.
    timestamp_ms: i64,
    /// The record is not before this offset.
    start_offset: i64,
    parts: Vec<Part>,
}

/// A stretch of a segment.
#[derive(Debug)]
struct Part {
    file: Arc<File>,
    path: PathBuf,
    position: u64,
    end: u64,
}

impl Log {
    /// Plans the search for the first record whose timestamp is at or after `timestamp_ms`.
    pub fn timestamp_search(&mut self, timestamp_ms: i64) -> Result<TimestampSearch, LogError> {
        self.check_online()?;
        let mut parts = Vec::new();
        for index in self.segment_index(self.log_start_offset)..self.segments.len() {
            let interval = self.config.index_interval_bytes;
            let largest = self.segments[index].largest(&self.folder, interval)?;
            if largest.timestamp_ms < timestamp_ms {
                continue;
            }
            let before =
                self.segments[index].indexes(&self.folder, interval)?.times.before(timestamp_ms);
            let before = before.map(|entry| {
                (
                    self.segments[index].base_offset + i64::from(entry.relative_offset),
                    entry.timestamp_ms,
                )
            });
            parts.push(self.part(index, before)?);
            // Only the first segment may have its record before the log start offset: one more is enough.
            if parts.len() == 2 {
                break;
            }
        }
        Ok(TimestampSearch { timestamp_ms, start_offset: self.log_start_offset, parts })
    }

    /// Plans the search for the record with the largest timestamp, the first of them if there are several.
    pub fn max_timestamp_search(&mut self) -> Result<TimestampSearch, LogError> {
        self.check_online()?;
        let mut best = None;
        for index in self.segment_index(self.log_start_offset)..self.segments.len() {
            let largest =
                self.segments[index].largest(&self.folder, self.config.index_interval_bytes)?;
            if best.is_none_or(|(_, timestamp_ms, _)| largest.timestamp_ms > timestamp_ms) {
                best = Some((index, largest.timestamp_ms, largest.offset));
            }
        }
        let (parts, timestamp_ms) = match best {
            Some((index, timestamp_ms, offset)) if timestamp_ms >= 0 => {
                (vec![self.part(index, Some((offset, timestamp_ms)))?], timestamp_ms)
            }
            _ => (Vec::new(), i64::MAX),
        };
        Ok(TimestampSearch { timestamp_ms, start_offset: self.log_start_offset, parts })
    }

    /// The segment from the batch on that ends at an offset and has a largest timestamp; the whole segment if the index was wrong
    /// about it.
    fn part(&mut self, index: usize, from: Option<(i64, i64)>) -> Result<Part, LogError> {
        let segment = &mut self.segments[index];
        let mut position = 0;
        if let Some((offset, timestamp_ms)) = from {
            let interval = self.config.index_interval_bytes;
            let found = segment.locate(&self.folder, offset, interval)?;
            position = found
                .filter(|found| {
                    found.header.last_offset() == offset
                        && found.header.max_timestamp == timestamp_ms
                })
                .map_or(0, |found| found.position);
        }
        let file = Arc::clone(segment.file(&self.folder)?);
        let part = Part { file, path: segment.log_path(&self.folder), position, end: segment.size };
        if index + 1 < self.segments.len() {
            let base_offset = self.segments[index].base_offset;
            self.keep_warm(base_offset);
        }
        Ok(part)
    }

    /// The first record whose timestamp is at or after `timestamp_ms`.
    pub fn find_by_timestamp(
        &mut self,
        timestamp_ms: i64,
    ) -> Result<Option<FoundTimestamp>, LogError> {
        self.timestamp_search(timestamp_ms)?.run()
    }

    /// The record with the largest timestamp.
    pub fn max_timestamp(&mut self) -> Result<Option<FoundTimestamp>, LogError> {
        self.max_timestamp_search()?.run()
    }
}

impl TimestampSearch {
    /// Reads the log until the record is found.
    pub fn run(&self) -> Result<Option<FoundTimestamp>, LogError> {
        for part in &self.parts {
            if let Some(found) = self.run_part(part)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn run_part(&self, part: &Part) -> Result<Option<FoundTimestamp>, LogError> {
        let failed = |error| LogError::disk("read", &part.path, error);
        let mut scanner = BatchScanner::new(&part.file, part.position, part.end, SCAN_CHUNK_BYTES);
        while let Some(found) = scanner.next_header().map_err(failed)? {
            let header = &found.header;
            if header.max_timestamp < self.timestamp_ms || header.last_offset() < self.start_offset
            {
                continue;
            }
            let mut bytes = vec![0; header.size_bytes()];
            let read = part.file.read_at(&mut bytes, found.position).map_err(failed)?;
            bytes.truncate(read);
            if let Some(found) = self.first_record(part, &found, &bytes)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn first_record(
        &self,
        part: &Part,
        found: &FoundBatch,
        bytes: &[u8],
    ) -> Result<Option<FoundTimestamp>, LogError> {
        let header = &found.header;
        let corrupt = |error: pybroker_wire::WireError| LogError::Corrupt {
            path: part.path.clone(),
            position: found.position,
            offset: header.base_offset,
            reason: error.to_string(),
        };
        let batch = Batch::first(bytes).map_err(corrupt)?;
        let mut scratch = Vec::new();
        for record in batch.records(&mut scratch, MAX_DECOMPRESSED_BATCH_BYTES).map_err(corrupt)? {
            let record = record.map_err(corrupt)?;
            let timestamp_ms = match header.attributes.timestamp_type() {
                TimestampType::CreateTime => {
                    header.base_timestamp.wrapping_add(record.timestamp_delta)
                }
                TimestampType::LogAppendTime => header.max_timestamp,
            };
            let offset = header.base_offset + i64::from(record.offset_delta);
            if timestamp_ms >= self.timestamp_ms && offset >= self.start_offset {
                let leader_epoch = header.partition_leader_epoch;
                return Ok(Some(FoundTimestamp { offset, timestamp_ms, leader_epoch }));
            }
        }
        Ok(None)
    }
}
