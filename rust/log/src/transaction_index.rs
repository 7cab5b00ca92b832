//! `.txnindex`: the aborted transactions whose markers are in a segment, in Kafka's format.
//!
//! An entry is 34 bytes: version, producer id, first offset, last offset (of the marker), last stable offset (after the marker).
//! The file is made when the first entry comes. Entries are written before their marker, so that no marker is without its
//! entry; what a crash leaves is put right by recovery, which reads the markers again. Decoding accepts only what encoding could
//! have written: anything else is a damaged file, which is rebuilt from the log.

use std::ops::Range;
use std::path::{Path, PathBuf};

use pybroker_wire::{Reader, WireError, Writer};

use crate::disk::{self, File};
use crate::error::LogError;
use crate::segment::{Segment, TRANSACTION_INDEX_SUFFIX, offset_path};

/// Bytes of an entry.
pub(crate) const ABORTED_ENTRY_BYTES: usize = 34;
const VERSION: i16 = 0;

/// A transaction that was aborted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbortedTransaction {
    /// Whose it was.
    pub producer_id: i64,
    /// Offset of its first record.
    pub first_offset: i64,
    /// Offset of its marker.
    pub last_offset: i64,
    /// The last stable offset when the marker was written: no transaction that began before it is aborted later.
    pub last_stable_offset: i64,
}

/// The aborted transactions of one segment, by ascending offset of their markers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TransactionIndex {
    entries: Vec<AbortedTransaction>,
}

impl TransactionIndex {
    pub(crate) fn entries(&self) -> &[AbortedTransaction] {
        &self.entries
    }

    pub(crate) fn push(&mut self, entry: AbortedTransaction) {
        self.entries.push(entry);
    }

    /// Keeps the transactions whose markers are before an offset; says whether others were there.
    pub(crate) fn truncate(&mut self, offset: i64) -> bool {
        let kept = self.entries.partition_point(|entry| entry.last_offset < offset);
        let is_cut = kept < self.entries.len();
        self.entries.truncate(kept);
        is_cut
    }

    /// Adds what overlaps the offsets to `found`. Says whether later segments have nothing to add.
    pub(crate) fn collect(
        &self,
        offsets: &Range<i64>,
        found: &mut Vec<AbortedTransaction>,
    ) -> bool {
        let first = self.entries.partition_point(|entry| entry.last_offset < offsets.start);
        for entry in &self.entries[first..] {
            if entry.first_offset < offsets.end {
                found.push(*entry);
            }
            if entry.last_stable_offset >= offsets.end {
                return true;
            }
        }
        false
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.entries.len() * ABORTED_ENTRY_BYTES);
        for entry in &self.entries {
            encode_entry(entry, &mut bytes);
        }
        bytes
    }

    /// Reads the file of the segment that starts at `base_offset`; `None` when it is damaged.
    pub(crate) fn decode(bytes: &[u8], base_offset: i64) -> Option<Self> {
        let (chunks, rest) = bytes.as_chunks::<ABORTED_ENTRY_BYTES>();
        let mut entries: Vec<AbortedTransaction> = Vec::with_capacity(chunks.len());
        for chunk in chunks {
            let entry = decode_entry(chunk).ok().flatten()?;
            let previous = entries.last().map_or(base_offset - 1, |last| last.last_offset);
            if entry.last_offset <= previous {
                return None;
            }
            entries.push(entry);
        }
        rest.is_empty().then_some(Self { entries })
    }
}

fn encode_entry(entry: &AbortedTransaction, bytes: &mut Vec<u8>) {
    let mut writer = Writer::new(bytes);
    writer.write_i16(VERSION);
    writer.write_i64(entry.producer_id);
    writer.write_i64(entry.first_offset);
    writer.write_i64(entry.last_offset);
    writer.write_i64(entry.last_stable_offset);
}

fn decode_entry(bytes: &[u8]) -> Result<Option<AbortedTransaction>, WireError> {
    let mut reader = Reader::new(bytes);
    if reader.read_i16()? != VERSION {
        return Ok(None);
    }
    let entry = AbortedTransaction {
        producer_id: reader.read_i64()?,
        first_offset: reader.read_i64()?,
        last_offset: reader.read_i64()?,
        last_stable_offset: reader.read_i64()?,
    };
    let is_one = entry.producer_id >= 0
        && (0..entry.last_offset).contains(&entry.first_offset)
        && (0..=entry.last_offset + 1).contains(&entry.last_stable_offset);
    Ok(is_one.then_some(entry))
}

impl Segment {
    fn transaction_index_path(&self, folder: &Path) -> PathBuf {
        offset_path(folder, self.base_offset, TRANSACTION_INDEX_SUFFIX)
    }

    /// Says that there is no `.txnindex`, so that nobody looks for one.
    pub(crate) fn has_no_aborted(&mut self) {
        self.aborted = Some(TransactionIndex::default());
    }

    /// Says what the `.txnindex` holds.
    pub(crate) fn set_aborted(&mut self, index: TransactionIndex) {
        self.aborted = Some(index);
    }

    /// The aborted transactions, loaded; `None` when the file is damaged.
    pub(crate) fn aborted(
        &mut self,
        folder: &Path,
    ) -> Result<Option<&mut TransactionIndex>, LogError> {
        if self.aborted.is_none() {
            let bytes = disk::read_file(&self.transaction_index_path(folder))?;
            self.aborted = TransactionIndex::decode(&bytes.unwrap_or_default(), self.base_offset);
        }
        Ok(self.aborted.as_mut())
    }

    /// Writes the entry of a marker that is about to be appended. Until `keep_aborted` it is not part of the index.
    pub(crate) fn write_aborted(
        &mut self,
        folder: &Path,
        entry: &AbortedTransaction,
    ) -> Result<(), LogError> {
        let path = self.transaction_index_path(folder);
        let mut bytes = Vec::with_capacity(ABORTED_ENTRY_BYTES);
        encode_entry(entry, &mut bytes);
        let position = self.aborted_bytes();
        let file = File::open_or_create(&path)?;
        self.indexes_unflushed = true;
        file.write_all_at(&bytes, position).map_err(|error| LogError::disk("write", &path, error))
    }

    /// Takes an entry into the index whose marker is in the log.
    pub(crate) fn keep_aborted(&mut self, entry: AbortedTransaction) {
        self.aborted.get_or_insert_default().push(entry);
    }

    /// Cuts the file behind what is kept.
    pub(crate) fn cut_aborted(&mut self, folder: &Path) -> Result<(), LogError> {
        let path = self.transaction_index_path(folder);
        let kept = self.aborted_bytes();
        if disk::file_len(&path)?.is_none_or(|len| len == kept) {
            return Ok(());
        }
        if kept == 0 {
            return disk::remove_file(&path);
        }
        self.indexes_unflushed = true;
        File::open(&path)?.set_len(kept).map_err(|error| LogError::disk("truncate", &path, error))
    }

    /// Puts an index that was rebuilt in the place of the one that there is.
    pub(crate) fn replace_aborted(
        &mut self,
        folder: &Path,
        index: TransactionIndex,
    ) -> Result<(), LogError> {
        let path = self.transaction_index_path(folder);
        let (stored, bytes) = (disk::read_file(&path)?, index.encode());
        let is_stored = stored.as_deref().unwrap_or_default() == bytes;
        self.aborted = Some(index);
        if is_stored {
            return Ok(());
        }
        self.indexes_unflushed = true;
        if bytes.is_empty() {
            return disk::remove_file(&path);
        }
        // A part of it would be an index, too: no recovery may ever look at the segment again.
        disk::swap_synced_file(&path, &bytes)
    }

    fn aborted_bytes(&self) -> u64 {
        let entries = self.aborted.as_ref().map_or(0, |index| index.entries.len());
        (entries * ABORTED_ENTRY_BYTES) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(first_offset: i64, last_offset: i64, last_stable_offset: i64) -> AbortedTransaction {
        AbortedTransaction { producer_id: 7, first_offset, last_offset, last_stable_offset }
    }

    fn index(entries: &[AbortedTransaction]) -> TransactionIndex {
        TransactionIndex { entries: entries.to_vec() }
    }

    #[test]
    fn an_entry_is_kafkas_34_bytes() {
        let bytes = index(&[entry(1, 2, 3)]).encode();
        let expected: Vec<u8> = [&[0, 0][..], &7i64.to_be_bytes(), &1i64.to_be_bytes()]
            .into_iter()
            .chain([&2i64.to_be_bytes()[..], &3i64.to_be_bytes()])
            .flatten()
            .copied()
            .collect();
        assert_eq!(bytes, expected);
        assert_eq!(bytes.len(), ABORTED_ENTRY_BYTES);
    }

    #[test]
    fn an_index_reads_back_what_it_wrote_and_tells_damage() {
        let whole = index(&[entry(0, 9, 5), entry(5, 19, 20)]);
        let bytes = whole.encode();
        assert_eq!(TransactionIndex::decode(&bytes, 9), Some(whole));
        assert_eq!(TransactionIndex::decode(&[], 9), Some(TransactionIndex::default()));
        assert_eq!(TransactionIndex::decode(&bytes, 10), None, "a marker before the segment");
        for len in (1..bytes.len()).filter(|len| len % ABORTED_ENTRY_BYTES != 0) {
            assert_eq!(TransactionIndex::decode(&bytes[..len], 0), None, "cut at {len}");
        }
        assert_eq!(TransactionIndex::decode(&[0; ABORTED_ENTRY_BYTES], 0), None);
        let mut newer = bytes.clone();
        newer[1] = 1;
        assert_eq!(TransactionIndex::decode(&newer, 0), None);
        let reversed = index(&[entry(5, 19, 20), entry(0, 9, 5)]).encode();
        assert_eq!(TransactionIndex::decode(&reversed, 0), None);
    }

    #[test]
    fn what_overlaps_a_range_is_collected_until_the_stable_offset_covers_it() {
        let whole =
            index(&[entry(0, 9, 3), entry(3, 19, 15), entry(15, 29, 30), entry(31, 40, 41)]);
        let collect = |range: Range<i64>| {
            let mut found = Vec::new();
            let is_complete = whole.collect(&range, &mut found);
            (found.iter().map(|entry| entry.last_offset).collect::<Vec<_>>(), is_complete)
        };
        assert_eq!(collect(0..3), (vec![9], true));
        assert_eq!(collect(0..4), (vec![9, 19], true));
        assert_eq!(collect(9..10), (vec![9, 19], true), "the marker itself belongs to it");
        assert_eq!(collect(10..16), (vec![19, 29], true));
        assert_eq!(collect(30..31), (vec![], true));
        assert_eq!(collect(20..50), (vec![29, 40], false), "a later segment may have more");
        assert_eq!(collect(41..42), (vec![], false));
    }

    #[test]
    fn truncating_keeps_what_was_aborted_before_the_offset() {
        let mut whole = index(&[entry(0, 9, 3), entry(3, 19, 20)]);
        assert!(!whole.truncate(20));
        assert!(whole.truncate(19));
        assert_eq!(whole, index(&[entry(0, 9, 3)]));
    }
}
