//! Fetch requests, decoded.

use super::{
    CLUSTER_ID_TAG, CONSUMER_REPLICA_ID, FIRST_CURRENT_LEADER_EPOCH, FIRST_FLEXIBLE,
    FIRST_HIGH_WATERMARK, FIRST_LOG_START_OFFSET, FIRST_RACK_ID, FIRST_REPLICA_DIRECTORY_ID,
    FIRST_REPLICA_STATE, FIRST_SESSION, FIRST_TOPIC_ID, HIGH_WATERMARK_TAG, IsolationLevel,
    REPLICA_DIRECTORY_ID_TAG, REPLICA_STATE_TAG, check_version,
};
use crate::error::Result;
use crate::primitives::{Encoding, Reader, TagOutcome, TopicRef, Uuid};

/// Bytes of the shortest topic, partition and forgotten topic of a request: what an array's claimed
/// length is held against.
const MIN_TOPIC_BYTES: usize = 3;
const MIN_PARTITION_BYTES: usize = 16;
const MIN_FORGOTTEN_TOPIC_BYTES: usize = 3;

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
    /// Reads the body of a request. What follows it is left alone, as Kafka does.
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
