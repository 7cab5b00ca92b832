//! Compares what the log says with what the plain model says.

use std::path::{Path, PathBuf};

use pybroker_log::AbortedTransaction;
use pybroker_wire::Batches;
use pybroker_wire::batch::{Batch, TimestampType};

use super::conversation::Conversation;
use super::plain::{Aborted, PlainBatch, PlainRecord};

/// Offsets, timestamps and epochs that are looked at after each step.
const SAMPLES: u64 = 2;
const OFFSET_ENTRY_BYTES: usize = 8;
const TIME_ENTRY_BYTES: usize = 12;
const MAX_BATCH_BYTES: usize = 1 << 20;

impl Conversation {
    /// A few samples.
    pub(crate) fn check(&mut self) {
        self.adopt_compacted();
        self.check_ends();
        self.check_new_batch();
        let (start, end) = (self.plain.log_start_offset, self.plain.log_end_offset);
        for _ in 0..SAMPLES {
            if start < end {
                let offset = start + self.random.below((end - start) as u64) as i64;
                self.check_read(offset);
                self.check_bounded_read(offset);
                self.check_epoch(offset);
            }
        }
        self.check_outside();
        self.check_timestamp();
    }

    /// Every offset, epoch and timestamp.
    pub(crate) fn check_everything(&mut self) {
        self.adopt_compacted();
        self.check_ends();
        self.check_new_batch();
        for index in 0..self.plain.batches.len() {
            if self.plain.batches[index].is_gone {
                continue;
            }
            let batch = &self.plain.batches[index];
            let first = batch.base_offset.max(self.plain.log_start_offset);
            self.check_read(first);
            self.check_epoch(first);
        }
        self.check_outside();
        self.check_aborted();
        self.check_committed();
        self.check_largest_timestamp();
        for _ in 0..4 {
            self.check_timestamp();
        }
    }

    fn check_ends(&mut self) {
        let state = self.log().state();
        let transactions = self.plain.transactions();
        // Whether a transaction is remembered whose records were deleted, and whose marker was lost, depends on snapshots.
        let readable =
            transactions.open.values().filter_map(|open| open.first_present_offset).min();
        let forgetting = readable.unwrap_or(state.log_end_offset).max(state.log_start_offset);
        let knowing = self.plain.last_stable_offset();
        let is_it = [knowing, forgetting].contains(&state.last_stable_offset)
            || (self.was_compacted && (knowing..forgetting).contains(&state.last_stable_offset));
        assert!(is_it, "{state:?}, {transactions:?}");
        assert_eq!(state.log_start_offset, self.plain.log_start_offset);
        assert_eq!(state.log_end_offset, self.plain.log_end_offset);
        assert!(state.recovery_point <= state.log_end_offset);
    }

    /// What was appended last is read back for the first time: it is what was sent.
    fn check_new_batch(&mut self) {
        while let Some(index) = self.plain.batches.iter().position(|each| each.stored.is_empty()) {
            let (base_offset, end) = {
                let batch = &self.plain.batches[index];
                (batch.base_offset, batch.last_offset() + 1)
            };
            let from = base_offset.max(self.plain.log_start_offset);
            let bytes = self.log().read(from, 1 << 30, end, true).unwrap().to_vec().unwrap();
            check_content(&self.plain.batches[index], &bytes);
            self.plain.batches[index].stored = bytes;
        }
    }

    /// From an offset on come whole batches, as they were stored.
    fn check_read(&mut self, offset: i64) {
        let end = self.plain.log_end_offset;
        let bytes = self.log().read(offset, 1 << 30, end, true).unwrap().to_vec().unwrap();
        let mut rest = &bytes[..];
        let behind = &self.plain.batches[self.plain.containing(offset)..];
        let mut present = behind.iter().filter(|batch| !batch.is_gone).peekable();
        assert_eq!(bytes.is_empty(), present.peek().is_none(), "offset {offset}");
        for batch in present {
            if rest.is_empty() {
                break;
            }
            assert!(rest.starts_with(&batch.stored), "offset {offset}: {}", batch.base_offset);
            rest = &rest[batch.stored.len()..];
        }
        assert!(rest.is_empty(), "offset {offset}: {} bytes that nobody wrote", rest.len());
    }

    /// Nothing at or past the upper bound shows, and no more than the limit.
    fn check_bounded_read(&mut self, offset: i64) {
        let batches = self.plain.batches.len() as u64;
        if batches == 0 {
            // The log ends in a gap that compaction left.
            return;
        }
        let upper_bound = self.plain.batches[self.random.below(batches) as usize].base_offset;
        let max_bytes = self.random.below(700) as usize;
        let at_least_one = self.random.chance(50);
        let slice = self.log().read(offset, max_bytes, upper_bound, at_least_one).unwrap();
        let bytes = slice.to_vec().unwrap();
        let behind = &self.plain.batches[self.plain.containing(offset)..];
        let Some(first) = behind.iter().find(|batch| !batch.is_gone) else {
            return assert!(bytes.is_empty(), "{offset} is followed by nothing");
        };
        let is_visible = first.base_offset < upper_bound && offset < upper_bound;
        let fits = at_least_one || first.stored.len() <= max_bytes;
        if !is_visible || !fits {
            assert!(bytes.is_empty(), "{offset} below {upper_bound}");
            return;
        }
        assert!(bytes.len() <= max_bytes.max(first.stored.len()));
        assert!(bytes.starts_with(&first.stored));
        let last = Batches::new(&bytes).filter_map(Result::ok).last().unwrap();
        assert!(last.header.last_offset() < upper_bound);
    }

    fn check_outside(&mut self) {
        let (start, end) = (self.plain.log_start_offset, self.plain.log_end_offset);
        assert_eq!(self.log().read(end, 1 << 30, end, true).unwrap().len, 0);
        assert!(self.log().read(end + 1, 1, i64::MAX, true).is_err());
        assert!(self.log().read(start - 1, 1, i64::MAX, true).is_err());
    }

    /// Every aborted transaction with a record that may be read is known, and no other.
    fn check_aborted(&mut self) {
        let (start, end) = (self.plain.log_start_offset, self.plain.log_end_offset);
        let expected = self.plain.transactions().aborted;
        let found = self.log().aborted_in(start..end).unwrap();
        for aborted in &expected {
            let Some(first_readable_offset) = aborted.first_readable_offset else { continue };
            let first_offsets = aborted.first_offset..=first_readable_offset;
            let is_it = |found: &&AbortedTransaction| {
                found.producer_id == aborted.producer_id
                    && found.last_offset == aborted.marker_offset
                    && first_offsets.contains(&found.first_offset)
            };
            assert!(found.iter().any(|found| is_it(&found)), "{aborted:?} is not in {found:?}");
        }
        for found in &found {
            let is_it = |aborted: &&Aborted| aborted.marker_offset == found.last_offset;
            assert!(expected.iter().any(|aborted| is_it(&aborted)), "nobody aborted {found:?}");
        }
    }

    fn check_timestamp(&mut self) {
        let timestamp_ms =
            self.now_ms - 600 - self.random.below(3_000) as i64 + self.random.below(4_000) as i64;
        let found = self.log().find_by_timestamp(timestamp_ms).unwrap();
        assert_eq!(
            found.map(|found| (found.offset, found.timestamp_ms, found.leader_epoch)),
            self.plain.visible().find(|record| record.1 >= timestamp_ms),
            "timestamp {timestamp_ms}"
        );
    }

    fn check_largest_timestamp(&mut self) {
        let found = self.log().max_timestamp().unwrap();
        let largest = self.plain.visible().map(|record| record.1).max();
        assert_eq!(
            found.map(|found| (found.offset, found.timestamp_ms, found.leader_epoch)),
            self.plain.visible().find(|record| Some(record.1) == largest)
        );
    }

    fn check_epoch(&mut self, offset: i64) {
        let found = self.plain.batches.get(self.plain.containing(offset));
        let Some(batch) = found.filter(|batch| !batch.is_gone && batch.base_offset <= offset)
        else {
            return;
        };
        let epoch = batch.leader_epoch;
        let mut later = self.plain.batches.iter().filter(|other| other.leader_epoch > epoch);
        let start_of = |next: Option<&PlainBatch>| {
            next.map_or(self.plain.log_end_offset, |next| next.base_offset)
        };
        // Leader epochs that were built anew know nothing of batches that are gone.
        let (next, present) = (later.clone().next(), start_of(later.find(|batch| !batch.is_gone)));
        // A truncation to an offset within a batch that is gone leaves the epoch that began with it.
        let last = self.plain.batches.iter().rfind(|other| other.leader_epoch == epoch);
        let first = match last.filter(|_| self.was_compacted) {
            Some(last) => last.last_offset() + 1,
            None => start_of(next),
        };
        assert_eq!(self.log().epoch_at(offset), Some(epoch), "offset {offset}");
        let found = self.log().end_offset_for_epoch(epoch);
        let is_it = found.is_some_and(|(of, end)| of == epoch && (first..=present).contains(&end));
        assert!(is_it, "{found:?} is not from {first} to {present}");
    }

    /// Every entry of the index files of a closed log is true of the segment beside them.
    pub(crate) fn check_all_indexes(&self) {
        self.log_files().iter().for_each(|path| self.check_indexes_of(path));
    }

    /// As above, of an open log: the index files of its active segment are behind.
    pub(crate) fn check_closed_indexes(&self) {
        let paths = self.log_files();
        paths.iter().rev().skip(1).for_each(|path| self.check_indexes_of(path));
    }

    fn log_files(&self) -> Vec<PathBuf> {
        let mut paths = self.disk.files(&self.folder());
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
        paths
    }

    fn check_indexes_of(&self, path: &Path) {
        let base_offset: i64 = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
        let content = self.disk.content(path).unwrap();
        let batches = batches_of(&content);
        let indexes = ["index", "timeindex"].map(|extension| {
            self.disk.content(&path.with_extension(extension)).unwrap_or_default()
        });
        let is_whole =
            indexes[0].len() % OFFSET_ENTRY_BYTES == 0 && indexes[1].len() % TIME_ENTRY_BYTES == 0;
        if !is_whole || !self.trusts_index_files {
            return;
        }
        for entry in indexes[0].chunks_exact(OFFSET_ENTRY_BYTES) {
            let last_offset = base_offset + i64::from(u32_at(entry, 0));
            let position = u64::from(u32_at(entry, 4));
            let is_true =
                batches.iter().any(|(at, _, last, _)| (*at, *last) == (position, last_offset));
            assert!(is_true, "{}: ({last_offset}, {position})", path.display());
        }
        for entry in indexes[1].chunks_exact(TIME_ENTRY_BYTES) {
            let timestamp_ms = i64::from_be_bytes(entry[..8].try_into().unwrap());
            let offset = base_offset + i64::from(u32_at(entry, 8));
            let before = batches.iter().filter(|(_, _, last, _)| *last <= offset);
            assert_eq!(before.map(|each| each.3).max(), Some(timestamp_ms), "{}", path.display());
        }
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// Position, first and last offset and largest timestamp of each batch.
fn batches_of(content: &[u8]) -> Vec<(u64, i64, i64, i64)> {
    let mut position = 0;
    let mut found = Vec::new();
    for batch in Batches::new(content).map_while(Result::ok) {
        let header = batch.header;
        // What compaction has emptied has a timestamp that no record has.
        let timestamp_ms = if header.records_count > 0 { header.max_timestamp } else { -1 };
        found.push((position, header.base_offset, header.last_offset(), timestamp_ms));
        position += header.size_bytes() as u64;
    }
    found
}

fn check_content(expected: &PlainBatch, bytes: &[u8]) {
    let batch = Batch::first(verified(bytes)).unwrap();
    assert_eq!(batch.header.base_offset, expected.base_offset);
    assert_eq!(batch.header.partition_leader_epoch, expected.leader_epoch);
    assert_eq!(records_of(bytes), expected.records);
}

/// The bytes of one whole batch.
pub(crate) fn verified(bytes: &[u8]) -> &[u8] {
    let batch = Batch::first(bytes).unwrap();
    assert_eq!(batch.bytes.len(), bytes.len(), "one batch");
    batch.verify_crc().unwrap();
    bytes
}

/// The records of a batch.
pub(crate) fn records_of(bytes: &[u8]) -> Vec<PlainRecord> {
    records_with_offsets(bytes).into_iter().map(|(_, record)| record).collect()
}

/// The records of a batch, with their offsets.
pub(crate) fn records_with_offsets(bytes: &[u8]) -> Vec<(i64, PlainRecord)> {
    let batch = Batch::first(bytes).unwrap();
    let is_stamped = batch.header.attributes.timestamp_type() == TimestampType::LogAppendTime;
    let mut scratch = Vec::new();
    let records = batch.records(&mut scratch, MAX_BATCH_BYTES).unwrap();
    records
        .map(|record| {
            let record = record.unwrap();
            let timestamp_ms = if is_stamped {
                batch.header.max_timestamp
            } else {
                batch.header.base_timestamp + record.timestamp_delta
            };
            let key = record.key.unwrap_or_default().to_vec();
            let value = record.value.map(<[u8]>::to_vec);
            let offset = batch.header.base_offset + i64::from(record.offset_delta);
            (offset, PlainRecord { timestamp_ms, key, value })
        })
        .collect()
}
