//! Group fsync: the threads that make records durable where `flush.messages` or `flush.ms` asks for it, and of every log what
//! is much, so that recovery after a crash has little to read.
//!
//! Reactors never wait for a disk: a producer whose records must be durable waits for a message. A partition is flushed
//! by one thread at a time, and everybody who came until its turn is served by the same fdatasync; who comes later is
//! served by the next. The threads start with the first flush and end when the data plane is gone.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use pybroker_log::LogError;
use tokio::sync::oneshot;

use crate::counters::count;
use crate::limits::FLUSHER_THREADS;
use crate::partition::{Offline, Partition, report_failure};
use crate::shared::Shared;

/// Who waits for the next flush of one partition, and whether one is coming.
#[derive(Debug, Default)]
pub(crate) struct FlushQueue {
    // Bounded by the connections, each of which waits for one request.
    waiting: Vec<oneshot::Sender<()>>,
    stage: Stage,
    has_timer: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    #[default]
    Idle,
    /// In the threads' queue.
    Queued,
    /// A thread flushes what was appended before it began.
    Flushing,
    /// As `Flushing`, and somebody wants what came later.
    FlushingAndWanted,
}

/// The flush of records that were appended before.
#[derive(Debug)]
pub(crate) struct Flushed(oneshot::Receiver<()>);

impl Flushed {
    /// Wait for the flush. Says whether it succeeded.
    pub(crate) async fn wait(self) -> bool {
        // The sender is dropped when the flush failed.
        self.0.await.is_ok()
    }
}

/// Hands partitions to the flusher threads.
#[derive(Debug, Default)]
pub(crate) struct Flusher {
    queue: Arc<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    work: Mutex<Work>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct Work {
    // Each partition is in here once at most.
    ready: VecDeque<Arc<Partition>>,
    // By due time and a number that tells equal times apart. Each partition has one, and one more for each time that its
    // config changed meanwhile.
    timers: BTreeMap<(Instant, u64), Weak<Partition>>,
    next_timer: u64,
    has_threads: bool,
    is_over: bool,
}

impl Flusher {
    /// Flush what was appended to a partition so far, and say when it is done.
    pub(crate) fn flush(&self, shared: &Arc<Shared>, partition: &Arc<Partition>) -> Flushed {
        let (done, flushed) = oneshot::channel();
        self.request(shared, partition, Some(done));
        Flushed(flushed)
    }

    /// Flush what was appended to a partition so far; nobody waits for it.
    pub(crate) fn flush_soon(&self, shared: &Arc<Shared>, partition: &Arc<Partition>) {
        self.request(shared, partition, None);
    }

    /// Flush a partition after a delay, unless an earlier timer of it runs already: it is set anew when that one ends.
    pub(crate) fn flush_after(
        &self,
        shared: &Arc<Shared>,
        partition: &Arc<Partition>,
        delay: Duration,
    ) {
        if std::mem::replace(&mut partition.flushes.lock().has_timer, true) {
            return;
        }
        self.queue.set_timer(partition, delay);
        self.start_threads(shared);
    }

    /// Keep `flush.ms` of what is unflushed already, in a log that was opened after a crash or got another config. A timer that
    /// runs for a later time is passed over: it will find nothing to do.
    pub(crate) fn keep_deadline(&self, shared: &Arc<Shared>, partition: &Arc<Partition>) {
        let deadline_ms = partition.with_log(|log| log.flush_deadline_ms());
        let Ok(Some(deadline_ms)) = deadline_ms else { return };
        let left_ms = deadline_ms.saturating_sub(shared.clock.now_ms()).max(0);
        partition.flushes.lock().has_timer = true;
        self.queue.set_timer(partition, Duration::from_millis(left_ms as u64));
        self.start_threads(shared);
    }

    fn request(
        &self,
        shared: &Arc<Shared>,
        partition: &Arc<Partition>,
        done: Option<oneshot::Sender<()>>,
    ) {
        let is_new = {
            let mut flushes = partition.flushes.lock();
            flushes.waiting.extend(done);
            let stage = flushes.stage;
            flushes.stage = match stage {
                Stage::Idle | Stage::Queued => Stage::Queued,
                Stage::Flushing | Stage::FlushingAndWanted => Stage::FlushingAndWanted,
            };
            stage == Stage::Idle
        };
        if is_new {
            self.queue.push(Arc::clone(partition));
            self.start_threads(shared);
        }
    }

    fn start_threads(&self, shared: &Arc<Shared>) {
        if std::mem::replace(&mut self.queue.work.lock().has_threads, true) {
            return;
        }
        let mut has_thread = false;
        for index in 0..FLUSHER_THREADS {
            let (queue, shared) = (Arc::clone(&self.queue), Arc::downgrade(shared));
            let thread = thread::Builder::new().name(format!("flusher-{index}"));
            has_thread |= thread.spawn(move || queue.serve(&shared)).is_ok();
        }
        // Without a thread, who waits must not wait for ever: the next request tries again.
        if !has_thread {
            let mut work = self.queue.work.lock();
            work.has_threads = false;
            for partition in work.ready.drain(..) {
                *partition.flushes.lock() = FlushQueue::default();
            }
        }
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        self.queue.work.lock().is_over = true;
        self.queue.arrived.notify_all();
    }
}

impl Queue {
    fn push(&self, partition: Arc<Partition>) {
        self.work.lock().ready.push_back(partition);
        self.arrived.notify_one();
    }

    fn set_timer(&self, partition: &Arc<Partition>, delay: Duration) {
        let mut work = self.work.lock();
        let key = (Instant::now() + delay, work.next_timer);
        work.next_timer += 1;
        work.timers.insert(key, Arc::downgrade(partition));
        drop(work);
        self.arrived.notify_one();
    }

    /// What a flusher thread does.
    fn serve(&self, shared: &Weak<Shared>) {
        while let Some(partition) = self.next(shared) {
            flush_queued(shared, &partition);
            let mut flushes = partition.flushes.lock();
            let is_wanted = flushes.stage == Stage::FlushingAndWanted;
            flushes.stage = if is_wanted { Stage::Queued } else { Stage::Idle };
            drop(flushes);
            if is_wanted {
                // Behind the others, so that one busy partition does not keep them waiting.
                self.push(partition);
            }
        }
    }

    /// The next partition to flush; none when the data plane is gone.
    fn next(&self, shared: &Weak<Shared>) -> Option<Arc<Partition>> {
        let mut work = self.work.lock();
        loop {
            if let Some(partition) = work.ready.pop_front() {
                return Some(partition);
            }
            if work.is_over {
                return None;
            }
            let now = Instant::now();
            let due = work.timers.first_key_value().map(|(&(due, _), _)| due);
            match due {
                Some(due) if due <= now => {
                    let partition =
                        work.timers.pop_first().and_then(|(_, partition)| partition.upgrade());
                    drop(work);
                    if let (Some(partition), Some(shared)) = (partition, shared.upgrade()) {
                        timer_ended(&shared, &partition);
                    }
                    work = self.work.lock();
                }
                Some(due) => drop(self.arrived.wait_until(&mut work, due)),
                None => self.arrived.wait(&mut work),
            }
        }
    }
}

/// A timer of `flush.ms` ended: flush, or wait for what a flush in between has left.
fn timer_ended(shared: &Arc<Shared>, partition: &Arc<Partition>) {
    partition.flushes.lock().has_timer = false;
    let Ok(Some(deadline_ms)) = partition.with_log(|log| log.flush_deadline_ms()) else { return };
    let left_ms = deadline_ms.saturating_sub(shared.clock.now_ms());
    if left_ms <= 0 {
        shared.flusher.flush_soon(shared, partition);
    } else {
        shared.flusher.flush_after(shared, partition, Duration::from_millis(left_ms as u64));
    }
}

/// Flush for everybody who waits by now.
fn flush_queued(shared: &Weak<Shared>, partition: &Partition) {
    let waiting = {
        let mut flushes = partition.flushes.lock();
        flushes.stage = Stage::Flushing;
        std::mem::take(&mut flushes.waiting)
    };
    let Some(shared) = shared.upgrade() else { return };
    count(&shared.counters.flushes);
    let Ok(bytes) = flush_now(partition, shared.clock.now_ms()) else {
        report_failure(&shared, partition);
        // Who waits is told by the end of its channel.
        return drop(waiting);
    };
    // Who left meanwhile needs no answer.
    for done in waiting {
        let _ = done.send(());
    }
    if partition.dir().note_flushed(bytes) {
        // The directory was told of a failure; until there is a newer checkpoint, recovery reads more.
        let _ = shared.logs.checkpoint_dir(partition.dir());
    }
}

/// Gives about how many bytes of records were made durable.
fn flush_now(partition: &Partition, now_ms: i64) -> Result<u64, Offline> {
    let Ok(job) = partition.with_log(|log| log.begin_flush(now_ms))? else { return Err(Offline) };
    let Some(job) = job else { return Ok(0) };
    let bytes = job.bytes();
    let outcome = catch_unwind(AssertUnwindSafe(|| job.run()))
        .unwrap_or_else(|_| Err(LogError::Offline { reason: "a flush panicked".to_owned() }));
    let is_durable = outcome.is_ok();
    let finished = partition.with_log(|log| log.finish_flush(job, outcome));
    // A log that was closed or deleted meanwhile does not undo the flush.
    if is_durable || matches!(finished, Ok(Ok(()))) { Ok(bytes) } else { Err(Offline) }
}
