//! Produce (API key 0), versions 3-13: appended and answered on the reactor that read the request.
//!
//! Behaviour:
//!   * Each partition is answered for itself; what is wrong with one does not touch the others.
//!   * acks 1 and −1 are answered when the records are in the log, which is one replica's all. acks 0 is not answered; when
//!     it fails, the connection closes, which is how the producer learns that something is wrong.
//!   * Where `flush.messages` or `flush.ms` demands it, the answer waits for an fsync, which a flusher thread does.
//!   * A batch that was appended before is answered with its first offset, as a success.
//!   * A transactional batch is refused before the log sees it, as by a broker whose transaction coordinator does not know the
//!     transactional id: the log takes those of whoever may write them.
//!
//! Versions:
//!   * 7: zstd (KIP-110)
//!   * 8: record errors (KIP-467)
//!   * 10: who leads instead (KIP-951)
//!   * 13: topic ids (KIP-516)

use std::sync::Arc;
use std::time::Duration;

use pybroker_log::{Fault, FlushDemand, Origin, Refusal};
use pybroker_wire::batch::BatchHeader;
use pybroker_wire::produce::{LeaderIdAndEpoch, ProducePartition, ProduceRequest};
use pybroker_wire::{Compression, ErrorCode, TopicRef, WireError};

use crate::connection::{ConnectionContext, RequestLine};
use crate::flusher::Flushed;
use crate::images::{MetadataImage, PartitionImage, TopicImage};
use crate::outgoing::Outgoing;
use crate::partition::{AppendFailure, Partition, Stored, report_failure};
use crate::produce_answer::{self, Outcome};

const FIRST_ZSTD: i16 = 7;

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
    produce_answer::write(context, request, &produce, body, &partitions, out)?;
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
        AppendFailure::Refused(refusal) => {
            Outcome::Refused { log_start_offset: known_log_start_offset(log, &refusal), refusal }
        }
        AppendFailure::Storage => {
            report_failure(&context.shared, log);
            Outcome::Failed(ErrorCode::KafkaStorageError)
        }
    })
}

/// Kafka leaves the log start offset out where it has not asked the log yet, or refuses records for their size or checksum.
fn known_log_start_offset(log: &Partition, refusal: &Refusal) -> i64 {
    match refusal.code {
        _ if refusal.fault == Fault::Framing => -1,
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
