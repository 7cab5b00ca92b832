//! Fetch (API key 1), versions 4-18: read and answered on the reactor that read the request.
//!
//! Behaviour:
//!   * Records are whole batches from the one that holds the fetch offset on; the last may be cut short. The first
//!     partition with records gives at least one batch, whatever the limits.
//!   * A partition without records answers empty bytes.
//!   * A fetch that finds fewer than `min_bytes` waits for them, at most `max_wait_ms`: see [`DelayedFetch`].
//!   * Who reads committed records gets those before the last stable offset, and the aborted transactions among them.
//!   * Sessions (KIP-227) are in `fetch_sessions.rs`.
//!   * A follower is answered as one that the leader does not know: nothing replicates from here.
//!
//! Versions:
//!   * 7: fetch sessions; 9: `current_leader_epoch`; 11: rack, which is ignored
//!   * 12: diverging epoch for who names its last epoch (KIP-595)
//!   * 13: topic ids (KIP-516)
//!   * 16: who leads instead (KIP-951)

use std::time::Duration;

use pybroker_wire::fetch::{FetchRequest, IsolationLevel};
use pybroker_wire::{ErrorCode, WireError};

use crate::connection::{ConnectionContext, RequestLine};
use crate::fetch_answer;
use crate::fetch_read::{FetchParameters, FetchedAll, read_all};
use crate::fetch_sessions::{SessionContext, SessionRequest};
use crate::fetch_target::FetchTarget;
use crate::limits::FETCH_RESPONSE_BYTES_MAX;
use crate::outgoing::Outgoing;
use crate::purgatory::Wait;
use crate::shared::Shared;

const FIRST_TOPIC_ID: i16 = 13;

/// A fetch that waits. It holds no buffer, and nothing of the request's bytes.
///
/// It is answered with whatever there is by then, as soon as
///
/// * A: this node no longer leads one of its partitions,
/// * B: one of its topics was deleted,
/// * C: the log of one of its partitions went offline or was closed,
/// * D: an end of one of its logs moved other than by an append,
/// * E: one of its logs began a new segment, so that later records are not read together with earlier ones,
/// * F: the bytes appended to its partitions reach `min_bytes`; to who reads committed records those count that are before the
///   last stable offset,
/// * G: the data plane stops,
///
/// or at its deadline.
#[derive(Debug)]
pub(crate) struct DelayedFetch {
    request: RequestLine,
    parameters: FetchParameters,
    session: SessionContext,
    targets: Vec<FetchTarget>,
    wait: Wait,
}

/// Answer a fetch into `out`, unless it must wait.
pub(crate) fn answer(
    context: &ConnectionContext,
    request: RequestLine,
    body: &[u8],
    out: &mut Outgoing,
) -> Result<Option<DelayedFetch>, WireError> {
    let shared = &context.shared;
    let version = request.api_version;
    let fetch = FetchRequest::decode(body, version)?;
    let Some(isolation) = fetch.isolation_level() else {
        return fetch_answer::refuse(request, &fetch, ErrorCode::InvalidRequest, out)
            .map(|()| None);
    };
    let parameters = parameters(context, version, &fetch, isolation);
    let (session, targets) = match find_targets(shared, version, &fetch, parameters.is_follower) {
        Ok(found) => found,
        Err(error) => return fetch_answer::refuse_session(request, error, 0, out).map(|()| None),
    };
    let max_wait = Duration::from_millis(u64::try_from(fetch.max_wait_ms).unwrap_or(0));
    loop {
        let epoch = shared.images.epoch();
        let fetched = read_all(shared, &parameters, &targets);
        if max_wait.is_zero() || fetched.is_enough(&targets, parameters.min_bytes) {
            fetch_answer::write(context, request, session, &targets, fetched, out)?;
            return Ok(None);
        }
        let wait = watch_all(&parameters, &targets, &fetched, max_wait);
        // What was published before the watch began woke nobody.
        if shared.images.epoch() == epoch {
            return Ok(Some(DelayedFetch { request, parameters, session, targets, wait }));
        }
    }
}

impl DelayedFetch {
    /// Whether there is a reason to answer already.
    #[cfg(test)]
    pub(crate) fn is_over(&self) -> bool {
        self.wait.is_over()
    }

    /// Wait, and write the answer.
    pub(crate) async fn answer(self, context: &ConnectionContext, out: &mut Outgoing) {
        let Self { request, parameters, session, targets, wait } = self;
        let shared = &context.shared;
        wait.end(&shared.stopping).await;
        let fetched = read_all(shared, &parameters, &targets);
        let written = fetch_answer::write(context, request, session, &targets, fetched, out);
        // The version was checked when the request was decoded, and it is all that can be refused.
        debug_assert!(written.is_ok(), "a response is encoded in the version of its request");
    }
}

fn parameters(
    context: &ConnectionContext,
    version: i16,
    fetch: &FetchRequest<'_>,
    isolation: IsolationLevel,
) -> FetchParameters {
    let bytes = |bytes: i32| usize::try_from(bytes).unwrap_or(0);
    let limit = context.shared.settings.fetch_max_bytes.min(FETCH_RESPONSE_BYTES_MAX);
    let max_bytes = bytes(fetch.max_bytes).min(limit);
    FetchParameters {
        version,
        node_id: context.listener.node_id,
        is_follower: fetch.replica_id >= 0,
        isolation,
        min_bytes: bytes(fetch.min_bytes).min(max_bytes),
        max_bytes,
    }
}

fn find_targets(
    shared: &Shared,
    version: i16,
    fetch: &FetchRequest<'_>,
    is_follower: bool,
) -> Result<(SessionContext, Vec<FetchTarget>), ErrorCode> {
    let metadata = shared.images.metadata();
    let targets = FetchTarget::of_request(&fetch.topics, &metadata);
    let request = SessionRequest {
        session_id: fetch.session_id,
        epoch: fetch.session_epoch,
        uses_topic_ids: version >= FIRST_TOPIC_ID,
        is_follower,
    };
    let name_of = |topic_id| metadata.topic_by_id(topic_id).map(|topic| topic.name.clone());
    let now_ms = shared.clock.monotonic_ms();
    shared.fetch_sessions.begin(request, targets, &fetch.forgotten_topics, name_of, now_ms)
}

fn watch_all(
    parameters: &FetchParameters,
    targets: &[FetchTarget],
    fetched: &FetchedAll,
    max_wait: Duration,
) -> Wait {
    let missing_bytes = parameters.min_bytes - fetched.size_bytes;
    let mut wait = Wait::new(missing_bytes, max_wait, targets.len());
    for (target, fetched) in targets.iter().zip(&fetched.partitions) {
        if let Some((log, mark)) = &fetched.source {
            let max_bytes = usize::try_from(target.max_bytes).unwrap_or(0);
            wait.watch(
                log.clone(),
                *mark,
                parameters.isolation,
                max_bytes.saturating_sub(fetched.response.records_bytes),
            );
        }
    }
    wait
}
