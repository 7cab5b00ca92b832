//! Fetch responses, encoded with holes where record bytes go.

use super::{
    CURRENT_LEADER_TAG, DIVERGING_EPOCH_TAG, FIRST_FLEXIBLE, FIRST_LOG_START_OFFSET,
    FIRST_NODE_ENDPOINTS, FIRST_RACK_ID, FIRST_SESSION, FIRST_TOPIC_ID, LeaderIdAndEpoch,
    NODE_ENDPOINTS_TAG, NodeEndpoint, SNAPSHOT_ID_TAG, check_version,
};
use crate::error::Result;
use crate::error_code::ErrorCode;
use crate::primitives::{Encoding, TopicRef, Writer};
use crate::produce::{write_node_endpoints, write_topic_ref};

/// A Fetch response, without its record bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FetchResponse<'a> {
    /// For how long the client should be quiet.
    pub throttle_time_ms: i32,
    /// An error of the whole request (version 7 and newer).
    pub error_code: ErrorCode,
    /// The fetch session, or 0 (version 7 and newer).
    pub session_id: i32,
    /// What was fetched.
    pub topics: Vec<FetchTopicResponse<'a>>,
    /// The leaders that the partitions name (version 16 and newer).
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

/// One topic of a Fetch response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchTopicResponse<'a> {
    /// As the request named it.
    pub topic: TopicRef<'a>,
    /// Its partitions.
    pub partitions: Vec<FetchPartitionResponse>,
}

/// One partition of a Fetch response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchPartitionResponse {
    /// Its index.
    pub partition_index: i32,
    /// How it went.
    pub error_code: ErrorCode,
    /// The high watermark, or −1.
    pub high_watermark: i64,
    /// The last stable offset, or −1.
    pub last_stable_offset: i64,
    /// Where the log starts, or −1 (version 5 and newer).
    pub log_start_offset: i64,
    /// From where the replica's log is another than this (version 12 and newer).
    pub diverging_epoch: Option<EpochEndOffset>,
    /// Who leads the partition instead (version 12 and newer).
    pub current_leader: Option<LeaderIdAndEpoch>,
    /// The snapshot to fetch instead (version 12 and newer).
    pub snapshot_id: Option<SnapshotId>,
    /// Transactions in the fetched range that were aborted; `None` to who reads uncommitted.
    pub aborted_transactions: Option<Vec<AbortedTransaction>>,
    /// The replica to read from instead, or −1 (version 11 and newer).
    pub preferred_read_replica: i32,
    /// Bytes of the records. Without records they are empty and never null, which librdkafka takes
    /// for an error.
    pub records_bytes: usize,
}

impl FetchPartitionResponse {
    /// The answer for a partition where nothing was read.
    pub fn error(partition_index: i32, error_code: ErrorCode) -> Self {
        Self {
            partition_index,
            error_code,
            high_watermark: -1,
            last_stable_offset: -1,
            log_start_offset: -1,
            diverging_epoch: None,
            current_leader: None,
            snapshot_id: None,
            aborted_transactions: None,
            preferred_read_replica: -1,
            records_bytes: 0,
        }
    }
}

/// An aborted transaction that a read-committed consumer has to leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AbortedTransaction {
    /// Whose it was.
    pub producer_id: i64,
    /// Where it starts.
    pub first_offset: i64,
}

/// Where a leader epoch ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochEndOffset {
    /// Leader epoch.
    pub epoch: i32,
    /// First offset after it.
    pub end_offset: i64,
}

/// A snapshot of the log of a metadata quorum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotId {
    /// First offset after it.
    pub end_offset: i64,
    /// Leader epoch.
    pub epoch: i32,
}

/// Where the record bytes of a partition go: before the byte at `position` of the encoded response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hole {
    /// Index in the vector that was encoded into.
    pub position: usize,
    /// Bytes of the records, never 0.
    pub length: usize,
}

impl FetchResponse<'_> {
    /// Appends the body of the response without record bytes, and a hole for each partition that
    /// has some, in order. What the version has no field for is left out.
    pub fn encode(&self, version: i16, bytes: &mut Vec<u8>, holes: &mut Vec<Hole>) -> Result<()> {
        check_version(version)?;
        let encoding = Encoding::of(version, FIRST_FLEXIBLE);
        let mut writer = Writer::new(bytes);
        writer.write_i32(self.throttle_time_ms);
        if version >= FIRST_SESSION {
            writer.write_i16(self.error_code.code());
            writer.write_i32(self.session_id);
        }
        writer.write_array_length(encoding, Some(self.topics.len()));
        for topic in &self.topics {
            write_topic_ref(&mut writer, encoding, topic.topic, version >= FIRST_TOPIC_ID)?;
            writer.write_array_length(encoding, Some(topic.partitions.len()));
            for partition in &topic.partitions {
                partition.encode(version, encoding, &mut writer, holes);
            }
            writer.write_no_tagged_fields(encoding);
        }
        if version >= FIRST_NODE_ENDPOINTS && !self.node_endpoints.is_empty() {
            writer.write_unsigned_varint(1);
            write_node_endpoints(&mut writer, NODE_ENDPOINTS_TAG, &self.node_endpoints);
        } else {
            writer.write_no_tagged_fields(encoding);
        }
        Ok(())
    }
}

impl FetchPartitionResponse {
    fn encode(
        &self,
        version: i16,
        encoding: Encoding,
        writer: &mut Writer<'_>,
        holes: &mut Vec<Hole>,
    ) {
        writer.write_i32(self.partition_index);
        writer.write_i16(self.error_code.code());
        writer.write_i64(self.high_watermark);
        writer.write_i64(self.last_stable_offset);
        if version >= FIRST_LOG_START_OFFSET {
            writer.write_i64(self.log_start_offset);
        }
        writer.write_array_length(encoding, self.aborted_transactions.as_ref().map(Vec::len));
        for aborted in self.aborted_transactions.iter().flatten() {
            writer.write_i64(aborted.producer_id);
            writer.write_i64(aborted.first_offset);
            writer.write_no_tagged_fields(encoding);
        }
        if version >= FIRST_RACK_ID {
            writer.write_i32(self.preferred_read_replica);
        }
        writer.write_bytes_length(encoding, Some(self.records_bytes));
        if self.records_bytes > 0 {
            holes.push(Hole { position: writer.position(), length: self.records_bytes });
        }
        if encoding == Encoding::Compact {
            self.encode_tagged_fields(writer);
        }
    }

    fn encode_tagged_fields(&self, writer: &mut Writer<'_>) {
        let count = [
            self.diverging_epoch.is_some(),
            self.current_leader.is_some(),
            self.snapshot_id.is_some(),
        ];
        writer.write_unsigned_varint(count.into_iter().map(u32::from).sum());
        if let Some(diverging) = self.diverging_epoch {
            writer.write_tagged_field(DIVERGING_EPOCH_TAG, |content| {
                content.write_i32(diverging.epoch);
                content.write_i64(diverging.end_offset);
                content.write_no_tagged_fields(Encoding::Compact);
            });
        }
        if let Some(leader) = self.current_leader {
            leader.encode(writer, CURRENT_LEADER_TAG);
        }
        if let Some(snapshot) = self.snapshot_id {
            writer.write_tagged_field(SNAPSHOT_ID_TAG, |content| {
                content.write_i64(snapshot.end_offset);
                content.write_i32(snapshot.epoch);
                content.write_no_tagged_fields(Encoding::Compact);
            });
        }
    }
}
