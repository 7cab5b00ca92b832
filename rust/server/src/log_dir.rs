//! One log directory: what the last run left in it, whether it works, and what is checkpointed in it.
//!
//! * A directory whose disk failed is offline until the next start: its partitions answer storage errors, nothing in it is tried
//!   again, and the other directories go on. It is told of once, by `Mail::LogDirChanged`.
//! * A directory without space refuses records, and takes them again by itself when there is some. That is told of at its
//!   beginning and at its end.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::thread;

use parking_lot::Mutex;
use pybroker_log::checkpoints::{self, Offsets};
use pybroker_log::{DeletedFiles, FailureScope, LogError};

use crate::limits::CHECKPOINT_BYTES;
use crate::logs::Logs;
use crate::mailbox::{LogDirState, Mail, Mailbox};
use crate::open_files::OpenFiles;

/// A partition's topic and index, by which its folder is called.
pub(crate) type LogName = (Arc<str>, i32);

/// What the last run left of a log that is not open.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LeftBehind {
    pub(crate) recovery_point: i64,
    pub(crate) log_start_offset: i64,
}

/// One log directory.
#[derive(Debug)]
pub(crate) struct LogDir {
    path: PathBuf,
    was_clean: bool,
    // Logs that have a folder, or are about to get one, and are not open.
    left: Mutex<HashMap<LogName, LeftBehind>>,
    open_logs: AtomicUsize,
    // Held by who writes the checkpoints. True once the directory is marked as clean: a late flush writes them no more, because
    // the directory may be somebody else's by then.
    checkpointing: Mutex<bool>,
    // Flushed since the recovery points were written the last time.
    flushed_bytes: AtomicU64,
    failure: OnceLock<String>,
    // The disk did not take what was written last: there is no space, perhaps.
    is_refusing: AtomicBool,
    // Nothing may be appended, so that the control state finds space.
    holds_appends: AtomicBool,
    mailbox: Arc<Mailbox>,
    logs: Weak<Logs>,
    open_files: Arc<OpenFiles>,
}

impl LogDir {
    /// Read what the last run left. The clean-shutdown marker counts once. A directory that cannot be
    /// read is offline from the start.
    pub(crate) fn open(
        path: &Path,
        mailbox: Arc<Mailbox>,
        logs: Weak<Logs>,
        open_files: Arc<OpenFiles>,
    ) -> Arc<Self> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let found = found_in(&path);
        let failure = OnceLock::new();
        let (was_clean, left) = found.unwrap_or_else(|error| {
            let _ = failure.set(error.to_string());
            (false, HashMap::new())
        });
        let dir = Arc::new(Self {
            path,
            was_clean,
            left: Mutex::new(left),
            open_logs: AtomicUsize::new(0),
            checkpointing: Mutex::default(),
            flushed_bytes: AtomicU64::new(0),
            failure,
            is_refusing: AtomicBool::new(false),
            holds_appends: AtomicBool::new(false),
            mailbox,
            logs,
            open_files,
        });
        if let Some(reason) = dir.failure() {
            dir.tell(LogDirState::Offline, reason.to_owned());
        }
        dir
    }

    /// Where it is, absolute.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the last run ended in an orderly way.
    pub(crate) fn was_clean(&self) -> bool {
        self.was_clean
    }

    /// The folder of a log.
    pub(crate) fn folder(&self, (topic, partition): &LogName) -> PathBuf {
        self.path.join(format!("{topic}-{partition}"))
    }

    /// How many logs it has.
    pub(crate) fn log_count(&self) -> usize {
        self.open_logs.load(Ordering::Relaxed) + self.left.lock().len()
    }

    // --- Logs that are not open ------------------------------------------------------------------

    /// What is left of a log that has a folder here and is not open.
    pub(crate) fn left_behind(&self, name: &LogName) -> Option<LeftBehind> {
        self.left.lock().get(name).copied()
    }

    /// Note that a log gets its folder here.
    pub(crate) fn add(&self, name: LogName) {
        self.left.lock().insert(name, LeftBehind::default());
    }

    /// Note that a log was opened.
    pub(crate) fn opened(&self, name: &LogName) {
        self.left.lock().remove(name);
        self.open_logs.fetch_add(1, Ordering::Relaxed);
    }

    /// What earlier runs set aside to be unlinked.
    pub(crate) fn find_deleted(self: &Arc<Self>) -> Vec<DeletedFiles> {
        pybroker_log::find_deleted(&self.path).unwrap_or_else(|error| {
            self.note(error.scope(), &error.to_string());
            Vec::new()
        })
    }

    /// Note that an open log was deleted.
    pub(crate) fn deleted(&self) {
        self.open_logs.fetch_sub(1, Ordering::Relaxed);
    }

    /// Note that a log that was not open was deleted.
    pub(crate) fn forget(&self, name: &LogName) {
        self.left.lock().remove(name);
    }

    // --- Whether it works ------------------------------------------------------------------------

    /// Why the directory is offline, if it is.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    /// Whether the directory is offline.
    pub(crate) fn is_offline(&self) -> bool {
        self.failure.get().is_some()
    }

    /// Give the directory up. To be called without any lock. Says whether it worked until now.
    pub(crate) fn fail(self: &Arc<Self>, reason: String) -> bool {
        if self.failure.set(reason.clone()).is_err() {
            return false;
        }
        self.tell(LogDirState::Offline, reason);
        if let Some(logs) = self.logs.upgrade() {
            let dir = Arc::clone(self);
            // Closing files and waking fetches may wait for the failed disk, so no reactor does it. Without a thread it is left
            // undone: nothing is read or written all the same.
            let _ = thread::Builder::new()
                .name("log-dir-failure".to_owned())
                .spawn(move || logs.close_offline(&dir));
        }
        true
    }

    /// Take note of a failure of one of its logs or files, as far as it concerns the directory.
    pub(crate) fn note(self: &Arc<Self>, scope: FailureScope, reason: &str) {
        match scope {
            FailureScope::Log => {}
            FailureScope::Directory => {
                self.fail(reason.to_owned());
            }
            FailureScope::Passing => {
                if !self.is_refusing.swap(true, Ordering::AcqRel) {
                    self.tell(LogDirState::Refusing, reason.to_owned());
                }
            }
        }
    }

    /// Take note that records were stored.
    pub(crate) fn note_stored(&self) {
        if self.is_refusing.load(Ordering::Relaxed)
            && self.is_refusing.swap(false, Ordering::AcqRel)
        {
            self.tell(LogDirState::Online, String::new());
        }
    }

    /// Whether records are refused for the sake of the control state.
    pub(crate) fn holds_appends(&self) -> bool {
        self.holds_appends.load(Ordering::Relaxed)
    }

    /// Refuse records from now on, or no longer.
    pub(crate) fn hold_appends(&self, held: bool) {
        self.holds_appends.store(held, Ordering::Relaxed);
    }

    fn tell(&self, state: LogDirState, reason: String) {
        self.mailbox.push(Mail::LogDirChanged { path: self.path.clone(), state, reason });
    }

    /// The descriptors that logs share.
    pub(crate) fn open_files(&self) -> &Arc<OpenFiles> {
        &self.open_files
    }

    // --- What is written into it -----------------------------------------------------------------

    /// Take note that records were flushed. Says whether the recovery points are to be written, which one caller is told.
    pub(crate) fn note_flushed(&self, bytes: u64) -> bool {
        let before = self.flushed_bytes.fetch_add(bytes, Ordering::Relaxed);
        let is_due = before < CHECKPOINT_BYTES && before + bytes >= CHECKPOINT_BYTES;
        is_due && !self.is_offline()
    }

    /// Write up to where each log is flushed and from where on it is readable. `present` are the logs that are open.
    pub(crate) fn checkpoint(
        self: &Arc<Self>,
        present: impl Iterator<Item = (LogName, LeftBehind)>,
    ) -> Result<(), LogError> {
        let is_over = self.checkpointing.lock();
        if *is_over {
            return Ok(());
        }
        // Before the recovery points are read, so that what is flushed from now on counts towards the next time.
        self.flushed_bytes.store(0, Ordering::Relaxed);
        let (mut recovery_points, mut log_start_offsets) = (Offsets::new(), Offsets::new());
        let left: Vec<_> =
            self.left.lock().iter().map(|(name, left)| (name.clone(), *left)).collect();
        for ((topic, partition), offsets) in present.chain(left) {
            let name = (topic.to_string(), partition);
            if offsets.log_start_offset > 0 {
                log_start_offsets.insert(name.clone(), offsets.log_start_offset);
            }
            recovery_points.insert(name, offsets.recovery_point);
        }
        let write = |file, offsets| checkpoints::write_offsets(&self.path.join(file), offsets);
        let written = write(checkpoints::RECOVERY_POINT_FILE, &recovery_points)
            .and_then(|()| write(checkpoints::LOG_START_OFFSET_FILE, &log_start_offsets));
        written.inspect_err(|error| self.note(error.scope(), &error.to_string()))
    }

    /// Write the marker that lets the next start trust the files.
    pub(crate) fn mark_clean(self: &Arc<Self>) -> Result<(), LogError> {
        *self.checkpointing.lock() = true;
        checkpoints::write_clean_shutdown_marker(&self.path)
            .inspect_err(|error| self.note(error.scope(), &error.to_string()))
    }
}

fn found_in(path: &Path) -> Result<(bool, HashMap<LogName, LeftBehind>), LogError> {
    let recovery_points = checkpoints::read_offsets(&path.join(checkpoints::RECOVERY_POINT_FILE))?;
    let log_start_offsets =
        checkpoints::read_offsets(&path.join(checkpoints::LOG_START_OFFSET_FILE))?;
    let mut left = HashMap::new();
    for name in pybroker_log::log_folders(path)? {
        let found = LeftBehind {
            recovery_point: recovery_points.get(&name).copied().unwrap_or(0),
            log_start_offset: log_start_offsets.get(&name).copied().unwrap_or(0),
        };
        left.insert((Arc::from(name.0), name.1), found);
    }
    Ok((checkpoints::take_clean_shutdown_marker(path)?, left))
}
