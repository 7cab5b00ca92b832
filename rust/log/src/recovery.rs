//! Opening a log: which bytes are trusted, and what becomes of the others.
//!
//! After a clean shutdown the files are trusted; only the end of the active segment is looked at. Otherwise every batch from
//! the recovery point on is read with its checksum, and what is before it in the same segment by its headers; the indexes, leader
//! epochs and producers are built from what was read. A tail that ends in a torn batch or in rubbish is cut at the last whole
//! batch. Damage that valid batches follow is no torn tail: the log is not opened, because cutting there would lose them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use pybroker_wire::batch::{BatchHeader, HEADER_BYTES};

use crate::compaction::swap;
use crate::disk;
use crate::error::LogError;
use crate::leader_epochs::LeaderEpochs;
use crate::log::{Log, OpenOptions, Shutdown};
use crate::partition_metadata;
use crate::producer_recovery::snapshots_among;
use crate::producer_state::ProducerStates;
use crate::read::RecentBatches;
use crate::scan::{BatchScanner, LOOKUP_CHUNK_BYTES, SCAN_CHUNK_BYTES, has_valid_batch_after};
use crate::segment::{LOG_SUFFIX, Segment, TRANSACTION_INDEX_SUFFIX, offset_path};
use crate::transaction_index::TransactionIndex;
use crate::truncate::{LOG_START_OFFSET_FILE, load_log_start_offset};

/// Digits of the offset in the name of a file.
const OFFSET_DIGITS: usize = 20;
/// What ends the names of files that an interrupted operation left behind, of ours or of Kafka's.
const LEFTOVER_SUFFIXES: [&str; 3] = [disk::TEMPORARY_SUFFIX, ".deleted", ".cleaned"];

impl Log {
    /// Opens the log in `folder`, named `topic-partition`, which is made when it is missing.
    pub fn open(folder: &Path, options: OpenOptions) -> Result<Self, LogError> {
        Self::open_with_progress(folder, options, &|_| ())
    }

    /// As `open`. `recovered` hears of the bytes that were read and checked, segment by segment.
    pub fn open_with_progress(
        folder: &Path,
        options: OpenOptions,
        recovered: &dyn Fn(u64),
    ) -> Result<Self, LogError> {
        let found = disk::file_names_if_there(folder)?;
        let is_new = found.is_none() && disk::create_folder(folder)?;
        partition_metadata::check_or_write(folder, options.topic_id)?;
        let mut names = found.unwrap_or_default();
        if swap::recover(folder, &names)? {
            names = disk::file_names(folder)?;
        }
        remove_leftovers(folder, &names)?;
        let now_ms = options.now_ms;
        let leader_epochs = LeaderEpochs::load(folder)?;
        let lacks_epochs = leader_epochs.is_none();
        let mut log = Self {
            folder: folder.to_path_buf(),
            topic_id: options.topic_id,
            config: options.config,
            segments: find_segments(folder, &names, now_ms)?,
            warm: Vec::new(),
            size_bytes: 0,
            log_start_offset: options.log_start_offset,
            log_end_offset: 0,
            recovery_point: 0,
            unflushed_bytes: 0,
            unflushed_since_ms: None,
            metadata_changes: 0,
            metadata_flushed: 0,
            // Who made the folder may have died before its name was durable.
            is_new: is_new || matches!(options.shutdown, Shutdown::Unclean { .. }),
            truncations: 0,
            producers: ProducerStates::default(),
            appended_bytes: 0,
            snapshot_offset: 0,
            leader_epochs: leader_epochs.unwrap_or_default(),
            recent: RecentBatches::default(),
            is_compacting: false,
            pending_swap: None,
            offline: None,
        };
        if names.iter().any(|name| name == LOG_START_OFFSET_FILE) {
            log.log_start_offset = log.log_start_offset.max(load_log_start_offset(folder)?);
        }
        if lacks_epochs {
            log.find_leader_epochs()?;
        }
        log.load(options.shutdown, &names, now_ms, recovered)?;
        Ok(log)
    }

    fn load(
        &mut self,
        shutdown: Shutdown,
        names: &[String],
        now_ms: i64,
        recovered: &dyn Fn(u64),
    ) -> Result<(), LogError> {
        let mut recovery_point = match shutdown {
            Shutdown::Unclean { recovery_point } => Some(recovery_point),
            Shutdown::Clean if self.trust_end().is_ok() => None,
            // The end of the active segment is not what closing leaves, so this was no clean shutdown.
            Shutdown::Clean => self.segments.last().map(|active| active.base_offset),
        };
        if let Some(offset) = recovery_point {
            self.recover(offset, now_ms, recovered)?;
            if self.log_end_offset.max(self.log_start_offset) < offset {
                // It is from before a truncation: of what is flushed now it says nothing.
                recovery_point = Some(0);
                self.unflushed_bytes = 0;
                self.recover(0, now_ms, recovered)?;
            }
        }
        self.adjust_start(now_ms)?;
        if recovery_point.is_none() {
            // Of the snapshots that were found some may be gone by now; there are no others.
            self.load_producers_from(snapshots_among(names), now_ms)?;
        }
        let recovery_point = recovery_point.unwrap_or(self.log_end_offset);
        self.recovery_point = recovery_point.min(self.log_end_offset);
        if self.recovery_point < self.log_end_offset {
            self.unflushed_since_ms = Some(now_ms);
        }
        Ok(())
    }

    /// Builds the leader epochs from the headers of the log, as far as they can be read.
    fn find_leader_epochs(&mut self) -> Result<(), LogError> {
        if self.segments.iter().all(|segment| segment.size == 0) {
            return Ok(());
        }
        for segment in &mut self.segments {
            let (path, size) = (segment.log_path(&self.folder), segment.size);
            let mut scanner =
                BatchScanner::new(segment.file(&self.folder)?, 0, size, SCAN_CHUNK_BYTES);
            while let Some(found) =
                scanner.next_header().map_err(|error| LogError::disk("read", &path, error))?
            {
                self.leader_epochs.note(&found.header);
            }
            segment.let_go();
        }
        self.metadata_changes += 1;
        self.leader_epochs.store(&self.folder)
    }

    /// Finds the log end offset without checking more than the end of the active segment.
    fn trust_end(&mut self) -> Result<(), LogError> {
        let interval = self.config.index_interval_bytes;
        self.log_end_offset = match self.segments.last_mut() {
            None => self.log_start_offset,
            Some(active) if active.size == 0 => active.base_offset,
            Some(active) => match active.last_batch(&self.folder, interval)? {
                Some(last) => last.header.last_offset() + 1,
                None => active.base_offset,
            },
        };
        Ok(())
    }

    /// Reads all batches that may not have been flushed, and cuts the tail.
    fn recover(
        &mut self,
        recovery_point: i64,
        now_ms: i64,
        recovered: &dyn Fn(u64),
    ) -> Result<(), LogError> {
        // What is wholly before the log start offset is nobody's: a crash of the machine may have brought it back, damaged.
        self.delete_before_log_start()?;
        // The record before the recovery point: the indexes of its segment may be younger than the last flush.
        let first = self.segment_index(recovery_point.saturating_sub(1));
        let start_offset = self.segments.get(first).map_or(0, |segment| segment.base_offset);
        let stored_epochs = self.leader_epochs.clone();
        self.leader_epochs.truncate_from_end(start_offset);
        self.log_end_offset = start_offset;
        // Markers end transactions that began earlier: the state of before is needed to know them.
        self.load_producers(now_ms)?;
        if self.snapshot_offset < start_offset {
            self.write_snapshot(start_offset)?;
        }
        let mut index = first;
        while index < self.segments.len() {
            if index > first {
                self.write_snapshot(self.segments[index].base_offset)?;
            }
            let end = self.recover_segment(index, recovery_point, now_ms)?;
            recovered(self.segments[index].size);
            // A lost tail may end at a batch by chance. Gaps that mean nothing come from compaction, and from a truncation
            // to a log start offset inside of a batch.
            let next = self.segments.get(index + 1).map(|next| next.base_offset);
            let has_gap = next
                .is_some_and(|next| self.log_end_offset.max(self.log_start_offset) < next)
                && !self.config.compacted;
            if end < self.segments[index].size || has_gap {
                self.cut(index, end)?;
            }
            index += 1;
        }
        if self.leader_epochs != stored_epochs {
            self.leader_epochs.store(&self.folder)?;
        }
        if self.log_start_offset > 0 || self.segments.iter().any(|segment| segment.size > 0) {
            self.metadata_changes += 1;
        }
        for segment in self.segments.iter_mut().skip(first) {
            // Whoever cut it before may have died before that was durable.
            segment.cut_unflushed = true;
        }
        Ok(())
    }

    /// Reads one segment and indexes it: of what is before the recovery point the headers, the rest with its checksums. Gives the
    /// position after the last valid batch.
    fn recover_segment(
        &mut self,
        index: usize,
        recovery_point: i64,
        now_ms: i64,
    ) -> Result<u64, LogError> {
        let expiration_ms = self.config.producer_id_expiration_ms;
        let end_offset = self.segments.get(index + 1).map_or(i64::MAX, |next| next.base_offset);
        let is_active = index + 1 == self.segments.len();
        let segment = &mut self.segments[index];
        if segment.size == 0 {
            self.log_end_offset = self.log_end_offset.max(segment.base_offset);
            return segment.remove_indexes(&self.folder).map(|()| 0);
        }
        let path = segment.log_path(&self.folder);
        let file = Arc::clone(segment.file(&self.folder)?);
        let mut scanner = BatchScanner::new(&file, 0, segment.size, LOOKUP_CHUNK_BYTES);
        let mut next_offset = segment.base_offset;
        let mut end = 0;
        let mut aborted = TransactionIndex::default();
        segment.reset_indexes();
        while let Some((found, batch)) = scanner
            .next_recovered(recovery_point)
            .map_err(|error| LogError::disk("read", &path, error))?
        {
            let header = &found.header;
            let last_offset = header.last_offset();
            if header.base_offset < next_offset
                || last_offset >= end_offset
                || last_offset - segment.base_offset > i64::from(i32::MAX)
            {
                // Its checksum holds, so this was never a torn write: offsets are damaged, here or before.
                return Err(LogError::Corrupt {
                    path,
                    position: found.position,
                    offset: next_offset,
                    reason: format!("offsets {} to {last_offset} stand here", header.base_offset),
                });
            }
            segment.index_batch(&found, self.config.index_interval_bytes);
            self.leader_epochs.note(header);
            if let Some(entry) = self.producers.aborted_by(&batch) {
                aborted.push(entry);
            }
            self.producers.update(&batch, 0, now_ms, expiration_ms);
            if last_offset < self.log_start_offset {
                // Nobody reads it. The marker of its transaction may be gone, as one that nothing readable needs.
                self.producers.forget_transaction(header.producer_id);
            }
            if last_offset >= recovery_point {
                self.unflushed_bytes += header.size_bytes() as u64;
            }
            next_offset = last_offset + 1;
            end = found.end();
        }
        segment.replace_aborted(&self.folder, aborted)?;
        if !is_active && end == segment.size {
            segment.finish_time_index();
            segment.store_indexes(&self.folder)?;
        }
        self.log_end_offset = self.log_end_offset.max(next_offset);
        Ok(end)
    }

    /// Cuts the tail that starts at `position` of a segment, if it is one: nothing valid may follow.
    fn cut(&mut self, index: usize, position: u64) -> Result<(), LogError> {
        // A truncation to a log start offset inside of a batch leaves less than that.
        let offset = self.log_end_offset.max(self.log_start_offset);
        if self.has_valid_segment_after(index)?
            || self.has_valid_batch_after(index, position, offset)?
        {
            return Err(LogError::Corrupt {
                path: self.segments[index].log_path(&self.folder),
                position,
                offset,
                reason: "valid record batches follow what is damaged or missing here".to_owned(),
            });
        }
        self.delete_segments_after(index)?;
        // Who died within that before may have left segments that a crash of the machine brings back.
        disk::sync_folder(&self.folder)?;
        self.segments[index].cut(&self.folder, position)
    }

    fn has_valid_segment_after(&mut self, index: usize) -> Result<bool, LogError> {
        for segment in &mut self.segments[index + 1..] {
            let path = segment.log_path(&self.folder);
            let file = segment.file(&self.folder)?;
            let size = file.size().map_err(|error| LogError::disk("stat", &path, error))?;
            let found = BatchScanner::new(file, 0, size, HEADER_BYTES)
                .next_whole()
                .map_err(|error| LogError::disk("read", &path, error))?
                .is_some();
            if found {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a valid batch follows the one at `position` in the same segment, which should start at `offset`.
    fn has_valid_batch_after(
        &mut self,
        index: usize,
        position: u64,
        offset: i64,
    ) -> Result<bool, LogError> {
        let segment = &mut self.segments[index];
        let (path, size) = (segment.log_path(&self.folder), segment.size);
        let last_offset = segment.base_offset + i64::from(i32::MAX);
        let file = segment.file(&self.folder)?;
        let search = || {
            let mut bytes = [0; HEADER_BYTES];
            let read = file.read_at(&mut bytes, position)?;
            let header = BatchHeader::decode(&bytes[..read]).ok().filter(|header| {
                header.base_offset == offset
                    && header.last_offset_delta == header.records_count - 1
                    && header.last_offset_delta >= 0
            });
            let Some(header) = header else {
                return has_valid_batch_after(file, position + 1, size, offset + 1..last_offset);
            };
            // What a record holds may look like a batch. Where the header still says which offset comes next and how large
            // the batch is, only a batch of that offset, or one behind that size, is taken for one that follows.
            let next = header.last_offset() + 1;
            let end = position + header.size_bytes() as u64;
            Ok(has_valid_batch_after(file, position + 1, size, next..next + 1)?
                || has_valid_batch_after(file, end, size, offset + 1..last_offset)?)
        };
        search().map_err(|error| LogError::disk("read", &path, error))
    }

    /// Brings segments, log start offset and leader epochs together.
    fn adjust_start(&mut self, now_ms: i64) -> Result<(), LogError> {
        if self.log_end_offset < self.log_start_offset {
            // Everything readable was lost with the tail. Offsets are never given twice, so the log goes on at its start.
            for segment in self.segments.drain(..).rev() {
                segment.delete(&self.folder)?;
            }
            self.log_end_offset = self.log_start_offset;
            self.remove_snapshots()?;
            // A snapshot that came back would know of transactions whose markers are lost.
            disk::sync_folder(&self.folder)?;
        }
        if let Some(first) = self.segments.first() {
            self.log_start_offset = self.log_start_offset.max(first.base_offset);
        } else {
            self.log_end_offset = self.log_start_offset;
            let mut segment = Segment::create(&self.folder, self.log_start_offset, now_ms)?;
            segment.reserve(self.config.preallocated_bytes());
            // Most partitions of a large cluster are idle: their files are opened when the first record comes.
            segment.let_go();
            self.segments = vec![segment];
            self.metadata_changes += 1;
        }
        if self.leader_epochs.truncate_from_end(self.log_end_offset) {
            self.leader_epochs.store(&self.folder)?;
        }
        self.delete_before_log_start()?;
        self.size_bytes = self.segments.iter().map(|segment| segment.size).sum();
        Ok(())
    }
}

fn remove_leftovers(folder: &Path, names: &[String]) -> Result<(), LogError> {
    for name in names {
        if LEFTOVER_SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) {
            disk::remove_file(&folder.join(name))?;
        }
    }
    Ok(())
}

fn find_segments(folder: &Path, names: &[String], now_ms: i64) -> Result<Vec<Segment>, LogError> {
    let aborted: BTreeSet<i64> =
        names.iter().filter_map(|name| offset_of(name, TRANSACTION_INDEX_SUFFIX)).collect();
    let mut segments = Vec::new();
    for base_offset in names.iter().filter_map(|name| offset_of(name, LOG_SUFFIX)) {
        let size = disk::file_len(&offset_path(folder, base_offset, LOG_SUFFIX))?.unwrap_or(0);
        let mut segment = Segment::existing(base_offset, size, now_ms);
        if !aborted.contains(&base_offset) {
            segment.has_no_aborted();
        }
        segments.push(segment);
    }
    segments.sort_by_key(|segment| segment.base_offset);
    Ok(segments)
}

/// The offset in a file's name, if it has the suffix.
pub(crate) fn offset_of(name: &str, suffix: &str) -> Option<i64> {
    let digits = name.strip_suffix(suffix)?;
    let is_offset =
        digits.len() == OFFSET_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_offset.then(|| digits.parse().ok()).flatten()
}
