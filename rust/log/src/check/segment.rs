//! The batches of one segment, looked over.

use std::path::{Path, PathBuf};

use pybroker_wire::WireError;
use pybroker_wire::batch::{Batch, BatchHeader, HEADER_BYTES};

use super::Progress;
use super::indexes::IndexCheck;
use super::producers::ProducerCheck;
use crate::disk::File;
use crate::error::LogError;
use crate::leader_epochs;
use crate::scan::{BatchScanner, FoundBatch, SCAN_CHUNK_BYTES, find_valid_batch};
use crate::segment::{LOG_SUFFIX, offset_path};
use crate::transactions::ProducerBatch;
use crate::validate::MAX_DECOMPRESSED_BATCH_BYTES;

/// Where a look over a segment is.
struct SegmentCheck<'a> {
    folder: &'a Path,
    path: PathBuf,
    base_offset: i64,
    /// Base offset of the segment behind this one.
    end_offset: Option<i64>,
    progress: &'a mut Progress,
    scratch: Vec<u8>,
}

/// Looks over the segment that starts at `base_offset`, with its indexes.
pub(super) fn check_segment(
    folder: &Path,
    base_offset: i64,
    end_offset: Option<i64>,
    progress: &mut Progress,
    producers: &mut ProducerCheck<'_>,
) -> Result<(), LogError> {
    let path = offset_path(folder, base_offset, LOG_SUFFIX);
    let failed = |error| LogError::disk("read", &path, error);
    let file = File::open_to_read(&path)?;
    let size = file.size().map_err(failed)?;
    progress.report.size_bytes += size;
    let mut indexes = IndexCheck::new(folder, base_offset, end_offset.is_some(), size)?;
    producers.begin_segment(base_offset, &mut progress.findings)?;
    let mut check = SegmentCheck {
        folder,
        path: path.clone(),
        base_offset,
        end_offset,
        progress,
        scratch: Vec::new(),
    };
    let mut position = 0;
    while position < size {
        let mut scanner = BatchScanner::new(&file, position, size, SCAN_CHUNK_BYTES);
        while let Some((found, bytes)) = scanner.next_whole().map_err(failed)? {
            let batch = Batch { header: found.header, bytes, position: 0 };
            check.check_batch(&found, &batch);
            indexes.see(&found, &mut check.progress.findings);
            producers.see(&ProducerBatch::of(&batch));
        }
        position = scanner.position();
        if position < size {
            position = check.pass_damage(&file, position, size).map_err(failed)?;
        }
    }
    indexes.finish(&mut check.progress.findings);
    producers.end_segment();
    Ok(())
}

impl SegmentCheck<'_> {
    fn find(&mut self, position: u64, offset: i64, problem: String) {
        self.progress.findings.add(&self.path, Some(position), Some(offset), problem);
    }

    /// Holds a batch with a valid checksum against its neighbours.
    fn check_batch(&mut self, found: &FoundBatch, batch: &Batch<'_>) {
        let (position, header) = (found.position, &found.header);
        let (base_offset, last_offset) = (header.base_offset, header.last_offset());
        self.progress.report.batches += 1;
        self.progress.report.records += header.records_count.max(0) as u64;
        let next_offset = self.progress.next_offset.max(self.base_offset);
        if base_offset < next_offset {
            let problem = format!("offset {base_offset} stands where {next_offset} is next");
            self.find(position, base_offset, problem);
        }
        let is_thinned = i64::from(header.records_count) <= i64::from(header.last_offset_delta);
        // A gap at the start of a segment may be a segment that is missing.
        let has_gap = base_offset > next_offset && position > 0;
        self.progress.is_compacted |= is_thinned || has_gap;
        if let Some(end_offset) = self.end_offset.filter(|end_offset| last_offset >= *end_offset) {
            let problem =
                format!("offset {last_offset}, and the next segment starts at {end_offset}");
            self.find(position, base_offset, problem);
        }
        if last_offset - self.base_offset > i64::from(i32::MAX) {
            self.find(position, base_offset, "an offset too far from the segment's".to_owned());
        }
        if let Err(error) = check_records(batch, &mut self.scratch) {
            self.find(position, base_offset, format!("its records cannot be read: {error}"));
        }
        self.check_epoch(position, header);
        // An offset that cannot be says nothing about those that follow.
        let can_be = last_offset < self.end_offset.unwrap_or(i64::MAX)
            && last_offset - self.base_offset <= i64::from(i32::MAX);
        let end_offset = if can_be { last_offset + 1 } else { next_offset };
        self.progress.next_offset = next_offset.max(end_offset);
    }

    fn check_epoch(&mut self, position: u64, header: &BatchHeader) {
        let (epoch, base_offset) = (header.partition_leader_epoch, header.base_offset);
        let latest = self.progress.latest_epoch;
        if epoch < latest {
            let problem = format!("leader epoch {epoch} behind leader epoch {latest}");
            self.find(position, base_offset, problem);
        }
        self.progress.latest_epoch = epoch;
        // The epochs of what is not readable any more are forgotten.
        let is_known = epoch >= 0 && base_offset >= self.progress.log_start_offset;
        let Some(epochs) = self.progress.epochs.as_ref().filter(|_| is_known) else { return };
        let expected = epochs.epoch_at(base_offset);
        if expected != Some(epoch) {
            let says = expected.map_or("none".to_owned(), |expected| expected.to_string());
            let problem = format!("it says leader epoch {says}, the batch has {epoch}");
            let path = self.folder.join(leader_epochs::FILE);
            self.progress.findings.add(&path, None, Some(base_offset), problem);
        }
    }

    /// Tells of what is no valid batch, and gives where to go on.
    fn pass_damage(&mut self, file: &File, position: u64, size: u64) -> std::io::Result<u64> {
        let next_offset = self.progress.next_offset;
        let mut bytes = [0; HEADER_BYTES];
        let read = file.read_at(&mut bytes, position)?;
        let header = BatchHeader::decode(&bytes[..read]).ok().filter(|header| {
            header.base_offset >= next_offset
                && header.last_offset_delta >= 0
                && header.last_offset() < self.end_offset.unwrap_or(i64::MAX)
                && position + header.size_bytes() as u64 <= size
        });
        let last_offset = self.base_offset + i64::from(i32::MAX);
        if let Some(header) = header {
            let end = position + header.size_bytes() as u64;
            let mut behind = BatchScanner::new(file, end, size, HEADER_BYTES);
            // What the header says is true when the next batch begins where it says.
            if end == size || behind.next_whole()?.is_some() {
                self.progress.next_offset = header.last_offset() + 1;
                let problem = "the checksum of the batch does not match".to_owned();
                self.find(position, header.base_offset, problem);
                return Ok(end);
            }
        }
        let found = find_valid_batch(file, position + 1, size, next_offset..last_offset)?;
        let end = found.unwrap_or(size);
        let len = end - position;
        let problem = match (found, self.end_offset) {
            (None, None) => {
                format!("{len} bytes at the end are no batch; the next start cuts them")
            }
            _ => format!("{len} bytes are no batch"),
        };
        self.find(position, next_offset, problem);
        Ok(end)
    }
}

/// Reads every record.
fn check_records(batch: &Batch<'_>, scratch: &mut Vec<u8>) -> Result<(), String> {
    let said = |error: WireError| error.to_string();
    let mut previous = -1;
    for record in batch.records(scratch, MAX_DECOMPRESSED_BATCH_BYTES).map_err(said)? {
        let offset_delta = record.map_err(said)?.offset_delta;
        if offset_delta <= previous || offset_delta > batch.header.last_offset_delta {
            return Err(format!("offset delta {offset_delta} follows {previous}"));
        }
        previous = offset_delta;
    }
    Ok(())
}
