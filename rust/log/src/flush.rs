//! Making a log durable, and closing it.
//!
//! A flush is begun and finished under the mutex of the log; in between its job calls fdatasync without it, so that appends go
//! on. The recovery point moves only when all that recovery trusts before it is durable. An fsync that failed is never tried
//! again: the kernel may have dropped the bytes, so the log goes offline.

use std::path::PathBuf;
use std::sync::Arc;

use crate::disk::{self, File};
use crate::error::LogError;
use crate::leader_epochs;
use crate::log::{Log, active_segment};
use crate::partition_metadata;
use crate::producer_snapshot;
use crate::segment::{
    OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX, offset_path,
};

/// Files to be made durable. `run` it outside of the mutex and hand it to `Log::finish_flush` with its result, always.
#[derive(Debug)]
#[must_use]
pub struct FlushJob {
    files: Vec<(PathBuf, Arc<File>)>,
    folders: Vec<PathBuf>,
    up_to: i64,
    bytes: u64,
    began_ms: i64,
    truncations: u64,
    metadata_changes: u64,
}

impl FlushJob {
    /// Calls fdatasync on the files. Several jobs of one log may run at once.
    pub fn run(&self) -> Result<(), LogError> {
        for (path, file) in &self.files {
            file.sync_data().map_err(|error| LogError::disk("fsync", path, error))?;
        }
        self.folders.iter().try_for_each(|folder| disk::sync_folder(folder))
    }

    /// Everything before this offset is durable when the job has run.
    pub fn up_to(&self) -> i64 {
        self.up_to
    }

    /// About how many bytes of records it makes durable.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Log {
    /// Collects what must be durable so that everything appended until now is; `None` when it is already.
    pub fn begin_flush(&mut self, now_ms: i64) -> Result<Option<FlushJob>, LogError> {
        self.check_online()?;
        let has_records = self.recovery_point < self.log_end_offset;
        // A new log without records is not worth an fsync: after a crash it is made again.
        let has_metadata = self.metadata_changes != self.metadata_flushed
            && !(self.is_new && self.log_end_offset == 0);
        if !has_records && !has_metadata {
            return Ok(None);
        }
        let mut job = FlushJob {
            files: Vec::new(),
            folders: Vec::new(),
            up_to: self.log_end_offset,
            bytes: std::mem::take(&mut self.unflushed_bytes),
            began_ms: now_ms,
            truncations: self.truncations,
            metadata_changes: self.metadata_changes,
        };
        if has_records {
            let first = self.segment_index(self.recovery_point);
            for segment in &mut self.segments[first..] {
                let file = Arc::clone(segment.file(&self.folder)?);
                job.files.push((segment.log_path(&self.folder), file));
            }
        }
        if has_metadata {
            self.add_metadata(&mut job)?;
        }
        Ok(Some(job))
    }

    fn add_metadata(&self, job: &mut FlushJob) -> Result<(), LogError> {
        let mut paths =
            vec![offset_path(&self.folder, self.snapshot_offset, producer_snapshot::SUFFIX)];
        for name in [leader_epochs::FILE, partition_metadata::FILE] {
            paths.push(self.folder.join(name));
        }
        for segment in self.segments.iter().filter(|segment| segment.indexes_unflushed) {
            for suffix in [OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX] {
                paths.push(offset_path(&self.folder, segment.base_offset, suffix));
            }
        }
        for segment in self.segments.iter().filter(|segment| segment.cut_unflushed) {
            paths.push(segment.log_path(&self.folder));
        }
        for path in paths {
            if disk::file_len(&path)?.is_some() {
                job.files.push((path.clone(), Arc::new(File::open(&path)?)));
            }
        }
        job.folders.push(self.folder.clone());
        if self.is_new {
            job.folders.extend(self.folder.parent().map(PathBuf::from));
        }
        Ok(())
    }

    /// Moves the recovery point, or takes the log offline when the job failed.
    pub fn finish_flush(
        &mut self,
        job: FlushJob,
        result: Result<(), LogError>,
    ) -> Result<(), LogError> {
        if let Err(error) = result {
            return Err(self.fail_unless_passing(error));
        }
        let FlushJob { folders, up_to, began_ms, truncations, metadata_changes, .. } = job;
        if truncations != self.truncations {
            return Ok(());
        }
        self.recovery_point = self.recovery_point.max(up_to);
        self.unflushed_since_ms = self
            .unflushed_since_ms
            .filter(|_| self.recovery_point < self.log_end_offset)
            .map(|_| began_ms);
        if !folders.is_empty() {
            self.metadata_flushed = self.metadata_flushed.max(metadata_changes);
        }
        if self.metadata_flushed == self.metadata_changes {
            self.is_new = false;
            for segment in &mut self.segments {
                segment.indexes_unflushed = false;
                segment.cut_unflushed = false;
            }
        }
        self.cool();
        Ok(())
    }

    /// When `flush.ms` demands a flush at the latest; `None` when nothing is unflushed or the topic does not ask for it.
    pub fn flush_deadline_ms(&self) -> Option<i64> {
        let flush_ms = self.config.flush_ms;
        self.unflushed_since_ms
            .filter(|_| flush_ms < i64::MAX)
            .map(|since_ms| since_ms.saturating_add(flush_ms))
    }

    /// Begins, runs and finishes a flush.
    pub fn flush(&mut self, now_ms: i64) -> Result<(), LogError> {
        match self.begin_flush(now_ms)? {
            Some(job) => {
                let result = job.run();
                self.finish_flush(job, result)
            }
            None => Ok(()),
        }
    }

    /// Writes the indexes and a producer snapshot and flushes: after it the files may be trusted (`Shutdown::Clean`).
    pub fn close(mut self, now_ms: i64) -> Result<(), LogError> {
        self.check_online()?;
        // Records are flushed whether or not there is space for what only spares the next start work.
        let stored = self.store_for_closing();
        self.flush(now_ms)?;
        stored
    }

    fn store_for_closing(&mut self) -> Result<(), LogError> {
        let (active, folder) = active_segment(&mut self.segments, &self.folder)?;
        active.finish_time_index();
        active.store_indexes(folder)?;
        if self.config.preallocate {
            active.give_back(folder)?;
        }
        if active.indexes_unflushed {
            self.metadata_changes += 1;
        }
        if self.snapshot_offset < self.log_end_offset {
            producer_snapshot::write(&self.folder, self.log_end_offset, &self.producers)?;
            self.snapshot_offset = self.log_end_offset;
            self.metadata_changes += 1;
        }
        Ok(())
    }
}
