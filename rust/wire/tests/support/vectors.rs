//! The vectors of Produce and Fetch, and what the two messages have in common.

use super::{elements, int, lines, text, unhex, uuid};
use pybroker_wire::TopicRef;
use pybroker_wire::fetch::{LeaderIdAndEpoch, NodeEndpoint};
use serde_json::Value;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// Every vector of a message, as (version, value, bytes). There is one for each of `versions` at least.
pub(crate) fn vectors(message: &str, versions: RangeInclusive<i16>) -> Vec<(i16, Value, Vec<u8>)> {
    let vectors: Vec<_> = lines("produce-fetch-vectors.jsonl")
        .into_iter()
        .filter(|line| text(line, "message") == Some(message))
        .map(|line| (int(&line, "version"), line["value"].clone(), unhex(&line["hex"])))
        .collect();
    let found: BTreeSet<i16> = vectors.iter().map(|(version, ..)| *version).collect();
    assert!(found.into_iter().eq(versions), "every version has a vector");
    vectors
}

/// A topic by its id, or else by its name, which the messages call differently.
pub(crate) fn topic_ref<'a>(value: &'a Value, name_field: &str) -> TopicRef<'a> {
    match text(value, "topicId") {
        Some(id) => TopicRef::Id(uuid(id)),
        None => TopicRef::Name(text(value, name_field).expect("a topic has a name or an id")),
    }
}

/// The brokers that a response names.
pub(crate) fn node_endpoints(value: &Value) -> Vec<NodeEndpoint<'_>> {
    elements(value, "nodeEndpoints")
        .iter()
        .map(|endpoint| NodeEndpoint {
            node_id: int(endpoint, "nodeId"),
            host: text(endpoint, "host").expect("a node has a host"),
            port: int(endpoint, "port"),
            rack: text(endpoint, "rack"),
        })
        .collect()
}

/// The leader that a partition of a response names.
pub(crate) fn current_leader(value: &Value) -> Option<LeaderIdAndEpoch> {
    value.get("currentLeader").map(|leader| LeaderIdAndEpoch {
        leader_id: int(leader, "leaderId"),
        leader_epoch: int(leader, "leaderEpoch"),
    })
}
