//! Record batches of format 2: a view of the header, the checks, and the bytes that a broker
//! assigns.
//!
//! Base offset and partition leader epoch stand outside the checksum, so that a broker patches them
//! in place; timestamp type and largest timestamp stand inside it, so that patching them computes
//! it anew.

mod attributes;
mod builder;

use crate::compression::Compression;
use crate::crc32c::crc32c;
use crate::error::{Result, WireError};
use crate::primitives::{Reader, Writer};
use crate::record::Records;

pub use attributes::{Attributes, TimestampType};
pub use builder::BatchBuilder;

/// Bytes of a batch before its records.
pub const HEADER_BYTES: usize = 61;
/// Bytes before the ones that `batch_length` counts: base offset and the length itself.
pub const LENGTH_OVERHEAD: usize = 12;
/// Where the first byte that the checksum covers stands.
const CRC_START: usize = 21;
const LEADER_EPOCH_AT: usize = 12;
const MAGIC_AT: usize = 16;
const CRC_AT: usize = 17;
const ATTRIBUTES_AT: usize = 21;
const MAX_TIMESTAMP_AT: usize = 35;

/// The only format that is served.
pub const MAGIC: i8 = 2;
/// A timestamp that is not known.
pub const NO_TIMESTAMP: i64 = -1;
/// The producer id of a batch of a producer without idempotence.
pub const NO_PRODUCER_ID: i64 = -1;
/// The epoch of such a batch.
pub const NO_PRODUCER_EPOCH: i16 = -1;
/// The sequence of such a batch, and of a marker.
pub const NO_SEQUENCE: i32 = -1;

/// The 61 bytes before the records, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset of the first record when the batch was written.
    pub base_offset: i64,
    /// Bytes that follow this field.
    pub batch_length: i32,
    /// Leader epoch in which the batch was appended.
    pub partition_leader_epoch: i32,
    /// CRC-32C of everything from the attributes on.
    pub crc: u32,
    /// Codec, timestamp type, and what kind of batch this is.
    pub attributes: Attributes,
    /// Offset of the last record minus the base offset. Compaction keeps it.
    pub last_offset_delta: i32,
    /// Timestamp of the first record, or the delete horizon.
    pub base_timestamp: i64,
    /// Largest timestamp of a record, or the append time.
    pub max_timestamp: i64,
    /// Who produced it, or −1.
    pub producer_id: i64,
    /// In which of its epochs.
    pub producer_epoch: i16,
    /// Sequence of the first record.
    pub base_sequence: i32,
    /// Records in the batch.
    pub records_count: i32,
}

impl BatchHeader {
    /// Reads the header at the start of `bytes`, which may end with it. Checks format and length,
    /// not the checksum.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        // The format's number stands at the same place in all formats.
        if let Some(&magic) = bytes.get(MAGIC_AT)
            && magic as i8 != MAGIC
        {
            return Err(WireError::UnsupportedMagic(magic as i8));
        }
        let mut reader = Reader::new(bytes);
        let base_offset = reader.read_i64()?;
        let batch_length = reader.read_i32()?;
        if batch_length < (HEADER_BYTES - LENGTH_OVERHEAD) as i32 {
            return Err(WireError::InvalidBatchLength(batch_length));
        }
        let partition_leader_epoch = reader.read_i32()?;
        reader.read_i8()?;
        Ok(Self {
            base_offset,
            batch_length,
            partition_leader_epoch,
            crc: reader.read_u32()?,
            attributes: Attributes(reader.read_i16()?),
            last_offset_delta: reader.read_i32()?,
            base_timestamp: reader.read_i64()?,
            max_timestamp: reader.read_i64()?,
            producer_id: reader.read_i64()?,
            producer_epoch: reader.read_i16()?,
            base_sequence: reader.read_i32()?,
            records_count: reader.read_i32()?,
        })
    }

    /// Bytes of the whole batch.
    pub fn size_bytes(&self) -> usize {
        LENGTH_OVERHEAD + self.batch_length as usize
    }

    /// Offset of the last record; of a compacted batch, the last one that it had.
    pub fn last_offset(&self) -> i64 {
        self.base_offset.saturating_add(i64::from(self.last_offset_delta))
    }

    /// Sequence of the last record; −1 without one.
    pub fn last_sequence(&self) -> i32 {
        if self.base_sequence == NO_SEQUENCE {
            return NO_SEQUENCE;
        }
        add_sequence(self.base_sequence, self.last_offset_delta)
    }

    /// Whether the batch comes from an idempotent producer.
    pub fn has_producer_id(&self) -> bool {
        self.producer_id > NO_PRODUCER_ID
    }

    /// Appends a batch with these fields and `payload`, which is compressed already; length and
    /// checksum are computed.
    pub fn encode(&self, payload: &[u8], bytes: &mut Vec<u8>) {
        let start = bytes.len();
        let mut writer = Writer::new(bytes);
        writer.write_i64(self.base_offset);
        writer.write_i32((HEADER_BYTES - LENGTH_OVERHEAD + payload.len()) as i32);
        writer.write_i32(self.partition_leader_epoch);
        writer.write_i8(MAGIC);
        writer.write_u32(0);
        writer.write_i16(self.attributes.0);
        writer.write_i32(self.last_offset_delta);
        writer.write_i64(self.base_timestamp);
        writer.write_i64(self.max_timestamp);
        writer.write_i64(self.producer_id);
        writer.write_i16(self.producer_epoch);
        writer.write_i32(self.base_sequence);
        writer.write_i32(self.records_count);
        writer.write_raw(payload);
        write_crc(&mut bytes[start..]);
    }
}

/// The sequence that is `delta` records after `sequence`: after 2^31−1 comes 0.
pub fn add_sequence(sequence: i32, delta: i32) -> i32 {
    let sum = i64::from(sequence) + i64::from(delta);
    if sum > i64::from(i32::MAX) { (sum - i64::from(i32::MAX) - 1) as i32 } else { sum as i32 }
}

/// One whole batch in a buffer.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// Its header.
    pub header: BatchHeader,
    /// All its bytes.
    pub bytes: &'a [u8],
    /// Where in the buffer it starts.
    pub position: usize,
}

impl<'a> Batch<'a> {
    /// The batch at the start of `bytes`; what follows it is left alone.
    pub fn first(bytes: &'a [u8]) -> Result<Self> {
        let header = BatchHeader::decode(bytes)?;
        let needed = header.size_bytes();
        let whole =
            bytes.get(..needed).ok_or(WireError::Truncated { needed, left: bytes.len() })?;
        Ok(Self { header, bytes: whole, position: 0 })
    }

    /// The records, compressed as the attributes say.
    pub fn payload(&self) -> &'a [u8] {
        &self.bytes[HEADER_BYTES..]
    }

    /// Checks the checksum.
    pub fn verify_crc(&self) -> Result<()> {
        let computed = crc32c(&self.bytes[CRC_START..]);
        let stored = self.header.crc;
        if computed == stored { Ok(()) } else { Err(WireError::CrcMismatch { stored, computed }) }
    }

    /// The uncompressed payload: the batch's own bytes, or those that are put into `scratch`, of
    /// which there may be `max_bytes`.
    pub fn uncompressed_payload<'b>(
        &self,
        scratch: &'b mut Vec<u8>,
        max_bytes: usize,
    ) -> Result<&'b [u8]>
    where
        'a: 'b,
    {
        match self.header.attributes.compression()? {
            Compression::None => Ok(self.payload()),
            compression => {
                scratch.clear();
                compression.decompress(self.payload(), max_bytes, scratch)?;
                Ok(scratch)
            }
        }
    }

    /// The records; see [`Batch::uncompressed_payload`] for the arguments.
    pub fn records<'b>(&self, scratch: &'b mut Vec<u8>, max_bytes: usize) -> Result<Records<'b>>
    where
        'a: 'b,
    {
        Ok(Records::new(self.uncompressed_payload(scratch, max_bytes)?, self.header.records_count))
    }
}

/// The batches of a buffer, one after the other. Ends after the first error; the checksums are not
/// looked at.
#[derive(Debug, Clone)]
pub struct Batches<'a> {
    buffer: &'a [u8],
    position: usize,
}

impl<'a> Batches<'a> {
    /// From the start of `buffer`.
    pub fn new(buffer: &'a [u8]) -> Self {
        Self { buffer, position: 0 }
    }

    /// Where the next batch would start: after the last whole one.
    pub fn position(&self) -> usize {
        self.position
    }
}

impl<'a> Iterator for Batches<'a> {
    type Item = Result<Batch<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.buffer.get(self.position..).filter(|rest| !rest.is_empty())?;
        match Batch::first(rest) {
            Ok(batch) => {
                let position = self.position;
                self.position += batch.bytes.len();
                Some(Ok(Batch { position, ..batch }))
            }
            Err(error) => {
                self.buffer = &[];
                Some(Err(error))
            }
        }
    }
}

/// Patches the base offset of the batch at the start of `batch`. Outside the checksum.
///
/// # Panics
/// When `batch` is shorter than a header; see [`BatchHeader::decode`]. So do the other setters.
pub fn set_base_offset(batch: &mut [u8], base_offset: i64) {
    batch[..8].copy_from_slice(&base_offset.to_be_bytes());
}

/// Patches the partition leader epoch. Outside the checksum.
pub fn set_partition_leader_epoch(batch: &mut [u8], leader_epoch: i32) {
    batch[LEADER_EPOCH_AT..MAGIC_AT].copy_from_slice(&leader_epoch.to_be_bytes());
}

/// Patches timestamp type and largest timestamp of `batch`, which is exactly one batch, and
/// computes the checksum anew.
pub fn set_max_timestamp(batch: &mut [u8], timestamp_type: TimestampType, max_timestamp: i64) {
    let attributes =
        Attributes(i16::from_be_bytes([batch[ATTRIBUTES_AT], batch[ATTRIBUTES_AT + 1]]));
    let attributes = attributes.with_timestamp_type(timestamp_type);
    batch[ATTRIBUTES_AT..ATTRIBUTES_AT + 2].copy_from_slice(&attributes.0.to_be_bytes());
    batch[MAX_TIMESTAMP_AT..MAX_TIMESTAMP_AT + 8].copy_from_slice(&max_timestamp.to_be_bytes());
    write_crc(batch);
}

fn write_crc(batch: &mut [u8]) {
    let crc = crc32c(&batch[CRC_START..]);
    batch[CRC_AT..CRC_START].copy_from_slice(&crc.to_be_bytes());
}
