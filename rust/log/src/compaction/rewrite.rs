//! Reading what is dirty into the map, and writing what stays of a group of segments into one new segment.

use std::path::PathBuf;

use pybroker_wire::WireError;
use pybroker_wire::batch::Batch;

use super::filter::{Filter, Rules, note};
use super::offset_map::OffsetMap;
use super::plan::{Plan, Source};
use super::records::find_records;
use super::swap::{self, CLEANED_SUFFIX};
use super::transactions::CleanedTransactions;
use super::{CompactionError, Throttle};
use crate::disk::{self, File};
use crate::error::LogError;
use crate::scan::{BatchScanner, FoundBatch};
use crate::segment::{
    LOG_SUFFIX, OFFSET_INDEX_SUFFIX, Segment, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX,
    offset_path,
};
use crate::transaction_index::TransactionIndex;
use crate::validate::MAX_DECOMPRESSED_BATCH_BYTES;

/// Bytes after which the throttle is asked.
const THROTTLE_STEP_BYTES: usize = 64 * 1024;
/// Bytes after which the new segment is forced to the disk: many small fsyncs hold others up less than a large one.
const SYNC_STEP_BYTES: u64 = 32 * 1024 * 1024;
/// Positions of a segment are 31 bits.
const MAX_SEGMENT_BYTES: u64 = i32::MAX as u64;

/// How far a throttle lets a pass go, in bytes that it has not been told yet.
#[derive(Debug)]
pub(crate) struct Pace<'a> {
    throttle: &'a mut dyn Throttle,
    untold: usize,
}

impl<'a> Pace<'a> {
    pub(crate) fn new(throttle: &'a mut dyn Throttle) -> Self {
        Self { throttle, untold: 0 }
    }

    fn spend(&mut self, bytes: usize) -> Result<(), CompactionError> {
        self.untold += bytes;
        if self.untold < THROTTLE_STEP_BYTES {
            return Ok(());
        }
        if self.throttle.spend(std::mem::take(&mut self.untold)) {
            Ok(())
        } else {
            Err(CompactionError::Stopped)
        }
    }
}

/// A source while it is read: through a descriptor of its own, so that it is read ahead of and no reader is disturbed.
struct OpenSource {
    path: PathBuf,
    file: File,
    size: u64,
}

impl OpenSource {
    fn open(plan: &Plan, source: &Source) -> Result<Self, LogError> {
        let path = offset_path(&plan.folder, source.base_offset, LOG_SUFFIX);
        let file = File::open(&path)?;
        file.expect_to_be_read_through();
        Ok(Self { path, file, size: source.size })
    }

    /// Hands the batches from `position` on to `work`, until it says that it has enough.
    fn each_batch(
        &self,
        position: u64,
        plan: &Plan,
        mut work: impl FnMut(&FoundBatch, &Batch<'_>) -> Result<Go, BatchError>,
    ) -> Result<Go, CompactionError> {
        let mut scanner = BatchScanner::new(&self.file, position, self.size, plan.buffer_bytes);
        loop {
            let next = scanner.next_whole();
            let next = next.map_err(|error| LogError::disk("read", &self.path, error))?;
            let Some((found, bytes)) = next else { break };
            let batch = Batch { header: found.header, bytes, position: 0 };
            match work(&found, &batch) {
                Ok(Go::On) => {}
                Ok(Go::Enough) => return Ok(Go::Enough),
                Err(BatchError::Wire(error)) => {
                    return Err(self.corrupt(found.position, &found, &error.to_string()));
                }
                Err(BatchError::Other(error)) => return Err(error),
            }
        }
        let end = scanner.position();
        if end < self.size {
            let reason = "no whole record batch with a valid checksum starts here".to_owned();
            let (path, offset) = (self.path.clone(), -1);
            return Err(LogError::Corrupt { path, position: end, offset, reason }.into());
        }
        Ok(Go::On)
    }

    fn corrupt(&self, position: u64, found: &FoundBatch, reason: &str) -> CompactionError {
        let (path, offset) = (self.path.clone(), found.header.base_offset);
        LogError::Corrupt { path, position, offset, reason: reason.to_owned() }.into()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Go {
    On,
    Enough,
}

/// What stops the reading of a batch.
enum BatchError {
    /// The batch is not what it should be.
    Wire(WireError),
    Other(CompactionError),
}

impl From<WireError> for BatchError {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

impl From<CompactionError> for BatchError {
    fn from(error: CompactionError) -> Self {
        Self::Other(error)
    }
}

/// Fills the map with the keys of the dirty part, or with as many as it takes. Gives the offset up to which it holds, exclusive,
/// and the bytes read.
pub(crate) fn build_map(
    plan: &Plan,
    map: &mut OffsetMap,
    pace: &mut Pace<'_>,
) -> Result<(i64, u64), CompactionError> {
    map.clear();
    let start_offset = plan.dirtiness.first_dirty_offset;
    let mut transactions = CleanedTransactions::new(&plan.aborted, start_offset);
    let (mut decompressed, mut places) = (Vec::new(), Vec::new());
    let mut bytes_read = 0;
    let is_dirty = |source: &&Source| source.end_offset > start_offset;
    for source in plan.sources.iter().filter(is_dirty) {
        let is_first = source.base_offset < start_offset;
        let position = if is_first { plan.dirty_position } else { 0 };
        let go = OpenSource::open(plan, source)?.each_batch(position, plan, |_, batch| {
            bytes_read += batch.bytes.len() as u64;
            pace.spend(batch.bytes.len())?;
            let header = &batch.header;
            let is_of_no_use = note(batch, &mut transactions)?;
            if !is_of_no_use && !header.attributes.is_control() {
                let payload =
                    batch.uncompressed_payload(&mut decompressed, MAX_DECOMPRESSED_BATCH_BYTES)?;
                find_records(payload, header.records_count, map, &mut places)?;
                let hashes = places.iter().filter_map(|place| place.hash);
                std::hint::black_box(hashes.fold(0, |sum, hash| sum ^ map.touch(hash)));
                for place in &places {
                    let offset = header.base_offset + i64::from(place.offset_delta);
                    if let Some(hash) = place.hash
                        && offset >= start_offset
                        && !map.put(hash, offset)
                    {
                        return Ok(Go::Enough);
                    }
                }
            }
            if header.last_offset() >= start_offset {
                map.set_latest_offset(header.last_offset());
            }
            Ok(Go::On)
        })?;
        if go == Go::Enough {
            return Ok((map.latest_offset() + 1, bytes_read));
        }
        // Offsets that the segment lacks at its end are covered too.
        map.set_latest_offset(source.end_offset - 1);
    }
    Ok((map.latest_offset() + 1, bytes_read))
}

/// Puts the sources before `end_offset` into groups, each of which becomes one segment: no larger than a segment and its indexes
/// may be, as far as the sizes before tell.
pub(crate) fn group(plan: &Plan, end_offset: i64) -> Result<Vec<Vec<Source>>, LogError> {
    let mut groups: Vec<Vec<Source>> = Vec::new();
    let mut taken = Sizes::default();
    for source in plan.sources.iter().filter(|source| source.base_offset < end_offset) {
        let sizes = Sizes::of(plan, source)?;
        let fits = |group: &Vec<Source>| {
            let spans = source.end_offset - 1 - group[0].base_offset;
            (taken + sizes).fit(plan) && (source.size == 0 || spans <= i64::from(i32::MAX))
        };
        if let Some(group) = groups.last_mut().filter(|group| fits(group)) {
            group.push(*source);
            taken = taken + sizes;
        } else {
            groups.push(vec![*source]);
            taken = sizes;
        }
    }
    Ok(groups)
}

/// Bytes of a segment's files.
#[derive(Clone, Copy, Debug, Default)]
struct Sizes {
    log: u64,
    offset_index: u64,
    time_index: u64,
}

impl Sizes {
    fn of(plan: &Plan, source: &Source) -> Result<Self, LogError> {
        let len = |suffix: &str| {
            disk::file_len(&offset_path(&plan.folder, source.base_offset, suffix))
                .map(|len| len.unwrap_or(0))
        };
        Ok(Self {
            log: source.size,
            offset_index: len(OFFSET_INDEX_SUFFIX)?,
            time_index: len(TIME_INDEX_SUFFIX)?,
        })
    }

    fn fit(self, plan: &Plan) -> bool {
        let index_bytes = u64::from(plan.config.segment_index_bytes);
        self.log <= u64::from(plan.config.segment_bytes)
            && self.offset_index <= index_bytes
            && self.time_index <= index_bytes
    }
}

impl std::ops::Add for Sizes {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            log: self.log + other.log,
            offset_index: self.offset_index + other.offset_index,
            time_index: self.time_index + other.time_index,
        }
    }
}

/// A new segment on its way into its file.
pub(crate) struct Destination<'a> {
    plan: &'a Plan,
    path: PathBuf,
    file: File,
    pub(crate) segment: Segment,
    /// Where the last source starts.
    last_base_offset: i64,
    /// What is not written yet.
    buffer: Vec<u8>,
    synced: u64,
}

impl<'a> Destination<'a> {
    pub(crate) fn create(plan: &'a Plan, group: &[Source]) -> Result<Self, LogError> {
        let (first, last) = (group[0], group[group.len() - 1]);
        // What a pass that panicked has left.
        swap::remove_segment(&plan.folder, first.base_offset, CLEANED_SUFFIX)?;
        let path = cleaned_path(plan, first.base_offset, LOG_SUFFIX);
        let file = File::open_or_create(&path)?;
        let mut segment = Segment::existing(first.base_offset, 0, last.created_ms);
        segment.reset_indexes();
        let buffer = Vec::with_capacity(plan.buffer_bytes);
        let last_base_offset = last.base_offset;
        Ok(Self { plan, path, file, segment, last_base_offset, buffer, synced: 0 })
    }

    /// Writes what stays of a source.
    pub(crate) fn take(
        &mut self,
        source: &Source,
        is_last: bool,
        filter: &mut Filter,
        rules: &Rules<'_>,
        transactions: &mut CleanedTransactions,
        pace: &mut Pace<'_>,
    ) -> Result<(), CompactionError> {
        let plan = self.plan;
        OpenSource::open(plan, source)?.each_batch(0, plan, |found, batch| {
            pace.spend(batch.bytes.len())?;
            let before = self.buffer.len();
            let ends_segment = is_last && found.end() == source.size;
            filter.filter(batch, rules, transactions, ends_segment, &mut self.buffer)?;
            if self.buffer.len() > before {
                let header = Batch::first(&self.buffer[before..])?.header;
                let position = self.segment.size;
                self.segment.size += header.size_bytes() as u64;
                let written = FoundBatch { position, header };
                self.segment.index_batch(&written, plan.config.index_interval_bytes);
            }
            if self.buffer.len() >= plan.buffer_bytes {
                self.write(pace)?;
            }
            Ok(Go::On)
        })?;
        Ok(())
    }

    fn write(&mut self, pace: &mut Pace<'_>) -> Result<(), CompactionError> {
        if self.segment.size > MAX_SEGMENT_BYTES {
            let reason = "what is left of the segments is too large for one segment".to_owned();
            return Err(CompactionError::Uncleanable { reason });
        }
        let position = self.segment.size - self.buffer.len() as u64;
        self.file
            .write_all_at(&self.buffer, position)
            .map_err(|error| LogError::disk("write", &self.path, error))?;
        pace.spend(self.buffer.len())?;
        self.buffer.clear();
        if self.segment.size - self.synced >= SYNC_STEP_BYTES {
            self.sync()?;
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), LogError> {
        self.synced = self.segment.size;
        self.file.sync_data().map_err(|error| LogError::disk("fsync", &self.path, error))
    }

    /// Writes the rest and the indexes, and makes all of it durable under the names of `.cleaned` files.
    pub(crate) fn finish(
        mut self,
        aborted: TransactionIndex,
        pace: &mut Pace<'_>,
    ) -> Result<Segment, CompactionError> {
        self.write(pace)?;
        // Records without timestamps are as old as their file.
        let last = offset_path(&self.plan.folder, self.last_base_offset, LOG_SUFFIX);
        self.file.set_modified_ms(disk::modified_ms(&last)?);
        self.sync()?;
        self.segment.finish_time_index();
        let (offsets, times) = self.segment.encode_indexes();
        let base_offset = self.segment.base_offset;
        self.write_durably(base_offset, OFFSET_INDEX_SUFFIX, &offsets)?;
        self.write_durably(base_offset, TIME_INDEX_SUFFIX, &times)?;
        // Also one without entries takes the place of the old one.
        let old = offset_path(&self.plan.folder, base_offset, TRANSACTION_INDEX_SUFFIX);
        let bytes = aborted.encode();
        if !bytes.is_empty() || disk::file_len(&old)?.is_some() {
            self.write_durably(base_offset, TRANSACTION_INDEX_SUFFIX, &bytes)?;
        }
        disk::sync_folder(&self.plan.folder)?;
        self.segment.set_aborted(aborted);
        self.segment.hold(self.file);
        Ok(self.segment)
    }

    fn write_durably(&self, base_offset: i64, suffix: &str, bytes: &[u8]) -> Result<(), LogError> {
        let path = cleaned_path(self.plan, base_offset, suffix);
        disk::write_file(&path, bytes)?;
        File::open(&path)?.sync_data().map_err(|error| LogError::disk("fsync", &path, error))
    }
}

fn cleaned_path(plan: &Plan, base_offset: i64, suffix: &str) -> PathBuf {
    offset_path(&plan.folder, base_offset, &format!("{suffix}{CLEANED_SUFFIX}"))
}
