//! What opening, truncating and rebuilding need to know of producers at some offset: from snapshots, and from the batches that
//! follow them.
//!
//! A snapshot is there at the start of every segment, so that no more than a segment is read again: with its checksums by
//! recovery, its headers otherwise.

use std::collections::BTreeSet;

use crate::disk;
use crate::error::LogError;
use crate::log::Log;
use crate::producer_snapshot;
use crate::producer_state::ProducerStates;
use crate::recovery::offset_of;
use crate::scan::{BatchScanner, SCAN_CHUNK_BYTES};
use crate::segment::offset_path;
use crate::transaction_index::TransactionIndex;

/// What was found of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// A batch of it.
    Batch,
    /// Batches, where it should be, and none of them its.
    OtherBatches,
    /// No batch at all.
    Nothing,
}

impl Log {
    /// Builds the producer state at the log end offset, and removes the snapshots that nobody needs.
    pub(crate) fn load_producers(&mut self, now_ms: i64) -> Result<(), LogError> {
        self.load_producers_from(self.snapshots()?, now_ms)
    }

    /// As above, where the offsets of the snapshots are known.
    pub(crate) fn load_producers_from(
        &mut self,
        mut snapshots: BTreeSet<i64>,
        now_ms: i64,
    ) -> Result<(), LogError> {
        self.remove_stray_snapshots(&mut snapshots)?;
        let (states, snapshot_offset) =
            self.producers_at(self.log_end_offset, &snapshots, now_ms)?;
        self.producers = states;
        self.snapshot_offset = snapshot_offset.unwrap_or(self.log_start_offset);
        Ok(())
    }

    /// Writes the producer state, which is that of `offset`.
    pub(crate) fn write_snapshot(&mut self, offset: i64) -> Result<(), LogError> {
        producer_snapshot::write(&self.folder, offset, &self.producers)?;
        self.snapshot_offset = offset;
        self.metadata_changes += 1;
        Ok(())
    }

    /// Removes all snapshots, because what they are about is gone.
    pub(crate) fn remove_snapshots(&mut self) -> Result<(), LogError> {
        self.producers.clear();
        for offset in self.snapshots()? {
            self.remove_snapshot(offset)?;
        }
        Ok(())
    }

    /// The producer state at an offset, from the newest snapshot that is not past it and what follows; with it the offset of
    /// the snapshot.
    fn producers_at(
        &mut self,
        offset: i64,
        snapshots: &BTreeSet<i64>,
        now_ms: i64,
    ) -> Result<(ProducerStates, Option<i64>), LogError> {
        for snapshot in snapshots.range(..=offset).rev() {
            if let Some(mut states) = producer_snapshot::read(&self.folder, *snapshot, now_ms)? {
                self.close_removed_transactions(&mut states, *snapshot)?;
                self.replay_producers(&mut states, *snapshot, offset, now_ms)?;
                return Ok((states, Some(*snapshot)));
            }
            self.remove_snapshot(*snapshot)?;
        }
        let mut states = ProducerStates::default();
        self.replay_producers(&mut states, self.log_start_offset, offset, now_ms)?;
        Ok((states, None))
    }

    /// Forgets transactions that a snapshot knows as open and of which the log has no batch any more. Those that were deleted hide
    /// nothing, and their markers may have been deleted or compacted since. Those that are not where they should be have ended,
    /// because compaction never touches what is open; the log need not be a compacted one still.
    fn close_removed_transactions(
        &mut self,
        states: &mut ProducerStates,
        snapshot: i64,
    ) -> Result<(), LogError> {
        let first = self.segments.first().map_or(0, |first| first.base_offset);
        let start = self.log_start_offset.max(first);
        let open = states.iter().filter_map(|(producer_id, producer)| {
            Some((producer_id, producer.open_transaction()?))
        });
        for (producer_id, first_offset) in open.collect::<Vec<_>>() {
            let from = first_offset.max(start);
            let is_removed = from >= snapshot
                || match self.find_transactional_batch(producer_id, from, snapshot) {
                    // Where records that were flushed long ago are damaged, that is for whoever reads them to hear.
                    Ok(Found::Batch) | Err(LogError::Corrupt { .. }) => false,
                    Ok(Found::OtherBatches) => true,
                    Ok(Found::Nothing) => self.config.compacted,
                    Err(error) => return Err(error),
                };
            if is_removed {
                states.forget_transaction(producer_id);
            }
        }
        Ok(())
    }

    /// Looks for a batch of a producer's transactions that ends and starts between two offsets. Of those that are open the first
    /// batch looked at is one.
    fn find_transactional_batch(
        &mut self,
        producer_id: i64,
        from: i64,
        to: i64,
    ) -> Result<Found, LogError> {
        let interval = self.config.index_interval_bytes;
        let mut found = Found::Nothing;
        for index in self.segment_index(from)..self.segments.len() {
            let segment = &mut self.segments[index];
            if segment.base_offset >= to || found == Found::Batch {
                break;
            }
            let Some(first) = segment.locate(&self.folder, from, interval)? else { continue };
            found = Found::OtherBatches;
            segment.find_from(&self.folder, first.position, |header| {
                if header.producer_id == producer_id
                    && header.attributes.is_transactional()
                    && !header.attributes.is_control()
                    && header.base_offset < to
                {
                    found = Found::Batch;
                }
                found == Found::Batch || header.base_offset >= to
            })?;
            if index + 1 < self.segments.len() {
                let base_offset = self.segments[index].base_offset;
                self.keep_warm(base_offset);
            }
        }
        Ok(found)
    }

    /// Notes the batches from one offset to another.
    fn replay_producers(
        &mut self,
        states: &mut ProducerStates,
        from: i64,
        to: i64,
        now_ms: i64,
    ) -> Result<(), LogError> {
        let interval = self.config.index_interval_bytes;
        let expiration_ms = self.config.producer_id_expiration_ms;
        let mut index = self.segment_index(from);
        while from < to && index < self.segments.len() && self.segments[index].base_offset < to {
            let segment = &mut self.segments[index];
            if let Some(first) = segment.locate(&self.folder, from, interval)? {
                let (path, size) = (segment.log_path(&self.folder), segment.size);
                let file = segment.file(&self.folder)?;
                let mut scanner = BatchScanner::new(file, first.position, size, SCAN_CHUNK_BYTES);
                while let Some(batch) = scanner
                    .next_producer_batch()
                    .map_err(|error| LogError::disk("read", &path, error))?
                    .filter(|batch| batch.header.base_offset < to)
                {
                    states.update(&batch, 0, now_ms, expiration_ms);
                    if batch.header.last_offset() < self.log_start_offset {
                        states.forget_transaction(batch.header.producer_id);
                    }
                }
            }
            if index + 1 < self.segments.len() {
                let base_offset = self.segments[index].base_offset;
                self.keep_warm(base_offset);
            }
            index += 1;
        }
        Ok(())
    }

    /// The aborted transactions of a segment. A damaged file is rebuilt.
    pub(crate) fn transaction_index(
        &mut self,
        index: usize,
    ) -> Result<&mut TransactionIndex, LogError> {
        if self.segments[index].aborted(&self.folder)?.is_none() {
            let rebuilt = self.find_aborted(index)?;
            self.segments[index].replace_aborted(&self.folder, rebuilt)?;
            self.metadata_changes += 1;
        }
        Ok(self.segments[index].aborted.get_or_insert_default())
    }

    /// Forgets the transactions of a segment that were aborted at or after an offset.
    pub(crate) fn truncate_transaction_index(
        &mut self,
        index: usize,
        offset: i64,
    ) -> Result<(), LogError> {
        self.transaction_index(index)?.truncate(offset);
        self.segments[index].cut_aborted(&self.folder)
    }

    /// Reads the markers of a segment.
    fn find_aborted(&mut self, index: usize) -> Result<TransactionIndex, LogError> {
        let expiration_ms = self.config.producer_id_expiration_ms;
        // When producers were last seen matters for their expiry alone.
        let now_ms = 0;
        let base_offset = self.segments[index].base_offset;
        let (mut states, _) = self.producers_at(base_offset, &self.snapshots()?, now_ms)?;
        let segment = &mut self.segments[index];
        let (path, size) = (segment.log_path(&self.folder), segment.size);
        let file = segment.file(&self.folder)?;
        let mut scanner = BatchScanner::new(file, 0, size, SCAN_CHUNK_BYTES);
        let mut found = TransactionIndex::default();
        while let Some(batch) =
            scanner.next_producer_batch().map_err(|error| LogError::disk("read", &path, error))?
        {
            if let Some(entry) = states.aborted_by(&batch) {
                found.push(entry);
            }
            states.update(&batch, 0, now_ms, expiration_ms);
        }
        Ok(found)
    }

    /// The offsets of the snapshots that there are.
    fn snapshots(&self) -> Result<BTreeSet<i64>, LogError> {
        Ok(snapshots_among(&disk::file_names(&self.folder)?))
    }

    fn remove_snapshot(&self, offset: i64) -> Result<(), LogError> {
        disk::remove_file(&offset_path(&self.folder, offset, producer_snapshot::SUFFIX))
    }

    /// Removes snapshots past the end, and those that no segment starts at except the newest.
    fn remove_stray_snapshots(&self, snapshots: &mut BTreeSet<i64>) -> Result<(), LogError> {
        let newest = snapshots.range(..=self.log_end_offset).next_back().copied();
        let starts = |offset: i64| {
            self.segments.binary_search_by_key(&offset, |segment| segment.base_offset).is_ok()
        };
        let is_needed = |&offset: &i64| {
            Some(offset) == newest || (offset <= self.log_end_offset && starts(offset))
        };
        let strays: Vec<i64> = snapshots.iter().copied().filter(|each| !is_needed(each)).collect();
        for stray in strays {
            self.remove_snapshot(stray)?;
            snapshots.remove(&stray);
        }
        Ok(())
    }
}

/// The offsets of the snapshots among the names of files.
pub(crate) fn snapshots_among(names: &[String]) -> BTreeSet<i64> {
    names.iter().filter_map(|name| offset_of(name, producer_snapshot::SUFFIX)).collect()
}
