//! Compaction of the logs, as Kafka's log cleaner: which log is next, and the threads that clean.
//!
//! * A run is begun by Python, by its clock, and ends when no log is dirty enough. The most overdue log comes first, then the
//!   filthiest. Threads start with the first run that finds a compacted log. A run that comes while others are not at their end
//!   has the threads that those have left idle, so that a large log does not hold up the small ones.
//! * What reads and writes runs at the lowest priority that the system has, in a thread of its own that holds no lock. What holds the
//!   mutex of a log runs at the usual one: else a busy processor would keep a reactor waiting for a thread that waits for it.
//! * Memory for the map is there while a pass runs, and as much as the keys of what is dirty need.
//! * A log that cannot be cleaned is reported, and passed over from then on. A disk that is full is tried again in the next run; a
//!   disk that fails takes the log offline as it does everywhere.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use parking_lot::Mutex;
use pybroker_log::{
    Compacted, CompactionError, CompactionJob, CompactionStep, FailureScope, LogError, OffsetMap,
};

use crate::cleaner_state::{CleanerNumbers, CleanerState, LogId, LogName};
use crate::cleaner_throttle::{Pace, Pass};
use crate::counters::count;
use crate::mailbox::Mail;
use crate::partition::{Offline, Partition, report_failure};
use crate::scheduling::run_when_idle;
use crate::shared::Shared;
use crate::work_pool::WorkPool;

/// The configs of the cleaner, under the names of Kafka's broker configs.
#[derive(Debug, Clone)]
pub struct CleanerOptions {
    /// `log.cleaner.enable`.
    pub is_enabled: bool,
    /// `log.cleaner.threads`.
    pub threads: usize,
    /// `log.cleaner.dedupe.buffer.size`, over all threads.
    pub dedupe_buffer_bytes: usize,
    /// `log.cleaner.io.buffer.load.factor`: how full the dedupe buffer may get.
    pub load_factor: f64,
    /// `log.cleaner.io.buffer.size`, over all threads.
    pub io_buffer_bytes: usize,
    /// `log.cleaner.io.max.bytes.per.second`, over all threads.
    pub io_max_bytes_per_second: f64,
}

impl Default for CleanerOptions {
    /// Kafka's defaults.
    fn default() -> Self {
        Self {
            is_enabled: true,
            threads: 1,
            dedupe_buffer_bytes: 128 << 20,
            load_factor: 0.9,
            io_buffer_bytes: 512 << 10,
            io_max_bytes_per_second: f64::MAX,
        }
    }
}

fn new_pool(options: &CleanerOptions) -> WorkPool {
    WorkPool::new("log-cleaner", options.threads)
}

/// What a run has done.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cleaned {
    /// Passes that came to their end.
    pub(crate) passes: i64,
    /// Bytes that the logs are smaller.
    pub(crate) freed_bytes: i64,
    /// Passes that failed.
    pub(crate) failures: i32,
}

/// The cleaner of a data plane.
#[derive(Debug)]
pub(crate) struct Cleaner {
    options: Mutex<CleanerOptions>,
    /// Has as many threads as the options say; another takes its place when they change.
    pool: Mutex<WorkPool>,
    pace: Arc<Pace>,
    /// Threads that clean, of all runs.
    at_work: AtomicUsize,
    state: Mutex<CleanerState>,
    /// The numbers as they last were: who asks for them waits for no disk.
    numbers: Mutex<CleanerNumbers>,
}

/// A thread that cleans.
struct AtWork(Arc<Cleaner>);

impl AtWork {
    fn begin(cleaner: &Arc<Cleaner>) -> Self {
        cleaner.at_work.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(cleaner))
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.at_work.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A log that is to be cleaned.
#[derive(Debug)]
struct Target {
    partition: Arc<Partition>,
    job: Box<CompactionJob>,
}

/// How a pass ended.
enum Ended {
    Done(Compacted),
    /// It was stopped, or its log changed or went away.
    Abandoned,
    Failed(CompactionError),
}

impl Cleaner {
    pub(crate) fn new(options: CleanerOptions, log_dirs: &[PathBuf]) -> Self {
        Self {
            pool: Mutex::new(new_pool(&options)),
            pace: Arc::new(Pace::new(options.io_max_bytes_per_second)),
            at_work: AtomicUsize::new(0),
            state: Mutex::new(CleanerState::new(log_dirs)),
            numbers: Mutex::default(),
            options: Mutex::new(options),
        }
    }

    /// Take over other options: the pace at once, the rest from the next run or pass on.
    pub(crate) fn reconfigure(&self, options: CleanerOptions) {
        self.pace.set_bytes_per_second(options.io_max_bytes_per_second);
        let mut present = self.options.lock();
        if present.threads != options.threads {
            // The threads of the old one end when they have nothing to do.
            *self.pool.lock() = new_pool(&options);
        }
        *present = options;
    }

    /// Clean the partitions until none is dirty enough, with the threads that are idle, and then call `done`. To be called where
    /// a disk may be waited for.
    pub(crate) fn run(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        partitions: Vec<Arc<Partition>>,
        now_ms: i64,
        done: impl FnOnce(Cleaned) + Send + 'static,
    ) {
        let CleanerOptions { is_enabled, threads, .. } = *self.options.lock();
        let idle = threads.saturating_sub(self.at_work.load(Ordering::Acquire));
        if threads > 0 && idle == 0 {
            return done(Cleaned::default());
        }
        let open = partitions.iter().map(|each| (id_of(each), name_of(each))).collect();
        let is_compacted =
            |each: &Arc<Partition>| each.with_log(|log| log.is_compacted()) == Ok(true);
        let compacted: Arc<Vec<_>> =
            Arc::new(partitions.into_iter().filter(is_compacted).collect());
        {
            let mut state = self.state.lock();
            state.begin_run(now_ms, &open, &compacted.iter().map(|each| id_of(each)).collect());
            if compacted.is_empty() {
                *self.numbers.lock() = state.numbers();
            }
        }
        if !is_enabled || idle == 0 || compacted.is_empty() {
            return done(Cleaned::default());
        }
        let left = Arc::new(AtomicUsize::new(idle));
        let total = Arc::new(Mutex::new((Cleaned::default(), Some(done))));
        for _ in 0..idle {
            let (at_work, shared) = (AtWork::begin(self), Arc::clone(shared));
            let (compacted, left, total) =
                (Arc::clone(&compacted), Arc::clone(&left), Arc::clone(&total));
            self.pool.lock().run(move || {
                let part = at_work.0.clean_all(&shared, &compacted, now_ms);
                drop(at_work);
                let mut total = total.lock();
                total.0.passes += part.passes;
                total.0.freed_bytes += part.freed_bytes;
                total.0.failures += part.failures;
                if left.fetch_sub(1, Ordering::AcqRel) == 1
                    && let Some(done) = total.1.take()
                {
                    done(total.0);
                }
            });
        }
    }

    /// The numbers that people ask for.
    pub(crate) fn numbers(&self) -> CleanerNumbers {
        self.numbers.lock().clone()
    }

    /// Forget logs that are deleted.
    pub(crate) fn forget(&self, deleted: &[LogName]) -> Result<(), LogError> {
        let mut state = self.state.lock();
        let stored = state.forget(deleted);
        *self.numbers.lock() = state.numbers();
        stored
    }

    /// Stop, and return when no pass touches the disk any more.
    pub(crate) fn close(&self) {
        self.pace.close();
    }

    /// Stop.
    pub(crate) fn stop(&self) {
        self.pace.stop();
    }

    /// What a thread does.
    fn clean_all(
        &self,
        shared: &Arc<Shared>,
        partitions: &[Arc<Partition>],
        now_ms: i64,
    ) -> Cleaned {
        let mut cleaned = Cleaned::default();
        while let Some((target, pass)) = self.choose(shared, partitions, now_ms) {
            let Target { partition, job } = target;
            let (id, began) = (id_of(&partition), Instant::now());
            let ended = self.clean(shared, &partition, job, pass);
            report_failure(shared, &partition);
            let mut state = self.state.lock();
            state.busy.remove(&id);
            match ended {
                Ended::Done(compacted) => {
                    cleaned.passes += 1;
                    cleaned.freed_bytes +=
                        compacted.bytes_read as i64 - compacted.bytes_written as i64;
                    state.note_pass(id, compacted, began.elapsed());
                    let stored = store_checkpoint(&mut state, &partition, compacted.end_offset);
                    drop(state);
                    note_stored(&partition, stored);
                }
                Ended::Abandoned => {
                    state.passed_over.insert(id);
                }
                Ended::Failed(error) => {
                    cleaned.failures += 1;
                    let reason = error.to_string();
                    if is_passing(&error) {
                        state.passed_over.insert(id);
                    } else {
                        state.note_uncleanable(id, reason.clone());
                    }
                    drop(state);
                    report_uncleaned(shared, id, &reason);
                }
            }
        }
        cleaned
    }

    /// Begin a pass over the log that needs it most. All are looked at when none is left of those that needed one.
    fn choose(
        &self,
        shared: &Shared,
        partitions: &[Arc<Partition>],
        now_ms: i64,
    ) -> Option<(Target, Pass)> {
        let mut state = self.state.lock();
        loop {
            while let Some(partition) = state.queue.pop() {
                if let Some(begun) = self.begin(&mut state, &partition, now_ms) {
                    return Some(begun);
                }
                // Whatever is in the way, it is not tried again and again.
                state.passed_over.insert(id_of(&partition));
            }
            state.queue = dirty_ones(shared, &mut state, partitions, now_ms);
            *self.numbers.lock() = state.numbers();
            if state.queue.is_empty() || self.pace.is_over() {
                return None;
            }
        }
    }

    /// Begin a pass over a log, which nobody works at.
    fn begin(
        &self,
        state: &mut CleanerState,
        partition: &Arc<Partition>,
        now_ms: i64,
    ) -> Option<(Target, Pass)> {
        let pass = self.pace.begin(partition)?;
        let checkpoint = state.checkpoint(partition.dir().path(), &name_of(partition));
        let begun = partition.with_log(|log| log.begin_compaction(checkpoint, now_ms));
        let mut job = begun.ok()?.ok().flatten()?;
        let CleanerOptions { io_buffer_bytes, threads, .. } = *self.options.lock();
        job.set_buffer_bytes(io_buffer_bytes / threads.max(1) / 2);
        state.busy.insert(id_of(partition));
        Some((Target { partition: Arc::clone(partition), job }, pass))
    }

    /// Take a pass to its end.
    fn clean(
        &self,
        shared: &Shared,
        partition: &Partition,
        mut job: Box<CompactionJob>,
        mut pass: Pass,
    ) -> Ended {
        let _compaction = partition.compaction.lock();
        if partition.is_past_compaction() {
            return Ended::Abandoned;
        }
        let CleanerOptions { dedupe_buffer_bytes, load_factor, threads, .. } = *self.options.lock();
        let mut map = OffsetMap::new(dedupe_buffer_bytes / threads.max(1), load_factor);
        loop {
            let outcome = run_aside(shared, &mut job, &mut map, &mut pass);
            unlink_later(shared, &mut job);
            // While files change their names, neither retention nor a deletion of the topic may.
            let _housekeeping = partition.housekeeping.lock();
            let mut step = finish(partition, job, outcome);
            loop {
                match step {
                    Ok(Ok(CompactionStep::Continue(mut next))) if next.is_swapping() => {
                        let outcome = next.run(&mut map, &mut pass);
                        unlink_later(shared, &mut next);
                        step = finish(partition, next, outcome);
                    }
                    Ok(Ok(CompactionStep::Continue(next))) => {
                        job = next;
                        break;
                    }
                    Ok(Ok(CompactionStep::Done(compacted))) => return Ended::Done(compacted),
                    Ok(Ok(CompactionStep::Abandoned)) | Err(Offline) => return Ended::Abandoned,
                    Ok(Err(error)) => return Ended::Failed(error),
                }
            }
        }
    }
}

type Finished = Result<Result<CompactionStep, CompactionError>, Offline>;

fn finish(
    partition: &Partition,
    job: Box<CompactionJob>,
    outcome: Result<(), CompactionError>,
) -> Finished {
    partition.with_log(|log| log.finish_compaction(job, outcome))
}

fn unlink_later(shared: &Shared, job: &mut CompactionJob) {
    for deleted in job.take_deleted() {
        shared.deletions.push(deleted);
    }
}

/// Run what a pass does without the log, in a thread that gives way to all others.
fn run_aside(
    shared: &Shared,
    job: &mut CompactionJob,
    map: &mut OffsetMap,
    pass: &mut Pass,
) -> Result<(), CompactionError> {
    let outcome = thread::scope(|scope| {
        let work = || {
            run_when_idle();
            catch_unwind(AssertUnwindSafe(|| job.run(map, pass)))
        };
        let thread = thread::Builder::new().name("log-cleaner-run".to_owned());
        match thread.spawn_scoped(scope, work) {
            Ok(running) => running.join(),
            Err(error) => Ok(Ok(Err(CompactionError::Log(LogError::Offline {
                reason: format!("no thread: {error}"),
            })))),
        }
    });
    let Ok(Ok(outcome)) = outcome else {
        count(&shared.counters.bugs);
        return Err(CompactionError::Uncleanable { reason: "a bug: compaction panicked".into() });
    };
    outcome
}

/// The logs that are dirty enough, the one that needs a pass most at the end.
fn dirty_ones(
    shared: &Shared,
    state: &mut CleanerState,
    partitions: &[Arc<Partition>],
    now_ms: i64,
) -> Vec<Arc<Partition>> {
    state.begin_choice();
    let mut dirty: Vec<(i64, f64, Arc<Partition>)> = Vec::new();
    for partition in partitions {
        let id = id_of(partition);
        // What the control state needs to write is not for a new segment.
        if state.busy.contains(&id) || partition.dir().holds_appends() {
            continue;
        }
        let Some(dirtiness) = look_at(state, partition, now_ms) else {
            report_failure(shared, partition);
            continue;
        };
        let is_left_out = state.is_uncleanable(id) || state.passed_over.contains(&id);
        if dirtiness.is_cleanable() && !is_left_out {
            let overdue_ms = if dirtiness.is_overdue() { dirtiness.delay_ms } else { 0 };
            dirty.push((overdue_ms, dirtiness.ratio(), Arc::clone(partition)));
        }
    }
    dirty.sort_by(|one, other| one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)));
    dirty.into_iter().map(|(_, _, partition)| partition).collect()
}

/// Note how dirty a log is; none when it is offline.
fn look_at(
    state: &mut CleanerState,
    partition: &Partition,
    now_ms: i64,
) -> Option<pybroker_log::Dirtiness> {
    let (id, name, log_dir) = (id_of(partition), name_of(partition), partition.dir().path());
    let checkpoint = state.checkpoint(log_dir, &name);
    let dirtiness = partition.with_log(|log| log.dirtiness(checkpoint, now_ms)).ok()?.ok()?;
    state.note_dirtiness(id, &name, log_dir, &dirtiness);
    if dirtiness.is_checkpoint_invalid {
        let stored = store_checkpoint(state, partition, dirtiness.first_dirty_offset);
        note_stored(partition, stored);
    }
    Some(dirtiness)
}

fn store_checkpoint(
    state: &mut CleanerState,
    partition: &Partition,
    offset: i64,
) -> Result<(), LogError> {
    state.store_checkpoint(partition.dir().path(), name_of(partition), offset)
}

/// A checkpoint that could not be written is written with the next pass, unless the disk failed.
fn note_stored(partition: &Partition, stored: Result<(), LogError>) {
    if let Err(error) = stored
        && error.scope() == FailureScope::Directory
    {
        partition.dir().note(error.scope(), &error.to_string());
    }
}

fn id_of(partition: &Partition) -> LogId {
    (partition.topic_id(), partition.index())
}

fn name_of(partition: &Partition) -> LogName {
    (partition.topic().to_owned(), partition.index())
}

/// Whether the same may succeed later.
fn is_passing(error: &CompactionError) -> bool {
    matches!(error, CompactionError::Log(error) if error.scope() == FailureScope::Passing)
}

fn report_uncleaned(shared: &Shared, (topic_id, partition): LogId, reason: &str) {
    shared.mailbox.push(Mail::CleaningFailed { topic_id, partition, reason: reason.to_owned() });
}
