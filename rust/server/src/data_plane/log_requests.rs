//! What Python asks of the logs: open, delete, expire, compact, search, and how they are.

use std::path::Path;
use std::sync::Arc;

use pybroker_log::{FoundTimestamp, Log, LogConfig, LogError, LogState, TimestampSearch};
use pybroker_wire::Uuid;

use super::DataPlane;
use super::tickets::complete;
use crate::cleaner::Cleaned;
use crate::cleaner_state::{CleanerNumbers, LogName};
use crate::log_dir::LogDir;
use crate::log_opening::{self, RecoveryProgress};
use crate::logs::{LogDirInfo, LogSpec};
use crate::partition::{Offline, report_failure};
use crate::retention::{self, Freed, NewStart};

/// The numbers of an internal topic, in which nothing is kept.
const NOTHING: LogState = LogState {
    log_start_offset: 0,
    last_stable_offset: 0,
    high_watermark: 0,
    log_end_offset: 0,
    recovery_point: 0,
    leader_epoch: -1,
    size_bytes: 0,
    unstable_bytes: 0,
};

impl DataPlane {
    /// Create or open logs. A ticket; a log that fails is reported by `Mail::LogFailed`, the others go on.
    pub fn open_logs(&self, specs: Vec<LogSpec>) -> u64 {
        let threads = self.recovery_threads;
        self.run(move |shared| {
            log_opening::open_logs(shared, &specs, threads);
            Ok(None)
        })
    }

    /// Let open logs obey other configs; logs that are not open are left alone. A ticket.
    pub fn configure_logs(&self, which: Vec<(Uuid, i32, Arc<LogConfig>)>) -> u64 {
        self.run(move |shared| {
            for (topic_id, partition, config) in &which {
                log_opening::configure_log(shared, *topic_id, *partition, config);
            }
            Ok(None)
        })
    }

    /// How far the opening of logs is.
    pub fn recovery_progress(&self) -> RecoveryProgress {
        self.shared.log_opening.read()
    }

    /// Delete logs. A ticket.
    pub fn delete_logs(&self, which: Vec<(Uuid, i32)>) -> u64 {
        let cleaner = Arc::clone(&self.cleaner);
        self.run(move |shared| {
            let mut first_failure = Ok(());
            let mut deleted = Vec::new();
            let found =
                which.iter().filter_map(|&(topic_id, index)| shared.logs.find(topic_id, index));
            let names: Vec<LogName> =
                found.map(|each| (each.topic().to_owned(), each.index())).collect();
            for (topic_id, partition) in which {
                match shared.logs.delete(topic_id, partition) {
                    Ok(folder) => deleted.extend(folder),
                    Err(error) => first_failure = first_failure.and(Err(error)),
                }
            }
            let set_aside = pybroker_log::set_folders_aside(&deleted);
            for folder in deleted {
                shared.deletions.push(folder);
            }
            let checkpointed = shared.logs.checkpoint_if_stale();
            first_failure.and(set_aside).and(cleaner.forget(&names)).and(checkpointed)?;
            Ok(None)
        })
    }

    /// Remove what has expired in every log. A ticket for the numbers of segments, bytes, and logs that failed.
    pub fn enforce_retention(&self, now_ms: i64) -> u64 {
        let (ticket, shared) = (self.new_ticket(), Arc::clone(&self.shared));
        let partitions = self.shared.logs.all();
        self.housekeeping.run(move || {
            let Freed { segments, bytes, failures } =
                retention::enforce_all(&shared, &partitions, now_ms);
            complete(&shared, ticket, Ok(Some((segments, bytes, failures))));
        });
        ticket
    }

    /// Compact every compacted log that is dirty enough. A ticket for the numbers of passes, freed bytes, and passes that
    /// failed.
    pub fn clean_logs(&self, now_ms: i64) -> u64 {
        let (ticket, shared) = (self.new_ticket(), Arc::clone(&self.shared));
        let (cleaner, partitions) = (Arc::clone(&self.cleaner), self.shared.logs.all());
        self.housekeeping.run(move || {
            let for_done = Arc::clone(&shared);
            cleaner.run(&shared, partitions, now_ms, move |cleaned| {
                let Cleaned { passes, freed_bytes, failures } = cleaned;
                complete(&for_done, ticket, Ok(Some((passes, freed_bytes, failures))));
            });
        });
        ticket
    }

    /// What the cleaner has found and done.
    pub fn cleaner_numbers(&self) -> CleanerNumbers {
        self.cleaner.numbers()
    }

    /// Remove the records before an offset; -1 is the high watermark. A ticket for the log start offset.
    pub fn delete_records(&self, topic_id: Uuid, partition: i32, offset: i64) -> u64 {
        let partition = self.shared.logs.find(topic_id, partition);
        self.run(move |shared| {
            let start = match offset {
                -1 => NewStart::HighWatermark,
                offset => NewStart::Offset(offset),
            };
            let partition = partition.ok_or(Offline)?;
            let log_start_offset = retention::delete_records(shared, &partition, start)?;
            Ok(Some((log_start_offset, 0, 0)))
        })
    }

    /// The log dirs, each with its total and usable bytes or why it is offline.
    pub fn log_dirs(&self) -> Vec<LogDirInfo> {
        self.shared.logs.dir_infos()
    }

    /// The logs that are open: topic id, partition, place of the log dir in `log_dirs`, bytes.
    pub fn log_sizes(&self) -> Vec<(Uuid, i32, usize, u64)> {
        self.shared.logs.sizes()
    }

    /// The logs that are offline.
    pub fn offline_logs(&self) -> Vec<(Uuid, i32)> {
        self.shared.logs.offline()
    }

    /// Take a log directory offline because something else in it failed.
    pub fn fail_log_dir(&self, log_dir: &Path, reason: String) {
        if let Some(dir) = self.find_dir(log_dir) {
            dir.fail(reason);
        }
    }

    /// Refuse all records in a log directory, or no longer.
    pub fn hold_appends(&self, log_dir: &Path, held: bool) {
        if let Some(dir) = self.find_dir(log_dir) {
            dir.hold_appends(held);
        }
    }

    /// Write how far the logs are flushed. A ticket.
    pub fn checkpoint(&self) -> u64 {
        self.run(move |shared| {
            shared.logs.checkpoint()?;
            Ok(None)
        })
    }

    /// The numbers of a log, unless it is unknown or offline. An internal topic without logs is empty.
    pub fn log_state(&self, topic_id: Uuid, partition: i32) -> Option<LogState> {
        match self.shared.logs.find(topic_id, partition) {
            Some(partition) => partition.state(),
            None => self.is_empty_by_nature(topic_id, partition).then_some(NOTHING),
        }
    }

    fn is_empty_by_nature(&self, topic_id: Uuid, partition: i32) -> bool {
        let metadata = self.shared.images.metadata();
        let index = usize::try_from(partition).ok();
        metadata.topic_by_id(topic_id).is_some_and(|topic| {
            topic.internal && index.is_some_and(|index| index < topic.partitions.len())
        })
    }

    /// Find the first record at or after a timestamp. A ticket.
    pub fn find_offset(&self, topic_id: Uuid, partition: i32, timestamp_ms: i64) -> u64 {
        self.search(topic_id, partition, move |log| log.timestamp_search(timestamp_ms))
    }

    /// Find the record with the largest timestamp. A ticket.
    pub fn find_max_timestamp(&self, topic_id: Uuid, partition: i32) -> u64 {
        self.search(topic_id, partition, Log::max_timestamp_search)
    }

    /// The largest leader epoch at or below the one asked for, and where it ends.
    pub fn end_offset_for_epoch(
        &self,
        topic_id: Uuid,
        partition: i32,
        leader_epoch: i32,
    ) -> Option<(i32, i64)> {
        let Some(log) = self.shared.logs.find(topic_id, partition) else {
            return self.is_empty_by_nature(topic_id, partition).then_some((-1, -1));
        };
        let found = log.with_log(|log| log.end_offset_for_epoch(leader_epoch)).ok()?;
        Some(found.unwrap_or((-1, -1)))
    }

    fn search(
        &self,
        topic_id: Uuid,
        partition: i32,
        plan: impl FnOnce(&mut Log) -> Result<TimestampSearch, LogError> + Send + 'static,
    ) -> u64 {
        let is_empty = self.is_empty_by_nature(topic_id, partition);
        let partition = self.shared.logs.find(topic_id, partition);
        self.run(move |shared| {
            if is_empty && partition.is_none() {
                return Ok(None);
            }
            let search = partition.as_deref().map(|partition| partition.with_log(plan));
            let Some(Ok(search)) = search else {
                if let Some(partition) = &partition {
                    report_failure(shared, partition);
                }
                return Err(Offline.into());
            };
            let found = search?.run().inspect_err(|error| {
                if let Some(partition) = &partition {
                    partition.dir().note(error.scope(), &error.to_string());
                }
            })?;
            Ok(found.map(|FoundTimestamp { offset, timestamp_ms, leader_epoch }| {
                (offset, timestamp_ms, leader_epoch)
            }))
        })
    }

    fn find_dir(&self, path: &Path) -> Option<&Arc<LogDir>> {
        let path = std::path::absolute(path).ok()?;
        self.shared.logs.dirs().iter().find(|dir| dir.path() == path)
    }
}
