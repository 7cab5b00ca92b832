//! Producer snapshots: what a log knew of its producers at an offset, in Kafka's format of version 1.
//!
//! A snapshot holds the last batch of each producer only. It is written when a segment is rolled and when the log is
//! closed, so that opening replays what follows instead of the whole log. A damaged one is passed over.

use std::path::Path;

use pybroker_wire::crc32c::crc32c;
use pybroker_wire::{Reader, WireError, Writer};

use crate::disk;
use crate::error::LogError;
use crate::producer_state::{BatchMetadata, Producer, ProducerStates};
use crate::segment::offset_path;

pub(crate) const SUFFIX: &str = ".snapshot";
const VERSION: i16 = 1;
/// Version and checksum; the checksum covers what follows.
const PREFIX_BYTES: usize = 6;
const ENTRY_BYTES: usize = 46;

/// Writes the snapshot of `offset`.
pub(crate) fn write(folder: &Path, offset: i64, states: &ProducerStates) -> Result<(), LogError> {
    disk::swap_file(&offset_path(folder, offset, SUFFIX), &encode(states))
}

/// Reads the snapshot of `offset`; `None` when it is missing or damaged.
pub(crate) fn read(
    folder: &Path,
    offset: i64,
    now_ms: i64,
) -> Result<Option<ProducerStates>, LogError> {
    let bytes = disk::read_file(&offset_path(folder, offset, SUFFIX))?;
    Ok(bytes.and_then(|bytes| decode(&bytes, now_ms).ok().flatten()))
}

fn encode(states: &ProducerStates) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(PREFIX_BYTES + 4 + states.len() * ENTRY_BYTES);
    let mut writer = Writer::new(&mut bytes);
    writer.write_i16(VERSION);
    writer.write_u32(0);
    writer.write_i32(states.len() as i32);
    for (producer_id, producer) in states.iter() {
        let last = producer.batches().last();
        writer.write_i64(producer_id);
        writer.write_i16(producer.epoch);
        writer.write_i32(last.map_or(-1, |batch| batch.last_sequence));
        writer.write_i64(last.map_or(-1, |batch| batch.last_offset));
        writer.write_i32(last.map_or(0, |batch| batch.offset_delta));
        writer.write_i64(producer.last_timestamp_ms);
        writer.write_i32(producer.coordinator_epoch);
        writer.write_i64(producer.transaction_first_offset);
    }
    let crc = crc32c(&bytes[PREFIX_BYTES..]);
    bytes[2..PREFIX_BYTES].copy_from_slice(&crc.to_be_bytes());
    bytes
}

fn decode(bytes: &[u8], now_ms: i64) -> Result<Option<ProducerStates>, WireError> {
    let mut reader = Reader::new(bytes);
    let (version, crc) = (reader.read_i16()?, reader.read_u32()?);
    if version != VERSION || crc != crc32c(&bytes[PREFIX_BYTES..]) {
        return Ok(None);
    }
    let count = reader.read_i32()?;
    if usize::try_from(count).ok().map(|count| count * ENTRY_BYTES) != Some(reader.remaining()) {
        return Ok(None);
    }
    let mut states = ProducerStates::default();
    for _ in 0..count {
        let producer_id = reader.read_i64()?;
        // The clock of the expiry starts anew: a snapshot does not say when a producer was last heard of.
        let mut producer = Producer::new(now_ms);
        producer.epoch = reader.read_i16()?;
        let last_sequence = reader.read_i32()?;
        let last_offset = reader.read_i64()?;
        let offset_delta = reader.read_i32()?;
        producer.last_timestamp_ms = reader.read_i64()?;
        producer.coordinator_epoch = reader.read_i32()?;
        producer.transaction_first_offset = reader.read_i64()?;
        if last_offset >= 0 {
            let timestamp_ms = producer.last_timestamp_ms;
            producer.push_batch(BatchMetadata {
                last_sequence,
                last_offset,
                offset_delta,
                timestamp_ms,
            });
        }
        states.insert(producer_id, producer);
    }
    Ok(Some(states))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states() -> ProducerStates {
        let mut states = ProducerStates::default();
        let mut producer = Producer::new(0);
        producer.epoch = 3;
        producer.last_timestamp_ms = 1_700_000_000_000;
        for batch in 0..2 {
            producer.push_batch(BatchMetadata {
                last_sequence: 9 + batch * 10,
                last_offset: 109 + i64::from(batch) * 10,
                offset_delta: 9,
                timestamp_ms: 1_700_000_000_000,
            });
        }
        states.insert(42, producer);
        states
    }

    #[test]
    fn a_snapshot_keeps_the_last_batch_of_each_producer() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), 120, &states()).unwrap();
        let read = read(folder.path(), 120, 5).unwrap().unwrap();
        let (producer_id, producer) = read.iter().next().unwrap();
        assert_eq!((read.len(), producer_id, producer.epoch), (1, 42, 3));
        assert_eq!(producer.batches(), &states().iter().next().unwrap().1.batches()[1..]);
    }

    #[test]
    fn the_bytes_are_kafkas() {
        let bytes = encode(&states());
        assert_eq!(bytes.len(), PREFIX_BYTES + 4 + ENTRY_BYTES);
        assert_eq!(&bytes[..2], [0, 1]);
        assert_eq!(&bytes[6..10], [0, 0, 0, 1], "one entry");
        assert_eq!(&bytes[10..20], [0, 0, 0, 0, 0, 0, 0, 42, 0, 3], "id and epoch");
        assert_eq!(&bytes[20..24], [0, 0, 0, 19], "last sequence");
    }

    #[test]
    fn a_damaged_snapshot_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = offset_path(folder.path(), 120, SUFFIX);
        let whole = encode(&states());
        for len in 0..whole.len() {
            disk::write_file(&path, &whole[..len]).unwrap();
            assert!(read(folder.path(), 120, 0).unwrap().is_none(), "cut at {len}");
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x40;
            disk::write_file(&path, &damaged).unwrap();
            assert!(read(folder.path(), 120, 0).unwrap().is_none(), "flipped at {at}");
        }
        assert!(read(folder.path(), 121, 0).unwrap().is_none(), "missing");
    }
}
