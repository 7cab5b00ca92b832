//! The indexes of a segment: loaded or built anew, filled batch by batch, cut, and written to their files.

use std::path::Path;
use std::sync::Arc;

use super::{
    Indexes, OFFSET_INDEX_SUFFIX, Segment, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX,
    TimestampOffset, offset_path,
};
use crate::disk::{self, File};
use crate::error::LogError;
use crate::failure::FailureScope;
use crate::index::{
    OFFSET_ENTRY_BYTES, OffsetEntry, OffsetIndex, TIME_ENTRY_BYTES, TimeEntry, TimeIndex,
};
use crate::scan::{BatchScanner, FoundBatch, SCAN_CHUNK_BYTES};

impl Segment {
    /// The indexes, loaded or built.
    pub(crate) fn indexes(
        &mut self,
        folder: &Path,
        interval_bytes: u32,
    ) -> Result<&mut Indexes, LogError> {
        if self.indexes.is_none() {
            match self.load_indexes(folder)? {
                Some(indexes) => self.set_indexes(indexes),
                None => self.build_indexes(folder, interval_bytes)?,
            }
        }
        // The branch above always puts some there; a default is right for an empty segment at least.
        Ok(self.indexes.get_or_insert_default())
    }

    fn load_indexes(&self, folder: &Path) -> Result<Option<Indexes>, LogError> {
        let offsets = disk::read_file(&offset_path(folder, self.base_offset, OFFSET_INDEX_SUFFIX))?;
        let times = disk::read_file(&offset_path(folder, self.base_offset, TIME_INDEX_SUFFIX))?;
        let (Some(offsets), Some(times)) = (offsets, times) else {
            return Ok(None);
        };
        let decoded = (OffsetIndex::decode(&offsets, self.size), TimeIndex::decode(&times));
        let (Some(offsets), Some(times)) = decoded else {
            return Ok(None);
        };
        // A segment with batches has at least the entry that its closing wrote, unless none has a timestamp; one without has none.
        if times.last().is_none() != (self.size == 0) {
            return Ok(None);
        }
        let stored = Some((offsets.len(), times.len()));
        Ok(Some(Indexes { offsets, times, stored, bytes_since_entry: 0 }))
    }

    pub(super) fn build_indexes(
        &mut self,
        folder: &Path,
        interval_bytes: u32,
    ) -> Result<(), LogError> {
        self.try_build_indexes(folder, interval_bytes).inspect_err(|_| {
            // A part of them would be believed.
            self.indexes = None;
            self.largest = None;
            self.first_timestamp_ms = None;
        })
    }

    fn try_build_indexes(&mut self, folder: &Path, interval_bytes: u32) -> Result<(), LogError> {
        let file = Arc::clone(self.file(folder)?);
        let path = self.log_path(folder);
        let mut scanner = BatchScanner::new(&file, 0, self.size, SCAN_CHUNK_BYTES);
        self.reset_indexes();
        while let Some(found) =
            scanner.next_header().map_err(|error| LogError::disk("read", &path, error))?
        {
            self.index_batch(&found, interval_bytes);
        }
        if scanner.position() < self.size {
            return Err(self.corrupt(folder, scanner.position(), "no record batch starts here"));
        }
        self.finish_time_index();
        match self.replace_indexes(folder) {
            // Those in memory are as good, and stay there for as long as they are not stored.
            Err(error) if error.scope() == FailureScope::Passing => Ok(()),
            outcome => outcome,
        }
    }

    /// Writes both index files whole. A crash leaves those that were there or these: no recovery may look at them again. The
    /// offset index comes last, because whoever uses it sees when it is not true.
    fn replace_indexes(&mut self, folder: &Path) -> Result<(), LogError> {
        let indexes = self.indexes.get_or_insert_default();
        for (suffix, bytes) in [
            (TIME_INDEX_SUFFIX, indexes.times.encode_from(0)),
            (OFFSET_INDEX_SUFFIX, indexes.offsets.encode_from(0)),
        ] {
            let path = offset_path(folder, self.base_offset, suffix);
            // The time index of records without timestamps is empty, which cannot be told from one that was lost.
            if disk::read_file(&path)?.as_deref() != Some(&bytes) {
                disk::swap_synced_file(&path, &bytes)?;
            }
        }
        indexes.stored = Some((indexes.offsets.len(), indexes.times.len()));
        Ok(())
    }

    /// Empties the indexes, to be filled by `index_batch` from the first batch on.
    pub(crate) fn reset_indexes(&mut self) {
        self.set_indexes(Indexes::default());
    }

    pub(super) fn set_indexes(&mut self, indexes: Indexes) {
        let last = indexes.times.last();
        self.largest = Some(last.map_or(self.no_timestamp(), |last| self.timestamp_offset(last)));
        if self.size == 0 {
            self.first_timestamp_ms = Some(-1);
        }
        self.indexes = Some(Box::new(indexes));
    }

    /// Notes a batch that lies in the file. The indexes must be there: see `indexes` and `reset_indexes`.
    pub(crate) fn index_batch(&mut self, found: &FoundBatch, interval_bytes: u32) {
        let header = &found.header;
        let relative_offset = self.relative(header.last_offset());
        if found.position == 0 {
            self.first_timestamp_ms = Some(header.max_timestamp);
        }
        let mut largest = self.largest.unwrap_or(self.no_timestamp());
        // A batch that compaction emptied has a timestamp that no record has.
        if header.records_count > 0 && header.max_timestamp > largest.timestamp_ms {
            largest = TimestampOffset {
                timestamp_ms: header.max_timestamp,
                offset: header.last_offset(),
            };
        }
        self.largest = Some(largest);
        let base_offset = self.base_offset;
        let indexes = self.indexes.get_or_insert_default();
        if indexes.bytes_since_entry > u64::from(interval_bytes) {
            indexes.offsets.push(OffsetEntry { relative_offset, position: found.position as u32 });
            indexes.times.push(time_entry(largest, base_offset));
            indexes.bytes_since_entry = 0;
        }
        indexes.bytes_since_entry += header.size_bytes() as u64;
    }

    /// Forgets what the indexes say about `offset` and later, and finds the largest timestamp again. `size` is the new one.
    pub(crate) fn truncate_indexes(
        &mut self,
        folder: &Path,
        offset: i64,
        interval_bytes: u32,
    ) -> Result<(), LogError> {
        let relative = self.relative(offset);
        let indexes = self.indexes(folder, interval_bytes)?;
        indexes.offsets.truncate(relative);
        indexes.times.truncate(relative);
        indexes.stored = None;
        indexes.bytes_since_entry = 0;
        let kept = std::mem::take(indexes);
        let largest_entry = kept.times.last();
        let entry = largest_entry.and_then(|last| kept.offsets.floor(last.relative_offset));
        let position = entry.map_or(0, |entry| u64::from(entry.position));
        self.set_indexes(kept);
        let mut largest = self.largest;
        self.find_from(folder, position, |header| {
            if header.records_count > 0
                && largest.is_none_or(|largest| header.max_timestamp > largest.timestamp_ms)
            {
                largest = Some(TimestampOffset {
                    timestamp_ms: header.max_timestamp,
                    offset: header.last_offset(),
                });
            }
            false
        })?;
        self.largest = largest;
        Ok(())
    }

    /// Puts the largest timestamp into the time index, as closing a segment does.
    pub(crate) fn finish_time_index(&mut self) {
        if let (Some(indexes), Some(largest)) = (&mut self.indexes, self.largest) {
            indexes.times.push(time_entry(largest, self.base_offset));
        }
    }

    /// Writes what the index files lack. Without loaded indexes they lack nothing.
    pub(crate) fn store_indexes(&mut self, folder: &Path) -> Result<(), LogError> {
        let Some(indexes) = self.indexes.as_mut().filter(|indexes| !indexes.is_stored()) else {
            return Ok(());
        };
        let (offsets, times) = indexes.stored.unwrap_or((0, 0));
        let whole = indexes.stored.is_none();
        let parts = [
            (
                OFFSET_INDEX_SUFFIX,
                offsets * OFFSET_ENTRY_BYTES,
                indexes.offsets.encode_from(offsets),
            ),
            (TIME_INDEX_SUFFIX, times * TIME_ENTRY_BYTES, indexes.times.encode_from(times)),
        ];
        for (suffix, position, bytes) in parts {
            let path = offset_path(folder, self.base_offset, suffix);
            if whole {
                disk::write_file(&path, &bytes)?;
            } else if !bytes.is_empty() {
                File::open(&path)?
                    .write_all_at(&bytes, position as u64)
                    .map_err(|error| LogError::disk("write", &path, error))?;
            }
        }
        indexes.stored = Some((indexes.offsets.len(), indexes.times.len()));
        self.indexes_unflushed = true;
        Ok(())
    }

    /// What the files of the indexes are to hold; the caller writes them.
    pub(crate) fn encode_indexes(&mut self) -> (Vec<u8>, Vec<u8>) {
        let indexes = self.indexes.get_or_insert_default();
        indexes.stored = Some((indexes.offsets.len(), indexes.times.len()));
        (indexes.offsets.encode_from(0), indexes.times.encode_from(0))
    }

    /// Deletes the index files of a segment that has no batch: they are about what was lost.
    pub(crate) fn remove_indexes(&mut self, folder: &Path) -> Result<(), LogError> {
        for suffix in [OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX] {
            disk::remove_file(&offset_path(folder, self.base_offset, suffix))?;
        }
        self.has_no_aborted();
        Ok(())
    }
}

impl Indexes {
    pub(super) fn is_stored(&self) -> bool {
        self.stored == Some((self.offsets.len(), self.times.len()))
    }
}

fn time_entry(largest: TimestampOffset, base_offset: i64) -> TimeEntry {
    TimeEntry {
        timestamp_ms: largest.timestamp_ms,
        relative_offset: u32::try_from(largest.offset - base_offset).unwrap_or(u32::MAX),
    }
}
