//! Fetch in every version, held to bytes that Kafka's own classes wrote.

mod support;

use pybroker_wire::fetch::{
    AbortedTransaction, EpochEndOffset, FetchPartition, FetchPartitionResponse, FetchRequest,
    FetchResponse, FetchTopic, FetchTopicResponse, ForgottenTopic, Hole, SnapshotId, VERSIONS,
};
use pybroker_wire::{ErrorCode, TopicRef, Uuid, WireError};
use serde_json::Value;
use support::{elements, int, int_or, text, uuid, vectors};

fn vectors(message: &str) -> Vec<(i16, Value, Vec<u8>)> {
    vectors::vectors(message, VERSIONS)
}

fn topic_ref(value: &Value) -> TopicRef<'_> {
    vectors::topic_ref(value, "topic")
}

fn request(value: &Value) -> FetchRequest<'_> {
    let replica = value.get("replicaState").unwrap_or(value);
    FetchRequest {
        cluster_id: text(value, "clusterId"),
        replica_id: int_or(replica, "replicaId", Some(-1)),
        replica_epoch: int_or(replica, "replicaEpoch", Some(-1)),
        max_wait_ms: int(value, "maxWaitMs"),
        min_bytes: int(value, "minBytes"),
        max_bytes: int(value, "maxBytes"),
        isolation_level_id: int(value, "isolationLevel"),
        session_id: int_or(value, "sessionId", Some(0)),
        session_epoch: int_or(value, "sessionEpoch", Some(-1)),
        topics: elements(value, "topics")
            .iter()
            .map(|topic| FetchTopic {
                topic: topic_ref(topic),
                partitions: elements(topic, "partitions").iter().map(partition).collect(),
            })
            .collect(),
        forgotten_topics: elements(value, "forgottenTopicsData")
            .iter()
            .map(|topic| ForgottenTopic {
                topic: topic_ref(topic),
                partitions: elements(topic, "partitions")
                    .iter()
                    .map(|partition| partition.as_i64().expect("a partition") as i32)
                    .collect(),
            })
            .collect(),
        rack_id: text(value, "rackId").unwrap_or_default(),
    }
}

fn partition(value: &Value) -> FetchPartition {
    FetchPartition {
        partition: int(value, "partition"),
        current_leader_epoch: int_or(value, "currentLeaderEpoch", Some(-1)),
        fetch_offset: int(value, "fetchOffset"),
        last_fetched_epoch: int_or(value, "lastFetchedEpoch", Some(-1)),
        log_start_offset: int_or(value, "logStartOffset", Some(-1)),
        partition_max_bytes: int(value, "partitionMaxBytes"),
        replica_directory_id: text(value, "replicaDirectoryId").map_or(Uuid::ZERO, uuid),
        high_watermark: int_or(value, "highWatermark", Some(i64::MAX)),
    }
}

/// The response that a value shows, with the lengths of the records of `records`: a value shows
/// records as empty.
fn response<'a>(value: &'a Value, records: &[std::ops::Range<usize>]) -> FetchResponse<'a> {
    let mut lengths = records.iter().map(ExactSizeIterator::len);
    FetchResponse {
        throttle_time_ms: int(value, "throttleTimeMs"),
        error_code: ErrorCode::from_code(int_or(value, "errorCode", Some(0))).expect("a code"),
        session_id: int_or(value, "sessionId", Some(0)),
        topics: elements(value, "responses")
            .iter()
            .map(|topic| FetchTopicResponse {
                topic: topic_ref(topic),
                partitions: elements(topic, "partitions")
                    .iter()
                    .map(|partition| partition_response(partition, lengths.next()))
                    .collect(),
            })
            .collect(),
        node_endpoints: vectors::node_endpoints(value),
    }
}

fn partition_response(value: &Value, records_bytes: Option<usize>) -> FetchPartitionResponse {
    FetchPartitionResponse {
        partition_index: int(value, "partitionIndex"),
        error_code: ErrorCode::from_code(int(value, "errorCode")).expect("the code is known"),
        high_watermark: int(value, "highWatermark"),
        last_stable_offset: int(value, "lastStableOffset"),
        log_start_offset: int_or(value, "logStartOffset", Some(-1)),
        diverging_epoch: value.get("divergingEpoch").map(|diverging| EpochEndOffset {
            epoch: int(diverging, "epoch"),
            end_offset: int(diverging, "endOffset"),
        }),
        current_leader: vectors::current_leader(value),
        snapshot_id: value.get("snapshotId").map(|snapshot| SnapshotId {
            end_offset: int(snapshot, "endOffset"),
            epoch: int(snapshot, "epoch"),
        }),
        aborted_transactions: value["abortedTransactions"].as_array().map(|aborted| {
            aborted
                .iter()
                .map(|aborted| AbortedTransaction {
                    producer_id: int(aborted, "producerId"),
                    first_offset: int(aborted, "firstOffset"),
                })
                .collect()
        }),
        preferred_read_replica: int_or(value, "preferredReadReplica", Some(-1)),
        records_bytes: records_bytes.expect("each partition has records"),
    }
}

/// What a client receives: the encoded bytes with the records in their holes.
fn filled<'a>(
    bytes: &[u8],
    holes: &[Hole],
    mut records: impl Iterator<Item = &'a [u8]>,
) -> Vec<u8> {
    let (mut whole, mut done) = (Vec::new(), 0);
    for hole in holes {
        whole.extend_from_slice(&bytes[done..hole.position]);
        done = hole.position;
        let records = records.next().expect("there are records for each hole");
        assert_eq!(records.len(), hole.length);
        whole.extend_from_slice(records);
    }
    whole.extend_from_slice(&bytes[done..]);
    whole
}

#[test]
fn requests_say_what_kafka_reads_in_them() {
    for (version, value, body) in vectors("FetchRequest") {
        assert_eq!(FetchRequest::decode(&body, version), Ok(request(&value)), "{version}");
    }
}

#[test]
fn requests_come_back_as_they_were_read() {
    for (version, value, body) in vectors("FetchRequest") {
        let mut bytes = Vec::new();
        request(&value).encode(version, &mut bytes).expect("the version is served");
        assert_eq!(bytes, body, "{version} {value}");
    }
}

#[test]
fn a_request_that_is_cut_off_is_refused_and_what_follows_one_is_left_alone() {
    for (version, value, mut body) in vectors("FetchRequest") {
        for end in 0..body.len() {
            assert!(FetchRequest::decode(&body[..end], version).is_err(), "{value} {end}");
        }
        body.push(0);
        assert_eq!(FetchRequest::decode(&body, version), Ok(request(&value)), "{version}");
    }
}

#[test]
fn responses_with_their_holes_filled_are_the_bytes_that_kafka_writes() {
    for (version, value, mut body) in vectors("FetchResponse") {
        let decoded = FetchResponse::decode(&body, version).expect("the body is a response");
        let records = decoded.records.clone();
        assert_eq!(decoded.response, response(&value, &records), "{version}");
        let (mut bytes, mut holes) = (b"before".to_vec(), Vec::new());
        let response = response(&value, &records);
        response.encode(version, &mut bytes, &mut holes).expect("the version is served");
        let batches = records.iter().filter(|range| !range.is_empty());
        let whole = filled(&bytes, &holes, batches.map(|range| &body[range.clone()]));
        empty_instead_of_null(&value, version, &mut body);
        assert_eq!(whole[b"before".len()..], body, "{version} {value}");
    }
}

/// Writes the empty records that a broker sends where the sample has null.
fn empty_instead_of_null(value: &Value, version: i16, body: &mut [u8]) {
    let decoded = FetchResponse::decode(body, version).expect("the body is a response");
    let partitions = elements(value, "responses")
        .iter()
        .flat_map(|topic| elements(topic, "partitions"))
        .map(|partition| partition["records"].is_null());
    for (_, records) in partitions.zip(decoded.records).filter(|(null, _)| *null) {
        let end = records.end;
        if version >= 12 {
            assert_eq!(body[end - 1], 0);
            body[end - 1] = 1;
        } else {
            assert_eq!(body[end - 4..end], (-1_i32).to_be_bytes());
            body[end - 4..end].fill(0);
        }
    }
}

#[test]
fn a_partition_without_records_has_empty_ones_and_no_hole() {
    let partitions = vec![FetchPartitionResponse::error(3, ErrorCode::UnknownTopicOrPartition)];
    let topics = vec![FetchTopicResponse { topic: TopicRef::Name("topic"), partitions }];
    let response = FetchResponse { topics, ..FetchResponse::default() };
    let (mut bytes, mut holes) = (Vec::new(), Vec::new());
    response.encode(4, &mut bytes, &mut holes).expect("the version is served");
    assert_eq!(bytes[bytes.len() - 4..], 0_i32.to_be_bytes());
    assert!(holes.is_empty());
}

#[test]
fn tagged_fields_that_are_not_known_are_skipped() {
    for (version, value, mut body) in vectors("FetchRequest") {
        if version < 12 {
            continue;
        }
        let tags = body.len() - 1 - tagged_bytes(&value, version);
        body[tags] += 1;
        body.extend_from_slice(&[99, 3, 1, 2, 3]);
        assert_eq!(FetchRequest::decode(&body, version), Ok(request(&value)), "{version}");
    }
}

/// Bytes of the tagged fields at the end of a request, without their count.
fn tagged_bytes(value: &Value, version: i16) -> usize {
    let cluster_id = text(value, "clusterId").map_or(0, |id| 3 + id.len());
    let replica_state = if version >= 15 && value.get("replicaState").is_some() { 15 } else { 0 };
    cluster_id + replica_state
}

#[test]
fn a_tagged_field_that_is_longer_than_its_type_is_refused() {
    let (version, _, mut body) = vectors("FetchRequest").pop().expect("there are vectors");
    let empty = body.len() - 16;
    assert_eq!(body[empty..empty + 3], [1, 1, 13], "the last sample has a replica state only");
    body[empty + 2] = 14;
    body.push(0);
    let refusal = FetchRequest::decode(&body, version);
    assert_eq!(refusal, Err(WireError::TaggedFieldSize(1)));
}

#[test]
fn a_version_that_is_not_served_is_refused() {
    for version in [i16::MIN, 3, 19, i16::MAX] {
        let refusal = Err(WireError::UnsupportedVersion { api_key: 1, version });
        assert_eq!(FetchRequest::decode(&[], version).map(|_| ()), refusal);
        let response = FetchResponse::default();
        assert_eq!(response.encode(version, &mut Vec::new(), &mut Vec::new()), refusal);
    }
}
