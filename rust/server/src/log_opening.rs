//! Opening many logs at once: `num.recovery.threads.per.data.dir` threads a directory, and how far they are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

use pybroker_log::LogConfig;
use pybroker_wire::Uuid;

use crate::limits::LOGS_OPENED_IN_LINE;
use crate::logs::LogSpec;
use crate::mailbox::Mail;
use crate::shared::Shared;

/// How far the opening of logs is: counts that only grow.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    logs: AtomicU64,
    opened_logs: AtomicU64,
    bytes: AtomicU64,
    read_bytes: AtomicU64,
}

/// How far the opening of logs is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecoveryProgress {
    /// Logs that were opened, or failed to.
    pub opened_logs: u64,
    /// Logs that were to be opened.
    pub logs: u64,
    /// Bytes that recovery has read.
    pub read_bytes: u64,
    /// Bytes that recovery has to read, as far as is known.
    pub bytes: u64,
}

impl Progress {
    pub(crate) fn read(&self) -> RecoveryProgress {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let read_bytes = load(&self.read_bytes);
        RecoveryProgress {
            opened_logs: load(&self.opened_logs),
            logs: load(&self.logs),
            read_bytes,
            // What is still being counted may be read already.
            bytes: load(&self.bytes).max(read_bytes),
        }
    }
}

/// Create or open logs. One that fails is reported, the others go on. Returns when all are done.
pub(crate) fn open_logs(shared: &Arc<Shared>, specs: &[LogSpec], threads_per_dir: usize) {
    let progress = &shared.log_opening;
    progress.logs.fetch_add(specs.len() as u64, Ordering::Relaxed);
    let is_unclean = shared.logs.dirs().iter().any(|dir| !dir.was_clean());
    let recovers = is_unclean && specs.iter().any(|spec| !spec.is_new);
    if specs.len() <= LOGS_OPENED_IN_LINE && !recovers {
        for spec in specs {
            open_log(shared, spec);
        }
    } else {
        open_by_threads(shared, specs, threads_per_dir, is_unclean);
    }
    // The directory was told of a failure.
    let _ = shared.logs.checkpoint_if_stale();
}

fn open_by_threads(
    shared: &Arc<Shared>,
    specs: &[LogSpec],
    threads_per_dir: usize,
    is_unclean: bool,
) {
    let progress = &shared.log_opening;
    let mut by_dir: Vec<Vec<&LogSpec>> = shared.logs.dirs().iter().map(|_| Vec::new()).collect();
    for spec in specs {
        by_dir[shared.logs.dir_index(spec)].push(spec);
    }
    thread::scope(|scope| {
        for specs in by_dir.iter().filter(|specs| !specs.is_empty()) {
            let next = Arc::new(AtomicUsize::new(0));
            for _ in 1..threads_per_dir {
                let next = Arc::clone(&next);
                let thread = thread::Builder::new().name("log-opening".to_owned());
                // Without a further thread the others do it all.
                let _ = thread.spawn_scoped(scope, move || open_in_turn(shared, specs, &next));
            }
            let count = move || {
                for spec in specs {
                    let bytes = shared.logs.bytes_to_recover(spec);
                    progress.bytes.fetch_add(bytes, Ordering::Relaxed);
                }
            };
            if is_unclean {
                let _ = thread::Builder::new().spawn_scoped(scope, count);
            }
            let last = {
                let next = Arc::clone(&next);
                thread::Builder::new()
                    .spawn_scoped(scope, move || open_in_turn(shared, specs, &next))
            };
            if last.is_err() {
                open_in_turn(shared, specs, &next);
            }
        }
    });
}

fn open_in_turn(shared: &Arc<Shared>, specs: &[&LogSpec], next: &AtomicUsize) {
    while let Some(spec) = specs.get(next.fetch_add(1, Ordering::Relaxed)) {
        open_log(shared, spec);
    }
}

fn open_log(shared: &Arc<Shared>, spec: &LogSpec) {
    let progress = &shared.log_opening;
    let read = |bytes| {
        progress.read_bytes.fetch_add(bytes, Ordering::Relaxed);
    };
    let &LogSpec { topic_id, partition, .. } = spec;
    if let Err(error) = shared.logs.open(spec, shared.clock.now_ms(), &read) {
        let is_passing = error.scope() == pybroker_log::FailureScope::Passing;
        let reason = error.to_string();
        shared.mailbox.push(Mail::LogFailed { topic_id, partition, reason, is_passing });
    }
    keep_flush_ms(shared, topic_id, partition, &spec.config);
    progress.opened_logs.fetch_add(1, Ordering::Relaxed);
}

/// Let a log that is open obey another config from now on.
pub(crate) fn configure_log(
    shared: &Arc<Shared>,
    topic_id: Uuid,
    partition: i32,
    config: &Arc<LogConfig>,
) {
    shared.logs.configure(topic_id, partition, config);
    keep_flush_ms(shared, topic_id, partition, config);
}

/// `flush.ms` holds for what an earlier run or an earlier config has left unflushed, too.
fn keep_flush_ms(shared: &Arc<Shared>, topic_id: Uuid, partition: i32, config: &LogConfig) {
    if config.flush_ms == i64::MAX {
        return;
    }
    if let Some(open) = shared.logs.find(topic_id, partition) {
        shared.flusher.keep_deadline(shared, &open);
    }
}
