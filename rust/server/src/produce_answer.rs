//! Writing the answer of a produce: what became of each partition's records, and who leads instead.

use pybroker_log::{Appended, Fault, Refusal};
use pybroker_wire::produce::{
    LeaderIdAndEpoch, NodeEndpoint, ProducePartitionResponse, ProduceRequest, ProduceResponse,
    ProduceTopicResponse, RecordError,
};
use pybroker_wire::{ErrorCode, WireError};

use crate::connection::{ConnectionContext, RequestLine};
use crate::images::MetadataImage;
use crate::outgoing::Outgoing;

const FIRST_LEADER_HINTS: i16 = 10;

/// What became of one partition's records.
#[derive(Debug)]
pub(crate) enum Outcome {
    Appended(Appended),
    Failed(ErrorCode),
    Refused { refusal: Box<Refusal>, log_start_offset: i64 },
    NotLeader(LeaderIdAndEpoch),
}

impl Outcome {
    /// The code in the answer.
    pub(crate) fn error_code(&self) -> ErrorCode {
        match self {
            Self::Appended(_) => ErrorCode::None,
            Self::Failed(code) => *code,
            Self::Refused { refusal, .. } => refusal.code,
            Self::NotLeader(_) => ErrorCode::NotLeaderOrFollower,
        }
    }
}

/// Write what became of a request's records.
pub(crate) fn write(
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
    let start = out.begin(request);
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
            // Kafka has a message where it names records or finds no batch in corrupt bytes, and leaves the rest to the code.
            let is_unreadable =
                refusal.fault == Fault::Framing && refusal.code == ErrorCode::CorruptMessage;
            let has_message = is_unreadable || !refusal.record_errors.is_empty();
            response.error_message = has_message.then_some(&refusal.message);
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
