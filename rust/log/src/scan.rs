//! Reading the batches of a segment one after the other: headers only, or whole batches with their checksums.

use std::io;

use pybroker_wire::batch::{Batch, BatchHeader, HEADER_BYTES};

use crate::disk::File;
use crate::transactions::ProducerBatch;

/// What a lookup reads at once: an index entry is within so many bytes, unless the batches are larger.
pub(crate) const LOOKUP_CHUNK_BYTES: usize = 4 * 1024;
/// What a scan over a whole segment reads at once.
pub(crate) const SCAN_CHUNK_BYTES: usize = 256 * 1024;
/// How far the operating system reads ahead of recovery.
const READ_AHEAD_BYTES: u64 = 8 << 20;

/// A header and where its batch starts in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FoundBatch {
    pub(crate) position: u64,
    pub(crate) header: BatchHeader,
}

impl FoundBatch {
    pub(crate) fn end(&self) -> u64 {
        self.position + self.header.size_bytes() as u64
    }
}

/// Walks over the batches between two positions of a file.
#[derive(Debug)]
pub(crate) struct BatchScanner<'a> {
    file: &'a File,
    position: u64,
    end: u64,
    chunk: Vec<u8>,
    chunk_position: u64,
    chunk_bytes: usize,
    read_ahead_end: u64,
}

impl<'a> BatchScanner<'a> {
    pub(crate) fn new(file: &'a File, position: u64, end: u64, chunk_bytes: usize) -> Self {
        Self {
            file,
            position,
            end,
            chunk: Vec::new(),
            chunk_position: position,
            chunk_bytes,
            read_ahead_end: position,
        }
    }

    /// Where the next batch starts. After the last whole batch it stays there: before `end` if something else follows.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// The next header; `None` where no whole batch follows. The checksum is not looked at.
    pub(crate) fn next_header(&mut self) -> io::Result<Option<FoundBatch>> {
        let Some(found) = self.peek_header()? else {
            return Ok(None);
        };
        self.position = found.end();
        Ok(Some(found))
    }

    /// The next batch as producers see it; `None` where no whole batch follows. The checksum is not looked at.
    pub(crate) fn next_producer_batch(&mut self) -> io::Result<Option<ProducerBatch>> {
        let Some(found) = self.peek_header()? else {
            return Ok(None);
        };
        let batch = self.producer_batch(&found)?;
        self.position = found.end();
        Ok(Some(batch))
    }

    /// The next batch as recovery sees it; `None` where no whole batch follows. The checksum is looked at unless all of the
    /// batch is before `recovery_point`.
    pub(crate) fn next_recovered(
        &mut self,
        recovery_point: i64,
    ) -> io::Result<Option<(FoundBatch, ProducerBatch)>> {
        self.read_ahead();
        let Some(found) = self.peek_header()? else {
            return Ok(None);
        };
        let batch = if found.header.last_offset() < recovery_point {
            self.producer_batch(&found)?
        } else {
            self.chunk_bytes = SCAN_CHUNK_BYTES;
            let whole = self.bytes(&found)?.and_then(|bytes| Batch::first(bytes).ok());
            let Some(whole) = whole.filter(|whole| whole.verify_crc().is_ok()) else {
                return Ok(None);
            };
            ProducerBatch::of(&whole)
        };
        self.position = found.end();
        Ok(Some((found, batch)))
    }

    fn producer_batch(&mut self, found: &FoundBatch) -> io::Result<ProducerBatch> {
        if found.header.attributes.is_control()
            && let Some(whole) = self.bytes(found)?.and_then(|bytes| Batch::first(bytes).ok())
        {
            return Ok(ProducerBatch::of(&whole));
        }
        Ok(ProducerBatch::without_marker(found.header))
    }

    /// Has the file read ahead of the scan: headers alone look to the operating system like reads at random.
    fn read_ahead(&mut self) {
        if self.position + READ_AHEAD_BYTES / 2 >= self.read_ahead_end {
            let start = self.read_ahead_end.max(self.position);
            self.read_ahead_end = (self.position + READ_AHEAD_BYTES).min(self.end);
            self.file.expect_reads(start, self.read_ahead_end.saturating_sub(start));
        }
    }

    /// The next batch with all its bytes; `None` where no whole batch with a valid checksum follows.
    pub(crate) fn next_whole(&mut self) -> io::Result<Option<(FoundBatch, &[u8])>> {
        let Some(found) = self.peek_header()? else {
            return Ok(None);
        };
        let is_valid = self
            .bytes(&found)?
            .is_some_and(|bytes| Batch::first(bytes).is_ok_and(|batch| batch.verify_crc().is_ok()));
        if !is_valid {
            return Ok(None);
        }
        let start = (self.position - self.chunk_position) as usize;
        self.position = found.end();
        Ok(Some((found, &self.chunk[start..start + found.header.size_bytes()])))
    }

    /// The bytes of the batch at the position, if the file has them.
    fn bytes(&mut self, found: &FoundBatch) -> io::Result<Option<&[u8]>> {
        let size = found.header.size_bytes();
        self.fill(size)?;
        let start = (self.position - self.chunk_position) as usize;
        Ok(self.chunk.get(start..start + size))
    }

    fn peek_header(&mut self) -> io::Result<Option<FoundBatch>> {
        if self.end.saturating_sub(self.position) < HEADER_BYTES as u64 {
            return Ok(None);
        }
        self.fill(HEADER_BYTES)?;
        let start = (self.position - self.chunk_position) as usize;
        let header = self.chunk.get(start..).and_then(|bytes| BatchHeader::decode(bytes).ok());
        Ok(header
            .map(|header| FoundBatch { position: self.position, header })
            .filter(|found| found.end() <= self.end && is_plausible(&found.header)))
    }

    /// Makes `needed` bytes from the position on available, unless the file ends before.
    fn fill(&mut self, needed: usize) -> io::Result<()> {
        let chunk_end = self.chunk_position + self.chunk.len() as u64;
        if self.position + needed as u64 <= chunk_end {
            return Ok(());
        }
        let wanted = needed.max(self.chunk_bytes) as u64;
        let size = wanted.min(self.end - self.position) as usize;
        self.chunk_position = self.position;
        self.chunk.resize(size, 0);
        let read = self.file.read_at(&mut self.chunk, self.position)?;
        self.chunk.truncate(read);
        Ok(())
    }
}

/// Whether a header can be one that was written to a log.
fn is_plausible(header: &BatchHeader) -> bool {
    header.base_offset >= 0
        && header.last_offset_delta >= 0
        && header.base_offset.checked_add(i64::from(header.last_offset_delta)).is_some()
}

/// Whether some batch with a valid checksum starts at `position` or later; its base offset is within `base_offsets`.
///
/// Recovery asks this behind a damaged batch: only a torn tail has nothing valid behind it.
pub(crate) fn has_valid_batch_after(
    file: &File,
    position: u64,
    end: u64,
    base_offsets: std::ops::Range<i64>,
) -> io::Result<bool> {
    find_valid_batch(file, position, end, base_offsets).map(|found| found.is_some())
}

/// Where the first batch with a valid checksum starts, at `position` or later; its base offset is within `base_offsets`.
pub(crate) fn find_valid_batch(
    file: &File,
    mut position: u64,
    end: u64,
    base_offsets: std::ops::Range<i64>,
) -> io::Result<Option<u64>> {
    let mut chunk = vec![0; SCAN_CHUNK_BYTES];
    while end.saturating_sub(position) >= HEADER_BYTES as u64 {
        let size = (SCAN_CHUNK_BYTES as u64).min(end - position) as usize;
        let read = file.read_at(&mut chunk[..size], position)?;
        if read < HEADER_BYTES {
            return Ok(None);
        }
        for (start, window) in chunk[..read].windows(HEADER_BYTES).enumerate() {
            let base_offset = i64::from_be_bytes([
                window[0], window[1], window[2], window[3], window[4], window[5], window[6],
                window[7],
            ]);
            if base_offsets.contains(&base_offset) && window[16] == 2 {
                let mut scanner =
                    BatchScanner::new(file, position + start as u64, end, HEADER_BYTES);
                if scanner.next_whole()?.is_some() {
                    return Ok(Some(position + start as u64));
                }
            }
        }
        position += (read - HEADER_BYTES + 1) as u64;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pybroker_wire::BatchBuilder;

    fn batch(base_offset: i64) -> Vec<u8> {
        let mut builder = BatchBuilder::new(base_offset);
        builder.append(0, None, Some(b"value"), &[]);
        let mut bytes = Vec::new();
        builder.build(&mut bytes).unwrap();
        bytes
    }

    fn file_with(bytes: &[u8]) -> (tempfile::TempDir, File) {
        let folder = tempfile::tempdir().unwrap();
        let file = File::open_or_create(&folder.path().join("file")).unwrap();
        file.write_all_at(bytes, 0).unwrap();
        (folder, file)
    }

    #[test]
    fn a_valid_batch_is_found_wherever_it_starts() {
        let whole = batch(42);
        let edge = SCAN_CHUNK_BYTES;
        let edges = edge - whole.len() - 1..edge + 2;
        for position in (0..3).chain(edges.step_by(7)).chain([edge - 61, edge - 60, edge]) {
            let bytes = [vec![0x22; position], whole.clone(), vec![0; 90]].concat();
            let (_folder, file) = file_with(&bytes);
            let end = bytes.len() as u64;
            assert!(has_valid_batch_after(&file, 0, end, 42..43).unwrap(), "at {position}");
            assert!(!has_valid_batch_after(&file, 0, end, 43..99).unwrap());
            assert!(!has_valid_batch_after(&file, position as u64 + 1, end, 42..43).unwrap());
            let cut = end - 91;
            assert!(!has_valid_batch_after(&file, 0, cut, 42..43).unwrap(), "not whole");
        }
    }

    #[test]
    fn a_scan_ends_where_no_whole_batch_follows() {
        let whole = [batch(0), batch(1)].concat();
        let (_folder, file) = file_with(&whole);
        for chunk in [1, 61, 100, SCAN_CHUNK_BYTES] {
            for end in 0..=whole.len() {
                let mut scanner = BatchScanner::new(&file, 0, end as u64, chunk);
                let mut count = 0;
                while let Some((found, bytes)) = scanner.next_whole().unwrap() {
                    assert_eq!(found.header.base_offset, count);
                    assert_eq!(bytes.len(), found.header.size_bytes());
                    count += 1;
                }
                assert_eq!(count as usize, end / batch(0).len());
                assert_eq!(scanner.position(), count as u64 * batch(0).len() as u64);
            }
        }
    }
}
