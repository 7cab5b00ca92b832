//! Reading: from an offset to contiguous bytes of a segment's file.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use crate::disk::File;
use crate::error::{LogError, ReadError};
use crate::log::Log;
use crate::scan::FoundBatch;
use crate::transaction_index::AbortedTransaction;

/// Batches at the end of a log whose positions are remembered, so that a consumer at the tail costs no read of the index.
const RECENT_BATCHES: usize = 64;

/// Batches without records that are passed over at once: the mutex is held meanwhile.
const EMPTY_BATCHES_PASSED: usize = 50;

/// How far apart [`FileSlice::is_cached`] looks.
const CACHE_PROBE_STEP_BYTES: usize = 128 * 1024;

/// Contiguous bytes of one segment: whole batches from the first on, the last one perhaps cut short.
///
/// The bytes are read without the mutex of the log. They never change, but `Log::truncate_to` may remove them: then fewer
/// come than `len` says.
#[derive(Clone, Debug)]
pub struct FileSlice {
    /// The segment's `.log`; it stays readable when the segment is deleted meanwhile. `None` when there is nothing to read.
    pub file: Option<Arc<File>>,
    /// Where the slice starts in the file.
    pub position: u64,
    /// How many bytes it has.
    pub len: usize,
}

impl FileSlice {
    const EMPTY: Self = Self { file: None, position: 0, len: 0 };

    /// Reads the slice into `buffer` from its start on; gives the number of bytes that came.
    pub fn read_into(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.len.min(buffer.len());
        match &self.file {
            Some(file) => file.read_at(&mut buffer[..len], self.position),
            None => Ok(0),
        }
    }

    /// Whether the slice is sent from memory: looked at in steps that are no longer than what the kernel reads ahead.
    pub fn is_cached(&self) -> bool {
        let Some(file) = &self.file else { return true };
        let end = self.position + self.len as u64;
        let mut probes = (self.position..end).step_by(CACHE_PROBE_STEP_BYTES);
        probes.all(|position| file.is_cached(position)) && file.is_cached(end.saturating_sub(1))
    }

    /// Reads the whole slice.
    pub fn to_vec(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.len];
        let read = self.read_into(&mut bytes)?;
        bytes.truncate(read);
        Ok(bytes)
    }
}

/// What a reader of committed records gets.
#[derive(Clone, Debug)]
pub struct CommittedRead {
    /// The records before the last stable offset, those of aborted transactions among them.
    pub slice: FileSlice,
    /// The aborted transactions that overlap what was read, and perhaps a few behind it.
    pub aborted: Vec<AbortedTransaction>,
}

/// Where the last batches of the active segment lie.
#[derive(Debug, Default)]
pub(crate) struct RecentBatches {
    batches: VecDeque<RecentBatch>,
}

#[derive(Clone, Copy, Debug)]
struct RecentBatch {
    base_offset: i64,
    position: u32,
    size: u32,
}

/// A batch as reading needs it.
#[derive(Clone, Copy, Debug)]
struct Located {
    base_offset: i64,
    position: u64,
    size: usize,
    /// The offset behind it, where compaction has left no record in it.
    empty_until: Option<i64>,
}

impl RecentBatches {
    pub(crate) fn push(&mut self, found: &FoundBatch) {
        if self.batches.len() == RECENT_BATCHES {
            self.batches.pop_front();
        }
        self.batches.push_back(RecentBatch {
            base_offset: found.header.base_offset,
            position: found.position as u32,
            size: found.header.size_bytes() as u32,
        });
    }

    pub(crate) fn clear(&mut self) {
        self.batches.clear();
    }

    /// The batch that holds an offset before the log end offset, if it is among the last ones.
    fn locate(&self, offset: i64) -> Option<Located> {
        let after = self.batches.partition_point(|batch| batch.base_offset <= offset);
        let batch = self.batches.get(after.checked_sub(1)?)?;
        Some(Located {
            base_offset: batch.base_offset,
            position: u64::from(batch.position),
            size: batch.size as usize,
            empty_until: None,
        })
    }
}

impl Log {
    /// Finds at most `max_bytes` from the batch that holds `offset` on, and nothing at or past `upper_bound`, which is the high
    /// watermark or the last stable offset. The first batch comes whole or not at all; with `at_least_one_batch` it comes even
    /// when it is larger than `max_bytes`. Empty when there is nothing to read yet.
    pub fn read(
        &mut self,
        offset: i64,
        max_bytes: usize,
        upper_bound: i64,
        at_least_one_batch: bool,
    ) -> Result<FileSlice, ReadError> {
        let found = self.find(offset, max_bytes, upper_bound, at_least_one_batch)?;
        Ok(found.map_or(FileSlice::EMPTY, |(_, slice)| slice))
    }

    /// Reads as `read` does what is before the last stable offset, and finds the aborted transactions in it.
    pub fn read_committed(
        &mut self,
        offset: i64,
        max_bytes: usize,
        last_stable_offset: i64,
        at_least_one_batch: bool,
    ) -> Result<CommittedRead, ReadError> {
        let found = self.find(offset, max_bytes, last_stable_offset, at_least_one_batch)?;
        let Some((index, slice)) = found else {
            return Ok(CommittedRead { slice: FileSlice::EMPTY, aborted: Vec::new() });
        };
        let end_offset = self.offset_behind(index, slice.position + slice.len as u64)?;
        let aborted = self.aborted_in(offset..end_offset)?;
        Ok(CommittedRead { slice, aborted })
    }

    /// Where to read for a consumer that asks for `offset`: behind the batches that compaction has emptied, as far as records
    /// follow them before `upper_bound`, and else at the last of them. librdkafka takes an answer without any record for one that was cut short: it asks for twice as much
    /// the next time, and in the end reports an error.
    pub fn offset_of_records(&mut self, offset: i64, upper_bound: i64) -> Result<i64, LogError> {
        self.check_online()?;
        let is_readable = (self.log_start_offset..self.log_end_offset).contains(&offset);
        if !self.config.compacted || !is_readable {
            return Ok(offset);
        }
        let (mut found, mut next_offset) = (offset, offset);
        for _ in 0..EMPTY_BATCHES_PASSED {
            let Some((_, located)) = self.locate(next_offset)? else { break };
            if located.base_offset >= upper_bound {
                break;
            }
            found = next_offset;
            let Some(empty_until) = located.empty_until else { break };
            next_offset = empty_until;
        }
        Ok(found)
    }

    /// An offset that is not before any record that ends at a position of a segment or earlier. The index says so much; to
    /// know the very offset, the log would have to be read.
    fn offset_behind(&mut self, index: usize, position: u64) -> Result<i64, LogError> {
        let segment = &mut self.segments[index];
        let indexes = segment.indexes(&self.folder, self.config.index_interval_bytes)?;
        let entry = indexes.offsets.first_from(position);
        let behind = entry.map(|entry| segment.base_offset + i64::from(entry.relative_offset));
        Ok(behind.unwrap_or_else(|| self.segment_end(index)))
    }

    /// The slice to read, and its segment.
    fn find(
        &mut self,
        offset: i64,
        max_bytes: usize,
        upper_bound: i64,
        at_least_one_batch: bool,
    ) -> Result<Option<(usize, FileSlice)>, ReadError> {
        self.check_online()?;
        if offset < self.log_start_offset || offset > self.log_end_offset {
            return Err(ReadError::OffsetOutOfRange {
                offset,
                log_start_offset: self.log_start_offset,
                log_end_offset: self.log_end_offset,
            });
        }
        let upper_bound = upper_bound.min(self.log_end_offset);
        if offset >= upper_bound {
            return Ok(None);
        }
        let Some((index, first)) = self.locate(offset)? else {
            return Ok(None);
        };
        let end = self.end_position(index, upper_bound)?;
        let available = end.saturating_sub(first.position) as usize;
        let wanted = if at_least_one_batch { max_bytes.max(first.size) } else { max_bytes };
        if wanted < first.size || available < first.size {
            return Ok(None);
        }
        let file = Some(Arc::clone(self.segments[index].file(&self.folder)?));
        let slice = FileSlice { file, position: first.position, len: available.min(wanted) };
        Ok(Some((index, slice)))
    }

    /// The segment and position of the batch that holds `offset`, or of the first one after it: compaction leaves gaps.
    fn locate(&mut self, offset: i64) -> Result<Option<(usize, Located)>, LogError> {
        let last = self.segments.len() - 1;
        let mut index = self.segment_index(offset);
        if index == last
            && let Some(located) = self.recent.locate(offset)
        {
            return Ok(Some((index, located)));
        }
        loop {
            let base_offset = self.segments[index].base_offset;
            if index < last {
                self.keep_warm(base_offset);
            }
            let segment = &mut self.segments[index];
            let interval = self.config.index_interval_bytes;
            if let Some(found) = segment.locate(&self.folder, offset, interval)? {
                let header = &found.header;
                let located = Located {
                    base_offset: header.base_offset,
                    position: found.position,
                    size: header.size_bytes(),
                    empty_until: (header.records_count == 0).then(|| header.last_offset() + 1),
                };
                return Ok(Some((index, located)));
            }
            if index == last {
                return Ok(None);
            }
            index += 1;
        }
    }

    /// Where what is visible of a segment ends.
    fn end_position(&mut self, index: usize, upper_bound: i64) -> Result<u64, LogError> {
        if upper_bound >= self.segment_end(index) {
            return Ok(self.segments[index].size);
        }
        if index == self.segments.len() - 1
            && let Some(located) = self.recent.locate(upper_bound)
        {
            return Ok(located.position);
        }
        let segment = &mut self.segments[index];
        let found = segment.locate(&self.folder, upper_bound, self.config.index_interval_bytes)?;
        Ok(found.map_or(segment.size, |found| found.position))
    }
}
