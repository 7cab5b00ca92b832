//! Produce (API key 0), versions 3-13: requests decoded without copying records, responses encoded.
//!
//! A request keeps ranges into its body instead of references, so that the caller may patch the
//! records in place.
//!
//! Versions:
//!   * 5: `log_start_offset`
//!   * 8: `record_errors` and `error_message` (KIP-467)
//!   * 9: flexible
//!   * 10: `current_leader` and `node_endpoints` (KIP-951)
//!   * 13: topic ids instead of names (KIP-516)

use crate::error::{Result, WireError};
use crate::error_code::ErrorCode;
use crate::header::PRODUCE;
use crate::primitives::{Encoding, Reader, TopicRef, Uuid, Writer};
use std::ops::{Range, RangeInclusive};

/// Versions that are served.
pub const VERSIONS: RangeInclusive<i16> = 3..=13;
pub(crate) const FIRST_FLEXIBLE: i16 = 9;
pub(crate) const FIRST_LOG_START_OFFSET: i16 = 5;
pub(crate) const FIRST_RECORD_ERRORS: i16 = 8;
pub(crate) const FIRST_LEADER_HINTS: i16 = 10;
pub(crate) const FIRST_TOPIC_ID: i16 = 13;

/// Tags of the response.
pub(crate) const CURRENT_LEADER_TAG: u32 = 0;
pub(crate) const NODE_ENDPOINTS_TAG: u32 = 0;

/// Bytes of the shortest topic and partition of a request: what an array's claimed length is held
/// against.
const MIN_TOPIC_BYTES: usize = 3;
const MIN_PARTITION_BYTES: usize = 5;

/// A Produce request. Ranges are into the body that it was decoded from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProduceRequest {
    /// The producer's transactional id.
    pub transactional_id: Option<TextRange>,
    /// 0: no response; 1 and −1: when stored.
    pub acks: i16,
    /// How long the producer waits.
    pub timeout_ms: i32,
    /// What it produces, in its order.
    pub topics: Vec<ProduceTopic>,
}

/// One topic of a Produce request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProduceTopic {
    topic: TopicRange,
    /// Its partitions.
    pub partitions: Vec<ProducePartition>,
}

impl ProduceTopic {
    /// Which topic it is; `body` is the one that the request was decoded from.
    pub fn topic<'a>(&self, body: &'a [u8]) -> TopicRef<'a> {
        match &self.topic {
            TopicRange::Name(name) => TopicRef::Name(name.get(body)),
            TopicRange::Id(id) => TopicRef::Id(*id),
        }
    }
}

/// One partition of a Produce request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProducePartition {
    /// Its index.
    pub index: i32,
    /// Where in the body its record batches stand; `None` when they are null.
    pub records: Option<Range<usize>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum TopicRange {
    Name(TextRange),
    Id(Uuid),
}

/// Where in the body a string stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextRange {
    start: usize,
    end: usize,
}

impl TextRange {
    /// The string; `body` is the one that it was decoded from. Empty when it is another.
    pub fn get(self, body: &[u8]) -> &str {
        let bytes = body.get(self.start..self.end).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    fn read_nullable(reader: &mut Reader<'_>, encoding: Encoding) -> Result<Option<Self>> {
        let text = reader.read_nullable_string(encoding)?;
        let end = reader.position();
        Ok(text.map(|text| Self { start: end - text.len(), end }))
    }
}

impl ProduceRequest {
    /// Reads the body of a request. What follows it is left alone, as Kafka does.
    pub fn decode(body: &[u8], version: i16) -> Result<Self> {
        check_version(version)?;
        let encoding = Encoding::of(version, FIRST_FLEXIBLE);
        let mut reader = Reader::new(body);
        let transactional_id = TextRange::read_nullable(&mut reader, encoding)?;
        let acks = reader.read_i16()?;
        let timeout_ms = reader.read_i32()?;
        let topics =
            reader.read_array(encoding, MIN_TOPIC_BYTES, |reader| read_topic(reader, version))?;
        reader.skip_tagged_fields(encoding)?;
        Ok(Self { transactional_id, acks, timeout_ms, topics })
    }
}

fn read_topic(reader: &mut Reader<'_>, version: i16) -> Result<ProduceTopic> {
    let encoding = Encoding::of(version, FIRST_FLEXIBLE);
    let topic = if version >= FIRST_TOPIC_ID {
        TopicRange::Id(reader.read_uuid()?)
    } else {
        TopicRange::Name(
            TextRange::read_nullable(reader, encoding)?.ok_or(WireError::UnexpectedNull)?,
        )
    };
    let partitions = reader.read_array(encoding, MIN_PARTITION_BYTES, |reader| {
        let index = reader.read_i32()?;
        let records = reader.read_nullable_bytes(encoding)?;
        reader.skip_tagged_fields(encoding)?;
        Ok(ProducePartition { index, records })
    })?;
    reader.skip_tagged_fields(encoding)?;
    Ok(ProduceTopic { topic, partitions })
}

/// A Produce response.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProduceResponse<'a> {
    /// One for each topic of the request.
    pub topics: Vec<ProduceTopicResponse<'a>>,
    /// For how long the client should be quiet.
    pub throttle_time_ms: i32,
    /// The leaders that the partitions name (version 10 and newer).
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

/// One topic of a Produce response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProduceTopicResponse<'a> {
    /// As the request named it.
    pub topic: TopicRef<'a>,
    /// One for each partition of the request.
    pub partitions: Vec<ProducePartitionResponse<'a>>,
}

/// One partition of a Produce response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProducePartitionResponse<'a> {
    /// Its index.
    pub index: i32,
    /// How it went.
    pub error_code: ErrorCode,
    /// Offset of the first record, or −1.
    pub base_offset: i64,
    /// When the log stamps records itself, the time; else −1.
    pub log_append_time_ms: i64,
    /// Where the log starts, or −1 (version 5 and newer).
    pub log_start_offset: i64,
    /// The records for which the whole batch was refused (version 8 and newer).
    pub record_errors: Vec<RecordError<'a>>,
    /// Why, for people (version 8 and newer).
    pub error_message: Option<&'a str>,
    /// Who leads the partition instead (version 10 and newer).
    pub current_leader: Option<LeaderIdAndEpoch>,
}

impl ProducePartitionResponse<'_> {
    /// The answer for a partition where nothing was appended.
    pub fn error(index: i32, error_code: ErrorCode) -> Self {
        Self {
            index,
            error_code,
            base_offset: -1,
            log_append_time_ms: -1,
            log_start_offset: -1,
            record_errors: Vec::new(),
            error_message: None,
            current_leader: None,
        }
    }
}

/// A record for which its batch was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordError<'a> {
    /// Index of the record in the batch.
    pub batch_index: i32,
    /// Why, for people.
    pub message: Option<&'a str>,
}

/// Who leads a partition, and in which term (KIP-951).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaderIdAndEpoch {
    /// Node id, or −1.
    pub leader_id: i32,
    /// Leader epoch, or −1.
    pub leader_epoch: i32,
}

/// Where a node is reached (KIP-951).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeEndpoint<'a> {
    /// Node id.
    pub node_id: i32,
    /// Host.
    pub host: &'a str,
    /// Port.
    pub port: i32,
    /// Rack, if it has one.
    pub rack: Option<&'a str>,
}

impl ProduceResponse<'_> {
    /// Appends the body of the response. What the version has no field for is left out.
    pub fn encode(&self, version: i16, bytes: &mut Vec<u8>) -> Result<()> {
        check_version(version)?;
        let encoding = Encoding::of(version, FIRST_FLEXIBLE);
        let mut writer = Writer::new(bytes);
        writer.write_array_length(encoding, Some(self.topics.len()));
        for topic in &self.topics {
            write_topic_ref(&mut writer, encoding, topic.topic, version >= FIRST_TOPIC_ID)?;
            writer.write_array_length(encoding, Some(topic.partitions.len()));
            for partition in &topic.partitions {
                partition.encode(version, encoding, &mut writer);
            }
            writer.write_no_tagged_fields(encoding);
        }
        writer.write_i32(self.throttle_time_ms);
        if version >= FIRST_LEADER_HINTS && !self.node_endpoints.is_empty() {
            writer.write_unsigned_varint(1);
            write_node_endpoints(&mut writer, NODE_ENDPOINTS_TAG, &self.node_endpoints);
        } else {
            writer.write_no_tagged_fields(encoding);
        }
        Ok(())
    }
}

impl ProducePartitionResponse<'_> {
    fn encode(&self, version: i16, encoding: Encoding, writer: &mut Writer<'_>) {
        writer.write_i32(self.index);
        writer.write_i16(self.error_code.code());
        writer.write_i64(self.base_offset);
        writer.write_i64(self.log_append_time_ms);
        if version >= FIRST_LOG_START_OFFSET {
            writer.write_i64(self.log_start_offset);
        }
        if version >= FIRST_RECORD_ERRORS {
            writer.write_array_length(encoding, Some(self.record_errors.len()));
            for error in &self.record_errors {
                writer.write_i32(error.batch_index);
                writer.write_nullable_string(encoding, error.message);
                writer.write_no_tagged_fields(encoding);
            }
            writer.write_nullable_string(encoding, self.error_message);
        }
        match self.current_leader {
            Some(leader) if version >= FIRST_LEADER_HINTS => {
                writer.write_unsigned_varint(1);
                leader.encode(writer, CURRENT_LEADER_TAG);
            }
            _ => writer.write_no_tagged_fields(encoding),
        }
    }
}

impl LeaderIdAndEpoch {
    /// Appends it as a tagged field.
    pub(crate) fn encode(self, writer: &mut Writer<'_>, tag: u32) {
        writer.write_tagged_field(tag, |content| {
            content.write_i32(self.leader_id);
            content.write_i32(self.leader_epoch);
            content.write_no_tagged_fields(Encoding::Compact);
        });
    }
}

/// Appends a topic as a version names it. Fails when it is named in the other way.
pub(crate) fn write_topic_ref(
    writer: &mut Writer<'_>,
    encoding: Encoding,
    topic: TopicRef<'_>,
    by_id: bool,
) -> Result<()> {
    match topic {
        TopicRef::Id(id) if by_id => writer.write_uuid(id),
        TopicRef::Name(name) if !by_id => writer.write_string(encoding, name),
        _ => return Err(WireError::WrongTopicRef),
    }
    Ok(())
}

/// Appends node endpoints as a tagged field.
pub(crate) fn write_node_endpoints(
    writer: &mut Writer<'_>,
    tag: u32,
    endpoints: &[NodeEndpoint<'_>],
) {
    writer.write_tagged_field(tag, |content| {
        content.write_array_length(Encoding::Compact, Some(endpoints.len()));
        for endpoint in endpoints {
            content.write_i32(endpoint.node_id);
            content.write_string(Encoding::Compact, endpoint.host);
            content.write_i32(endpoint.port);
            content.write_nullable_string(Encoding::Compact, endpoint.rack);
            content.write_no_tagged_fields(Encoding::Compact);
        }
    });
}

pub(crate) fn check_version(version: i16) -> Result<()> {
    if VERSIONS.contains(&version) {
        Ok(())
    } else {
        Err(WireError::UnsupportedVersion { api_key: PRODUCE, version })
    }
}
