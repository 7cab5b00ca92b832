//! Produce requests encoded, Produce responses decoded.

use super::{read_error_code, read_leader, read_node_endpoints, read_topic_ref};
use crate::error::Result;
use crate::primitives::{Encoding, Reader, TagOutcome, TopicRef, Writer};
use crate::produce::{
    CURRENT_LEADER_TAG, FIRST_FLEXIBLE, FIRST_LEADER_HINTS, FIRST_LOG_START_OFFSET,
    FIRST_RECORD_ERRORS, FIRST_TOPIC_ID, NODE_ENDPOINTS_TAG, ProducePartitionResponse,
    ProduceRequest, ProduceResponse, ProduceTopicResponse, RecordError, check_version,
    write_topic_ref,
};

const MIN_TOPIC_BYTES: usize = 3;
const MIN_PARTITION_BYTES: usize = 22;
const MIN_RECORD_ERROR_BYTES: usize = 5;

/// A Produce request as a client has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProduceRequestData<'a> {
    /// The producer's transactional id.
    pub transactional_id: Option<&'a str>,
    /// 0: no response; 1 and −1: when stored.
    pub acks: i16,
    /// How long the producer waits.
    pub timeout_ms: i32,
    /// What it produces.
    pub topics: Vec<ProduceTopicData<'a>>,
}

/// One topic of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProduceTopicData<'a> {
    /// Which one.
    pub topic: TopicRef<'a>,
    /// Its partitions.
    pub partitions: Vec<ProducePartitionData<'a>>,
}

/// One partition of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProducePartitionData<'a> {
    /// Its index.
    pub index: i32,
    /// Its record batches.
    pub records: Option<&'a [u8]>,
}

impl<'a> ProduceRequestData<'a> {
    /// What `request` says, with references into the `body` that it was decoded from.
    pub fn of(request: &ProduceRequest, body: &'a [u8]) -> Self {
        let topics = request.topics.iter().map(|topic| ProduceTopicData {
            topic: topic.topic(body),
            partitions: topic
                .partitions
                .iter()
                .map(|partition| ProducePartitionData {
                    index: partition.index,
                    records: partition.records.clone().map(|range| &body[range]),
                })
                .collect(),
        });
        Self {
            transactional_id: request.transactional_id.map(|id| id.get(body)),
            acks: request.acks,
            timeout_ms: request.timeout_ms,
            topics: topics.collect(),
        }
    }

    /// Appends the body of the request.
    pub fn encode(&self, version: i16, bytes: &mut Vec<u8>) -> Result<()> {
        check_version(version)?;
        let encoding = Encoding::of(version, FIRST_FLEXIBLE);
        let mut writer = Writer::new(bytes);
        writer.write_nullable_string(encoding, self.transactional_id);
        writer.write_i16(self.acks);
        writer.write_i32(self.timeout_ms);
        writer.write_array_length(encoding, Some(self.topics.len()));
        for topic in &self.topics {
            write_topic_ref(&mut writer, encoding, topic.topic, version >= FIRST_TOPIC_ID)?;
            writer.write_array_length(encoding, Some(topic.partitions.len()));
            for partition in &topic.partitions {
                writer.write_i32(partition.index);
                writer.write_bytes_length(encoding, partition.records.map(<[u8]>::len));
                writer.write_raw(partition.records.unwrap_or_default());
                writer.write_no_tagged_fields(encoding);
            }
            writer.write_no_tagged_fields(encoding);
        }
        writer.write_no_tagged_fields(encoding);
        Ok(())
    }
}

impl<'a> ProduceResponse<'a> {
    /// Reads the body of a response, all of it.
    pub fn decode(body: &'a [u8], version: i16) -> Result<Self> {
        check_version(version)?;
        let encoding = Encoding::of(version, FIRST_FLEXIBLE);
        let mut reader = Reader::new(body);
        let topics = reader.read_array(encoding, MIN_TOPIC_BYTES, |reader| {
            let topic = read_topic_ref(reader, encoding, version >= FIRST_TOPIC_ID)?;
            let partitions = reader.read_array(encoding, MIN_PARTITION_BYTES, |reader| {
                read_partition(reader, version, encoding)
            })?;
            reader.skip_tagged_fields(encoding)?;
            Ok(ProduceTopicResponse { topic, partitions })
        })?;
        let throttle_time_ms = reader.read_i32()?;
        let mut node_endpoints = Vec::new();
        if encoding == Encoding::Compact {
            reader.read_tagged_fields(|tag, content| match tag {
                NODE_ENDPOINTS_TAG if version >= FIRST_LEADER_HINTS => {
                    node_endpoints = read_node_endpoints(content)?;
                    Ok(TagOutcome::Read)
                }
                _ => Ok(TagOutcome::Skip),
            })?;
        }
        reader.finish()?;
        Ok(Self { topics, throttle_time_ms, node_endpoints })
    }
}

fn read_partition<'a>(
    reader: &mut Reader<'a>,
    version: i16,
    encoding: Encoding,
) -> Result<ProducePartitionResponse<'a>> {
    let mut partition = ProducePartitionResponse {
        index: reader.read_i32()?,
        error_code: read_error_code(reader)?,
        base_offset: reader.read_i64()?,
        log_append_time_ms: reader.read_i64()?,
        log_start_offset: -1,
        record_errors: Vec::new(),
        error_message: None,
        current_leader: None,
    };
    if version >= FIRST_LOG_START_OFFSET {
        partition.log_start_offset = reader.read_i64()?;
    }
    if version >= FIRST_RECORD_ERRORS {
        partition.record_errors =
            reader.read_array(encoding, MIN_RECORD_ERROR_BYTES, |reader| {
                let batch_index = reader.read_i32()?;
                let message = reader.read_nullable_string(encoding)?;
                reader.skip_tagged_fields(encoding)?;
                Ok(RecordError { batch_index, message })
            })?;
        partition.error_message = reader.read_nullable_string(encoding)?;
    }
    if encoding == Encoding::Compact {
        reader.read_tagged_fields(|tag, content| match tag {
            CURRENT_LEADER_TAG if version >= FIRST_LEADER_HINTS => {
                partition.current_leader = Some(read_leader(content)?);
                Ok(TagOutcome::Read)
            }
            _ => Ok(TagOutcome::Skip),
        })?;
    }
    Ok(partition)
}
