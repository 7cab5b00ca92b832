//! The offset index and the time index of one segment, held against its batches as they come.

use std::path::{Path, PathBuf};

use super::Findings;
use crate::disk;
use crate::error::LogError;
use crate::index::{
    OFFSET_ENTRY_BYTES, OffsetEntry, OffsetIndex, TIME_ENTRY_BYTES, TimeEntry, TimeIndex,
};
use crate::scan::FoundBatch;
use crate::segment::{OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, offset_path};

/// Entries that wait for their batch.
#[derive(Debug)]
struct Entries<T> {
    path: PathBuf,
    all: Vec<T>,
    next: usize,
}

impl<T: Copy> Entries<T> {
    fn peek(&self) -> Option<T> {
        self.all.get(self.next).copied()
    }

    /// Where in the file the next entry stands.
    fn position(&self, entry_bytes: usize) -> u64 {
        (self.next * entry_bytes) as u64
    }
}

/// What is left to check of the indexes of one segment.
#[derive(Debug)]
pub(super) struct IndexCheck {
    base_offset: i64,
    is_closed: bool,
    offsets: Entries<OffsetEntry>,
    times: Entries<TimeEntry>,
    /// Files that are missing or not indexes at all: an open segment may have none yet.
    damaged: Vec<PathBuf>,
    largest_ms: i64,
    last_time: Option<TimeEntry>,
}

impl IndexCheck {
    pub(super) fn new(
        folder: &Path,
        base_offset: i64,
        is_closed: bool,
        size: u64,
    ) -> Result<Self, LogError> {
        let mut damaged = Vec::new();
        let mut load = |suffix: &str, entry_bytes: usize| -> Result<_, LogError> {
            let path = offset_path(folder, base_offset, suffix);
            let bytes = disk::read_file(&path)?;
            if bytes.is_none() && is_closed {
                damaged.push(path.clone());
            }
            // Kafka makes the file of an open segment larger than what is in it.
            let bytes = without_zeros(bytes.unwrap_or_default(), entry_bytes, is_closed);
            Ok((path, bytes))
        };
        let (path, bytes) = load(OFFSET_INDEX_SUFFIX, OFFSET_ENTRY_BYTES)?;
        let offsets = OffsetIndex::decode(&bytes, size).map(|index| index.entries().to_vec());
        let offsets = (path, offsets);
        let (path, bytes) = load(TIME_INDEX_SUFFIX, TIME_ENTRY_BYTES)?;
        let times = TimeIndex::decode(&bytes).map(|index| index.entries().to_vec());
        let times = (path, times);
        let last_time = times.1.as_ref().and_then(|entries| entries.last().copied());
        Ok(Self {
            base_offset,
            is_closed,
            offsets: entries(offsets, &mut damaged),
            times: entries(times, &mut damaged),
            damaged,
            largest_ms: -1,
            last_time,
        })
    }

    /// Holds the entries that are about a batch, or before it, against it.
    pub(super) fn see(&mut self, found: &FoundBatch, findings: &mut Findings) {
        let header = &found.header;
        // A batch that compaction emptied has a timestamp that no record has.
        if header.records_count > 0 {
            self.largest_ms = self.largest_ms.max(header.max_timestamp);
        }
        while let Some(entry) = self.offsets.peek() {
            if u64::from(entry.position) > found.position {
                break;
            }
            let offset = self.offset(entry.relative_offset);
            if u64::from(entry.position) < found.position {
                let problem = format!("no batch starts at position {}", entry.position);
                self.offset_finding(offset, problem, findings);
            } else if offset != header.last_offset() {
                let last_offset = header.last_offset();
                let problem =
                    format!("the batch at position {} ends at {last_offset}", entry.position);
                self.offset_finding(offset, problem, findings);
            }
            self.offsets.next += 1;
        }
        while let Some(entry) = self.times.peek() {
            let offset = self.offset(entry.relative_offset);
            if offset > header.last_offset() {
                break;
            }
            if offset < header.base_offset {
                self.time_finding(offset, "no batch holds the offset".to_owned(), findings);
            } else if entry.timestamp_ms != header.max_timestamp {
                let (says, is) = (entry.timestamp_ms, header.max_timestamp);
                let problem = format!("timestamp {says}, the batch has {is}");
                self.time_finding(offset, problem, findings);
            }
            self.times.next += 1;
        }
    }

    /// Tells of entries that no batch came for, and of what is missing.
    pub(super) fn finish(mut self, findings: &mut Findings) {
        while let Some(entry) = self.offsets.peek() {
            let offset = self.offset(entry.relative_offset);
            let problem = format!("no batch starts at position {}", entry.position);
            self.offset_finding(offset, problem, findings);
            self.offsets.next += 1;
        }
        while let Some(entry) = self.times.peek() {
            let offset = self.offset(entry.relative_offset);
            self.time_finding(offset, "no batch holds the offset".to_owned(), findings);
            self.times.next += 1;
        }
        let last_ms = self.last_time.map_or(-1, |last| last.timestamp_ms);
        let is_whole = !self.damaged.contains(&self.times.path);
        if self.is_closed && is_whole && self.largest_ms >= 0 && last_ms != self.largest_ms {
            let problem =
                format!("it ends at {last_ms}, the largest timestamp is {}", self.largest_ms);
            findings.add(&self.times.path, None, None, problem);
        }
        for path in &self.damaged {
            let problem = "it is missing or damaged; the next start builds it anew".to_owned();
            findings.add(path, None, None, problem);
        }
    }

    fn offset(&self, relative_offset: u32) -> i64 {
        self.base_offset + i64::from(relative_offset)
    }

    fn offset_finding(&self, offset: i64, problem: String, findings: &mut Findings) {
        let position = self.offsets.position(OFFSET_ENTRY_BYTES);
        findings.add(&self.offsets.path, Some(position), Some(offset), problem);
    }

    fn time_finding(&self, offset: i64, problem: String, findings: &mut Findings) {
        let position = self.times.position(TIME_ENTRY_BYTES);
        findings.add(&self.times.path, Some(position), Some(offset), problem);
    }
}

fn entries<T>(found: (PathBuf, Option<Vec<T>>), damaged: &mut Vec<PathBuf>) -> Entries<T> {
    let (path, entries) = found;
    if entries.is_none() && !damaged.contains(&path) {
        damaged.push(path.clone());
    }
    Entries { path, all: entries.unwrap_or_default(), next: 0 }
}

fn without_zeros(mut bytes: Vec<u8>, entry_bytes: usize, is_closed: bool) -> Vec<u8> {
    if !is_closed {
        let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        bytes.truncate(used.next_multiple_of(entry_bytes).min(bytes.len()));
    }
    bytes
}
