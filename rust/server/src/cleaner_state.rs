//! What the cleaner remembers: how far each log is clean (`cleaner-offset-checkpoint` of each log dir), which logs it cannot clean,
//! and the numbers that people ask for.

#![expect(clippy::cast_precision_loss, reason = "percentages of bytes")]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use pybroker_log::{Compacted, Dirtiness, LogError, checkpoints};
use pybroker_wire::Uuid;

use crate::partition::Partition;

/// A log by topic id and partition.
pub(crate) type LogId = (Uuid, i32);
/// A log by topic and partition, as its folder is named.
pub(crate) type LogName = (String, i32);

/// What is known of one compacted log.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "documented where Python reads them")]
pub struct CleanedLog {
    pub topic: String,
    pub partition: i32,
    pub log_dir: PathBuf,
    pub dirty_ratio: f64,
    pub first_dirty_offset: i64,
    pub cleaned_bytes: u64,
    pub last_pass_ms: u64,
    pub uncleanable_bytes: u64,
    pub uncleanable_reason: Option<String>,
}

/// The numbers of the cleaner; the names are those of Kafka's metrics.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(missing_docs, reason = "documented where Python reads them")]
pub struct CleanerNumbers {
    pub max_dirty_percent: u32,
    pub cleaner_recopy_percent: u32,
    pub max_buffer_utilization_percent: u32,
    pub max_clean_time_ms: u64,
    pub max_compaction_delay_ms: i64,
    pub last_run_ms: i64,
    pub logs: Vec<CleanedLog>,
}

/// Everything that the threads share. Held for lookups, and while a checkpoint is written.
#[derive(Debug, Default)]
pub(crate) struct CleanerState {
    checkpoints: HashMap<PathBuf, BTreeMap<LogName, i64>>,
    logs: HashMap<LogId, CleanedLog>,
    /// Logs that a thread works at.
    pub(crate) busy: HashSet<LogId>,
    /// Logs that need a pass, the one that needs it most at the end.
    pub(crate) queue: Vec<Arc<Partition>>,
    /// Logs that could not be cleaned in the present run, for want of space for instance.
    pub(crate) passed_over: HashSet<LogId>,
    last_pass: Option<(Compacted, Duration)>,
    max_dirty_ratio: f64,
    max_compaction_delay_ms: i64,
    last_run_ms: i64,
}

impl CleanerState {
    /// Reads the checkpoints. A log dir that cannot be read is one without.
    pub(crate) fn new(log_dirs: &[PathBuf]) -> Self {
        let read = |dir: &PathBuf| {
            let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.clone());
            let offsets = checkpoints::read_offsets(&dir.join(checkpoints::CLEANER_OFFSET_FILE));
            (dir, offsets.unwrap_or_default())
        };
        Self { checkpoints: log_dirs.iter().map(read).collect(), ..Self::default() }
    }

    /// Begins to look at the logs that are compacted: what is gone, and how dirty others were, is forgotten.
    pub(crate) fn begin_run(
        &mut self,
        now_ms: i64,
        open: &HashMap<LogId, LogName>,
        compacted: &HashSet<LogId>,
    ) {
        self.last_run_ms = now_ms;
        self.passed_over.clear();
        self.queue.clear();
        self.keep(|id, _| compacted.contains(id));
        let names: HashSet<&LogName> = open.values().collect();
        for offsets in self.checkpoints.values_mut() {
            offsets.retain(|name, _| names.contains(name));
        }
    }

    fn keep(&mut self, is_kept: impl Fn(&LogId, &CleanedLog) -> bool) {
        self.logs.retain(|id, log| is_kept(id, log));
        if self.logs.is_empty() {
            self.begin_choice();
        }
    }

    /// Begins to compare the logs with each other.
    pub(crate) fn begin_choice(&mut self) {
        self.max_dirty_ratio = 0.0;
        self.max_compaction_delay_ms = 0;
    }

    /// The first dirty offset of a log, as far as it is known.
    pub(crate) fn checkpoint(&self, log_dir: &Path, name: &LogName) -> Option<i64> {
        self.checkpoints.get(log_dir)?.get(name).copied()
    }

    /// Remembers the first dirty offset of a log, durably.
    pub(crate) fn store_checkpoint(
        &mut self,
        log_dir: &Path,
        name: LogName,
        offset: i64,
    ) -> Result<(), LogError> {
        let offsets = self.checkpoints.entry(log_dir.to_path_buf()).or_default();
        offsets.insert(name, offset);
        checkpoints::write_offsets(&log_dir.join(checkpoints::CLEANER_OFFSET_FILE), offsets)
    }

    /// Forgets logs that are deleted: a topic of the same name begins anew.
    pub(crate) fn forget(&mut self, deleted: &[LogName]) -> Result<(), LogError> {
        let is_deleted = |log: &CleanedLog| {
            deleted.iter().any(|name| name.0 == log.topic && name.1 == log.partition)
        };
        self.keep(|_, log| !is_deleted(log));
        for (dir, offsets) in &mut self.checkpoints {
            let before = offsets.len();
            offsets.retain(|name, _| !deleted.contains(name));
            if offsets.len() < before {
                checkpoints::write_offsets(&dir.join(checkpoints::CLEANER_OFFSET_FILE), offsets)?;
            }
        }
        Ok(())
    }

    /// Notes how dirty a log is.
    pub(crate) fn note_dirtiness(
        &mut self,
        id: LogId,
        name: &LogName,
        log_dir: &Path,
        dirtiness: &Dirtiness,
    ) {
        let log = self.logs.entry(id).or_insert_with(|| CleanedLog {
            topic: name.0.clone(),
            partition: name.1,
            log_dir: log_dir.to_path_buf(),
            dirty_ratio: 0.0,
            first_dirty_offset: 0,
            cleaned_bytes: 0,
            last_pass_ms: 0,
            uncleanable_bytes: 0,
            uncleanable_reason: None,
        });
        log.dirty_ratio = dirtiness.ratio();
        log.first_dirty_offset = dirtiness.first_dirty_offset;
        if log.uncleanable_reason.is_some() {
            log.uncleanable_bytes = dirtiness.cleanable_bytes;
            return;
        }
        self.max_dirty_ratio = self.max_dirty_ratio.max(log.dirty_ratio);
        if dirtiness.is_overdue() {
            self.max_compaction_delay_ms = self.max_compaction_delay_ms.max(dirtiness.delay_ms);
        }
    }

    /// Notes a pass that came to its end.
    pub(crate) fn note_pass(&mut self, id: LogId, compacted: Compacted, took: Duration) {
        if let Some(log) = self.logs.get_mut(&id) {
            log.dirty_ratio = 0.0;
            log.first_dirty_offset = compacted.end_offset;
            log.cleaned_bytes += compacted.bytes_read;
            log.last_pass_ms = took.as_millis() as u64;
        }
        self.last_pass = Some((compacted, took));
    }

    /// Notes that a log cannot be cleaned, and is not to be tried again.
    pub(crate) fn note_uncleanable(&mut self, id: LogId, reason: String) {
        if let Some(log) = self.logs.get_mut(&id) {
            log.uncleanable_reason = Some(reason);
        }
    }

    pub(crate) fn is_uncleanable(&self, id: LogId) -> bool {
        self.logs.get(&id).is_some_and(|log| log.uncleanable_reason.is_some())
    }

    pub(crate) fn numbers(&self) -> CleanerNumbers {
        let percent = |share: f64| (share * 100.0) as u32;
        let (last, took) = self.last_pass.unwrap_or_default();
        let mut logs: Vec<_> = self.logs.values().cloned().collect();
        logs.sort_by(|one, other| {
            (&one.topic, one.partition).cmp(&(&other.topic, other.partition))
        });
        CleanerNumbers {
            max_dirty_percent: percent(self.max_dirty_ratio),
            cleaner_recopy_percent: percent(
                last.bytes_written as f64 / last.bytes_read.max(1) as f64,
            ),
            max_buffer_utilization_percent: percent(last.map_utilization),
            max_clean_time_ms: took.as_millis() as u64,
            max_compaction_delay_ms: self.max_compaction_delay_ms,
            last_run_ms: self.last_run_ms,
            logs,
        }
    }
}
