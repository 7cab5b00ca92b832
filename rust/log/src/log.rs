//! The interface of a log.
#![allow(
    clippy::unimplemented,
    clippy::needless_pass_by_value,
    clippy::unused_self,
    unused_variables,
    dead_code,
    clippy::missing_fields_in_debug
)]

use std::path::Path;
use std::sync::Arc;

use pybroker_wire::Uuid;

use crate::config::LogConfig;
use crate::disk::File;
use crate::error::{AppendError, LogError, ReadError};

/// How the log was left the last time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// `Log::close` returned and `.kafka_cleanshutdown` was written: the files are trusted.
    Clean,
    /// Everything from the segment of the recovery point on is read again. `0` (what a missing checkpoint means) reads all.
    Unclean {
        /// `recovery-point-offset-checkpoint`: everything before it was flushed.
        recovery_point: i64,
    },
}

/// What the caller knows of a log that it opens.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// The topic's id; checked against `partition.metadata`.
    pub topic_id: Uuid,
    /// The topic's configs, shared by its partitions.
    pub config: Arc<LogConfig>,
    /// How the log was left.
    pub shutdown: Shutdown,
    /// `log-start-offset-checkpoint`; 0 when there is none. The log keeps its own as well; the larger one counts.
    pub log_start_offset: i64,
    /// The wall clock.
    pub now_ms: i64,
}

/// Who wrote the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A Produce request: everything is checked.
    Client,
    /// The broker itself: control batches are allowed, sequences are not checked.
    Coordinator,
}

/// Whether appended records should be flushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlushDemand {
    /// Not now.
    None,
    /// A segment was rolled: flush it soon, in the background, so that recovery has less to read.
    Soon,
    /// `flush.messages` or `flush.ms` demands it before the append is answered.
    BeforeAnswer,
}

/// What became of appended records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Offset of the first record.
    pub base_offset: i64,
    /// Offset of the last record, inclusive.
    pub last_offset: i64,
    /// The timestamp that the broker gave to the records; -1 with `CreateTime`.
    pub log_append_time_ms: i64,
    /// The log start offset at this moment.
    pub log_start_offset: i64,
    /// The batch had been appended before: the offsets are those of the first time.
    pub duplicate: bool,
    /// Whether to flush.
    pub flush: FlushDemand,
}

/// Numbers of a log at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogState {
    /// Earliest readable offset.
    pub log_start_offset: i64,
    /// First offset of the earliest open transaction, else the high watermark.
    pub last_stable_offset: i64,
    /// First offset not yet visible: the log end offset, as a partition has one replica.
    pub high_watermark: i64,
    /// Offset that the next record gets.
    pub log_end_offset: i64,
    /// Everything before it is flushed.
    pub recovery_point: i64,
    /// The latest leader epoch with a record; -1 when there is none.
    pub leader_epoch: i32,
    /// Bytes in all segments.
    pub size_bytes: u64,
}

/// One segment, for retention and for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentInfo {
    /// First offset that the segment may hold.
    pub base_offset: i64,
    /// Bytes in its `.log`.
    pub size_bytes: u64,
    /// Largest timestamp in it; -1 when it has none.
    pub max_timestamp_ms: i64,
    /// Whether appends go to it.
    pub is_active: bool,
}

/// Contiguous bytes of one segment: whole batches from the first on, the last one perhaps cut short.
#[derive(Clone, Debug)]
pub struct FileSlice {
    /// The segment's `.log`; it stays readable when the segment is deleted meanwhile.
    pub file: Option<Arc<File>>,
    /// Where the slice starts in the file.
    pub position: u64,
    /// How many bytes it has; 0 when there is nothing to read.
    pub len: usize,
}

/// A record found by its timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundTimestamp {
    /// The record's offset.
    pub offset: i64,
    /// The record's timestamp.
    pub timestamp_ms: i64,
    /// Leader epoch of its batch.
    pub leader_epoch: i32,
}

/// Where to look for a timestamp; `run` it outside of the mutex.
#[derive(Debug)]
pub struct TimestampSearch {}

impl TimestampSearch {
    /// Reads the log until the record is found.
    pub fn run(self) -> Result<Option<FoundTimestamp>, LogError> {
        unimplemented!()
    }
}

/// Files to be made durable; `run` it outside of the mutex and hand the result to `Log::finish_flush`.
#[derive(Debug)]
pub struct FlushJob {}

impl FlushJob {
    /// Calls fdatasync on the files. Several jobs of one log may run at once.
    pub fn run(&self) -> Result<(), LogError> {
        unimplemented!()
    }
}

/// One partition's log.
#[derive(Debug)]
pub struct Log {}

impl Log {
    /// Opens the log in `folder` (`topic-partition`), which is made when it is missing.
    pub fn open(folder: &Path, options: OpenOptions) -> Result<Self, LogError> {
        unimplemented!()
    }
    /// Appends one partition's record batches as they came in a Produce request. Offsets, epoch and (with
    /// `LogAppendTime`) timestamps are patched into `records`; recompressed batches are written from elsewhere.
    pub fn append(
        &mut self,
        records: &mut [u8],
        leader_epoch: i32,
        origin: Origin,
        now_ms: i64,
    ) -> Result<Appended, AppendError> {
        unimplemented!()
    }
    /// Finds at most `max_bytes` from the batch that holds `offset` on, nothing at or past `upper_bound`. The first batch comes
    /// whole, or not at all; with `at_least_one_batch` even when it is larger than `max_bytes`.
    pub fn read(
        &mut self,
        offset: i64,
        max_bytes: usize,
        upper_bound: i64,
        at_least_one_batch: bool,
    ) -> Result<FileSlice, ReadError> {
        unimplemented!()
    }
    /// The numbers of now.
    pub fn state(&self) -> LogState {
        unimplemented!()
    }
    /// The segments in order.
    pub fn segments(&self) -> Vec<SegmentInfo> {
        unimplemented!()
    }
    /// Uses other configs from the next append on.
    pub fn set_config(&mut self, config: Arc<LogConfig>) {
        unimplemented!()
    }
    /// Plans the search for the first record at or after a timestamp.
    pub fn timestamp_search(&mut self, timestamp_ms: i64) -> Result<TimestampSearch, LogError> {
        unimplemented!()
    }
    /// Plans the search for the record with the largest timestamp.
    pub fn max_timestamp_search(&mut self) -> Result<TimestampSearch, LogError> {
        unimplemented!()
    }
    /// The largest leader epoch at or below the one asked for, and where it ends.
    pub fn end_offset_for_epoch(&self, leader_epoch: i32) -> Option<(i32, i64)> {
        unimplemented!()
    }
    /// Leader epoch of the record at `offset`, for ListOffsets.
    pub fn epoch_for_offset(&self, offset: i64) -> Option<i32> {
        unimplemented!()
    }
    /// Removes everything at and after `offset`.
    pub fn truncate_to(&mut self, offset: i64) -> Result<(), LogError> {
        unimplemented!()
    }
    /// Moves the log start offset forward, durably, and deletes segments that are wholly before it. An offset past the end is
    /// `OffsetOutOfRange`.
    pub fn delete_before(&mut self, offset: i64) -> Result<i64, ReadError> {
        unimplemented!()
    }
    /// Closes the active segment and opens the next.
    pub fn roll(&mut self, now_ms: i64) -> Result<(), LogError> {
        unimplemented!()
    }
    /// Collects what must be fsynced so that everything up to now is durable; `None` when it is already.
    pub fn begin_flush(&mut self, now_ms: i64) -> Result<Option<FlushJob>, LogError> {
        unimplemented!()
    }
    /// Moves the recovery point, or takes the log offline when the job failed.
    pub fn finish_flush(
        &mut self,
        job: FlushJob,
        result: Result<(), LogError>,
    ) -> Result<(), LogError> {
        unimplemented!()
    }
    /// When `flush.ms` demands a flush at the latest; `None` when nothing is unflushed or the config does not ask for it.
    pub fn flush_deadline_ms(&self) -> Option<i64> {
        unimplemented!()
    }
    /// Begins, runs and finishes a flush.
    pub fn flush(&mut self, now_ms: i64) -> Result<(), LogError> {
        unimplemented!()
    }
    /// Flushes, writes the indexes and a producer snapshot: after it the files may be trusted.
    pub fn close(self, now_ms: i64) -> Result<(), LogError> {
        unimplemented!()
    }
    /// Removes the folder.
    pub fn delete(self) -> Result<(), LogError> {
        unimplemented!()
    }
    /// Why the log is offline, if it is.
    pub fn offline_reason(&self) -> Option<&str> {
        unimplemented!()
    }
}

/// Checkpoints of a log dir.
pub mod checkpoints {
    use super::Path;
    use crate::error::LogError;
    use std::collections::BTreeMap;

    /// `recovery-point-offset-checkpoint`.
    pub const RECOVERY_POINT_FILE: &str = "recovery-point-offset-checkpoint";
    /// `log-start-offset-checkpoint`.
    pub const LOG_START_OFFSET_FILE: &str = "log-start-offset-checkpoint";

    /// (topic, partition) -> offset. A missing or malformed file is empty: recovery then trusts nothing.
    pub fn read_offsets(path: &Path) -> Result<BTreeMap<(String, i32), i64>, LogError> {
        unimplemented!()
    }
    /// Replaces the file atomically.
    pub fn write_offsets(
        path: &Path,
        offsets: &BTreeMap<(String, i32), i64>,
    ) -> Result<(), LogError> {
        unimplemented!()
    }
    /// Writes `.kafka_cleanshutdown` into the log dir.
    pub fn write_clean_shutdown_marker(log_dir: &Path) -> Result<(), LogError> {
        unimplemented!()
    }
    /// Removes the marker; says whether it was there.
    pub fn take_clean_shutdown_marker(log_dir: &Path) -> Result<bool, LogError> {
        unimplemented!()
    }
}
