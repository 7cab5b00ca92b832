//! Retention: which segments have expired, and moving the log start offset past them.
//!
//! A move is made in three steps, so that the mutex is never held while the disk makes something durable: it is begun under the
//! mutex, [`StartMove::run`] stores the new log start offset, and finishing it takes the segments out of the log. Their
//! files are then set aside and unlinked: see [`DeletedFiles`]. A crash at any point leaves the old start, or the new one
//! with segments before it that the next start removes.

use std::path::PathBuf;

use crate::deletion::{DeletedFiles, Snapshots};
use crate::error::{LogError, ReadError};
use crate::failure::FailureScope;
use crate::log::Log;
use crate::truncate::store_log_start_offset;

/// Segments whose age one look reads: of those that nobody used it is at the end of a file each.
const AGES_AT_ONCE: usize = 64;

/// A log start offset on its way. `run` it outside of the mutex and hand it to `Log::finish_start_move` with its result.
/// One move of a log at a time.
#[derive(Debug)]
#[must_use]
pub struct StartMove {
    folder: PathBuf,
    offset: i64,
}

impl StartMove {
    /// Makes the offset durable.
    pub fn run(&self) -> Result<(), LogError> {
        store_log_start_offset(&self.folder, self.offset)
    }
}

impl Log {
    /// The offset before which retention wants nothing to stay: `retention.bytes`, then `retention.ms` by the largest timestamp
    /// of each segment, from the oldest on, until one stays. When all have expired the active segment is rolled. It looks at so
    /// many segments at once that it takes no time worth mentioning: whoever moved the start asks again.
    pub fn retention_offset(&mut self, now_ms: i64) -> Result<i64, LogError> {
        self.check_online()?;
        let first = self.segment_index(self.log_start_offset);
        if !self.config.deletes {
            return Ok(self.log_start_offset);
        }
        let mut kept = self.first_unexpired(self.first_within_size(first), now_ms)?;
        if kept == self.segments.len()
            && let Err(error) = self.roll(now_ms)
        {
            if error.scope() != FailureScope::Passing || kept == first + 1 {
                return Err(error);
            }
            // There is no space for another segment until the others have gone.
            kept -= 1;
        }
        let kept_offset = self.segments.get(kept).map(|segment| segment.base_offset);
        Ok(kept_offset.unwrap_or(self.log_start_offset).max(self.log_start_offset))
    }

    /// The first segment that `retention.bytes` keeps: what stays is never less than that.
    fn first_within_size(&self, first: usize) -> usize {
        let Ok(retention_bytes) = u64::try_from(self.config.retention_bytes) else { return first };
        // What is wholly before the log start offset, and was active when that moved, does not count: it is nobody's.
        let size_bytes: u64 = self.segments[first..].iter().map(|segment| segment.size).sum();
        let Some(mut excess) = size_bytes.checked_sub(retention_bytes) else { return first };
        let mut kept = first;
        for segment in &self.segments[first..] {
            let is_last = kept + 1 == self.segments.len();
            let Some(less) = excess.checked_sub(segment.size) else { break };
            if is_last && segment.size == 0 {
                break;
            }
            excess = less;
            kept += 1;
        }
        kept
    }

    /// The first segment that `retention.ms` keeps.
    fn first_unexpired(&mut self, first: usize, now_ms: i64) -> Result<usize, LogError> {
        let retention_ms = self.config.retention_ms;
        if retention_ms < 0 {
            return Ok(first);
        }
        let interval = self.config.index_interval_bytes;
        let mut kept = first;
        let last = self.segments.len() - 1;
        while let Some(segment) = self.segments.get_mut(kept) {
            if (segment.size == 0 && kept == last) || kept - first >= AGES_AT_ONCE {
                break;
            }
            let mut newest_ms = segment.largest(&self.folder, interval)?.timestamp_ms;
            if newest_ms < 0 {
                // As in Kafka, records without timestamps are as old as their file.
                newest_ms = segment.modified_ms(&self.folder)?;
            }
            if now_ms.saturating_sub(newest_ms) <= retention_ms {
                break;
            }
            kept += 1;
        }
        Ok(kept)
    }

    /// Begins to move the log start offset forward. `None` when it is there already and no segment is left behind it. An offset after the high watermark is out
    /// of range.
    pub fn begin_start_move(&self, offset: i64) -> Result<Option<StartMove>, ReadError> {
        self.check_online()?;
        if offset > self.log_end_offset {
            return Err(ReadError::OffsetOutOfRange {
                offset,
                log_start_offset: self.log_start_offset,
                log_end_offset: self.log_end_offset,
            });
        }
        let has_work =
            offset > self.log_start_offset || self.segment_index(self.log_start_offset) > 0;
        let offset = offset.max(self.log_start_offset);
        Ok(has_work.then(|| StartMove { folder: self.folder.clone(), offset }))
    }

    /// Moves the log start offset and takes the segments that are wholly before it out of the log. Without space, nothing has
    /// moved; another failure takes the log offline.
    pub fn finish_start_move(
        &mut self,
        start_move: StartMove,
        result: Result<(), LogError>,
    ) -> Result<DeletedFiles, LogError> {
        self.check_online()?;
        if let Err(error) = result {
            return Err(self.fail_unless_passing(error));
        }
        let StartMove { folder, offset } = start_move;
        debug_assert_eq!(folder, self.folder, "a move belongs to its log");
        drop(folder);
        self.log_start_offset = self.log_start_offset.max(offset);
        self.take_before_log_start().map_err(|error| self.fail(error))
    }

    /// Takes the segments that end before the log start offset out of the log; the active one stays.
    fn take_before_log_start(&mut self) -> Result<DeletedFiles, LogError> {
        let first = self.segment_index(self.log_start_offset);
        if first > 0 {
            self.settle_swap()?;
        }
        let segments: Vec<_> = self.segments.drain(..first).collect();
        self.warm.retain(|warm| segments.iter().all(|segment| segment.base_offset != *warm));
        let delay_ms = self.config.file_delete_delay_ms;
        let deleted = DeletedFiles::segments(&self.folder, &segments, Snapshots::Go, delay_ms);
        self.size_bytes -= deleted.size_bytes();
        if !deleted.is_empty() {
            self.metadata_changes += 1;
        }
        if self.leader_epochs.truncate_from_start(self.log_start_offset) {
            match self.leader_epochs.store(&self.folder) {
                // Deleting is what makes space. Opening the log forgets these epochs, too.
                Err(error) if error.scope() == FailureScope::Passing => {}
                stored => stored?,
            }
            self.metadata_changes += 1;
        }
        Ok(deleted)
    }

    /// Moves the log start offset forward to `offset`, durably, and removes the segments that are wholly before it, all at
    /// once: for who has no mutex to let go. Gives the log start offset.
    pub fn delete_before(&mut self, offset: i64) -> Result<i64, ReadError> {
        if let Some(start_move) = self.begin_start_move(offset)? {
            let result = start_move.run();
            let deleted = self.finish_start_move(start_move, result)?;
            deleted
                .set_aside()
                .and_then(|()| deleted.unlink())
                .map_err(|error| self.fail(error))?;
        }
        Ok(self.log_start_offset)
    }
}
