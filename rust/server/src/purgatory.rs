//! Where fetches wait for data, woken by the append itself.
//!
//! A fetch that waits has one [`Waiter`] and watches each of its partitions with it. No wake-up is lost: the wait counts
//! from the [`Mark`] that the read gave, a watcher is told of what happened since that mark when it is put into the list,
//! and of everything later by whoever makes it happen. Nothing polls; a fetch that waits costs a timer.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::task::Poll;
use std::time::Duration;

use pybroker_wire::fetch::IsolationLevel;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::partition::Partition;
use crate::shared::Stopping;

/// How far a partition was at some moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Bytes appended since the partition was opened.
    appended_bytes: u64,
    /// Of these, those before the last stable offset.
    stable_bytes: u64,
    /// How often something else happened that a waiting fetch must look at.
    disturbances: u64,
}

impl Mark {
    /// Records were appended, into a new segment perhaps. The last `unstable_bytes` are behind the last stable offset. Says
    /// whether there are more stable bytes than before.
    pub(crate) fn add(&mut self, size_bytes: u64, unstable_bytes: u64, has_rolled: bool) -> bool {
        self.appended_bytes += size_bytes;
        self.disturbances += u64::from(has_rolled);
        let before = self.stable_bytes;
        self.stable_bytes = before.max(self.appended_bytes.saturating_sub(unstable_bytes));
        self.stable_bytes > before
    }

    /// Something happened that makes waiting pointless.
    pub(crate) fn disturb(&mut self) {
        self.disturbances += 1;
    }
}

/// One fetch that waits.
#[derive(Debug)]
pub(crate) struct Waiter {
    missing_bytes: AtomicI64,
    is_woken: AtomicBool,
    woken: Notify,
}

impl Waiter {
    fn new(missing_bytes: i64) -> Self {
        Self { missing_bytes: missing_bytes.into(), is_woken: false.into(), woken: Notify::new() }
    }

    fn add(&self, bytes: u64) {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        if self.missing_bytes.fetch_sub(bytes, Ordering::AcqRel) <= bytes {
            self.wake();
        }
    }

    fn wake(&self) {
        // Waking a task of another thread is a system call: once is enough.
        if !self.is_woken.swap(true, Ordering::AcqRel) {
            self.woken.notify_one();
        }
    }
}

#[derive(Debug)]
struct Watcher {
    waiter: Arc<Waiter>,
    seen: Mark,
    // Which bytes it may read.
    isolation: IsolationLevel,
    // What the fetch can still use of this partition: a partition's limit bounds what counts towards `min_bytes`.
    wanted_bytes: u64,
}

impl Watcher {
    fn advance(&mut self, now: Mark) {
        let bytes = match self.isolation {
            IsolationLevel::ReadUncommitted => now.appended_bytes - self.seen.appended_bytes,
            IsolationLevel::ReadCommitted => now.stable_bytes - self.seen.stable_bytes,
        };
        let bytes = bytes.min(self.wanted_bytes);
        let is_disturbed = now.disturbances != self.seen.disturbances;
        self.seen = now;
        self.wanted_bytes -= bytes;
        if is_disturbed {
            self.waiter.wake();
        } else if bytes > 0 {
            self.waiter.add(bytes);
        }
    }
}

/// The fetches that watch one partition. A slot keeps its index, so that leaving costs the same whoever else is there.
#[derive(Debug, Default)]
pub(crate) struct Watchers {
    slots: Vec<Option<Watcher>>,
    free: Vec<usize>,
}

impl Watchers {
    /// Put a watcher in. Gives its slot.
    pub(crate) fn insert(
        &mut self,
        waiter: &Arc<Waiter>,
        seen: Mark,
        isolation: IsolationLevel,
        wanted_bytes: u64,
    ) -> usize {
        let watcher = Some(Watcher { waiter: Arc::clone(waiter), seen, isolation, wanted_bytes });
        if let Some(slot) = self.free.pop() {
            self.slots[slot] = watcher;
            return slot;
        }
        self.slots.push(watcher);
        self.slots.len() - 1
    }

    /// Take a watcher out.
    pub(crate) fn remove(&mut self, slot: usize) {
        self.slots[slot] = None;
        self.free.push(slot);
    }

    /// Tell one watcher where the partition is.
    pub(crate) fn advance_one(&mut self, slot: usize, now: Mark) {
        if let Some(watcher) = &mut self.slots[slot] {
            watcher.advance(now);
        }
    }

    /// Tell every watcher where the partition is. The mark is read here, under the lock of the list, so that it never
    /// goes back.
    pub(crate) fn advance(&mut self, now: impl FnOnce() -> Mark) {
        let now = now();
        self.slots.iter_mut().flatten().for_each(|watcher| watcher.advance(now));
    }
}

/// The wait of one fetch. Dropping it leaves every list.
#[derive(Debug)]
pub(crate) struct Wait {
    waiter: Arc<Waiter>,
    deadline: Instant,
    watched: Vec<(Arc<Partition>, usize)>,
}

impl Wait {
    /// A wait for `missing_bytes` more, for `max_wait` at most.
    pub(crate) fn new(missing_bytes: usize, max_wait: Duration, partitions: usize) -> Self {
        Self {
            waiter: Arc::new(Waiter::new(missing_bytes as i64)),
            deadline: Instant::now() + max_wait,
            watched: Vec::with_capacity(partitions),
        }
    }

    /// Count what is appended to a partition since `mark`, as far as the fetch may read it and can use it.
    pub(crate) fn watch(
        &mut self,
        partition: Arc<Partition>,
        mark: Mark,
        isolation: IsolationLevel,
        wanted_bytes: usize,
    ) {
        let slot = partition.watch(&self.waiter, mark, isolation, wanted_bytes as u64);
        self.watched.push((partition, slot));
    }

    /// Whether there is something to look at already.
    #[cfg(test)]
    pub(crate) fn is_over(&self) -> bool {
        self.waiter.is_woken.load(Ordering::Acquire)
    }

    /// Returns when there are enough bytes, when a partition needs to be looked at, at the deadline, or when the data plane
    /// stops.
    pub(crate) async fn end(self, stopping: &Stopping) {
        let mut woken = pin!(self.waiter.woken.notified());
        let mut stopping = pin!(stopping.wait());
        let either = poll_fn(|context| {
            if woken.as_mut().poll(context).is_ready() || stopping.as_mut().poll(context).is_ready()
            {
                return Poll::Ready(());
            }
            Poll::Pending
        });
        let _ = tokio::time::timeout_at(self.deadline, either).await;
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        for (partition, slot) in self.watched.drain(..) {
            partition.unwatch(slot);
        }
    }
}
