//! Which leader epoch starts at which offset: `leader-epoch-checkpoint`.
//!
//! Epochs and offsets ascend together. The file is rewritten when an epoch is added or removed; it becomes durable with the
//! next flush, before the recovery point passes the batches that the entry describes. Where a crash of the machine left a torn
//! file, it is built anew from the log.

use std::path::Path;

use pybroker_wire::BatchHeader;

use crate::checkpoints::{encode_rows, number, read_rows};
use crate::disk;
use crate::error::LogError;

pub(crate) const FILE: &str = "leader-epoch-checkpoint";

/// The first offset of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct EpochEntry {
    epoch: i32,
    start_offset: i64,
}

/// The epochs that have records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeaderEpochs {
    entries: Vec<EpochEntry>,
}

impl LeaderEpochs {
    /// Reads the file; `None` when it is missing or damaged.
    pub(crate) fn load(folder: &Path) -> Result<Option<Self>, LogError> {
        let rows = read_rows(&folder.join(FILE), |fields| match fields {
            [epoch, offset] => {
                Some(EpochEntry { epoch: number(epoch)?, start_offset: number(offset)? })
            }
            _ => None,
        })?;
        Ok(rows.map(|rows| {
            let mut epochs = Self::default();
            for row in rows {
                epochs.assign(row.epoch, row.start_offset);
            }
            epochs
        }))
    }

    pub(crate) fn store(&self, folder: &Path) -> Result<(), LogError> {
        let rows =
            self.entries.iter().map(|entry| format!("{} {}", entry.epoch, entry.start_offset));
        disk::swap_file(&folder.join(FILE), encode_rows(rows).as_bytes())
    }

    pub(crate) fn latest(&self) -> Option<i32> {
        self.entries.last().map(|entry| entry.epoch)
    }

    /// Whether a batch of `epoch` at `start_offset` needs an entry.
    pub(crate) fn lacks(&self, epoch: i32, start_offset: i64) -> bool {
        let is_known = |last: &EpochEntry| last.epoch == epoch && last.start_offset <= start_offset;
        epoch >= 0 && !self.entries.last().is_some_and(is_known)
    }

    /// Notes a batch of `epoch` at `start_offset`; says whether that was new.
    pub(crate) fn assign(&mut self, epoch: i32, start_offset: i64) -> bool {
        if !self.lacks(epoch, start_offset) {
            return false;
        }
        // An epoch that got no record leaves an entry at the same offset; the newer one takes its place.
        while self
            .entries
            .last()
            .is_some_and(|last| last.epoch >= epoch || last.start_offset >= start_offset)
        {
            self.entries.pop();
        }
        self.entries.push(EpochEntry { epoch, start_offset });
        true
    }

    /// Notes a batch that is found in the log; epochs never go back there.
    pub(crate) fn note(&mut self, header: &BatchHeader) {
        let epoch = header.partition_leader_epoch;
        if self.latest().is_none_or(|latest| epoch > latest) {
            self.assign(epoch, header.base_offset);
        }
    }

    /// The largest epoch at or below the one asked for, and the offset at which the next one starts.
    pub(crate) fn end_offset(&self, epoch: i32, log_end_offset: i64) -> Option<(i32, i64)> {
        if self.latest()? == epoch {
            return Some((epoch, log_end_offset));
        }
        let higher = self.entries.partition_point(|entry| entry.epoch <= epoch);
        let end_offset = self.entries.get(higher)?.start_offset;
        match higher.checked_sub(1) {
            Some(floor) => Some((self.entries[floor].epoch, end_offset)),
            // Older than anything in the log: it ended where the log starts.
            None if epoch >= 0 => Some((epoch, end_offset)),
            None => None,
        }
    }

    /// The epoch of the record at `offset`.
    pub(crate) fn epoch_at(&self, offset: i64) -> Option<i32> {
        let after = self.entries.partition_point(|entry| entry.start_offset <= offset);
        after.checked_sub(1).map(|floor| self.entries[floor].epoch)
    }

    /// Forgets epochs that start at or after `end_offset`; says whether there were any.
    pub(crate) fn truncate_from_end(&mut self, end_offset: i64) -> bool {
        let kept = self.entries.partition_point(|entry| entry.start_offset < end_offset);
        let changed = kept < self.entries.len();
        self.entries.truncate(kept);
        changed
    }

    /// Forgets epochs that end before `start_offset`; says whether anything changed.
    pub(crate) fn truncate_from_start(&mut self, start_offset: i64) -> bool {
        let after = self.entries.partition_point(|entry| entry.start_offset <= start_offset);
        let Some(first) = after.checked_sub(1) else {
            return false;
        };
        if first == 0 && self.entries[0].start_offset == start_offset {
            return false;
        }
        self.entries.drain(..first);
        self.entries[0].start_offset = start_offset;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epochs(entries: &[(i32, i64)]) -> LeaderEpochs {
        let mut epochs = LeaderEpochs::default();
        for &(epoch, start_offset) in entries {
            assert!(epochs.assign(epoch, start_offset));
        }
        epochs
    }

    #[test]
    fn an_epoch_ends_where_the_next_one_starts() {
        let epochs = epochs(&[(1, 10), (3, 20), (5, 30)]);
        let found: Vec<_> = (-1..=6).map(|epoch| epochs.end_offset(epoch, 44)).collect();
        assert_eq!(
            found,
            [
                None,
                Some((0, 10)),
                Some((1, 20)),
                Some((1, 20)),
                Some((3, 30)),
                Some((3, 30)),
                Some((5, 44)),
                None
            ]
        );
        assert_eq!(LeaderEpochs::default().end_offset(0, 0), None);
    }

    #[test]
    fn an_offset_belongs_to_the_epoch_that_started_before_it() {
        let epochs = epochs(&[(1, 10), (3, 20)]);
        let found: Vec<_> = [9, 10, 19, 20, 99].map(|offset| epochs.epoch_at(offset)).into();
        assert_eq!(found, [None, Some(1), Some(1), Some(3), Some(3)]);
    }

    #[test]
    fn an_epoch_without_records_is_replaced() {
        assert_eq!(epochs(&[(1, 10), (2, 10)]), epochs(&[(2, 10)]));
        let mut same = epochs(&[(1, 10)]);
        assert!(!same.assign(1, 11));
        assert!(!same.assign(-1, 11));
    }

    #[test]
    fn truncation_moves_the_ends() {
        let mut cut = epochs(&[(1, 10), (3, 20), (5, 30)]);
        assert!(cut.truncate_from_end(30));
        assert!(!cut.truncate_from_end(30));
        assert_eq!(cut, epochs(&[(1, 10), (3, 20)]));
        assert!(cut.truncate_from_start(25));
        assert!(!cut.truncate_from_start(25));
        assert_eq!(cut, epochs(&[(3, 25)]));
        assert!(!cut.truncate_from_start(5));
    }

    #[test]
    fn the_file_is_kafkas_and_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let written = epochs(&[(0, 0), (7, 12)]);
        written.store(folder.path()).unwrap();
        let bytes = disk::read_file(&folder.path().join(FILE)).unwrap().unwrap();
        assert_eq!(str::from_utf8(&bytes).unwrap(), "0\n2\n0 0\n7 12\n");
        assert_eq!(LeaderEpochs::load(folder.path()).unwrap(), Some(written));
        for damaged in [&b"rubbish"[..], &bytes[..0], &bytes[..bytes.len() - 1]] {
            disk::write_file(&folder.path().join(FILE), damaged).unwrap();
            assert_eq!(LeaderEpochs::load(folder.path()).unwrap(), None);
        }
    }
}
