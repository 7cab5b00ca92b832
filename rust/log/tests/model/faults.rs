//! Steps that are taken while something fails, and what is left of them.

use pybroker_log::simulated::{AfterFailedSync, Errno, Fault, Operation};
use pybroker_log::{LogError, ReadError};

use super::conversation::Conversation;
use super::step::CHANGES;

impl Conversation {
    /// Takes a step while something fails. A log that says that it goes on is as it was; one that is offline says so always, and is
    /// opened again.
    pub(crate) fn take_with_a_fault(&mut self) {
        let operations = [
            Operation::Write,
            Operation::Write,
            Operation::Sync,
            Operation::SyncFolder,
            Operation::Open,
            Operation::Rename,
            Operation::Read,
            Operation::SetLen,
            Operation::Remove,
        ];
        for _ in 0..=self.random.below(2) {
            let operation = operations[self.random.below(operations.len() as u64) as usize];
            let errno = match operation {
                Operation::Open => Errno::TooManyFiles,
                _ if self.random.chance(30) => Errno::NoSpace,
                _ => Errno::Io,
            };
            self.disk.fail(Fault {
                after: self.random.below(4) as u32,
                errno,
                stored_bytes: self.random.below(200) as usize,
                after_failed_sync: if self.random.chance(70) {
                    AfterFailedSync::Dropped
                } else {
                    AfterFailedSync::Kept
                },
                ..Fault::next(operation)
            });
        }
        let action = CHANGES[self.random.below(CHANGES.len() as u64) as usize];
        self.has_faults = true;
        let outcome = self.change(action);
        self.has_faults = false;
        self.disk.clear_faults();
        self.judge(&outcome);
    }

    pub(crate) fn fill_disk(&mut self) {
        let left = self.random.below(700);
        self.disk.set_capacity(Some(self.disk.used_bytes() + left));
        for _ in 0..8 {
            let outcome = self.append();
            if outcome.is_err() {
                let is_online = self.log.as_ref().is_some_and(|log| log.offline_reason().is_none());
                assert!(is_online, "no space is no reason to go offline: {outcome:?}");
                self.statistics.failed_changes += 1;
                self.check();
            }
        }
        self.disk.set_capacity(None);
        self.append().unwrap();
    }

    /// What an action that failed may have left.
    pub(crate) fn judge(&mut self, outcome: &Result<(), LogError>) {
        self.statistics.failed_changes += u64::from(outcome.is_err());
        let Some(log) = self.log.as_mut() else {
            return self.reopen_after_failure();
        };
        if log.offline_reason().is_none() {
            let Err(LogError::Disk { operation: "fsync", path, .. }) = outcome else { return };
            // It knows nothing of a checkpoint beside it, and an index that was to replace a damaged one is none yet. It is the
            // broker that gives the directory up.
            let is_index = path.to_str().is_some_and(|path| path.ends_with("index.tmp"));
            assert!(!path.starts_with(self.folder()) || is_index, "it goes on after {outcome:?}");
            return self.reopen_after_failure();
        }
        self.statistics.offline += 1;
        let refused = log.read(0, 1, 1, true);
        assert!(matches!(refused, Err(ReadError::Log(LogError::Offline { .. }))), "{refused:?}");
        assert!(matches!(log.flush(0), Err(LogError::Offline { .. })));
        assert!(matches!(log.roll(0), Err(LogError::Offline { .. })));
        self.reopen_after_failure();
    }
}
