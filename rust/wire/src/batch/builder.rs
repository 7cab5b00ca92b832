//! Batches built from records.

use super::{
    Attributes, BatchHeader, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE, NO_TIMESTAMP,
    TimestampType,
};
use crate::compression::Compression;
use crate::error::Result;
use crate::record::{Header, write_record};

/// Builds one batch from records.
#[derive(Debug, Clone)]
pub struct BatchBuilder {
    header: BatchHeader,
    compression: Compression,
    level: Option<i32>,
    payload: Vec<u8>,
    max_timestamp: i64,
}

impl BatchBuilder {
    /// An empty batch at `base_offset`, uncompressed, with no producer.
    pub fn new(base_offset: i64) -> Self {
        let header = BatchHeader {
            base_offset,
            batch_length: 0,
            partition_leader_epoch: -1,
            crc: 0,
            attributes: Attributes::default(),
            last_offset_delta: -1,
            base_timestamp: NO_TIMESTAMP,
            max_timestamp: NO_TIMESTAMP,
            producer_id: NO_PRODUCER_ID,
            producer_epoch: NO_PRODUCER_EPOCH,
            base_sequence: NO_SEQUENCE,
            records_count: 0,
        };
        Self {
            header,
            compression: Compression::None,
            level: None,
            payload: Vec::new(),
            max_timestamp: NO_TIMESTAMP,
        }
    }

    /// Compresses the records; `level` is the codec's own scale.
    #[must_use]
    pub fn compression(mut self, compression: Compression, level: Option<i32>) -> Self {
        self.compression = compression;
        self.level = level;
        self
    }

    /// Sets the partition leader epoch.
    #[must_use]
    pub fn partition_leader_epoch(mut self, leader_epoch: i32) -> Self {
        self.header.partition_leader_epoch = leader_epoch;
        self
    }

    /// Names an idempotent producer.
    #[must_use]
    pub fn producer(mut self, producer_id: i64, producer_epoch: i16, base_sequence: i32) -> Self {
        self.header.producer_id = producer_id;
        self.header.producer_epoch = producer_epoch;
        self.header.base_sequence = base_sequence;
        self
    }

    /// Sets attribute bits: transactional, control, delete horizon. Codec and timestamp type have
    /// methods of their own.
    #[must_use]
    pub fn attributes(mut self, attributes: Attributes) -> Self {
        self.header.attributes = attributes;
        self
    }

    /// Stamps the batch with the broker's time.
    #[must_use]
    pub fn log_append_time(mut self, timestamp: i64) -> Self {
        self.header.attributes =
            self.header.attributes.with_timestamp_type(TimestampType::LogAppendTime);
        self.header.max_timestamp = timestamp;
        self
    }

    /// Appends a record at the next offset.
    pub fn append(
        &mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[Header<'_>],
    ) {
        let offset_delta = self.header.last_offset_delta + 1;
        self.append_at(offset_delta, timestamp, key, value, headers);
    }

    /// Appends a record at an offset of its own, above those before it.
    pub fn append_at(
        &mut self,
        offset_delta: i32,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[Header<'_>],
    ) {
        if self.header.records_count == 0 && !self.header.attributes.has_delete_horizon() {
            self.header.base_timestamp = timestamp;
        }
        let timestamp_delta = timestamp.wrapping_sub(self.header.base_timestamp);
        write_record(&mut self.payload, offset_delta, timestamp_delta, key, value, headers);
        self.header.last_offset_delta = offset_delta;
        self.header.records_count += 1;
        self.max_timestamp = self.max_timestamp.max(timestamp);
    }

    /// Appends the batch to `bytes`.
    pub fn build(mut self, bytes: &mut Vec<u8>) -> Result<()> {
        if self.header.attributes.timestamp_type() == TimestampType::CreateTime {
            self.header.max_timestamp = self.max_timestamp;
        }
        self.header.attributes = self.header.attributes.with_compression(self.compression);
        if self.compression == Compression::None {
            self.header.encode(&self.payload, bytes);
            return Ok(());
        }
        let mut compressed = Vec::new();
        self.compression.compress(&self.payload, self.level, &mut compressed)?;
        self.header.encode(&compressed, bytes);
        Ok(())
    }
}
