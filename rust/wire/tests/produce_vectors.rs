//! Produce in every version, held to bytes that Kafka's own classes wrote.

mod support;

use pybroker_wire::produce::{
    ProducePartitionResponse, ProduceRequest, ProduceResponse, ProduceTopicResponse, RecordError,
    VERSIONS,
};
use pybroker_wire::testing::ProduceRequestData;
use pybroker_wire::{Batch, ErrorCode, TopicRef, WireError};
use serde_json::Value;
use support::{elements, int, int_or, text, vectors};

fn vectors(message: &str) -> Vec<(i16, Value, Vec<u8>)> {
    vectors::vectors(message, VERSIONS)
}

fn topic_ref(value: &Value) -> TopicRef<'_> {
    vectors::topic_ref(value, "name")
}

fn response(value: &Value) -> ProduceResponse<'_> {
    ProduceResponse {
        topics: elements(value, "responses")
            .iter()
            .map(|topic| ProduceTopicResponse {
                topic: topic_ref(topic),
                partitions: elements(topic, "partitionResponses").iter().map(partition).collect(),
            })
            .collect(),
        throttle_time_ms: int(value, "throttleTimeMs"),
        node_endpoints: vectors::node_endpoints(value),
    }
}

fn partition(value: &Value) -> ProducePartitionResponse<'_> {
    ProducePartitionResponse {
        index: int(value, "index"),
        error_code: ErrorCode::from_code(int(value, "errorCode")).expect("the code is known"),
        base_offset: int(value, "baseOffset"),
        log_append_time_ms: int(value, "logAppendTimeMs"),
        log_start_offset: int_or(value, "logStartOffset", Some(-1)),
        record_errors: elements(value, "recordErrors")
            .iter()
            .map(|error| RecordError {
                batch_index: int(error, "batchIndex"),
                message: text(error, "batchIndexErrorMessage"),
            })
            .collect(),
        error_message: text(value, "errorMessage"),
        current_leader: vectors::current_leader(value),
    }
}

#[test]
fn requests_say_what_kafka_reads_in_them() {
    for (version, value, body) in vectors("ProduceRequest") {
        let request = ProduceRequest::decode(&body, version).expect("the body is a request");
        let transactional_id = request.transactional_id.map(|id| id.get(&body));
        assert_eq!(transactional_id, text(&value, "transactionalId"), "{value}");
        assert_eq!(request.acks, int::<i16>(&value, "acks"), "{value}");
        assert_eq!(request.timeout_ms, int::<i32>(&value, "timeoutMs"), "{value}");
        assert_eq!(request.topics.len(), elements(&value, "topicData").len(), "{value}");
        for (topic, expected) in request.topics.iter().zip(elements(&value, "topicData")) {
            assert_eq!(topic.topic(&body), topic_ref(expected), "{value}");
            let partitions = elements(expected, "partitionData");
            assert_eq!(topic.partitions.len(), partitions.len(), "{value}");
            for (partition, expected) in topic.partitions.iter().zip(partitions) {
                assert_eq!(partition.index, int::<i32>(expected, "index"), "{value}");
                assert_eq!(partition.records.is_none(), expected["records"].is_null(), "{value}");
                if let Some(range) = partition.records.clone() {
                    let batch = Batch::first(&body[range.clone()]).expect("a whole batch");
                    assert_eq!(batch.bytes.len(), range.len());
                    assert_eq!(batch.verify_crc(), Ok(()));
                }
            }
        }
    }
}

#[test]
fn requests_come_back_as_they_were_read() {
    for (version, value, body) in vectors("ProduceRequest") {
        let request = ProduceRequest::decode(&body, version).expect("the body is a request");
        let mut bytes = Vec::new();
        let data = ProduceRequestData::of(&request, &body);
        data.encode(version, &mut bytes).expect("the version is served");
        assert_eq!(bytes, body, "{value}");
    }
}

#[test]
fn a_request_that_is_cut_off_is_refused_and_what_follows_one_is_left_alone() {
    for (version, value, mut body) in vectors("ProduceRequest") {
        for end in 0..body.len() {
            assert!(ProduceRequest::decode(&body[..end], version).is_err(), "{value} {end}");
        }
        let request = ProduceRequest::decode(&body, version);
        body.push(0);
        assert_eq!(ProduceRequest::decode(&body, version), request, "{value}");
    }
}

#[test]
fn responses_are_the_bytes_that_kafka_writes() {
    for (version, value, body) in vectors("ProduceResponse") {
        let mut bytes = Vec::new();
        response(&value).encode(version, &mut bytes).expect("the version is served");
        assert_eq!(bytes, body, "{version} {value}");
        let decoded = ProduceResponse::decode(&body, version);
        assert_eq!(decoded, Ok(response(&value)), "{version}");
    }
}

#[test]
fn a_response_leaves_out_what_its_version_has_no_field_for() {
    let value = vectors("ProduceResponse").into_iter().map(|(_, value, _)| value).next_back();
    let value = value.expect("there are vectors");
    let mut full = response(&value);
    for topic in &mut full.topics {
        topic.topic = TopicRef::Name("topic");
    }
    for version in 3..=12 {
        let mut bytes = Vec::new();
        full.encode(version, &mut bytes).expect("the version is served");
        let decoded = ProduceResponse::decode(&bytes, version).expect("the response is whole");
        let partition = &decoded.topics[0].partitions[0];
        assert_eq!(partition.log_start_offset == -1, version < 5, "{version}");
        assert_eq!(partition.record_errors.is_empty(), version < 8, "{version}");
        assert_eq!(partition.current_leader.is_none(), version < 10, "{version}");
        assert_eq!(decoded.node_endpoints.is_empty(), version < 10, "{version}");
    }
}

#[test]
fn a_topic_is_named_as_the_version_names_it() {
    let topic = ProduceTopicResponse { topic: TopicRef::Name("topic"), partitions: Vec::new() };
    let response = ProduceResponse { topics: vec![topic], ..ProduceResponse::default() };
    assert_eq!(response.encode(13, &mut Vec::new()), Err(WireError::WrongTopicRef));
    assert_eq!(response.encode(12, &mut Vec::new()), Ok(()));
}

#[test]
fn a_version_that_is_not_served_is_refused() {
    for version in [i16::MIN, 2, 14, i16::MAX] {
        let refusal = Err(WireError::UnsupportedVersion { api_key: 0, version });
        assert_eq!(ProduceRequest::decode(&[], version).map(|_| ()), refusal);
        assert_eq!(ProduceResponse::default().encode(version, &mut Vec::new()), refusal);
    }
}
