//! What is dirty: which part of a log a pass of compaction would read, and whether it is time for one.
//!
//! A log is clean up to the first dirty offset, which `cleaner-offset-checkpoint` remembers. What follows can be cleaned up to the
//! first segment that holds the last stable offset, is active, or has a record younger than `min.compaction.lag.ms`.

#![expect(clippy::cast_precision_loss, reason = "shares of bytes")]

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::filter::LastOfProducer;
use super::swap;
use crate::config::LogConfig;
use crate::disk::{self, File};
use crate::error::LogError;
use crate::log::Log;
use crate::scan::SCAN_CHUNK_BYTES;
use crate::transaction_index::AbortedTransaction;

/// How dirty a log is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dirtiness {
    /// Everything before it was cleaned.
    pub first_dirty_offset: i64,
    /// Nothing from here on can be cleaned now; where a segment starts.
    pub first_uncleanable_offset: i64,
    /// Bytes of the segments that start before the first dirty offset.
    pub clean_bytes: u64,
    /// Bytes of the segments from the first dirty offset on that can be cleaned.
    pub cleanable_bytes: u64,
    /// For how long the oldest dirty record has been due by `max.compaction.lag.ms`; 0 when none is.
    pub delay_ms: i64,
    /// The checkpoint contradicts the log and is to be replaced by the first dirty offset.
    pub is_checkpoint_invalid: bool,
    min_ratio: f64,
}

impl Dirtiness {
    /// Share of the bytes that a pass would read that is dirty, from 0 to 1.
    pub fn ratio(&self) -> f64 {
        let total = self.clean_bytes + self.cleanable_bytes;
        if total == 0 { 0.0 } else { self.cleanable_bytes as f64 / total as f64 }
    }

    /// Whether records have waited longer than `max.compaction.lag.ms`: whatever the ratio, the log is to be cleaned.
    pub fn is_overdue(&self) -> bool {
        self.delay_ms > 0 && self.cleanable_bytes > 0
    }

    /// Whether it is time to clean the log.
    pub fn is_cleanable(&self) -> bool {
        self.is_overdue() || self.ratio() > self.min_ratio
    }
}

/// A segment that a pass may clean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) base_offset: i64,
    /// Where the next segment starts.
    pub(crate) end_offset: i64,
    pub(crate) size: u64,
    pub(crate) created_ms: i64,
}

/// Everything that a pass needs to know of its log, so that it can run without the log's mutex.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) folder: PathBuf,
    pub(crate) config: Arc<LogConfig>,
    pub(crate) now_ms: i64,
    pub(crate) dirtiness: Dirtiness,
    pub(crate) sources: Vec<Source>,
    /// Files of sources with records that are not known to be flushed.
    unflushed: Vec<(PathBuf, Arc<File>)>,
    /// Where in its segment the first dirty batch starts.
    pub(crate) dirty_position: u64,
    pub(crate) aborted: Vec<AbortedTransaction>,
    pub(crate) producers: HashMap<i64, LastOfProducer>,
    /// `Log::truncations` of the time.
    pub(crate) truncations: u64,
    pub(crate) buffer_bytes: usize,
}

impl Plan {
    /// Makes the records durable for whose sake others will go: those may have been flushed, and power loss must not take both.
    pub(crate) fn make_durable(&self) -> Result<(), LogError> {
        for (path, file) in &self.unflushed {
            file.sync_data().map_err(|error| LogError::disk("fsync", path, error))?;
        }
        swap::remove_cleaned(&self.folder)?;
        // Who was killed within an earlier pass may have left final names that are not durable. Beside the `.cleaned` files of
        // this one, the `.swap` names that come back with a crash of the machine would be undone.
        disk::sync_folder(&self.folder)
    }
}

impl Log {
    /// How dirty the log is, with the first dirty offset that the checkpoint has.
    pub fn dirtiness(
        &mut self,
        checkpoint: Option<i64>,
        now_ms: i64,
    ) -> Result<Dirtiness, LogError> {
        self.check_online()?;
        let stored = checkpoint.unwrap_or(self.log_start_offset);
        let is_checkpoint_invalid = stored < self.log_start_offset || stored > self.log_end_offset;
        let first_dirty_offset = if is_checkpoint_invalid { self.log_start_offset } else { stored };
        let first_uncleanable_offset = self.first_uncleanable(first_dirty_offset, now_ms)?;
        let size_between = |from: i64, to: i64| -> u64 {
            let first = self.segment_index(from);
            let segments = self.segments[first..].iter();
            segments.take_while(|each| each.base_offset < to).map(|each| each.size).sum()
        };
        let clean_bytes = size_between(0, first_dirty_offset);
        let dirty_from = first_dirty_offset.min(first_uncleanable_offset);
        let cleanable_bytes = size_between(dirty_from, first_uncleanable_offset);
        Ok(Dirtiness {
            first_dirty_offset,
            first_uncleanable_offset,
            clean_bytes,
            cleanable_bytes,
            delay_ms: self.compaction_delay_ms(first_dirty_offset, now_ms)?,
            is_checkpoint_invalid,
            min_ratio: self.config.min_cleanable_dirty_ratio,
        })
    }

    /// The base offset of the first segment that cannot be cleaned.
    fn first_uncleanable(&mut self, first_dirty_offset: i64, now_ms: i64) -> Result<i64, LogError> {
        let active = self.segments.len() - 1;
        let mut first = active.min(self.segment_index(self.last_stable_offset()));
        let lag_ms = self.config.min_compaction_lag_ms;
        if lag_ms > 0 {
            let interval = self.config.index_interval_bytes;
            for index in self.segment_index(first_dirty_offset)..first {
                let largest = self.segments[index].largest(&self.folder, interval)?;
                if largest.timestamp_ms > now_ms.saturating_sub(lag_ms) {
                    first = index;
                    break;
                }
            }
        }
        // A segment that is partly clean stays where it is when it becomes uncleanable again.
        Ok(self.segments[first].base_offset)
    }

    /// How long ago a dirty record should have been cleaned.
    fn compaction_delay_ms(
        &mut self,
        first_dirty_offset: i64,
        now_ms: i64,
    ) -> Result<i64, LogError> {
        let until_ms = now_ms.saturating_sub(self.config.max_compaction_lag_ms.max(0));
        let active = self.segments.len() - 1;
        if until_ms <= 0 {
            return Ok(0);
        }
        let mut earliest_ms = i64::MAX;
        for index in self.segment_index(first_dirty_offset)..active {
            let first_ms = self.segments[index].first_timestamp_ms(&self.folder)?;
            if first_ms > 0 {
                earliest_ms = earliest_ms.min(first_ms);
            }
        }
        Ok(until_ms.saturating_sub(earliest_ms).max(0))
    }

    /// What a pass over the log needs to know.
    pub(crate) fn compaction_plan(
        &mut self,
        dirtiness: Dirtiness,
        now_ms: i64,
    ) -> Result<Plan, LogError> {
        let end = self.segment_index(dirtiness.first_uncleanable_offset);
        let sources = (0..end).map(|index| {
            let segment = &self.segments[index];
            Source {
                base_offset: segment.base_offset,
                end_offset: self.segment_end(index),
                size: segment.size,
                created_ms: segment.created_ms,
            }
        });
        let sources = sources.collect();
        let mut unflushed = Vec::new();
        let first = self.segment_index(self.recovery_point).min(end);
        for segment in &mut self.segments[first..end] {
            unflushed
                .push((segment.log_path(&self.folder), Arc::clone(segment.file(&self.folder)?)));
        }
        Ok(Plan {
            unflushed,
            folder: self.folder.clone(),
            config: Arc::clone(&self.config),
            now_ms,
            dirtiness,
            sources,
            dirty_position: self.dirty_position(dirtiness.first_dirty_offset)?,
            aborted: self.aborted_in(0..dirtiness.first_uncleanable_offset)?,
            producers: self.last_of_producers(dirtiness.first_uncleanable_offset),
            truncations: self.truncations,
            buffer_bytes: SCAN_CHUNK_BYTES,
        })
    }

    fn dirty_position(&mut self, offset: i64) -> Result<u64, LogError> {
        let index = self.segment_index(offset);
        let interval = self.config.index_interval_bytes;
        let segment = &mut self.segments[index];
        if offset <= segment.base_offset {
            return Ok(0);
        }
        let found = segment.locate(&self.folder, offset, interval)?;
        Ok(found.map_or(segment.size, |found| found.position))
    }

    /// The producers whose last batch is before an offset, or not known.
    fn last_of_producers(&self, offset: i64) -> HashMap<i64, LastOfProducer> {
        let last = self.producers.iter().map(|(producer_id, producer)| {
            let last_offset = producer.batches().last().map(|batch| batch.last_offset);
            (producer_id, LastOfProducer { last_offset, epoch: producer.epoch })
        });
        last.filter(|(_, last)| last.last_offset.is_none_or(|last| last < offset)).collect()
    }
}
