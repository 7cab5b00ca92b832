//! One partition: its log behind a mutex, the numbers that readers need without it, and the fetches that wait for it.
//!
//! * An append takes the log's mutex for as long as its write takes. Fetches at the end of the log, `ListOffsets` and the
//!   purgatory read the published numbers instead, so that they never wait for a disk.
//! * A log that fails, and one in which a panic was caught, is dropped: the partition is offline until it is opened
//!   again. [`Partition::take_failure`] gives the reason once, to whoever reports it.
//! * Locks are taken in the order compaction, then housekeeping, then log, then published; or watchers, then published; never log and
//!   watchers together.

mod failing;
mod reading;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use pybroker_log::{
    AppendError, Appended, DeletedFiles, Log, LogError, LogState, Origin, Refusal, Rest,
};
use pybroker_wire::Uuid;
use pybroker_wire::fetch::IsolationLevel;

use crate::flusher::FlushQueue;
use crate::log_dir::LogDir;
use crate::purgatory::{Mark, Waiter, Watchers};
pub(crate) use failing::{Failure, Offline, report_failure};
pub(crate) use reading::{PartitionRead, ReadFailure, ReadRequest};

/// One partition.
#[derive(Debug)]
pub(crate) struct Partition {
    topic: Arc<str>,
    topic_id: Uuid,
    index: i32,
    // None once it is offline, closed or deleted.
    log: Mutex<Option<Log>>,
    published: Mutex<Published>,
    watchers: Mutex<Watchers>,
    /// Held by a pass of compaction, which names files in the log's folder. Taken before all others.
    pub(crate) compaction: Mutex<()>,
    /// The log is to be deleted: a pass over it ends.
    is_leaving: AtomicBool,
    /// Held by who renames or replaces files of the log by their names, outside of its mutex. Taken before the log.
    pub(crate) housekeeping: Mutex<()>,
    /// Producers that wait until their records are durable.
    pub(crate) flushes: Mutex<FlushQueue>,
    dir: Arc<LogDir>,
    this: Weak<Self>,
    // Whether the partition stands in the ring of those that may have open files, and whether it was used since its turn.
    is_in_ring: AtomicBool,
    was_used: AtomicBool,
}

/// What can be known of a log without its mutex. Written under the mutex, so it only moves as the log does.
#[derive(Debug)]
struct Published {
    state: LogState,
    availability: Availability,
    mark: Mark,
    // How many watchers there are, so that an append that wakes nobody takes no further lock.
    watchers: usize,
    // A failure that nobody has reported yet.
    failure: Option<Failure>,
    // The last append failed on the disk and left the log as it was: there is no space, perhaps.
    is_refusing: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Availability {
    Open,
    /// Flushed and closed in an orderly way: the numbers stay true.
    Closed,
    /// The log failed, or it was deleted.
    Offline,
}

/// Why records were not appended.
#[derive(Debug)]
pub(crate) enum AppendFailure {
    /// They break a rule; the log is as before.
    Refused(Box<Refusal>),
    /// The disk did not take them, or the log is offline.
    Storage,
}

/// Records that were appended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stored {
    pub(crate) appended: Appended,
    /// When `flush.ms` wants them flushed at the latest, on the wall clock.
    pub(crate) flush_deadline_ms: Option<i64>,
}

impl Partition {
    /// A partition that is open.
    pub(crate) fn new(
        topic: Arc<str>,
        topic_id: Uuid,
        index: i32,
        dir: Arc<LogDir>,
        log: Log,
    ) -> Arc<Self> {
        let published = Published {
            state: log.state(),
            availability: Availability::Open,
            mark: Mark::default(),
            watchers: 0,
            failure: None,
            is_refusing: false,
        };
        let partition = Arc::new_cyclic(|this| Self {
            topic,
            topic_id,
            index,
            log: Mutex::new(Some(log)),
            published: Mutex::new(published),
            watchers: Mutex::default(),
            compaction: Mutex::default(),
            is_leaving: AtomicBool::new(false),
            housekeeping: Mutex::default(),
            flushes: Mutex::default(),
            dir,
            this: Weak::clone(this),
            is_in_ring: AtomicBool::new(false),
            was_used: AtomicBool::new(false),
        });
        if let Some(log) = &*partition.log.lock() {
            // Recovery has opened files.
            partition.note_files(log);
        }
        partition
    }

    /// The topic's name.
    pub(crate) fn topic(&self) -> &str {
        &self.topic
    }

    /// The topic's id.
    pub(crate) fn topic_id(&self) -> Uuid {
        self.topic_id
    }

    /// The partition's index.
    pub(crate) fn index(&self) -> i32 {
        self.index
    }

    /// The directory that it lies in.
    pub(crate) fn dir(&self) -> &Arc<LogDir> {
        &self.dir
    }

    /// The numbers of the log; those of its end when it is closed, none when it is offline.
    pub(crate) fn state(&self) -> Option<LogState> {
        if self.dir.is_offline() {
            return None;
        }
        let published = self.published.lock();
        match published.availability {
            Availability::Open | Availability::Closed => Some(published.state),
            Availability::Offline => None,
        }
    }

    /// Whether nothing can be read or written.
    pub(crate) fn is_offline(&self) -> bool {
        self.state().is_none()
    }

    /// How many fetches wait.
    #[cfg(test)]
    pub(crate) fn watcher_count(&self) -> usize {
        self.published.lock().watchers
    }

    /// Append the record batches of one Produce request, and wake the fetches that waited for them.
    pub(crate) fn append(
        &self,
        records: &mut [u8],
        leader_epoch: i32,
        origin: Origin,
        now_ms: i64,
    ) -> Result<Stored, AppendFailure> {
        if self.dir.holds_appends() {
            return Err(AppendFailure::Storage);
        }
        let mut log = self.log.lock();
        let outcome = self.guarded(&mut log, |log| {
            let appended = log.append(records, leader_epoch, origin, now_ms)?;
            Ok((Stored { appended, flush_deadline_ms: log.flush_deadline_ms() }, log.state()))
        });
        match outcome {
            Ok(Ok((stored, state))) => {
                // A roll leaves what was waited for in an older segment: no later append is read together with it.
                let has_watchers = self.publish_append(state, stored.appended.rolled);
                drop(log);
                self.dir.note_stored();
                if has_watchers {
                    self.watchers.lock().advance(|| self.published.lock().mark);
                }
                Ok(stored)
            }
            Ok(Err(AppendError::Refused(refusal))) => Err(AppendFailure::Refused(refusal)),
            Ok(Err(AppendError::Log(error))) => {
                self.note_refusal(&error);
                Err(AppendFailure::Storage)
            }
            Err(Offline) => Err(AppendFailure::Storage),
        }
    }

    /// Do something else with the log. Fetches that wait look again when it moved an end of the log.
    pub(crate) fn with_log<R>(&self, work: impl FnOnce(&mut Log) -> R) -> Result<R, Offline> {
        let mut log = self.log.lock();
        let (outcome, state) = self.guarded(&mut log, |log| (work(log), log.state()))?;
        let has_moved = {
            let mut published = self.published.lock();
            let before = std::mem::replace(&mut published.state, state);
            before.log_start_offset != state.log_start_offset
                || before.last_stable_offset != state.last_stable_offset
        };
        drop(log);
        if has_moved {
            self.wake();
        }
        Ok(outcome)
    }

    /// Let the fetches that wait look again: what they know of the partition may no longer hold.
    pub(crate) fn wake(&self) {
        self.published.lock().mark.disturb();
        self.watchers.lock().advance(|| self.published.lock().mark);
    }

    /// Flush and close the log.
    pub(crate) fn close(&self, now_ms: i64) -> Result<(), LogError> {
        let _housekeeping = self.housekeeping.lock();
        let mut log = self.log.lock();
        let Some(open) = log.take() else { return Ok(()) };
        let outcome = open.close(now_ms);
        {
            let mut published = self.published.lock();
            published.availability = match &outcome {
                Ok(()) => Availability::Closed,
                Err(_) => Availability::Offline,
            };
            published.state.recovery_point = published.state.log_end_offset;
        }
        drop(log);
        self.wake();
        outcome
    }

    /// Let go of the log because its directory is offline.
    pub(crate) fn give_up(&self) {
        let closed = self.log.lock().take();
        self.published.lock().availability = Availability::Offline;
        drop(closed);
        self.wake();
    }

    /// Close the files of the log, if nobody is at work on it and it was not used lately. Says whether it has none now.
    pub(crate) fn try_rest(&self, which: Rest) -> bool {
        if self.was_used.swap(false, Ordering::Relaxed) && which == Rest::Flushed {
            return false;
        }
        let Some(mut log) = self.log.try_lock() else { return false };
        let has_none = log.as_mut().is_none_or(|log| {
            log.rest(which);
            !log.has_open_files()
        });
        if has_none {
            self.is_in_ring.store(false, Ordering::Relaxed);
        }
        has_none
    }

    /// Take note that the log was used, and see to it that all logs together do not have too many open files. Called under the
    /// log's mutex.
    fn note_files(&self, log: &Log) {
        self.was_used.store(true, Ordering::Relaxed);
        let open_files = self.dir.open_files();
        if !self.is_in_ring.load(Ordering::Relaxed) && log.has_open_files() {
            self.is_in_ring.store(true, Ordering::Relaxed);
            open_files.add(Weak::clone(&self.this));
        }
        if open_files.is_over() {
            open_files.shrink();
        }
    }

    /// Whether compaction is a waste of time: the log is offline, or about to be deleted.
    pub(crate) fn is_past_compaction(&self) -> bool {
        self.is_leaving.load(Ordering::Relaxed) || self.is_offline()
    }

    /// Set the log's folder aside. None when the log was not open: the folder of another is left.
    pub(crate) fn delete(&self) -> Result<Option<DeletedFiles>, LogError> {
        self.is_leaving.store(true, Ordering::Relaxed);
        // What a pass still wrote after this would land in the folder of the next topic of the name.
        let _compaction = self.compaction.lock();
        let _housekeeping = self.housekeeping.lock();
        let mut log = self.log.lock();
        let Some(open) = log.take() else { return Ok(None) };
        self.published.lock().availability = Availability::Offline;
        drop(log);
        self.wake();
        open.delete().map(Some)
    }

    /// Watch for appends on behalf of a fetch that read at `mark` and can use `wanted_bytes` more. The waiter is told at
    /// once of what happened since. Gives what [`Partition::unwatch`] needs.
    pub(crate) fn watch(
        &self,
        waiter: &Arc<Waiter>,
        mark: Mark,
        isolation: IsolationLevel,
        wanted_bytes: u64,
    ) -> usize {
        let mut watchers = self.watchers.lock();
        let slot = watchers.insert(waiter, mark, isolation, wanted_bytes);
        // An append publishes before it looks for watchers. Either it sees this count, or its bytes are seen here.
        let now = {
            let mut published = self.published.lock();
            published.watchers += 1;
            published.mark
        };
        watchers.advance_one(slot, now);
        slot
    }

    /// Watch no longer.
    pub(crate) fn unwatch(&self, slot: usize) {
        let mut watchers = self.watchers.lock();
        watchers.remove(slot);
        self.published.lock().watchers -= 1;
    }

    /// Publish the numbers after an append. Says whether somebody watches.
    fn publish_append(&self, state: LogState, has_rolled: bool) -> bool {
        let mut published = self.published.lock();
        let before = std::mem::replace(&mut published.state, state);
        published.is_refusing = false;
        let size_bytes = state.size_bytes.saturating_sub(before.size_bytes);
        let has_moved = published.mark.add(size_bytes, state.unstable_bytes, has_rolled);
        if !has_moved && before.last_stable_offset != state.last_stable_offset {
            // A transaction of before the log was opened has ended, and the bytes behind it are not known.
            published.mark.disturb();
        }
        published.watchers > 0
    }
}
