//! The log of one partition: what it holds, and the conversation of append and roll.
//!
//! Reading is in `read.rs`, searching by timestamp in `timestamps.rs`, flushing and closing in `flush.rs`, removing in
//! `truncate.rs`, opening in `recovery.rs`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pybroker_wire::batch::{Batch, BatchHeader, TimestampType};
use pybroker_wire::{ErrorCode, Uuid};

use crate::compaction::PendingSwap;
use crate::config::LogConfig;
use crate::error::{AppendError, LogError};
use crate::failure::FailureScope;
use crate::leader_epochs::LeaderEpochs;
use crate::producer_state::{BatchMetadata, ProducerStates, Verdict};
use crate::read::RecentBatches;
use crate::scan::FoundBatch;
use crate::segment::Segment;
use crate::transaction_index::AbortedTransaction;
use crate::transactions::ProducerBatch;
use crate::validate::{Placement, validate};

/// Inactive segments of a log whose file and indexes stay open after they were read.
const WARM_SEGMENTS: usize = 4;

/// How the log was left the last time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// `Log::close` returned and the marker of a clean shutdown was written: the files are trusted.
    Clean,
    /// Everything that is not known to be flushed is read again and checked.
    Unclean {
        /// What `recovery-point-offset-checkpoint` says: everything before it was flushed. Without an entry it is 0: the
        /// whole log is read.
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
    /// What `log-start-offset-checkpoint` says; 0 without an entry. The log keeps its own as well; the larger one counts.
    pub log_start_offset: i64,
    /// The wall clock.
    pub now_ms: i64,
}

/// Who wrote the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A Produce request: everything is checked. Whether a transactional batch belongs to a transaction that the coordinator knows
    /// is for the caller to have asked.
    Client,
    /// The broker itself: transaction markers are allowed, sequences are not checked. Epochs are, as of clients.
    Coordinator,
}

/// Whether appended records should be flushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlushDemand {
    /// Not now.
    None,
    /// A segment was rolled, or much was appended: flush it soon, in the background, so that recovery has less to read.
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
    /// The batch had been appended before: the offsets are those of the first time, and nothing was written.
    pub duplicate: bool,
    /// The batch is the first of a new segment.
    pub rolled: bool,
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
    /// Of the bytes appended since the log was opened, those after the last stable offset.
    pub unstable_bytes: u64,
}

/// One segment, for retention and for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentInfo {
    /// First offset that the segment may hold.
    pub base_offset: i64,
    /// Bytes in its `.log`.
    pub size_bytes: u64,
    /// Whether appends go to it.
    pub is_active: bool,
}

/// Why a log is offline.
#[derive(Debug)]
pub(crate) struct OfflineReason {
    text: String,
    scope: FailureScope,
}

/// One partition's log.
#[derive(Debug)]
#[expect(clippy::struct_field_names, reason = "log start offset and log end offset are the names")]
pub struct Log {
    pub(crate) folder: PathBuf,
    pub(crate) topic_id: Uuid,
    pub(crate) config: Arc<LogConfig>,
    /// By ascending base offset, without gaps in coverage; the last one is active. Never empty.
    pub(crate) segments: Vec<Segment>,
    /// Base offsets of inactive segments that are open, the one used last at the end.
    pub(crate) warm: Vec<i64>,
    /// Bytes in all segments, kept in step with them.
    pub(crate) size_bytes: u64,
    pub(crate) log_start_offset: i64,
    pub(crate) log_end_offset: i64,
    pub(crate) recovery_point: i64,
    /// Bytes that were appended since a flush began, or that recovery had to check.
    pub(crate) unflushed_bytes: u64,
    /// When the first record after the recovery point was appended.
    pub(crate) unflushed_since_ms: Option<i64>,
    /// How often something besides the records changed (names, indexes, epochs, snapshots), and how much of it is flushed.
    pub(crate) metadata_changes: u64,
    pub(crate) metadata_flushed: u64,
    /// Whether the folder itself was made since the last flush.
    pub(crate) is_new: bool,
    /// How often the log was truncated: a flush that was under way then says nothing about what came after.
    pub(crate) truncations: u64,
    pub(crate) producers: ProducerStates,
    /// Bytes appended since the log was opened.
    pub(crate) appended_bytes: u64,
    /// The offset of the newest snapshot.
    pub(crate) snapshot_offset: i64,
    pub(crate) leader_epochs: LeaderEpochs,
    pub(crate) recent: RecentBatches,
    /// Whether a pass of compaction is under way.
    pub(crate) is_compacting: bool,
    pub(crate) pending_swap: Option<PendingSwap>,
    pub(crate) offline: Option<Box<OfflineReason>>,
}

impl Log {
    /// Appends one partition's record batch as it came in a Produce request. Offset, leader epoch and, where they change,
    /// timestamps are patched into `records`, which need no further copy; only a batch that changes its codec is written from
    /// elsewhere. One write; when it fails, the log is as before, or offline if that cannot be said.
    pub fn append(
        &mut self,
        records: &mut [u8],
        leader_epoch: i32,
        origin: Origin,
        now_ms: i64,
    ) -> Result<Appended, AppendError> {
        self.check_online()?;
        let config = Arc::clone(&self.config);
        let base_offset = self.log_end_offset;
        let placement = Placement { base_offset, leader_epoch, origin, now_ms };
        let valid = validate(records, &config, placement)?;
        let header = valid.header;
        let size = header.size_bytes();
        if size > config.segment_bytes as usize {
            let limit = config.segment_bytes;
            let message = format!("a batch of {size} bytes, segment.bytes is {limit}");
            return Err(AppendError::refused(ErrorCode::RecordListTooLarge, message));
        }
        let expiration_ms = config.producer_id_expiration_ms;
        let bytes = match &valid.rebuilt {
            Some(bytes) => bytes.as_slice(),
            None => &records[..size],
        };
        let batch = ProducerBatch::of(&Batch { header, bytes, position: 0 });
        match self.producers.check(&batch, origin, now_ms, expiration_ms)? {
            Verdict::Duplicate(batch) => return Ok(self.duplicate(&batch, now_ms)),
            Verdict::Append => {}
        }
        let rolled = self.roll_if_full(&header, now_ms)?;
        self.note_leader_epoch(&header)?;
        let aborted = self.producers.aborted_by(&batch);
        let position = match &aborted {
            Some(aborted) => self.write_abort(bytes, aborted)?,
            None => self.write(bytes)?,
        };
        self.note_appended(position, &batch, now_ms)?;
        let log_append_time_ms = match config.timestamp_type {
            TimestampType::CreateTime => -1,
            TimestampType::LogAppendTime => header.max_timestamp,
        };
        Ok(Appended {
            base_offset,
            last_offset: header.last_offset(),
            log_append_time_ms,
            log_start_offset: self.log_start_offset,
            duplicate: false,
            rolled,
            flush: self.flush_demand(rolled, now_ms),
        })
    }

    fn duplicate(&self, batch: &BatchMetadata, now_ms: i64) -> Appended {
        Appended {
            base_offset: batch.base_offset(),
            last_offset: batch.last_offset,
            log_append_time_ms: match self.config.timestamp_type {
                TimestampType::CreateTime => -1,
                TimestampType::LogAppendTime => batch.timestamp_ms,
            },
            log_start_offset: self.log_start_offset,
            duplicate: true,
            rolled: false,
            // Who sends a batch again was not answered: its flush may not have come to its end.
            flush: if batch.last_offset < self.recovery_point {
                FlushDemand::None
            } else {
                self.flush_demand(false, now_ms)
            },
        }
    }

    /// Writes at the end of the active segment and gives the position.
    fn write(&mut self, bytes: &[u8]) -> Result<u64, LogError> {
        let (active, folder) = active_segment(&mut self.segments, &self.folder)?;
        let position = active.size;
        let file = active.file(folder)?;
        let Err(error) = file.write_all_at(bytes, position) else {
            active.size += bytes.len() as u64;
            self.size_bytes += bytes.len() as u64;
            return Ok(position);
        };
        let undone = file.set_len(position);
        let path = active.log_path(folder);
        let failure = LogError::disk("write", &path, error);
        match undone {
            Ok(()) => {
                active.cut_unflushed = true;
                self.metadata_changes += 1;
                Err(failure)
            }
            Err(error) => Err(self.fail(LogError::disk("truncate", &path, error))),
        }
    }

    /// Stores the epoch of a batch that is about to be written. Should the write fail, the next batch takes the entry's place.
    fn note_leader_epoch(&mut self, header: &BatchHeader) -> Result<(), LogError> {
        let (epoch, start_offset) = (header.partition_leader_epoch, header.base_offset);
        if !self.leader_epochs.lacks(epoch, start_offset) {
            return Ok(());
        }
        let before = self.leader_epochs.clone();
        self.leader_epochs.assign(epoch, start_offset);
        if let Err(error) = self.leader_epochs.store(&self.folder) {
            self.leader_epochs = before;
            return Err(self.fail_unless_passing(error));
        }
        self.metadata_changes += 1;
        Ok(())
    }

    /// Writes the marker of an aborted transaction and, before it, what the transaction index says of it.
    fn write_abort(&mut self, bytes: &[u8], aborted: &AbortedTransaction) -> Result<u64, LogError> {
        self.transaction_index(self.segments.len() - 1)?;
        let (active, folder) = active_segment(&mut self.segments, &self.folder)?;
        let written = active.write_aborted(folder, aborted);
        match written.and_then(|()| self.write(bytes)) {
            Ok(position) => {
                let (active, _) = active_segment(&mut self.segments, &self.folder)?;
                active.keep_aborted(*aborted);
                self.metadata_changes += 1;
                Ok(position)
            }
            Err(failure) => {
                let (active, folder) = active_segment(&mut self.segments, &self.folder)?;
                active.cut_aborted(folder).map_err(|error| self.fail(error))?;
                Err(failure)
            }
        }
    }

    fn note_appended(
        &mut self,
        position: u64,
        batch: &ProducerBatch,
        now_ms: i64,
    ) -> Result<(), LogError> {
        let header = &batch.header;
        let found = FoundBatch { position, header: *header };
        let expiration_ms = self.config.producer_id_expiration_ms;
        let (active, _) = active_segment(&mut self.segments, &self.folder)?;
        active.index_batch(&found, self.config.index_interval_bytes);
        self.recent.push(&found);
        if header.has_producer_id() {
            self.producers.update(batch, self.appended_bytes, now_ms, expiration_ms);
            self.producers.expire(now_ms, expiration_ms);
        }
        self.appended_bytes += header.size_bytes() as u64;
        self.unflushed_bytes += header.size_bytes() as u64;
        self.log_end_offset = header.last_offset() + 1;
        self.unflushed_since_ms.get_or_insert(now_ms);
        Ok(())
    }

    fn flush_demand(&self, rolled: bool, now_ms: i64) -> FlushDemand {
        let unflushed = self.log_end_offset - self.recovery_point;
        let is_due = self.flush_deadline_ms().is_some_and(|deadline_ms| now_ms >= deadline_ms);
        if unflushed >= self.config.flush_messages || is_due {
            FlushDemand::BeforeAnswer
        } else if rolled || self.unflushed_bytes >= self.config.background_flush_bytes {
            FlushDemand::Soon
        } else {
            FlushDemand::None
        }
    }

    /// Notes that an inactive segment was used, and lets those go that were not for longest.
    pub(crate) fn keep_warm(&mut self, base_offset: i64) {
        if self.warm.last() != Some(&base_offset) {
            self.warm.retain(|&warm| warm != base_offset);
            self.warm.push(base_offset);
        }
        self.cool();
    }

    /// Closes what is open beyond the limit. Unflushed segments stay open: only the file that was written to is sure to
    /// report that a write was lost.
    pub(crate) fn cool(&mut self) {
        let flushed = |log: &Self, base_offset: i64| {
            log.segment_end(log.segment_index(base_offset)) <= log.recovery_point
        };
        while self.warm.len() > WARM_SEGMENTS {
            let Some(place) = self.warm.iter().position(|&warm| flushed(self, warm)) else {
                return;
            };
            let base_offset = self.warm.remove(place);
            let index = self.segment_index(base_offset);
            self.segments[index].let_go();
        }
    }

    /// The segment that holds an offset, or the first one.
    pub(crate) fn segment_index(&self, offset: i64) -> usize {
        self.segments.partition_point(|segment| segment.base_offset <= offset).saturating_sub(1)
    }

    /// The first offset after a segment.
    pub(crate) fn segment_end(&self, index: usize) -> i64 {
        self.segments.get(index + 1).map_or(self.log_end_offset, |next| next.base_offset)
    }

    /// The numbers of now.
    pub fn state(&self) -> LogState {
        LogState {
            log_start_offset: self.log_start_offset,
            last_stable_offset: self.last_stable_offset(),
            high_watermark: self.log_end_offset,
            log_end_offset: self.log_end_offset,
            recovery_point: self.recovery_point,
            leader_epoch: self.leader_epochs.latest().unwrap_or(-1),
            size_bytes: self.size_bytes,
            unstable_bytes: self.unstable_bytes(),
        }
    }

    /// The segments in order.
    pub fn segments(&self) -> Vec<SegmentInfo> {
        let last = self.segments.len() - 1;
        let info = |(index, segment): (usize, &Segment)| SegmentInfo {
            base_offset: segment.base_offset,
            size_bytes: segment.size,
            is_active: index == last,
        };
        self.segments.iter().enumerate().map(info).collect()
    }

    /// Uses other configs from the next append on.
    pub fn set_config(&mut self, config: Arc<LogConfig>) {
        self.config = config;
    }

    /// The largest leader epoch at or below the one asked for, and the offset at which it ends (KIP-101). `None` when the log
    /// knows no such epoch.
    pub fn end_offset_for_epoch(&self, leader_epoch: i32) -> Option<(i32, i64)> {
        self.leader_epochs.end_offset(leader_epoch, self.log_end_offset)
    }

    /// Leader epoch of the record at `offset`.
    pub fn epoch_at(&self, offset: i64) -> Option<i32> {
        self.leader_epochs.epoch_at(offset)
    }

    /// The folder of the log.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Why the log is offline, if it is.
    pub fn offline_reason(&self) -> Option<&str> {
        self.offline.as_ref().map(|offline| offline.text.as_str())
    }

    /// How far the failure that took the log offline reaches.
    pub fn offline_scope(&self) -> Option<FailureScope> {
        self.offline.as_ref().map(|offline| offline.scope)
    }

    pub(crate) fn check_online(&self) -> Result<(), LogError> {
        match &self.offline {
            None => Ok(()),
            Some(offline) => Err(LogError::Offline { reason: offline.text.clone() }),
        }
    }

    /// Takes the log offline, because what is on disk is no longer known.
    pub(crate) fn fail(&mut self, error: LogError) -> LogError {
        let text = || Box::new(OfflineReason { text: error.to_string(), scope: error.scope() });
        self.offline.get_or_insert_with(text);
        error
    }

    /// Takes the log offline unless the failure passes: then what was attempted may be attempted again.
    pub(crate) fn fail_unless_passing(&mut self, error: LogError) -> LogError {
        if error.scope() == FailureScope::Passing { error } else { self.fail(error) }
    }
}

/// The active segment, and the folder for it.
pub(crate) fn active_segment<'a>(
    segments: &'a mut [Segment],
    folder: &'a Path,
) -> Result<(&'a mut Segment, &'a Path), LogError> {
    match segments.last_mut() {
        Some(active) => Ok((active, folder)),
        None => Err(LogError::Offline { reason: "the log has no segment".into() }),
    }
}
