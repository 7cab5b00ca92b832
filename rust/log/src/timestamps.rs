//! Searching by timestamp: for `ListOffsets`.
//!
//! The plan is made under the mutex of the log from the time indexes; the batches are read, and decompressed, when it runs,
//! outside of the mutex.

use std::path::PathBuf;
use std::sync::Arc;

use pybroker_wire::WireError;
use pybroker_wire::batch::Batch;

use crate::disk::File;
use crate::error::LogError;
use crate::log::Log;
use crate::scan::{BatchScanner, FoundBatch, SCAN_CHUNK_BYTES};
use crate::segment::TimestampOffset;
use crate::validate::{MAX_DECOMPRESSED_BATCH_BYTES, record_timestamp};

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
    wanted: Wanted,
    /// The record is not before this offset.
    start_offset: i64,
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// The first record at or after a timestamp.
    AtOrAfter(i64),
    /// The first of the records with the largest timestamp.
    Largest,
}

/// A stretch of a segment.
#[derive(Debug)]
struct Part {
    file: Arc<File>,
    path: PathBuf,
    position: u64,
    end: u64,
    /// The largest timestamp of the segment.
    largest_ms: i64,
}

impl Log {
    /// Plans the search for the first record whose timestamp is at or after `timestamp_ms`.
    pub fn timestamp_search(&mut self, timestamp_ms: i64) -> Result<TimestampSearch, LogError> {
        self.check_online()?;
        let interval = self.config.index_interval_bytes;
        let mut parts = Vec::new();
        for index in self.segment_index(self.log_start_offset)..self.segments.len() {
            let segment = &mut self.segments[index];
            let largest = segment.largest(&self.folder, interval)?;
            if largest.timestamp_ms < timestamp_ms {
                continue;
            }
            let before = segment.indexes(&self.folder, interval)?.times.before(timestamp_ms);
            let before = before.map(|entry| segment.timestamp_offset(entry));
            parts.push(self.part(index, before, largest.timestamp_ms)?);
            // Only the first segment may have its record before the log start offset: one more is enough.
            if parts.len() == 2 {
                break;
            }
        }
        let wanted = Wanted::AtOrAfter(timestamp_ms);
        Ok(TimestampSearch { wanted, start_offset: self.log_start_offset, parts })
    }

    /// Plans the search for the record with the largest timestamp, the first of them if there are several.
    pub fn max_timestamp_search(&mut self) -> Result<TimestampSearch, LogError> {
        self.check_online()?;
        let interval = self.config.index_interval_bytes;
        let mut parts = Vec::new();
        let first = self.segment_index(self.log_start_offset);
        let mut best: Option<(usize, TimestampOffset)> = None;
        for index in first..self.segments.len() {
            let segment = &mut self.segments[index];
            let largest = segment.largest(&self.folder, interval)?;
            if segment.base_offset < self.log_start_offset {
                // Its largest timestamp may be before the log start offset: only reading tells.
                parts.push(self.part(index, None, largest.timestamp_ms)?);
            } else if best.is_none_or(|(_, best)| largest.timestamp_ms > best.timestamp_ms) {
                best = Some((index, largest));
            }
        }
        if let Some((index, largest)) = best {
            parts.push(self.part(index, Some(largest), largest.timestamp_ms)?);
        }
        Ok(TimestampSearch { wanted: Wanted::Largest, start_offset: self.log_start_offset, parts })
    }

    /// The segment from the batch on that an entry of its time index describes; the whole segment if there is no such batch.
    fn part(
        &mut self,
        index: usize,
        entry: Option<TimestampOffset>,
        largest_ms: i64,
    ) -> Result<Part, LogError> {
        let segment = &mut self.segments[index];
        let mut position = 0;
        if let Some(entry) = entry {
            let interval = self.config.index_interval_bytes;
            let found = segment.locate(&self.folder, entry.offset, interval)?;
            position = found
                .filter(|found| {
                    found.header.last_offset() == entry.offset
                        && found.header.max_timestamp == entry.timestamp_ms
                })
                .map_or(0, |found| found.position);
        }
        let file = Arc::clone(segment.file(&self.folder)?);
        let path = segment.log_path(&self.folder);
        let part = Part { file, path, position, end: segment.size, largest_ms };
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

    /// The record with the largest timestamp, the first of them if there are several.
    pub fn max_timestamp(&mut self) -> Result<Option<FoundTimestamp>, LogError> {
        self.max_timestamp_search()?.run()
    }
}

impl TimestampSearch {
    /// Reads the log until the record is found.
    pub fn run(&self) -> Result<Option<FoundTimestamp>, LogError> {
        let mut best: Option<FoundTimestamp> = None;
        for part in &self.parts {
            let failed = |error| LogError::disk("read", &part.path, error);
            let mut scanner =
                BatchScanner::new(&part.file, part.position, part.end, SCAN_CHUNK_BYTES);
            while let Some(found) = scanner.next_header().map_err(failed)? {
                let at_least = match (self.wanted, best) {
                    (Wanted::AtOrAfter(timestamp_ms), None) => timestamp_ms,
                    (Wanted::Largest, None) => 0,
                    (Wanted::Largest, Some(best)) if best.timestamp_ms < part.largest_ms => {
                        best.timestamp_ms + 1
                    }
                    _ => break,
                };
                if found.header.max_timestamp >= at_least
                    && found.header.last_offset() >= self.start_offset
                    && let Some(record) = self.record_in(part, &found, at_least)?
                {
                    best = Some(record);
                }
            }
        }
        Ok(best)
    }

    /// The record of one batch whose timestamp is at least `at_least`: the first one, or the first of the largest.
    fn record_in(
        &self,
        part: &Part,
        found: &FoundBatch,
        at_least: i64,
    ) -> Result<Option<FoundTimestamp>, LogError> {
        let header = &found.header;
        let mut bytes = vec![0; header.size_bytes()];
        let read = part
            .file
            .read_at(&mut bytes, found.position)
            .map_err(|error| LogError::disk("read", &part.path, error))?;
        let corrupt = |error: WireError| LogError::Corrupt {
            path: part.path.clone(),
            position: found.position,
            offset: header.base_offset,
            reason: error.to_string(),
        };
        let batch = Batch::first(&bytes[..read]).map_err(corrupt)?;
        let mut scratch = Vec::new();
        let mut best: Option<FoundTimestamp> = None;
        for record in batch.records(&mut scratch, MAX_DECOMPRESSED_BATCH_BYTES).map_err(corrupt)? {
            let record = record.map_err(corrupt)?;
            let timestamp_ms = record_timestamp(header, &record);
            let offset = header.base_offset + i64::from(record.offset_delta);
            let wanted = best.map_or(at_least, |best| best.timestamp_ms + 1);
            if timestamp_ms >= wanted && offset >= self.start_offset {
                let leader_epoch = header.partition_leader_epoch;
                best = Some(FoundTimestamp { offset, timestamp_ms, leader_epoch });
                if self.wanted != Wanted::Largest {
                    break;
                }
            }
        }
        Ok(best)
    }
}
