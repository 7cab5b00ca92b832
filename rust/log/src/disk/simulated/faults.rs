//! Failures by schedule: which operation fails, when, how often and how.

use std::io;

/// What can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Reading a file, by handle or as a whole.
    Read,
    /// Writing to a file. A part of the bytes is stored.
    Write,
    /// Cutting or extending a file.
    SetLen,
    /// fsync of a file.
    Sync,
    /// fsync of a folder.
    SyncFolder,
    /// Opening or making a file.
    Open,
    /// Renaming a file or folder.
    Rename,
    /// Removing a file or folder.
    Remove,
    /// Making a folder.
    CreateFolder,
}

/// What the operating system says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errno {
    /// The device failed: EIO.
    Io,
    /// There is no space: ENOSPC.
    NoSpace,
    /// There are no file descriptors: EMFILE.
    TooManyFiles,
}

/// What becomes of the bytes of a file whose fsync failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterFailedSync {
    /// They are taken for clean, and no later fsync writes them, as Linux does on most file systems: they are still read, until
    /// the machine stops.
    Dropped,
    /// They stay dirty: a later fsync that succeeds has written them.
    Kept,
}

/// A failure that is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What fails.
    pub operation: Operation,
    /// How many operations of the kind succeed before.
    pub after: u32,
    /// How many fail then.
    pub times: u32,
    /// What is said.
    pub errno: Errno,
    /// Of a write: how many of its bytes are stored at most; never more than half of them.
    pub stored_bytes: usize,
    /// Of an fsync of a file: what becomes of its bytes.
    pub after_failed_sync: AfterFailedSync,
}

impl Fault {
    /// The next operation of the kind fails, once, with EIO; a write stores nothing; an fsync drops the bytes.
    pub fn next(operation: Operation) -> Self {
        Self {
            operation,
            after: 0,
            times: 1,
            errno: Errno::Io,
            stored_bytes: 0,
            after_failed_sync: AfterFailedSync::Dropped,
        }
    }

    /// As `next`, but a write stores so many bytes.
    pub fn next_write_after(stored_bytes: usize) -> Self {
        Self { stored_bytes, ..Self::next(Operation::Write) }
    }
}

impl Errno {
    pub(super) fn error(self) -> io::Error {
        io::Error::from_raw_os_error(match self {
            Self::Io => 5,
            Self::NoSpace => 28,
            Self::TooManyFiles => 24,
        })
    }
}

/// The failures that are still to come.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    faults: Vec<Fault>,
}

impl Schedule {
    pub(super) fn add(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    pub(super) fn clear(&mut self) {
        self.faults.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.faults.len()
    }

    /// The failure of this operation, if one is due.
    pub(super) fn take(&mut self, operation: Operation) -> Option<Fault> {
        let mut due = None;
        for fault in self.faults.iter_mut().filter(|fault| fault.operation == operation) {
            if fault.after > 0 {
                fault.after -= 1;
            } else if due.is_none() {
                fault.times = fault.times.saturating_sub(1);
                due = Some(*fault);
            }
        }
        self.faults.retain(|fault| fault.times > 0);
        due
    }
}
