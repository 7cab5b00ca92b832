//! The two sparse indexes of a segment, in memory and in Kafka's bytes.
//!
//! An entry of the offset index is (last offset of a batch, position of the batch); one of the time index is (largest timestamp so
//! far, last offset of the batch that had it). Offsets are relative to the segment's base offset. Decoding accepts only
//! what encoding could have written: anything else is a damaged file, which the caller rebuilds from the log.

/// Bytes of an entry of the offset index.
pub(crate) const OFFSET_ENTRY_BYTES: usize = 8;
/// Bytes of an entry of the time index.
pub(crate) const TIME_ENTRY_BYTES: usize = 12;

/// Where a batch ends in offsets and starts in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OffsetEntry {
    pub(crate) relative_offset: u32,
    pub(crate) position: u32,
}

/// The largest timestamp of the segment up to a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeEntry {
    pub(crate) timestamp_ms: i64,
    pub(crate) relative_offset: u32,
}

/// Offset to position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OffsetIndex {
    entries: Vec<OffsetEntry>,
}

/// Timestamp to offset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TimeIndex {
    entries: Vec<TimeEntry>,
}

impl OffsetIndex {
    pub(crate) fn entries(&self) -> &[OffsetEntry] {
        &self.entries
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn last(&self) -> Option<OffsetEntry> {
        self.entries.last().copied()
    }

    /// Adds an entry; one that does not lie after the last is not added.
    pub(crate) fn push(&mut self, entry: OffsetEntry) {
        if self.entries.last().is_none_or(|last| {
            last.relative_offset < entry.relative_offset && last.position < entry.position
        }) {
            self.entries.push(entry);
        }
    }

    /// The entry to start reading at to find the batch that holds an offset; without one, the segment's start.
    pub(crate) fn floor(&self, relative_offset: u32) -> Option<OffsetEntry> {
        let after = self.entries.partition_point(|entry| entry.relative_offset <= relative_offset);
        after.checked_sub(1).map(|floor| self.entries[floor])
    }

    /// The first entry whose batch starts at a position or after it.
    pub(crate) fn first_from(&self, position: u64) -> Option<OffsetEntry> {
        let first = self.entries.partition_point(|entry| u64::from(entry.position) < position);
        self.entries.get(first).copied()
    }

    /// Keeps the entries before an offset.
    pub(crate) fn truncate(&mut self, relative_offset: u32) {
        let kept = self.entries.partition_point(|entry| entry.relative_offset < relative_offset);
        self.entries.truncate(kept);
    }

    /// The bytes of the entries from the `first`-th on.
    pub(crate) fn encode_from(&self, first: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity((self.len() - first) * OFFSET_ENTRY_BYTES);
        for entry in &self.entries[first..] {
            bytes.extend_from_slice(&entry.relative_offset.to_be_bytes());
            bytes.extend_from_slice(&entry.position.to_be_bytes());
        }
        bytes
    }

    /// Reads the file of a segment of `segment_size` bytes; `None` when it is damaged.
    pub(crate) fn decode(bytes: &[u8], segment_size: u64) -> Option<Self> {
        let (chunks, rest) = bytes.as_chunks::<OFFSET_ENTRY_BYTES>();
        let mut index = Self { entries: Vec::with_capacity(chunks.len()) };
        for chunk in chunks {
            let entry = OffsetEntry {
                relative_offset: u32::from_be_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]),
                position: u32::from_be_bytes([chunk[4], chunk[5], chunk[6], chunk[7]]),
            };
            index.push(entry);
            if entry.relative_offset > i32::MAX as u32 || u64::from(entry.position) >= segment_size
            {
                return None;
            }
        }
        (rest.is_empty() && index.len() == chunks.len()).then_some(index)
    }
}

impl TimeIndex {
    pub(crate) fn entries(&self) -> &[TimeEntry] {
        &self.entries
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn last(&self) -> Option<TimeEntry> {
        self.entries.last().copied()
    }

    /// Adds an entry if its timestamp is larger than all before.
    pub(crate) fn push(&mut self, entry: TimeEntry) {
        if entry.timestamp_ms >= 0
            && self.entries.last().is_none_or(|last| {
                last.timestamp_ms < entry.timestamp_ms
                    && last.relative_offset <= entry.relative_offset
            })
        {
            self.entries.push(entry);
        }
    }

    /// The last entry whose timestamp is smaller: no record up to its offset reaches the timestamp asked for.
    pub(crate) fn before(&self, timestamp_ms: i64) -> Option<TimeEntry> {
        let after = self.entries.partition_point(|entry| entry.timestamp_ms < timestamp_ms);
        after.checked_sub(1).map(|floor| self.entries[floor])
    }

    /// Keeps the entries before an offset.
    pub(crate) fn truncate(&mut self, relative_offset: u32) {
        let kept = self.entries.partition_point(|entry| entry.relative_offset < relative_offset);
        self.entries.truncate(kept);
    }

    /// The bytes of the entries from the `first`-th on.
    pub(crate) fn encode_from(&self, first: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity((self.len() - first) * TIME_ENTRY_BYTES);
        for entry in &self.entries[first..] {
            bytes.extend_from_slice(&entry.timestamp_ms.to_be_bytes());
            bytes.extend_from_slice(&entry.relative_offset.to_be_bytes());
        }
        bytes
    }

    /// Reads the file; `None` when it is damaged.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (chunks, rest) = bytes.as_chunks::<TIME_ENTRY_BYTES>();
        let mut index = Self { entries: Vec::with_capacity(chunks.len()) };
        for chunk in chunks {
            let (timestamp, offset) = chunk.split_at(8);
            let timestamp: [u8; 8] = timestamp.try_into().ok()?;
            let offset: [u8; 4] = offset.try_into().ok()?;
            let entry = TimeEntry {
                timestamp_ms: i64::from_be_bytes(timestamp),
                relative_offset: u32::from_be_bytes(offset),
            };
            index.push(entry);
            if entry.relative_offset > i32::MAX as u32 {
                return None;
            }
        }
        (rest.is_empty() && index.len() == chunks.len()).then_some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offsets(entries: &[(u32, u32)]) -> OffsetIndex {
        let mut index = OffsetIndex::default();
        for &(relative_offset, position) in entries {
            index.push(OffsetEntry { relative_offset, position });
        }
        index
    }

    fn times(entries: &[(i64, u32)]) -> TimeIndex {
        let mut index = TimeIndex::default();
        for &(timestamp_ms, relative_offset) in entries {
            index.push(TimeEntry { timestamp_ms, relative_offset });
        }
        index
    }

    #[test]
    fn an_offset_is_looked_up_at_the_last_entry_not_after_it() {
        let index = offsets(&[(9, 100), (19, 200), (29, 300)]);
        let position = |offset| index.floor(offset).map_or(0, |entry| entry.position);
        assert_eq!(
            [0, 8, 9, 10, 19, 28, 29, 99].map(position),
            [0, 0, 100, 100, 200, 200, 300, 300]
        );
    }

    #[test]
    fn a_timestamp_is_looked_up_before_the_first_entry_that_reaches_it() {
        let index = times(&[(1000, 9), (2000, 19)]);
        let offset = |timestamp| index.before(timestamp).map_or(0, |entry| entry.relative_offset);
        assert_eq!([0, 1000, 1001, 2000, 2001].map(offset), [0, 0, 9, 9, 19]);
    }

    #[test]
    fn an_index_reads_back_what_it_wrote() {
        let index = offsets(&[(9, 100), (19, 200)]);
        assert_eq!(OffsetIndex::decode(&index.encode_from(0), 300), Some(index.clone()));
        assert_eq!(index.encode_from(1), [0, 0, 0, 19, 0, 0, 0, 200]);
        let index = times(&[(1000, 9), (2000, 19)]);
        assert_eq!(TimeIndex::decode(&index.encode_from(0)), Some(index));
    }

    #[test]
    fn a_damaged_index_is_told_from_a_valid_one() {
        let index = offsets(&[(9, 100), (19, 200)]);
        let bytes = index.encode_from(0);
        assert_eq!(OffsetIndex::decode(&bytes, 200), None, "points past the segment");
        assert_eq!(OffsetIndex::decode(&bytes[..15], 300), None, "ends inside of an entry");
        assert_eq!(OffsetIndex::decode(&[bytes.clone(), vec![0; 8]].concat(), 300), None);
        assert_eq!(TimeIndex::decode(&[0xff; 12]), None);
        assert_eq!(TimeIndex::decode(&[0; 24]), None);
    }

    #[test]
    fn truncating_keeps_entries_before_the_offset() {
        let mut index = offsets(&[(9, 100), (19, 200), (29, 300)]);
        index.truncate(19);
        assert_eq!(index, offsets(&[(9, 100)]));
        let mut index = times(&[(1000, 9), (2000, 19)]);
        index.truncate(20);
        assert_eq!(index.len(), 2);
    }
}
