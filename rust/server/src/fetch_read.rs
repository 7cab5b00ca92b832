//! Reading what a fetch wants, partition by partition.

use std::sync::Arc;

use pybroker_log::FileSlice;
use pybroker_wire::fetch::{
    AbortedTransaction, FetchPartitionResponse, IsolationLevel, LeaderIdAndEpoch,
};
use pybroker_wire::{Compression, ErrorCode};

use crate::fetch_target::FetchTarget;
use crate::images::{MetadataImage, PartitionImage, TopicImage};
use crate::partition::{Partition, PartitionRead, ReadFailure, ReadRequest, report_failure};
use crate::purgatory::Mark;
use crate::shared::Shared;

const FIRST_ZSTD: i16 = 10;
const FIRST_LEADER_HINTS: i16 = 16;
/// Older clients take `KAFKA_STORAGE_ERROR` for final.
const FIRST_STORAGE_ERROR: i16 = 6;

/// What of a fetch holds for all its partitions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FetchParameters {
    pub(crate) version: i16,
    /// The node that was dialled.
    pub(crate) node_id: i32,
    pub(crate) is_follower: bool,
    pub(crate) isolation: IsolationLevel,
    pub(crate) min_bytes: usize,
    pub(crate) max_bytes: usize,
}

/// What was read of one partition.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) response: FetchPartitionResponse,
    /// The records; not empty.
    pub(crate) slice: Option<FileSlice>,
    /// The partition and how far it was, where it was read without an error.
    pub(crate) source: Option<(Arc<Partition>, Mark)>,
    /// The topic or the partition does not exist: the client may wait for the others all the same.
    pub(crate) is_unknown: bool,
    /// The session knows that the client knows all this.
    pub(crate) is_left_out: bool,
}

/// Everything that was read.
#[derive(Debug)]
pub(crate) struct FetchedAll {
    pub(crate) partitions: Vec<Fetched>,
    /// Bytes of all records.
    pub(crate) size_bytes: usize,
}

impl FetchedAll {
    /// Whether a fetch that may wait is to be answered now.
    pub(crate) fn is_enough(&self, targets: &[FetchTarget], min_bytes: usize) -> bool {
        let is_final = |fetched: &Fetched| {
            !fetched.is_unknown
                && (fetched.response.error_code.is_error()
                    || fetched.response.diverging_epoch.is_some())
        };
        self.size_bytes >= min_bytes
            || self.partitions.iter().all(|fetched| fetched.is_unknown)
            || self.partitions.iter().any(is_final)
            || (self.size_bytes > 0 && self.has_older_segment(targets))
    }

    /// Whether records come from a segment that does not grow: waiting brings nothing to them.
    fn has_older_segment(&self, targets: &[FetchTarget]) -> bool {
        self.partitions.iter().zip(targets).any(|(fetched, target)| {
            fetched.slice.is_some()
                && fetched
                    .source
                    .as_ref()
                    .is_some_and(|(log, _)| log.is_in_older_segment(target.fetch_offset))
        })
    }
}

/// Read every target in order, within the limits of the fetch.
pub(crate) fn read_all(
    shared: &Shared,
    parameters: &FetchParameters,
    targets: &[FetchTarget],
) -> FetchedAll {
    let metadata = shared.images.metadata();
    let mut size_bytes = 0;
    let partitions = targets.iter().map(|target| {
        let left_bytes = parameters.max_bytes.saturating_sub(size_bytes);
        let fetched = read_one(shared, &metadata, parameters, target, left_bytes, size_bytes == 0);
        size_bytes += fetched.response.records_bytes;
        fetched
    });
    let partitions = partitions.collect();
    FetchedAll { partitions, size_bytes }
}

fn read_one(
    shared: &Shared,
    metadata: &MetadataImage,
    parameters: &FetchParameters,
    target: &FetchTarget,
    left_bytes: usize,
    is_first: bool,
) -> Fetched {
    let (topic, image) = match find(metadata, target) {
        Ok(found) => found,
        Err(error) => return failed(parameters, target, error, None),
    };
    let leader = LeaderIdAndEpoch { leader_id: image.leader_id, leader_epoch: image.leader_epoch };
    if let Err(error) = check_leadership(parameters, target, leader) {
        return failed(parameters, target, error, Some(leader));
    }
    let Some(log) = &image.partition else {
        let error = match (topic.internal, target.fetch_offset) {
            (true, 0) => return nothing(parameters, target),
            (true, _) => ErrorCode::OffsetOutOfRange,
            (false, _) => ErrorCode::KafkaStorageError,
        };
        return failed(parameters, target, error, None);
    };
    let read = log.read(ReadRequest {
        offset: target.fetch_offset,
        max_bytes: usize::try_from(target.max_bytes).unwrap_or(0).min(left_bytes),
        isolation: parameters.isolation,
        at_least_one_batch: is_first,
        last_fetched_epoch: target.last_fetched_epoch,
    });
    match read {
        Ok(_)
            if parameters.version < FIRST_ZSTD
                && topic.config.compression == Some(Compression::Zstd) =>
        {
            failed(parameters, target, ErrorCode::UnsupportedCompressionType, None)
        }
        Ok(read) => fetched(parameters, target, log, read),
        Err(ReadFailure::OffsetOutOfRange) => {
            failed(parameters, target, ErrorCode::OffsetOutOfRange, None)
        }
        Err(ReadFailure::Storage) => {
            report_failure(shared, log);
            failed(parameters, target, ErrorCode::KafkaStorageError, None)
        }
    }
}

fn find<'a>(
    metadata: &'a MetadataImage,
    target: &FetchTarget,
) -> Result<(&'a TopicImage, &'a PartitionImage), ErrorCode> {
    let by_name = |name: &Option<Arc<str>>| name.as_deref().and_then(|name| metadata.topic(name));
    let topic = if target.topic_id.is_zero() && target.name.is_some() {
        by_name(&target.name).ok_or(ErrorCode::UnknownTopicOrPartition)
    } else {
        // An id that had a name and is gone was deleted; another topic may have the name by now.
        metadata.topic_by_id(target.topic_id).ok_or_else(|| {
            match (&target.name, by_name(&target.name)) {
                (None, _) => ErrorCode::UnknownTopicId,
                (Some(_), None) => ErrorCode::UnknownTopicOrPartition,
                (Some(_), Some(_)) => ErrorCode::InconsistentTopicId,
            }
        })
    }?;
    let index = usize::try_from(target.partition).ok();
    let image = index.and_then(|index| topic.partitions.get(index));
    Ok((topic, image.ok_or(ErrorCode::UnknownTopicOrPartition)?))
}

fn check_leadership(
    parameters: &FetchParameters,
    target: &FetchTarget,
    leader: LeaderIdAndEpoch,
) -> Result<(), ErrorCode> {
    if leader.leader_id != parameters.node_id {
        return Err(ErrorCode::NotLeaderOrFollower);
    }
    let knows_epoch = target.current_leader_epoch >= 0;
    if knows_epoch && target.current_leader_epoch < leader.leader_epoch {
        return Err(ErrorCode::FencedLeaderEpoch);
    }
    if knows_epoch && target.current_leader_epoch > leader.leader_epoch {
        return Err(ErrorCode::UnknownLeaderEpoch);
    }
    // Nobody replicates from here: a follower is one that the leader does not know.
    match (parameters.is_follower, knows_epoch) {
        (false, _) => Ok(()),
        (true, true) => Err(ErrorCode::UnknownLeaderEpoch),
        (true, false) => Err(ErrorCode::NotLeaderOrFollower),
    }
}

fn fetched(
    parameters: &FetchParameters,
    target: &FetchTarget,
    log: &Arc<Partition>,
    read: PartitionRead,
) -> Fetched {
    let PartitionRead { slice, aborted, state, diverging, mark } = read;
    let is_committed = parameters.isolation == IsolationLevel::ReadCommitted;
    let aborted = aborted.into_iter().map(|transaction| AbortedTransaction {
        producer_id: transaction.producer_id,
        first_offset: transaction.first_offset,
    });
    let response = FetchPartitionResponse {
        partition_index: target.partition,
        error_code: ErrorCode::None,
        high_watermark: state.high_watermark,
        last_stable_offset: state.last_stable_offset,
        log_start_offset: state.log_start_offset,
        diverging_epoch: diverging,
        current_leader: None,
        snapshot_id: None,
        aborted_transactions: (is_committed && diverging.is_none()).then(|| aborted.collect()),
        preferred_read_replica: -1,
        records_bytes: slice.len,
    };
    let slice = (slice.len > 0).then_some(slice);
    Fetched {
        response,
        slice,
        source: Some((Arc::clone(log), mark)),
        is_unknown: false,
        is_left_out: false,
    }
}

/// What an internal topic holds.
fn nothing(parameters: &FetchParameters, target: &FetchTarget) -> Fetched {
    let is_committed = parameters.isolation == IsolationLevel::ReadCommitted;
    let response = FetchPartitionResponse {
        high_watermark: 0,
        last_stable_offset: 0,
        log_start_offset: 0,
        aborted_transactions: is_committed.then(Vec::new),
        ..FetchPartitionResponse::error(target.partition, ErrorCode::None)
    };
    Fetched { response, slice: None, source: None, is_unknown: false, is_left_out: false }
}

fn failed(
    parameters: &FetchParameters,
    target: &FetchTarget,
    error: ErrorCode,
    leader: Option<LeaderIdAndEpoch>,
) -> Fetched {
    let error = match error {
        ErrorCode::KafkaStorageError if parameters.version < FIRST_STORAGE_ERROR => {
            ErrorCode::NotLeaderOrFollower
        }
        error => error,
    };
    let mut response = FetchPartitionResponse::error(target.partition, error);
    let is_unknown =
        matches!(error, ErrorCode::UnknownTopicId | ErrorCode::UnknownTopicOrPartition);
    if is_unknown {
        // As Kafka has it: a list where the partition is not even looked for, none where reading it failed.
        response.aborted_transactions = Some(Vec::new());
    }
    let names_leader =
        matches!(error, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch);
    if names_leader && parameters.version >= FIRST_LEADER_HINTS {
        response.current_leader = leader;
    }
    Fetched { response, slice: None, source: None, is_unknown, is_left_out: false }
}
