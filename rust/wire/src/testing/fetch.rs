//! Fetch requests encoded, Fetch responses decoded.

use super::{read_error_code, read_leader, read_node_endpoints, read_topic_ref};
use crate::error::Result;
use crate::error_code::ErrorCode;
use crate::fetch::{
    AbortedTransaction, CLUSTER_ID_TAG, CURRENT_LEADER_TAG, DIVERGING_EPOCH_TAG, EpochEndOffset,
    FIRST_CURRENT_LEADER_EPOCH, FIRST_FLEXIBLE, FIRST_HIGH_WATERMARK, FIRST_LOG_START_OFFSET,
    FIRST_NODE_ENDPOINTS, FIRST_RACK_ID, FIRST_REPLICA_DIRECTORY_ID, FIRST_REPLICA_STATE,
    FIRST_SESSION, FIRST_TOPIC_ID, FetchPartition, FetchPartitionResponse, FetchRequest,
    FetchResponse, FetchTopicResponse, HIGH_WATERMARK_TAG, NODE_ENDPOINTS_TAG,
    REPLICA_DIRECTORY_ID_TAG, REPLICA_STATE_TAG, SNAPSHOT_ID_TAG, SnapshotId, check_version,
};
use crate::primitives::{Encoding, Reader, TagOutcome, Writer};
use crate::produce::write_topic_ref;
use std::ops::Range;

const MIN_TOPIC_BYTES: usize = 3;
const MIN_PARTITION_BYTES: usize = 24;
const MIN_ABORTED_TRANSACTION_BYTES: usize = 16;

impl FetchRequest<'_> {
    /// Appends the body of the request. What the version has no field for is left out.
    pub fn encode(&self, version: i16, bytes: &mut Vec<u8>) -> Result<()> {
        check_version(version)?;
        let encoding = Encoding::of(version, FIRST_FLEXIBLE);
        let by_id = version >= FIRST_TOPIC_ID;
        let mut writer = Writer::new(bytes);
        if version < FIRST_REPLICA_STATE {
            writer.write_i32(self.replica_id);
        }
        writer.write_i32(self.max_wait_ms);
        writer.write_i32(self.min_bytes);
        writer.write_i32(self.max_bytes);
        writer.write_i8(self.isolation_level_id);
        if version >= FIRST_SESSION {
            writer.write_i32(self.session_id);
            writer.write_i32(self.session_epoch);
        }
        writer.write_array_length(encoding, Some(self.topics.len()));
        for topic in &self.topics {
            write_topic_ref(&mut writer, encoding, topic.topic, by_id)?;
            writer.write_array_length(encoding, Some(topic.partitions.len()));
            for partition in &topic.partitions {
                write_partition(&mut writer, version, partition);
            }
            writer.write_no_tagged_fields(encoding);
        }
        if version >= FIRST_SESSION {
            writer.write_array_length(encoding, Some(self.forgotten_topics.len()));
            for topic in &self.forgotten_topics {
                write_topic_ref(&mut writer, encoding, topic.topic, by_id)?;
                writer.write_array_length(encoding, Some(topic.partitions.len()));
                topic.partitions.iter().for_each(|partition| writer.write_i32(*partition));
                writer.write_no_tagged_fields(encoding);
            }
        }
        if version >= FIRST_RACK_ID {
            writer.write_string(encoding, self.rack_id);
        }
        if encoding == Encoding::Compact {
            self.write_tagged_fields(&mut writer, version);
        }
        Ok(())
    }

    fn write_tagged_fields(&self, writer: &mut Writer<'_>, version: i16) {
        let has_replica_state =
            version >= FIRST_REPLICA_STATE && (self.replica_id, self.replica_epoch) != (-1, -1);
        writer.write_unsigned_varint(
            u32::from(self.cluster_id.is_some()) + u32::from(has_replica_state),
        );
        if self.cluster_id.is_some() {
            writer.write_tagged_field(CLUSTER_ID_TAG, |content| {
                content.write_nullable_string(Encoding::Compact, self.cluster_id);
            });
        }
        if has_replica_state {
            writer.write_tagged_field(REPLICA_STATE_TAG, |content| {
                content.write_i32(self.replica_id);
                content.write_i64(self.replica_epoch);
                content.write_no_tagged_fields(Encoding::Compact);
            });
        }
    }
}

fn write_partition(writer: &mut Writer<'_>, version: i16, partition: &FetchPartition) {
    writer.write_i32(partition.partition);
    if version >= FIRST_CURRENT_LEADER_EPOCH {
        writer.write_i32(partition.current_leader_epoch);
    }
    writer.write_i64(partition.fetch_offset);
    if version >= FIRST_FLEXIBLE {
        writer.write_i32(partition.last_fetched_epoch);
    }
    if version >= FIRST_LOG_START_OFFSET {
        writer.write_i64(partition.log_start_offset);
    }
    writer.write_i32(partition.partition_max_bytes);
    if version < FIRST_FLEXIBLE {
        return;
    }
    let has_directory =
        version >= FIRST_REPLICA_DIRECTORY_ID && !partition.replica_directory_id.is_zero();
    let has_watermark = version >= FIRST_HIGH_WATERMARK && partition.high_watermark != i64::MAX;
    writer.write_unsigned_varint(u32::from(has_directory) + u32::from(has_watermark));
    if has_directory {
        writer.write_tagged_field(REPLICA_DIRECTORY_ID_TAG, |content| {
            content.write_uuid(partition.replica_directory_id);
        });
    }
    if has_watermark {
        writer.write_tagged_field(HIGH_WATERMARK_TAG, |content| {
            content.write_i64(partition.high_watermark);
        });
    }
}

/// A Fetch response and where in its body the record batches stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedFetchResponse<'a> {
    /// Everything but the records.
    pub response: FetchResponse<'a>,
    /// The record bytes of each partition, over all topics, in order; empty ones stand behind
    /// their length.
    pub records: Vec<Range<usize>>,
}

impl<'a> FetchResponse<'a> {
    /// Reads the body of a response, all of it. Null records count as empty.
    pub fn decode(body: &'a [u8], version: i16) -> Result<DecodedFetchResponse<'a>> {
        check_version(version)?;
        let encoding = Encoding::of(version, FIRST_FLEXIBLE);
        let mut reader = Reader::new(body);
        let mut response = Self { throttle_time_ms: reader.read_i32()?, ..Self::default() };
        if version >= FIRST_SESSION {
            response.error_code = read_error_code(&mut reader)?;
            response.session_id = reader.read_i32()?;
        }
        let mut records = Vec::new();
        response.topics = reader.read_array(encoding, MIN_TOPIC_BYTES, |reader| {
            let topic = read_topic_ref(reader, encoding, version >= FIRST_TOPIC_ID)?;
            let partitions = reader.read_array(encoding, MIN_PARTITION_BYTES, |reader| {
                read_partition(reader, version, encoding, &mut records)
            })?;
            reader.skip_tagged_fields(encoding)?;
            Ok(FetchTopicResponse { topic, partitions })
        })?;
        if encoding == Encoding::Compact {
            reader.read_tagged_fields(|tag, content| match tag {
                NODE_ENDPOINTS_TAG if version >= FIRST_NODE_ENDPOINTS => {
                    response.node_endpoints = read_node_endpoints(content)?;
                    Ok(TagOutcome::Read)
                }
                _ => Ok(TagOutcome::Skip),
            })?;
        }
        reader.finish()?;
        Ok(DecodedFetchResponse { response, records })
    }
}

fn read_partition(
    reader: &mut Reader<'_>,
    version: i16,
    encoding: Encoding,
    records: &mut Vec<Range<usize>>,
) -> Result<FetchPartitionResponse> {
    let mut partition = FetchPartitionResponse::error(reader.read_i32()?, ErrorCode::None);
    partition.error_code = read_error_code(reader)?;
    partition.high_watermark = reader.read_i64()?;
    partition.last_stable_offset = reader.read_i64()?;
    if version >= FIRST_LOG_START_OFFSET {
        partition.log_start_offset = reader.read_i64()?;
    }
    partition.aborted_transactions = read_aborted_transactions(reader, encoding)?;
    if version >= FIRST_RACK_ID {
        partition.preferred_read_replica = reader.read_i32()?;
    }
    let range = reader.read_nullable_bytes(encoding)?;
    let range = range.unwrap_or(reader.position()..reader.position());
    partition.records_bytes = range.len();
    records.push(range);
    if encoding == Encoding::Compact {
        read_tagged_fields(reader, &mut partition)?;
    }
    Ok(partition)
}

fn read_aborted_transactions(
    reader: &mut Reader<'_>,
    encoding: Encoding,
) -> Result<Option<Vec<AbortedTransaction>>> {
    let count = reader.read_nullable_array_length(encoding, MIN_ABORTED_TRANSACTION_BYTES)?;
    let Some(count) = count else { return Ok(None) };
    let mut aborted_transactions = Vec::with_capacity(count);
    for _ in 0..count {
        aborted_transactions.push(AbortedTransaction {
            producer_id: reader.read_i64()?,
            first_offset: reader.read_i64()?,
        });
        reader.skip_tagged_fields(encoding)?;
    }
    Ok(Some(aborted_transactions))
}

fn read_tagged_fields(
    reader: &mut Reader<'_>,
    partition: &mut FetchPartitionResponse,
) -> Result<()> {
    reader.read_tagged_fields(|tag, content| {
        match tag {
            DIVERGING_EPOCH_TAG => {
                let (epoch, end_offset) = (content.read_i32()?, content.read_i64()?);
                partition.diverging_epoch = Some(EpochEndOffset { epoch, end_offset });
                content.skip_tagged_fields(Encoding::Compact)?;
            }
            CURRENT_LEADER_TAG => partition.current_leader = Some(read_leader(content)?),
            SNAPSHOT_ID_TAG => {
                let (end_offset, epoch) = (content.read_i64()?, content.read_i32()?);
                partition.snapshot_id = Some(SnapshotId { end_offset, epoch });
                content.skip_tagged_fields(Encoding::Compact)?;
            }
            _ => return Ok(TagOutcome::Skip),
        }
        Ok(TagOutcome::Read)
    })
}
