//! Fetch (API key 1), versions 4-18: requests decoded, responses encoded with holes where record
//! bytes go.
//!
//! Versions:
//!   * 5: `log_start_offset`
//!   * 7: fetch sessions (KIP-227), an error code for the whole response
//!   * 9: `current_leader_epoch` (KIP-320)
//!   * 11: `rack_id` and `preferred_read_replica` (KIP-392)
//!   * 12: flexible; `last_fetched_epoch`, `cluster_id`, diverging epoch, current leader, snapshot
//!     id
//!   * 13: topic ids instead of names (KIP-516)
//!   * 15: replica id and epoch in a tagged field (KIP-903)
//!   * 16: node endpoints (KIP-951)
//!   * 17: `replica_directory_id` (KIP-853)
//!   * 18: the replica's high watermark (KIP-1166)

use crate::error::{Result, WireError};
use crate::error_code::ErrorCode;
use crate::header::FETCH;
use crate::primitives::{Encoding, Reader, TagOutcome, TopicRef, Uuid, Writer};
use crate::produce::{write_node_endpoints, write_topic_ref};
use std::ops::RangeInclusive;

pub use crate::produce::{LeaderIdAndEpoch, NodeEndpoint};

/// Versions that are served.
pub const VERSIONS: RangeInclusive<i16> = 4..=18;
pub(crate) const FIRST_LOG_START_OFFSET: i16 = 5;
pub(crate) const FIRST_SESSION: i16 = 7;
pub(crate) const FIRST_CURRENT_LEADER_EPOCH: i16 = 9;
pub(crate) const FIRST_RACK_ID: i16 = 11;
pub(crate) const FIRST_FLEXIBLE: i16 = 12;
pub(crate) const FIRST_TOPIC_ID: i16 = 13;
pub(crate) const FIRST_REPLICA_STATE: i16 = 15;
pub(crate) const FIRST_NODE_ENDPOINTS: i16 = 16;
pub(crate) const FIRST_REPLICA_DIRECTORY_ID: i16 = 17;
pub(crate) const FIRST_HIGH_WATERMARK: i16 = 18;

/// Tags of a request.
pub(crate) const CLUSTER_ID_TAG: u32 = 0;
pub(crate) const REPLICA_STATE_TAG: u32 = 1;
/// Tags of a partition of a request.
pub(crate) const REPLICA_DIRECTORY_ID_TAG: u32 = 0;
pub(crate) const HIGH_WATERMARK_TAG: u32 = 1;
/// Tags of a response.
pub(crate) const NODE_ENDPOINTS_TAG: u32 = 0;
/// Tags of a partition of a response.
pub(crate) const DIVERGING_EPOCH_TAG: u32 = 0;
pub(crate) const CURRENT_LEADER_TAG: u32 = 1;
pub(crate) const SNAPSHOT_ID_TAG: u32 = 2;

/// Bytes of the shortest topic, partition and forgotten topic of a request: what an array's claimed
/// length is held against.
const MIN_TOPIC_BYTES: usize = 3;
const MIN_PARTITION_BYTES: usize = 16;
const MIN_FORGOTTEN_TOPIC_BYTES: usize = 3;

/// The replica id of a consumer.
pub const CONSUMER_REPLICA_ID: i32 = -1;

/// Which records a consumer may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum IsolationLevel {
    /// All of them.
    #[default]
    ReadUncommitted,
    /// Those of committed transactions and of none.
    ReadCommitted,
}

/// A Fetch request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchRequest<'a> {
    /// The cluster that a replica believes itself in (version 12 and newer).
    pub cluster_id: Option<&'a str>,
    /// Node id of a replica, or −1: a consumer.
    pub replica_id: i32,
    /// Epoch of the replica, or −1 (version 15 and newer).
    pub replica_epoch: i64,
    /// How long the response may wait for `min_bytes`.
    pub max_wait_ms: i32,
    /// Bytes that make the response worth sending.
    pub min_bytes: i32,
    /// Bytes that the response may have, save for its first batch.
    pub max_bytes: i32,
    /// As sent: 0 is read-uncommitted; see [`FetchRequest::isolation_level`].
    pub isolation_level_id: i8,
    /// The fetch session, or 0 (version 7 and newer).
    pub session_id: i32,
    /// Epoch of the session; −1 is a fetch without one (version 7 and newer).
    pub session_epoch: i32,
    /// What to fetch, in the order in which it should be served.
    pub topics: Vec<FetchTopic<'a>>,
    /// What to drop from the session (version 7 and newer).
    pub forgotten_topics: Vec<ForgottenTopic<'a>>,
    /// The consumer's rack (version 11 and newer).
    pub rack_id: &'a str,
}

/// One topic of a Fetch request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchTopic<'a> {
    /// Which one.
    pub topic: TopicRef<'a>,
    /// Its partitions.
    pub partitions: Vec<FetchPartition>,
}

/// One partition of a Fetch request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchPartition {
    /// Its index.
    pub partition: i32,
    /// The leader epoch that the consumer knows, or −1 (version 9 and newer).
    pub current_leader_epoch: i32,
    /// From where.
    pub fetch_offset: i64,
    /// Epoch of the last record that the replica has, or −1 (version 12 and newer).
    pub last_fetched_epoch: i32,
    /// Where the replica's log starts, or −1 (version 5 and newer).
    pub log_start_offset: i64,
    /// Bytes that the partition may have, save for its first batch.
    pub partition_max_bytes: i32,
    /// The replica's directory (version 17 and newer).
    pub replica_directory_id: Uuid,
    /// The replica's high watermark, or `i64::MAX` (version 18).
    pub high_watermark: i64,
}

/// One topic that leaves a fetch session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForgottenTopic<'a> {
    /// Which one.
    pub topic: TopicRef<'a>,
    /// Its partitions.
    pub partitions: Vec<i32>,
}

impl<'a> FetchRequest<'a> {
    /// Reads the body of a request, all of it.
    pub fn decode(body: &'a [u8], version: i16) -> Result<Self> {
        check_version(version)?;
        let encoding = Encoding::of(version, FIRST_FLEXIBLE);
        let mut reader = Reader::new(body);
        let replica_id =
            if version < FIRST_REPLICA_STATE { reader.read_i32()? } else { CONSUMER_REPLICA_ID };
        let mut request = Self {
            cluster_id: None,
            replica_id,
            replica_epoch: -1,
            max_wait_ms: reader.read_i32()?,
            min_bytes: reader.read_i32()?,
            max_bytes: reader.read_i32()?,
            isolation_level_id: reader.read_i8()?,
            session_id: 0,
            session_epoch: -1,
            topics: Vec::new(),
            forgotten_topics: Vec::new(),
            rack_id: "",
        };
        if version >= FIRST_SESSION {
            request.session_id = reader.read_i32()?;
            request.session_epoch = reader.read_i32()?;
        }
        request.topics =
            reader.read_array(encoding, MIN_TOPIC_BYTES, |reader| read_topic(reader, version))?;
        if version >= FIRST_SESSION {
            request.forgotten_topics =
                reader.read_array(encoding, MIN_FORGOTTEN_TOPIC_BYTES, |reader| {
                    read_forgotten_topic(reader, version)
                })?;
        }
        if version >= FIRST_RACK_ID {
            request.rack_id = reader.read_string(encoding)?;
        }
        if encoding == Encoding::Compact {
            request.read_tagged_fields(&mut reader, version)?;
        }
        reader.finish()?;
        Ok(request)
    }

    fn read_tagged_fields(&mut self, reader: &mut Reader<'a>, version: i16) -> Result<()> {
        reader.read_tagged_fields(|tag, content| {
            match tag {
                CLUSTER_ID_TAG => {
                    self.cluster_id = content.read_nullable_string(Encoding::Compact)?;
                }
                REPLICA_STATE_TAG if version >= FIRST_REPLICA_STATE => {
                    self.replica_id = content.read_i32()?;
                    self.replica_epoch = content.read_i64()?;
                    content.skip_tagged_fields(Encoding::Compact)?;
                }
                _ => return Ok(TagOutcome::Skip),
            }
            Ok(TagOutcome::Read)
        })
    }

    /// Which records the consumer may see. Kafka takes any id but 0 and 1 for a malformed request.
    pub fn isolation_level(&self) -> Option<IsolationLevel> {
        match self.isolation_level_id {
            0 => Some(IsolationLevel::ReadUncommitted),
            1 => Some(IsolationLevel::ReadCommitted),
            _ => None,
        }
    }
}

fn read_topic_ref<'a>(reader: &mut Reader<'a>, version: i16) -> Result<TopicRef<'a>> {
    if version >= FIRST_TOPIC_ID {
        reader.read_uuid().map(TopicRef::Id)
    } else {
        reader.read_string(Encoding::of(version, FIRST_FLEXIBLE)).map(TopicRef::Name)
    }
}

fn read_topic<'a>(reader: &mut Reader<'a>, version: i16) -> Result<FetchTopic<'a>> {
    let encoding = Encoding::of(version, FIRST_FLEXIBLE);
    let topic = read_topic_ref(reader, version)?;
    let partitions = reader
        .read_array(encoding, MIN_PARTITION_BYTES, |reader| read_partition(reader, version))?;
    reader.skip_tagged_fields(encoding)?;
    Ok(FetchTopic { topic, partitions })
}

fn read_forgotten_topic<'a>(reader: &mut Reader<'a>, version: i16) -> Result<ForgottenTopic<'a>> {
    let encoding = Encoding::of(version, FIRST_FLEXIBLE);
    let topic = read_topic_ref(reader, version)?;
    let partitions = reader.read_array(encoding, size_of::<i32>(), Reader::read_i32)?;
    reader.skip_tagged_fields(encoding)?;
    Ok(ForgottenTopic { topic, partitions })
}

fn read_partition(reader: &mut Reader<'_>, version: i16) -> Result<FetchPartition> {
    let partition = reader.read_i32()?;
    let current_leader_epoch =
        if version >= FIRST_CURRENT_LEADER_EPOCH { reader.read_i32()? } else { -1 };
    let fetch_offset = reader.read_i64()?;
    let last_fetched_epoch = if version >= FIRST_FLEXIBLE { reader.read_i32()? } else { -1 };
    let log_start_offset = if version >= FIRST_LOG_START_OFFSET { reader.read_i64()? } else { -1 };
    let mut partition = FetchPartition {
        partition,
        current_leader_epoch,
        fetch_offset,
        last_fetched_epoch,
        log_start_offset,
        partition_max_bytes: reader.read_i32()?,
        replica_directory_id: Uuid::ZERO,
        high_watermark: i64::MAX,
    };
    if version >= FIRST_FLEXIBLE {
        reader.read_tagged_fields(|tag, content| {
            match tag {
                REPLICA_DIRECTORY_ID_TAG if version >= FIRST_REPLICA_DIRECTORY_ID => {
                    partition.replica_directory_id = content.read_uuid()?;
                }
                HIGH_WATERMARK_TAG if version >= FIRST_HIGH_WATERMARK => {
                    partition.high_watermark = content.read_i64()?;
                }
                _ => return Ok(TagOutcome::Skip),
            }
            Ok(TagOutcome::Read)
        })?;
    }
    Ok(partition)
}

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

pub(crate) fn check_version(version: i16) -> Result<()> {
    if VERSIONS.contains(&version) {
        Ok(())
    } else {
        Err(WireError::UnsupportedVersion { api_key: FETCH, version })
    }
}
