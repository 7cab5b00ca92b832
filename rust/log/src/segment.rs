//! One segment: a `.log` with its `.index` and `.timeindex`; its `.txnindex` is in `transaction_index.rs`.
//!
//! Files are opened and indexes loaded when they are first needed, and may be let go again while the segment takes no
//! appends. An index that is missing or damaged is built anew from the log.

mod indexing;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pybroker_wire::batch::BatchHeader;

use crate::disk::{self, File};
use crate::error::LogError;
use crate::index::{
    OFFSET_ENTRY_BYTES, OffsetEntry, OffsetIndex, TIME_ENTRY_BYTES, TimeEntry, TimeIndex,
};
use crate::open_files::CountedFile;
use crate::scan::{BatchScanner, FoundBatch, LOOKUP_CHUNK_BYTES};
use crate::transaction_index::TransactionIndex;

/// What the names of a segment's files end with.
pub(crate) const LOG_SUFFIX: &str = ".log";
pub(crate) const OFFSET_INDEX_SUFFIX: &str = ".index";
pub(crate) const TIME_INDEX_SUFFIX: &str = ".timeindex";
pub(crate) const TRANSACTION_INDEX_SUFFIX: &str = ".txnindex";

/// The path of a file that belongs to an offset: 20 digits and a suffix.
pub(crate) fn offset_path(folder: &Path, offset: i64, suffix: &str) -> PathBuf {
    folder.join(format!("{offset:020}{suffix}"))
}

/// A timestamp and the last offset of the batch that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimestampOffset {
    pub(crate) timestamp_ms: i64,
    pub(crate) offset: i64,
}

/// The indexes of a segment, and how many of their entries are in the files already; `None` when the files are to be written whole.
#[derive(Debug, Default)]
pub(crate) struct Indexes {
    pub(crate) offsets: OffsetIndex,
    pub(crate) times: TimeIndex,
    stored: Option<(usize, usize)>,
    bytes_since_entry: u64,
}

/// One segment of a log.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) base_offset: i64,
    /// Bytes of whole batches in the `.log`; the file has no others.
    pub(crate) size: u64,
    pub(crate) created_ms: i64,
    /// Whether the index files on disk may not survive a crash of the machine.
    pub(crate) indexes_unflushed: bool,
    /// See `hold`.
    is_held: bool,
    /// Whether bytes that were cut off the `.log` may come back with a crash of the machine.
    pub(crate) cut_unflushed: bool,
    file: Option<CountedFile>,
    indexes: Option<Box<Indexes>>,
    /// The largest timestamp; `None` while nobody asked since the segment was opened.
    largest: Option<TimestampOffset>,
    /// The largest timestamp of the first batch, by which `segment.ms` counts; `None` as above.
    first_timestamp_ms: Option<i64>,
    /// The aborted transactions; `None` while nobody asked since the segment was opened.
    pub(crate) aborted: Option<TransactionIndex>,
}

impl Segment {
    /// A new, empty segment, with its file.
    pub(crate) fn create(folder: &Path, base_offset: i64, now_ms: i64) -> Result<Self, LogError> {
        let path = offset_path(folder, base_offset, LOG_SUFFIX);
        let file = File::open_or_create(&path)?;
        // A new file needs no more, and so has nothing that can fail after it is there.
        if file.size().map_err(|error| LogError::disk("stat", &path, error))? > 0 {
            file.set_len(0).map_err(|error| LogError::disk("truncate", &path, error))?;
        }
        let mut segment = Self::existing(base_offset, 0, now_ms);
        segment.file = Some(CountedFile::new(file));
        segment.replace_aborted(folder, TransactionIndex::default())?;
        segment.set_indexes(Indexes::default());
        Ok(segment)
    }

    /// A segment whose file was found with `size` bytes.
    pub(crate) fn existing(base_offset: i64, size: u64, now_ms: i64) -> Self {
        Self {
            base_offset,
            size,
            created_ms: now_ms,
            indexes_unflushed: false,
            is_held: false,
            cut_unflushed: false,
            file: None,
            indexes: None,
            largest: None,
            first_timestamp_ms: None,
            aborted: None,
        }
    }

    /// Reserves space for so many bytes of log; its size stays. Where that is not possible, appends find their space as they come.
    pub(crate) fn reserve(&self, bytes: u64) {
        if let Some(file) = self.file.as_ref().filter(|_| bytes > 0) {
            let _ = file.reserve(bytes);
        }
    }

    /// Gives back what was reserved and is not used.
    pub(crate) fn give_back(&mut self, folder: &Path) -> Result<(), LogError> {
        let (path, size) = (self.log_path(folder), self.size);
        let given_back = self.file(folder)?.set_len(size);
        given_back.map_err(|error| LogError::disk("truncate", &path, error))
    }

    pub(crate) fn log_path(&self, folder: &Path) -> PathBuf {
        offset_path(folder, self.base_offset, LOG_SUFFIX)
    }

    pub(crate) fn relative(&self, offset: i64) -> u32 {
        u32::try_from(offset - self.base_offset).unwrap_or(u32::MAX)
    }

    /// The open file.
    pub(crate) fn file(&mut self, folder: &Path) -> Result<&Arc<File>, LogError> {
        if self.file.is_none() {
            self.file = Some(CountedFile::new(File::open(&self.log_path(folder))?));
        }
        match &self.file {
            Some(file) => Ok(file),
            None => Err(LogError::Offline { reason: "a segment has no file".into() }),
        }
    }

    /// Keeps a file open, and the indexes in memory, until `release`: the files do not have their final names yet.
    pub(crate) fn hold(&mut self, file: File) {
        self.file = Some(CountedFile::new(file));
        self.is_held = true;
    }

    /// Lets the file and the indexes go, from now on too.
    pub(crate) fn release(&mut self) {
        self.is_held = false;
        self.let_go();
    }

    /// Removes what stands at and after a position, durably.
    pub(crate) fn cut(&mut self, folder: &Path, position: u64) -> Result<(), LogError> {
        let path = self.log_path(folder);
        let file = self.file(folder)?;
        file.set_len(position).map_err(|error| LogError::disk("truncate", &path, error))?;
        file.sync_data().map_err(|error| LogError::disk("fsync", &path, error))?;
        self.size = position;
        Ok(())
    }

    /// Whether the file is open.
    pub(crate) fn is_open(&self) -> bool {
        self.file.is_some()
    }

    /// Whether the index files have all that is in memory, which may be nothing.
    pub(crate) fn has_stored_indexes(&self) -> bool {
        self.indexes.as_ref().is_none_or(|indexes| indexes.is_stored())
    }

    /// Closes the file and forgets the indexes; both come back when they are needed.
    pub(crate) fn let_go(&mut self) {
        if self.is_held {
            return;
        }
        self.file = None;
        self.aborted = self.aborted.take().filter(|aborted| aborted.entries().is_empty());
        if self.indexes.as_ref().is_some_and(|indexes| indexes.is_stored()) {
            self.indexes = None;
        }
    }

    /// The largest timestamp, or -1. Of a segment that is closed it is read off the end of the time index, without the rest.
    pub(crate) fn largest(
        &mut self,
        folder: &Path,
        interval_bytes: u32,
    ) -> Result<TimestampOffset, LogError> {
        if self.largest.is_none() {
            self.largest = self.stored_largest(folder)?;
        }
        if self.largest.is_none() {
            self.indexes(folder, interval_bytes)?;
        }
        Ok(self.largest.unwrap_or(self.no_timestamp()))
    }

    fn stored_largest(&self, folder: &Path) -> Result<Option<TimestampOffset>, LogError> {
        if self.size == 0 {
            return Ok(Some(self.no_timestamp()));
        }
        let path = offset_path(folder, self.base_offset, TIME_INDEX_SUFFIX);
        let bytes = disk::read_end(&path, TIME_ENTRY_BYTES)?;
        let index = bytes.and_then(|bytes| TimeIndex::decode(&bytes));
        Ok(index.and_then(|index| index.last()).map(|last| self.timestamp_offset(last)))
    }

    pub(crate) fn timestamp_offset(&self, entry: TimeEntry) -> TimestampOffset {
        TimestampOffset {
            timestamp_ms: entry.timestamp_ms,
            offset: self.base_offset + i64::from(entry.relative_offset),
        }
    }

    fn no_timestamp(&self) -> TimestampOffset {
        TimestampOffset { timestamp_ms: -1, offset: self.base_offset }
    }

    /// The largest timestamp of the first batch; -1 without one.
    pub(crate) fn first_timestamp_ms(&mut self, folder: &Path) -> Result<i64, LogError> {
        if let Some(timestamp_ms) = self.first_timestamp_ms {
            return Ok(timestamp_ms);
        }
        let first = self.find_from(folder, 0, |_| true)?;
        let timestamp_ms = first.map_or(-1, |found| found.header.max_timestamp);
        self.first_timestamp_ms = Some(timestamp_ms);
        Ok(timestamp_ms)
    }

    /// When the file was last written to, on the wall clock.
    pub(crate) fn modified_ms(&self, folder: &Path) -> Result<i64, LogError> {
        disk::modified_ms(&self.log_path(folder))
    }

    /// Whether an index has no room for another entry; the time index keeps one for closing.
    pub(crate) fn is_index_full(&self, index_bytes: u32) -> bool {
        let index_bytes = index_bytes as usize;
        self.indexes.as_ref().is_some_and(|indexes| {
            indexes.offsets.len() >= index_bytes / OFFSET_ENTRY_BYTES
                || indexes.times.len() + 1 >= index_bytes / TIME_ENTRY_BYTES
        })
    }

    /// The batch that holds `offset`, or the first one after it.
    pub(crate) fn locate(
        &mut self,
        folder: &Path,
        offset: i64,
        interval_bytes: u32,
    ) -> Result<Option<FoundBatch>, LogError> {
        let relative = self.relative(offset.max(self.base_offset));
        let entry = self.indexes(folder, interval_bytes)?.offsets.floor(relative);
        self.find_from_entry(folder, entry, interval_bytes, |header| header.last_offset() >= offset)
    }

    /// The last batch.
    pub(crate) fn last_batch(
        &mut self,
        folder: &Path,
        interval_bytes: u32,
    ) -> Result<Option<FoundBatch>, LogError> {
        let entry = self.last_entry(folder, interval_bytes)?;
        let mut last = None;
        self.find_from_entry(folder, entry, interval_bytes, |header| {
            last = Some(*header);
            false
        })?;
        // The scan ended exactly at the size, so that is where the last one ends.
        Ok(last
            .map(|header| FoundBatch { position: self.size - header.size_bytes() as u64, header }))
    }

    /// An entry of the offset index from which the last batch is found by one read or two. That takes no more than the end of
    /// the file: the indexes are loaded, and built anew if need be, when somebody reads or appends.
    fn last_entry(
        &mut self,
        folder: &Path,
        interval_bytes: u32,
    ) -> Result<Option<OffsetEntry>, LogError> {
        if self.size <= LOOKUP_CHUNK_BYTES as u64 {
            return Ok(None);
        }
        if self.indexes.is_none() {
            let path = offset_path(folder, self.base_offset, OFFSET_INDEX_SUFFIX);
            let bytes = disk::read_end(&path, OFFSET_ENTRY_BYTES)?;
            let index = bytes.and_then(|bytes| OffsetIndex::decode(&bytes, self.size));
            if let Some(entry) = index.and_then(|index| index.last()) {
                return Ok(Some(entry));
            }
        }
        Ok(self.indexes(folder, interval_bytes)?.offsets.last())
    }

    /// `find_from` an entry of the offset index. If the entry is not true, the indexes are built anew.
    fn find_from_entry(
        &mut self,
        folder: &Path,
        entry: Option<OffsetEntry>,
        interval_bytes: u32,
        mut wanted: impl FnMut(&BatchHeader) -> bool,
    ) -> Result<Option<FoundBatch>, LogError> {
        let Some(entry) = entry else {
            return self.find_from(folder, 0, wanted);
        };
        let last_offset = self.base_offset + i64::from(entry.relative_offset);
        let mut is_true = None;
        let found = self.find_from(folder, u64::from(entry.position), |header| {
            // The first batch must be the one that the entry is about.
            !*is_true.get_or_insert(header.last_offset() == last_offset) || wanted(header)
        });
        if is_true == Some(true) {
            return found;
        }
        self.build_indexes(folder, interval_bytes)?;
        self.find_from(folder, 0, &mut wanted)
    }

    /// The first batch from `position` on that is wanted.
    pub(crate) fn find_from(
        &mut self,
        folder: &Path,
        position: u64,
        mut wanted: impl FnMut(&BatchHeader) -> bool,
    ) -> Result<Option<FoundBatch>, LogError> {
        let size = self.size;
        let path = self.log_path(folder);
        let file = Arc::clone(self.file(folder)?);
        let mut scanner = BatchScanner::new(&file, position, size, LOOKUP_CHUNK_BYTES);
        while let Some(found) =
            scanner.next_header().map_err(|error| LogError::disk("read", &path, error))?
        {
            if wanted(&found.header) {
                return Ok(Some(found));
            }
        }
        if scanner.position() < size {
            return Err(self.corrupt(folder, scanner.position(), "no record batch starts here"));
        }
        Ok(None)
    }

    /// Deletes the files.
    pub(crate) fn delete(&self, folder: &Path) -> Result<(), LogError> {
        for suffix in [OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX, LOG_SUFFIX]
        {
            disk::remove_file(&offset_path(folder, self.base_offset, suffix))?;
        }
        Ok(())
    }

    pub(crate) fn corrupt(&self, folder: &Path, position: u64, reason: &str) -> LogError {
        LogError::Corrupt {
            path: self.log_path(folder),
            position,
            offset: self.base_offset,
            reason: reason.to_owned(),
        }
    }
}
