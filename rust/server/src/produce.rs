//! Produce (API key 0), versions 3-13: appended and answered on the reactor that read the request.
//!
//! Behaviour:
//!   * Each partition is answered for itself; what is wrong with one does not touch the others.
//!   * acks 1 and −1 are answered when the records are in the log, which is one replica's all. acks 0 is not answered; when
//!     it fails, the connection closes, which is how the producer learns that something is wrong.
//!   * Where `flush.messages` or `flush.ms` demands it, the answer waits for an fsync, which a flusher thread does.
//!   * A batch that was appended before is answered with its first offset, as a success.
//!   * A transactional batch is answered as by a broker whose transaction coordinator does not know the transactional id.
//!
//! Versions:
//!   * 7: zstd (KIP-110)
//!   * 8: record errors (KIP-467)
//!   * 10: who leads instead (KIP-951)
//!   * 13: topic ids (KIP-516)

use std::sync::Arc;
use std::time::Duration;

use pybroker_log::{Appended, FlushDemand, Origin, Refusal};
use pybroker_wire::batch::BatchHeader;
use pybroker_wire::header::{PRODUCE, response_header_version};
use pybroker_wire::produce::{
    LeaderIdAndEpoch, NodeEndpoint, ProducePartition, ProducePartitionResponse, ProduceRequest,
    ProduceResponse, ProduceTopicResponse, RecordError,
};
use pybroker_wire::{Compression, ErrorCode, TopicRef, WireError};

use crate::connection::{ConnectionContext, RequestLine};
use crate::flusher::Flushed;
use crate::images::{MetadataImage, PartitionImage, TopicImage};
use crate::outgoing::Outgoing;
use crate::partition::{AppendFailure, Partition, Stored, report_failure};

const FIRST_ZSTD: i16 = 7;
const FIRST_LEADER_HINTS: i16 = 10;

/// Why a connection must close instead of getting an answer.
#[derive(Debug)]
pub(crate) enum ProduceError {
    /// The request is not one.
    Wire(WireError),
    /// Records of a request without acknowledgement were not stored.
    Unacknowledged(ErrorCode),
}

impl From<WireError> for ProduceError {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

/// What became of one partition's records.
#[derive(Debug)]
enum Outcome {
    Appended(Appended),
    Failed(ErrorCode),
    Refused { refusal: Box<Refusal>, log_start_offset: i64 },
    NotLeader(LeaderIdAndEpoch),
}

impl Outcome {
    fn error_code(&self) -> ErrorCode {
        match self {
            Self::Appended(_) => ErrorCode::None,
            Self::Failed(code) => *code,
            Self::Refused { refusal, .. } => refusal.code,
            Self::NotLeader(_) => ErrorCode::NotLeaderOrFollower,
        }
    }
}

/// What became of all records, in the order of the request, and the flushes that must end before the answer.
#[derive(Debug, Default)]
struct Outcomes {
    partitions: Vec<Outcome>,
    // (Index into `partitions`, its flush.)
    flushes: Vec<(usize, Flushed)>,
}

/// Append what a request brings, and answer it.
pub(crate) async fn answer(
    context: &ConnectionContext,
    request: RequestLine,
    body: &mut [u8],
    out: &mut Outgoing,
) -> Result<(), ProduceError> {
    let version = request.api_version;
    let produce = ProduceRequest::decode(body, version)?;
    let mut outcomes = Outcomes::default();
    match error_of_all(&produce, body) {
        Some(code) => {
            let partitions = produce.topics.iter().map(|topic| topic.partitions.len()).sum();
            outcomes.partitions.resize_with(partitions, || Outcome::Failed(code));
        }
        None => append_all(context, version, &produce, body, &mut outcomes),
    }
    let Outcomes { mut partitions, flushes } = outcomes;
    if produce.acks == 0 {
        let failed = partitions.iter().map(Outcome::error_code).find(|code| code.is_error());
        return failed.map_or(Ok(()), |code| Err(ProduceError::Unacknowledged(code)));
    }
    for (index, flushed) in flushes {
        if !flushed.wait().await {
            partitions[index] = Outcome::Failed(ErrorCode::KafkaStorageError);
        }
    }
    encode(context, request, &produce, body, &partitions, out)?;
    Ok(())
}

/// What is wrong with the whole request.
fn error_of_all(produce: &ProduceRequest, body: &[u8]) -> Option<ErrorCode> {
    let mut partitions = produce.topics.iter().flat_map(|topic| &topic.partitions);
    let is_transactional = partitions.any(|partition| {
        records_header(partition, body).is_some_and(|header| header.attributes.is_transactional())
    });
    // Who may write in whose transactions is decided by the transactional id, so there must be one.
    (is_transactional && produce.transactional_id.is_none())
        .then_some(ErrorCode::TransactionalIdAuthorizationFailed)
}

fn records_header(partition: &ProducePartition, body: &[u8]) -> Option<BatchHeader> {
    BatchHeader::decode(&body[partition.records.clone()?]).ok()
}

fn append_all(
    context: &ConnectionContext,
    version: i16,
    produce: &ProduceRequest,
    body: &mut [u8],
    outcomes: &mut Outcomes,
) {
    let now_ms = context.shared.clock.now_ms();
    let metadata = context.shared.images.metadata();
    for topic in &produce.topics {
        let image = find_topic(&metadata, topic.topic(body));
        outcomes.partitions.reserve(topic.partitions.len());
        for partition in &topic.partitions {
            let outcome = image.map_err(Outcome::Failed).and_then(|image| {
                let target =
                    find_partition(context, version, produce.acks, image, partition, body)?;
                let records =
                    partition.records.clone().ok_or(Outcome::Failed(ErrorCode::InvalidRecord))?;
                append(context, target, &mut body[records], now_ms)
                    .map(|stored| (target.log, stored))
            });
            let outcome = outcome.map(|(log, stored)| {
                let index = outcomes.partitions.len();
                let flushed = flush(context, log, &stored, now_ms, produce.acks);
                outcomes.flushes.extend(flushed.map(|flushed| (index, flushed)));
                Outcome::Appended(stored.appended)
            });
            outcomes.partitions.push(outcome.unwrap_or_else(|failed| failed));
        }
    }
}

fn find_topic<'a>(
    metadata: &'a MetadataImage,
    topic: TopicRef<'_>,
) -> Result<&'a TopicImage, ErrorCode> {
    let (found, error) = match topic {
        TopicRef::Name(name) => (metadata.topic(name), ErrorCode::UnknownTopicOrPartition),
        TopicRef::Id(id) => (metadata.topic_by_id(id), ErrorCode::UnknownTopicId),
    };
    found.map(Arc::as_ref).ok_or(error)
}

/// A log that this listener's node leads.
#[derive(Debug, Clone, Copy)]
struct Target<'a> {
    log: &'a Arc<Partition>,
    leader_epoch: i32,
}

/// Everything that can be said before the log is asked.
fn find_partition<'a>(
    context: &ConnectionContext,
    version: i16,
    acks: i16,
    topic: &'a TopicImage,
    partition: &ProducePartition,
    body: &[u8],
) -> Result<Target<'a>, Outcome> {
    let index = usize::try_from(partition.index).ok();
    let Some(image) = index.and_then(|index| topic.partitions.get(index)) else {
        return Err(Outcome::Failed(ErrorCode::UnknownTopicOrPartition));
    };
    if let Some(header) = records_header(partition, body) {
        if version < FIRST_ZSTD && header.attributes.compression() == Ok(Compression::Zstd) {
            return Err(Outcome::Failed(ErrorCode::UnsupportedCompressionType));
        }
        if header.attributes.is_transactional() {
            // What Kafka's coordinator says of a transactional id that was never initialised.
            return Err(Outcome::Failed(ErrorCode::InvalidProducerIdMapping));
        }
    }
    if !matches!(acks, -1..=1) {
        return Err(Outcome::Failed(ErrorCode::InvalidRequiredAcks));
    }
    if topic.internal {
        return Err(Outcome::Failed(ErrorCode::InvalidTopicException));
    }
    let &PartitionImage { leader_id, leader_epoch, partition: ref log } = image;
    if leader_id != context.listener.node_id {
        return Err(Outcome::NotLeader(LeaderIdAndEpoch { leader_id, leader_epoch }));
    }
    let log = log.as_ref().ok_or(Outcome::Failed(ErrorCode::KafkaStorageError))?;
    Ok(Target { log, leader_epoch })
}

fn append(
    context: &ConnectionContext,
    target: Target<'_>,
    records: &mut [u8],
    now_ms: i64,
) -> Result<Stored, Outcome> {
    let Target { log, leader_epoch } = target;
    log.append(records, leader_epoch, Origin::Client, now_ms).map_err(|failure| match failure {
        AppendFailure::Refused(refusal) => Outcome::Refused {
            log_start_offset: known_log_start_offset(log, refusal.code),
            refusal,
        },
        AppendFailure::Storage => {
            report_failure(&context.shared, log);
            Outcome::Failed(ErrorCode::KafkaStorageError)
        }
    })
}

/// Kafka leaves the log start offset out where it refuses records for their size or checksum.
fn known_log_start_offset(log: &Partition, code: ErrorCode) -> i64 {
    match code {
        ErrorCode::MessageTooLarge | ErrorCode::RecordListTooLarge | ErrorCode::CorruptMessage => {
            -1
        }
        _ => log.state().map_or(-1, |state| state.log_start_offset),
    }
}

/// Have flushed what the topic's configs want flushed. Gives what the answer has to wait for.
fn flush(
    context: &ConnectionContext,
    log: &Arc<Partition>,
    stored: &Stored,
    now_ms: i64,
    acks: i16,
) -> Option<Flushed> {
    let shared = &context.shared;
    match stored.appended.flush {
        FlushDemand::BeforeAnswer if acks != 0 => return Some(shared.flusher.flush(shared, log)),
        FlushDemand::BeforeAnswer | FlushDemand::Soon => shared.flusher.flush_soon(shared, log),
        FlushDemand::None => {}
    }
    if let Some(deadline_ms) = stored.flush_deadline_ms {
        let left_ms = deadline_ms.saturating_sub(now_ms).max(0);
        shared.flusher.flush_after(shared, log, Duration::from_millis(left_ms as u64));
    }
    None
}

fn encode(
    context: &ConnectionContext,
    request: RequestLine,
    produce: &ProduceRequest,
    body: &[u8],
    outcomes: &[Outcome],
    out: &mut Outgoing,
) -> Result<(), WireError> {
    let version = request.api_version;
    let metadata;
    let mut response = ProduceResponse::default();
    let mut left = outcomes.iter();
    for topic in &produce.topics {
        let partitions = topic.partitions.iter().zip(&mut left);
        let partitions =
            partitions.map(|(partition, outcome)| partition_response(partition.index, outcome));
        response.topics.push(ProduceTopicResponse {
            topic: topic.topic(body),
            partitions: partitions.collect(),
        });
    }
    if version >= FIRST_LEADER_HINTS {
        let leaders = outcomes.iter().filter_map(|outcome| match outcome {
            Outcome::NotLeader(leader) => Some(leader.leader_id),
            _ => None,
        });
        let mut leaders = leaders.peekable();
        if leaders.peek().is_some() {
            metadata = context.shared.images.metadata();
            response.node_endpoints = node_endpoints(&metadata, leaders, context.dialled_host());
        }
    }
    let start =
        out.begin(request.correlation_id, response_header_version(PRODUCE, version).unwrap_or(0));
    if let Err(error) = response.encode(version, out.bytes_mut()) {
        out.abandon(start);
        return Err(error);
    }
    out.finish(start);
    Ok(())
}

fn partition_response(index: i32, outcome: &Outcome) -> ProducePartitionResponse<'_> {
    let mut response = ProducePartitionResponse::error(index, outcome.error_code());
    match outcome {
        Outcome::Appended(appended) => {
            response.base_offset = appended.base_offset;
            response.log_append_time_ms = appended.log_append_time_ms;
            response.log_start_offset = appended.log_start_offset;
        }
        Outcome::Refused { refusal, log_start_offset } => {
            response.log_start_offset = *log_start_offset;
            let record_errors = refusal.record_errors.iter();
            response.record_errors = record_errors
                .map(|(batch_index, message)| RecordError {
                    batch_index: *batch_index,
                    message: Some(message),
                })
                .collect();
            // Kafka has a message where it names records, and leaves the rest to the error code.
            response.error_message =
                (!refusal.record_errors.is_empty()).then_some(&refusal.message);
        }
        Outcome::NotLeader(leader) => response.current_leader = Some(*leader),
        Outcome::Failed(_) => {}
    }
    response
}

/// Where the leaders are reached, each once, as far as they are known: as advertised, else at the address dialled.
pub(crate) fn node_endpoints<'a>(
    metadata: &'a MetadataImage,
    leaders: impl Iterator<Item = i32>,
    dialled_host: &'a str,
) -> Vec<NodeEndpoint<'a>> {
    let mut endpoints: Vec<NodeEndpoint<'a>> = Vec::new();
    for leader_id in leaders {
        if endpoints.iter().any(|endpoint| endpoint.node_id == leader_id) {
            continue;
        }
        let node = metadata.node(leader_id).map(|node| NodeEndpoint {
            node_id: leader_id,
            host: if node.host.is_empty() { dialled_host } else { &node.host },
            port: node.port,
            rack: None,
        });
        endpoints.extend(node);
    }
    endpoints
}
