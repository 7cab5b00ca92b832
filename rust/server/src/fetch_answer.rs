//! Writing the answer of a fetch: small pieces of records are copied into it, large ones go from the page cache.

use std::io;
use std::sync::Arc;

use pybroker_log::{FailureScope, FileSlice};
use pybroker_wire::fetch::{
    FetchPartitionResponse, FetchRequest, FetchResponse, FetchTopicResponse, Hole,
};
use pybroker_wire::{ErrorCode, WireError};

use crate::connection::{ConnectionContext, RequestLine};
use crate::fetch_read::{Fetched, FetchedAll};
use crate::fetch_sessions::SessionContext;
use crate::fetch_target::FetchTarget;
use crate::limits::{FETCH_COPIED_BYTES, FETCH_COPIED_BYTES_TOTAL};
use crate::outgoing::Outgoing;
use crate::partition::{Failure, Partition, report_failure};
use crate::produce_answer::node_endpoints;
use crate::shared::Shared;

const FIRST_TOPIC_ID: i16 = 13;

/// Records on their way into an answer.
#[derive(Debug)]
struct Piece {
    slice: FileSlice,
    log: Arc<Partition>,
    // Whose they are, by index in the response.
    topic: usize,
    partition: usize,
}

/// A response that is being put together.
#[derive(Debug, Default)]
struct Parts<'a> {
    topics: Vec<FetchTopicResponse<'a>>,
    // One for each partition with records, in the order of the response.
    pieces: Vec<Piece>,
}

impl<'a> Parts<'a> {
    /// Partitions that follow each other in one topic are answered in one, as Kafka does it.
    fn push(&mut self, target: &'a FetchTarget, fetched: Fetched) {
        let topic = target.topic();
        if self.topics.last().is_none_or(|last| last.topic != topic) {
            self.topics.push(FetchTopicResponse { topic, partitions: Vec::new() });
        }
        let last = self.topics.len() - 1;
        let partitions = &mut self.topics[last].partitions;
        if let (Some(slice), Some((log, _))) = (fetched.slice, fetched.source) {
            self.pieces.push(Piece { slice, log, topic: last, partition: partitions.len() });
        }
        partitions.push(fetched.response);
    }
}

/// Write what was read, as far as the session wants to hear of it.
pub(crate) fn write(
    context: &ConnectionContext,
    request: RequestLine,
    session: SessionContext,
    targets: &[FetchTarget],
    mut fetched: FetchedAll,
    out: &mut Outgoing,
) -> Result<(), WireError> {
    let shared = &context.shared;
    let now_ms = shared.clock.monotonic_ms();
    let session_id =
        match shared.fetch_sessions.finish(session, targets, &mut fetched.partitions, now_ms) {
            Ok(session_id) => session_id,
            Err((error, session_id)) => return refuse_session(request, error, session_id, out),
        };
    let mut parts = Parts::default();
    let mut unknown = Vec::new();
    for (target, fetched) in targets.iter().zip(fetched.partitions) {
        if fetched.is_left_out {
            continue;
        }
        if fetched.is_unknown {
            // Kafka's order: what does not exist comes last.
            unknown.push((target, fetched));
        } else {
            parts.push(target, fetched);
        }
    }
    for (target, fetched) in unknown {
        parts.push(target, fetched);
    }
    encode(context, request, session_id, parts, out)
}

/// Answer a request whose session is not what it believes.
pub(crate) fn refuse_session(
    request: RequestLine,
    error_code: ErrorCode,
    session_id: i32,
    out: &mut Outgoing,
) -> Result<(), WireError> {
    let response = FetchResponse { error_code, session_id, ..FetchResponse::default() };
    encode_without_records(request, &response, out)
}

/// Answer a request that is wrong as a whole.
pub(crate) fn refuse(
    request: RequestLine,
    fetch: &FetchRequest<'_>,
    error_code: ErrorCode,
    out: &mut Outgoing,
) -> Result<(), WireError> {
    let mut response =
        FetchResponse { error_code, session_id: fetch.session_id, ..FetchResponse::default() };
    // Older versions have no error code but those of the partitions.
    if request.api_version < FIRST_TOPIC_ID {
        let topics = fetch.topics.iter().map(|topic| FetchTopicResponse {
            topic: topic.topic,
            partitions: topic
                .partitions
                .iter()
                .map(|partition| FetchPartitionResponse::error(partition.partition, error_code))
                .collect(),
        });
        response.topics = topics.collect();
    }
    encode_without_records(request, &response, out)
}

fn encode_without_records(
    request: RequestLine,
    response: &FetchResponse<'_>,
    out: &mut Outgoing,
) -> Result<(), WireError> {
    let start = out.begin(request);
    if let Err(error) = response.encode(request.api_version, out.bytes_mut(), &mut Vec::new()) {
        out.abandon(start);
        return Err(error);
    }
    out.finish(start);
    Ok(())
}

fn encode(
    context: &ConnectionContext,
    request: RequestLine,
    session_id: i32,
    parts: Parts<'_>,
    out: &mut Outgoing,
) -> Result<(), WireError> {
    let Parts { topics, mut pieces } = parts;
    let metadata;
    let mut response = FetchResponse { session_id, topics, ..FetchResponse::default() };
    if leaders(&response.topics).next().is_some() {
        metadata = context.shared.images.metadata();
        let leaders = leaders(&response.topics);
        response.node_endpoints = node_endpoints(&metadata, leaders, context.dialled_host());
    }
    let mut holes = Vec::with_capacity(pieces.len());
    loop {
        let start = out.begin(request);
        let encoded = response.encode(request.api_version, out.bytes_mut(), &mut holes);
        if encoded.is_err() {
            out.abandon(start);
            return encoded;
        }
        let Err((index, error)) = fill(&holes, &pieces, out) else {
            out.finish(start);
            return Ok(());
        };
        // The disk failed under an answer that is half written: it is written anew without that piece.
        out.abandon(start);
        holes.clear();
        let piece = pieces.remove(index);
        let failed = &mut response.topics[piece.topic].partitions[piece.partition];
        *failed =
            FetchPartitionResponse::error(failed.partition_index, ErrorCode::KafkaStorageError);
        give_up(&context.shared, &piece, &error);
    }
}

fn leaders<'a>(topics: &'a [FetchTopicResponse<'_>]) -> impl Iterator<Item = i32> + 'a {
    let partitions = topics.iter().flat_map(|topic| &topic.partitions);
    partitions.filter_map(|partition| partition.current_leader.map(|leader| leader.leader_id))
}

/// Put the pieces into the holes of an encoded response. Fails with the index of the piece that cannot be read.
fn fill(holes: &[Hole], pieces: &[Piece], out: &mut Outgoing) -> Result<(), (usize, io::Error)> {
    let mut copied_bytes = 0;
    let is_copied: Vec<bool> = pieces
        .iter()
        .map(|piece| {
            let len = piece.slice.len;
            let is_copied = len <= FETCH_COPIED_BYTES
                && copied_bytes + len <= FETCH_COPIED_BYTES_TOTAL
                && piece.slice.is_cached();
            copied_bytes += if is_copied { len } else { 0 };
            is_copied
        })
        .collect();
    let bytes = out.bytes_mut();
    let mut end = bytes.len();
    bytes.resize(end + copied_bytes, 0);
    // From the end: what stands behind a hole moves back by the pieces before it, and each piece is read into place.
    let mut positions = vec![0; holes.len()];
    for (index, (hole, piece)) in holes.iter().zip(pieces).enumerate().rev() {
        bytes.copy_within(hole.position..end, hole.position + copied_bytes);
        end = hole.position;
        if is_copied[index] {
            copied_bytes -= piece.slice.len;
            let start = hole.position + copied_bytes;
            read(&piece.slice, &mut bytes[start..start + piece.slice.len])
                .map_err(|error| (index, error))?;
        }
        positions[index] = hole.position + copied_bytes;
    }
    for ((piece, position), is_copied) in pieces.iter().zip(positions).zip(is_copied) {
        if !is_copied {
            out.push_file_at(position, piece.slice.clone());
        }
    }
    Ok(())
}

fn read(slice: &FileSlice, into: &mut [u8]) -> io::Result<()> {
    let file = slice.file.as_ref().ok_or(io::ErrorKind::UnexpectedEof)?;
    let count = file.read_at(into, slice.position)?;
    if count == into.len() { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn give_up(shared: &Shared, piece: &Piece, error: &io::Error) {
    // A file that ends early was truncated after it was looked at; the log itself is well.
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return;
    }
    let reason = format!("cannot read records: {error}");
    piece.log.take_offline(Failure { reason, scope: FailureScope::of(error), is_bug: false });
    report_failure(shared, &piece.log);
}
