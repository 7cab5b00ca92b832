//! Removing records from either end of a log, and the log as a whole.

use std::path::Path;

use pybroker_wire::Uuid;

use crate::deletion::{DeletedFiles, with_suffix};
use crate::disk;
use crate::error::LogError;
use crate::log::Log;
use crate::partition_metadata::read_topic_id;
use crate::producer_snapshot;
use crate::segment::offset_path;

/// The log start offset of this log, in text. Kafka keeps it in a checkpoint of the log dir only, which is written now and then;
/// this file makes it durable at once, and Kafka passes over it.
pub(crate) const LOG_START_OFFSET_FILE: &str = "log-start-offset";
/// What ends the name of a folder whose topic is not known any more. Kafka's word for it.
const STRAY_SUFFIX: &str = "-stray";

impl Log {
    /// Removes everything at and after `offset`, and the whole batch that holds it, durably. The caller writes the recovery
    /// point, which may have moved back, to its checkpoint before it appends more; and it waits while a pass of compaction
    /// changes the names of files (`CompactionJob::is_swapping`), or a crash of the machine may bring back what the pass was
    /// about to remove.
    pub fn truncate_to(&mut self, offset: i64, now_ms: i64) -> Result<(), LogError> {
        self.check_online()?;
        let offset = offset.max(self.log_start_offset);
        if offset >= self.log_end_offset {
            return Ok(());
        }
        self.truncations += 1;
        self.settle_swap()?;
        self.try_truncate_to(offset, now_ms).map_err(|error| self.fail(error))
    }

    fn try_truncate_to(&mut self, offset: i64, now_ms: i64) -> Result<(), LogError> {
        let index = self.segment_index(offset);
        self.delete_segments_after(index)?;
        let interval = self.config.index_interval_bytes;
        let active = &mut self.segments[index];
        let found = active.locate(&self.folder, offset, interval)?;
        let cut_offset = found.map_or(offset, |found| found.header.base_offset.min(offset));
        let size = found.map_or(active.size, |found| found.position);
        active.cut(&self.folder, size)?;
        self.size_bytes = self.segments.iter().map(|segment| segment.size).sum();
        let active = &mut self.segments[index];
        active.truncate_indexes(&self.folder, cut_offset, interval)?;
        self.truncate_transaction_index(index, cut_offset)?;
        let active = &mut self.segments[index];
        // Compaction may have left a gap before. Where another segment began behind it, the gap would be taken for damage once the
        // log is not a compacted one any more.
        let last = active.last_batch(&self.folder, interval)?;
        let end_offset = last.map_or(active.base_offset, |last| last.header.last_offset() + 1);
        let base_offset = active.base_offset;
        self.warm.retain(|&warm| warm < base_offset);
        self.recent.clear();
        self.metadata_changes += 1;
        self.log_end_offset = end_offset.max(self.log_start_offset);
        self.recovery_point = self.recovery_point.min(self.log_end_offset);
        if self.leader_epochs.truncate_from_end(self.log_end_offset) {
            self.leader_epochs.store(&self.folder)?;
        }
        self.load_producers(now_ms)
    }

    /// Deletes the segments behind one. When that is durable, the one may be cut: a crash leaves no gap.
    pub(crate) fn delete_segments_after(&mut self, index: usize) -> Result<(), LogError> {
        // From the last one down, each durably: a crash may keep any of those that are not, and in a compacted log nobody would
        // take what is missing before it for lost.
        for segment in self.segments.drain(index + 1..).rev() {
            segment.delete(&self.folder)?;
            disk::sync_folder(&self.folder)?;
        }
        Ok(())
    }

    /// Deletes the segments that end before the log start offset, while nobody reads them yet; the active one stays.
    pub(crate) fn delete_before_log_start(&mut self) -> Result<(), LogError> {
        let first = self.segment_index(self.log_start_offset);
        let forgets_epochs = self.leader_epochs.truncate_from_start(self.log_start_offset);
        if first > 0 || forgets_epochs {
            // Whoever moved the log start offset may have died before that was durable.
            disk::sync_folder(&self.folder)?;
        }
        // From the first one up, so that a crash leaves no gap.
        for segment in self.segments.drain(..first) {
            segment.delete(&self.folder)?;
            let base_offset = segment.base_offset;
            self.warm.retain(|&warm| warm != base_offset);
            disk::remove_file(&offset_path(&self.folder, base_offset, producer_snapshot::SUFFIX))?;
            self.metadata_changes += 1;
        }
        if forgets_epochs {
            self.leader_epochs.store(&self.folder)?;
            self.metadata_changes += 1;
        }
        Ok(())
    }

    /// Gives the log up and renames its folder, so that a topic of the same name can be made at once.
    pub fn delete(self) -> Result<DeletedFiles, LogError> {
        let delay_ms = self.config.file_delete_delay_ms;
        DeletedFiles::folder(&self.folder, self.topic_id, self.size_bytes, delay_ms)
    }
}

/// Renames a folder that an earlier topic of the same name left behind, so that this topic can have its own.
pub fn set_stray_aside(folder: &Path) -> Result<(), LogError> {
    let topic_id = read_topic_id(folder)?.unwrap_or(Uuid::ZERO);
    disk::rename(folder, &with_suffix(folder, topic_id, STRAY_SUFFIX))
}

/// The log start offset that the log itself has stored; 0 if none.
pub(crate) fn load_log_start_offset(folder: &Path) -> Result<i64, LogError> {
    let bytes = disk::read_file(&folder.join(LOG_START_OFFSET_FILE))?;
    let text = bytes.as_deref().and_then(|bytes| str::from_utf8(bytes).ok());
    Ok(text.and_then(|text| text.trim().parse().ok()).unwrap_or(0).max(0))
}

pub(crate) fn store_log_start_offset(folder: &Path, offset: i64) -> Result<(), LogError> {
    disk::replace_file(&folder.join(LOG_START_OFFSET_FILE), format!("{offset}\n").as_bytes())
}
