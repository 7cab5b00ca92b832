//! Produce as a client sees it.

use pybroker_log::LogConfig;
use pybroker_wire::batch::TimestampType;
use pybroker_wire::produce::{LeaderIdAndEpoch, NodeEndpoint};
use pybroker_wire::testing::{ProducePartitionData, ProduceTopicData};
use pybroker_wire::{BatchBuilder, Compression, ErrorCode, TopicRef, Uuid};

use crate::produce::ProduceError;
use crate::testing::{
    Fixture, NODE, batch, compressed_batch, idempotent_batch, produce_request, transactional_batch,
};

#[tokio::test]
async fn records_get_the_next_offsets() {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    let client = fixture.client();
    for base_offset in [0, 3, 6] {
        let answer = client.produce("t", 0, &batch(3, 10)).await;
        let one = answer.first();
        assert_eq!((one.error_code, one.base_offset), (ErrorCode::None, base_offset));
        assert_eq!((one.log_append_time_ms, one.log_start_offset), (-1, 0));
    }
    assert_eq!(fixture.partition("t", 0).state().unwrap().high_watermark, 9);
}

#[tokio::test]
async fn every_version_is_answered_in_its_own_shape() {
    let fixture = Fixture::new();
    let topic_id = fixture.create("t", 1);
    let records = batch(1, 10);
    for version in 3..=13 {
        let topic = if version < 13 { TopicRef::Name("t") } else { TopicRef::Id(topic_id) };
        let request = produce_request(-1, topic, &[(0, Some(&records))]);
        let answer = fixture.client().send_produce(version, &request).await.unwrap().unwrap();
        assert_eq!(answer.response().topics[0].topic, topic);
        assert_eq!(answer.first().base_offset, i64::from(version) - 3);
    }
}

#[tokio::test]
async fn one_bad_partition_does_not_spoil_the_others() {
    let fixture = Fixture::new();
    fixture.create("t", 2);
    let good = batch(1, 10);
    let mut damaged = batch(1, 10);
    *damaged.last_mut().unwrap() ^= 1;
    let partitions =
        [(0, Some(&damaged[..])), (1, Some(&good[..])), (2, Some(&good[..])), (0, Some(&good[..]))];
    let mut request = produce_request(1, TopicRef::Name("t"), &partitions);
    let unknown = ProducePartitionData { index: 0, records: Some(&good) };
    request.topics.insert(
        0,
        ProduceTopicData { topic: TopicRef::Name("unknown"), partitions: vec![unknown] },
    );
    let answer = fixture.client().send_produce(12, &request).await.unwrap().unwrap();
    let codes: Vec<_> = answer.partitions().iter().map(|one| (one.index, one.error_code)).collect();
    let expected = [
        (0, ErrorCode::UnknownTopicOrPartition),
        (0, ErrorCode::CorruptMessage),
        (1, ErrorCode::None),
        (2, ErrorCode::UnknownTopicOrPartition),
        (0, ErrorCode::None),
    ];
    assert_eq!(codes, expected);
    assert_eq!(answer.partitions()[1].log_start_offset, -1);
}

#[tokio::test]
async fn an_unknown_topic_id_is_named_as_such() {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    let records = batch(1, 10);
    let request = produce_request(1, TopicRef::Id(Uuid([9; 16])), &[(0, Some(&records))]);
    let answer = fixture.client().send_produce(13, &request).await.unwrap().unwrap();
    assert_eq!(answer.first().error_code, ErrorCode::UnknownTopicId);
}

#[tokio::test]
async fn without_acks_records_are_stored_and_nothing_is_answered() {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    let records = batch(2, 10);
    let request = produce_request(0, TopicRef::Name("t"), &[(0, Some(&records))]);
    assert!(fixture.client().send_produce(12, &request).await.unwrap().is_none());
    assert_eq!(fixture.partition("t", 0).state().unwrap().log_end_offset, 2);
}

#[tokio::test]
async fn a_failure_without_acks_asks_for_the_connection_to_close() {
    let fixture = Fixture::new();
    let records = batch(1, 10);
    let request = produce_request(0, TopicRef::Name("gone"), &[(0, Some(&records))]);
    let refused = fixture.client().send_produce(12, &request).await.unwrap_err();
    let ProduceError::Unacknowledged(code) = refused else { panic!("{refused:?}") };
    assert_eq!(code, ErrorCode::UnknownTopicOrPartition);
}

#[tokio::test]
async fn acks_that_do_not_exist_are_refused() {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    let records = batch(1, 10);
    for acks in [2, -2, i16::MAX] {
        let request = produce_request(acks, TopicRef::Name("t"), &[(0, Some(&records))]);
        let answer = fixture.client().send_produce(9, &request).await.unwrap().unwrap();
        assert_eq!(answer.first().error_code, ErrorCode::InvalidRequiredAcks);
    }
    assert_eq!(fixture.partition("t", 0).state().unwrap().log_end_offset, 0);
}

#[tokio::test]
async fn the_wrong_node_says_who_leads() {
    let fixture = Fixture::new();
    fixture.create_with("t", &[(2, 7), (NODE, 0)], LogConfig::default());
    let records = batch(1, 10);
    let partitions = [(0, Some(&records[..])), (1, Some(&records[..]))];
    let request = produce_request(1, TopicRef::Name("t"), &partitions);
    let answer = fixture.client().send_produce(10, &request).await.unwrap().unwrap();
    let one = answer.first();
    assert_eq!(one.error_code, ErrorCode::NotLeaderOrFollower);
    assert_eq!(one.current_leader, Some(LeaderIdAndEpoch { leader_id: 2, leader_epoch: 7 }));
    let leader = NodeEndpoint { node_id: 2, host: "localhost", port: 19093, rack: None };
    assert_eq!(answer.response().node_endpoints, [leader]);
    assert_eq!(answer.partitions()[1].error_code, ErrorCode::None);

    let answer = fixture.client().send_produce(9, &request).await.unwrap().unwrap();
    assert_eq!(answer.first().current_leader, None);
}

#[tokio::test]
async fn internal_topics_take_no_records_from_clients() {
    let fixture = Fixture::new();
    fixture.create("__consumer_offsets", 1);
    let answer = fixture.client().produce("__consumer_offsets", 0, &batch(1, 10)).await;
    assert_eq!(answer.first().error_code, ErrorCode::InvalidTopicException);
}

#[tokio::test]
async fn no_records_are_invalid_records() {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    for records in [None, Some(&[][..])] {
        let request = produce_request(1, TopicRef::Name("t"), &[(0, records)]);
        let answer = fixture.client().send_produce(12, &request).await.unwrap().unwrap();
        assert_eq!(answer.first().error_code, ErrorCode::InvalidRecord);
    }
}

#[tokio::test]
async fn two_batches_for_one_partition_are_refused() {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    let answer = fixture.client().produce("t", 0, &[batch(1, 10), batch(1, 10)].concat()).await;
    assert_eq!(answer.first().error_code, ErrorCode::InvalidRecord);
}

#[tokio::test]
async fn a_transactional_batch_needs_a_transactional_id_that_the_coordinator_knows() {
    let fixture = Fixture::new();
    fixture.create("t", 2);
    let (transactional, plain) = (transactional_batch(5, 0, 1), batch(1, 10));
    let partitions = [(0, Some(&transactional[..])), (1, Some(&plain[..]))];
    let mut request = produce_request(-1, TopicRef::Name("t"), &partitions);
    let answer = fixture.client().send_produce(12, &request).await.unwrap().unwrap();
    let codes: Vec<_> = answer.partitions().iter().map(|one| one.error_code).collect();
    assert_eq!(codes, [ErrorCode::TransactionalIdAuthorizationFailed; 2]);

    request.transactional_id = Some("a");
    let answer = fixture.client().send_produce(12, &request).await.unwrap().unwrap();
    let codes: Vec<_> = answer.partitions().iter().map(|one| one.error_code).collect();
    assert_eq!(codes, [ErrorCode::InvalidProducerIdMapping, ErrorCode::None]);
}

#[tokio::test]
async fn zstd_needs_version_7() {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    let records = compressed_batch(Compression::Zstd);
    let request = produce_request(1, TopicRef::Name("t"), &[(0, Some(&records))]);
    let codes = [(6, ErrorCode::UnsupportedCompressionType), (7, ErrorCode::None)];
    for (version, code) in codes {
        let answer = fixture.client().send_produce(version, &request).await.unwrap().unwrap();
        assert_eq!(answer.first().error_code, code);
    }
}

#[tokio::test]
async fn a_duplicate_is_answered_with_its_first_offset() {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    let client = fixture.client();
    client.produce("t", 0, &batch(4, 10)).await;
    for sequence in [0, 2, 4] {
        client.produce("t", 0, &idempotent_batch(1, 0, sequence, 2)).await;
    }
    let answer = client.produce("t", 0, &idempotent_batch(1, 0, 2, 2)).await;
    assert_eq!((answer.first().error_code, answer.first().base_offset), (ErrorCode::None, 6));
    assert_eq!(fixture.partition("t", 0).state().unwrap().log_end_offset, 10);
    let answer = client.produce("t", 0, &idempotent_batch(1, 0, 9, 1)).await;
    assert_eq!(answer.first().error_code, ErrorCode::OutOfOrderSequenceNumber);
    assert_eq!((answer.first().log_start_offset, answer.first().error_message), (0, None));
}

#[tokio::test]
async fn records_without_keys_are_named_where_the_topic_needs_keys() {
    let fixture = Fixture::new();
    fixture.create_with("t", &[(NODE, 0)], LogConfig { compacted: true, ..LogConfig::default() });
    let mut builder = BatchBuilder::new(0);
    let now_ms = fixture.shared.clock.now_ms();
    builder.append(now_ms, Some(b"k"), Some(b"v"), &[]);
    builder.append(now_ms, None, Some(b"v"), &[]);
    let mut records = Vec::new();
    builder.build(&mut records).unwrap();
    let answer = fixture.client().produce("t", 0, &records).await;
    let one = answer.first();
    assert_eq!((one.error_code, one.log_start_offset), (ErrorCode::InvalidRecord, 0));
    assert!(one.error_message.is_some());
    assert_eq!(one.record_errors.len(), 1);
    assert_eq!(one.record_errors[0].batch_index, 1);
}

#[tokio::test]
async fn log_append_time_is_told() {
    let fixture = Fixture::new();
    let config = LogConfig { timestamp_type: TimestampType::LogAppendTime, ..LogConfig::default() };
    fixture.create_with("t", &[(NODE, 0)], config);
    let before_ms = fixture.shared.clock.now_ms();
    let answer = fixture.client().produce("t", 0, &batch(1, 10)).await;
    let stamped_ms = answer.first().log_append_time_ms;
    assert!((before_ms..=fixture.shared.clock.now_ms()).contains(&stamped_ms));
}

#[tokio::test]
async fn a_batch_above_the_limit_is_too_large() {
    let fixture = Fixture::new();
    let config = LogConfig { max_message_bytes: 200, ..LogConfig::default() };
    fixture.create_with("t", &[(NODE, 0)], config);
    let answer = fixture.client().produce("t", 0, &batch(1, 500)).await;
    assert_eq!(answer.first().error_code, ErrorCode::MessageTooLarge);
}

#[tokio::test]
async fn records_are_durable_before_the_answer_where_the_config_wants_it() {
    let fixture = Fixture::new();
    fixture.create_with("t", &[(NODE, 0)], LogConfig { flush_messages: 1, ..LogConfig::default() });
    for end_offset in 1..5 {
        let answer = fixture.client().produce("t", 0, &batch(1, 10)).await;
        assert_eq!(answer.first().error_code, ErrorCode::None);
        assert_eq!(fixture.partition("t", 0).state().unwrap().recovery_point, end_offset);
    }
}

#[tokio::test]
async fn an_offline_partition_is_a_storage_error_and_only_it() {
    let fixture = Fixture::new();
    fixture.create("t", 2);
    let reason = "the disk is gone".to_owned();
    let scope = pybroker_log::FailureScope::Log;
    let failure = crate::partition::Failure { reason, scope, is_bug: false };
    assert!(fixture.partition("t", 0).take_offline(failure));
    let records = batch(1, 10);
    let partitions = [(0, Some(&records[..])), (1, Some(&records[..]))];
    let request = produce_request(1, TopicRef::Name("t"), &partitions);
    let answer = fixture.client().send_produce(12, &request).await.unwrap().unwrap();
    let codes: Vec<_> = answer.partitions().iter().map(|one| one.error_code).collect();
    assert_eq!(codes, [ErrorCode::KafkaStorageError, ErrorCode::None]);
    let mail = fixture.shared.mailbox.take(10);
    assert!(matches!(&mail[..], [crate::mailbox::Mail::LogFailed { partition: 0, reason, .. }]
            if reason == "the disk is gone"));
}

#[tokio::test]
async fn what_is_no_request_is_a_wire_error() {
    let fixture = Fixture::new();
    let line = crate::connection::RequestLine { api_key: 0, api_version: 9, correlation_id: 1 };
    let client = fixture.client();
    let mut out = crate::outgoing::Outgoing::default();
    let outcome = crate::produce::answer(&client.context, line, &mut [1, 2, 3], &mut out).await;
    assert!(matches!(outcome, Err(ProduceError::Wire(_))));
    assert!(out.is_empty());
}
