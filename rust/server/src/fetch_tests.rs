//! Fetch as a client sees it: what is read, in which order, within which limits, and which errors it gets.

use pybroker_log::LogConfig;
use pybroker_wire::fetch::{FetchTopic, ForgottenTopic, LeaderIdAndEpoch};
use pybroker_wire::{BatchHeader, Batches, Compression, ErrorCode, TopicRef, Uuid};

use crate::testing::{Fixture, NODE, batch, fetch_partition, fetch_request};

/// (Base offset, leader epoch) of the whole batches in some record bytes.
fn batches(records: &[u8]) -> Vec<(i64, i32)> {
    let whole = Batches::new(records).map_while(Result::ok);
    whole.map(|batch| (batch.header.base_offset, batch.header.partition_leader_epoch)).collect()
}

#[tokio::test]
async fn records_come_back_as_they_were_produced() {
    let fixture = Fixture::new();
    fixture.create_with("t", &[(NODE, 5)], LogConfig::default());
    let client = fixture.client();
    let sent = batch(3, 100);
    for _ in 0..3 {
        client.produce("t", 0, &sent).await;
    }
    let answer = client.fetch(12, &fetch_request(TopicRef::Name("t"), &[(0, 0)])).await;
    let one = answer.first();
    assert_eq!((one.error_code, one.high_watermark, one.log_start_offset), (ErrorCode::None, 9, 0));
    assert_eq!((one.last_stable_offset, one.aborted_transactions), (9, None));
    assert_eq!(batches(answer.records()[0]), [(0, 5), (3, 5), (6, 5)]);
    // Base offset, length, leader epoch, magic and checksum aside, a batch is what was sent.
    assert_eq!(answer.records()[0][21..sent.len()], sent[21..]);
}

#[tokio::test]
async fn every_version_is_answered_in_its_own_shape() {
    let fixture = Fixture::new();
    let topic_id = fixture.create("t", 1);
    let client = fixture.client();
    client.produce("t", 0, &batch(1, 10)).await;
    for version in 4..=18 {
        let topic = if version < 13 { TopicRef::Name("t") } else { TopicRef::Id(topic_id) };
        let answer = client.fetch(version, &fetch_request(topic, &[(0, 0)])).await;
        assert_eq!(answer.response().topics[0].topic, topic);
        assert_eq!(batches(answer.records()[0]), [(0, 0)]);
        let answer = client.fetch(version, &fetch_request(topic, &[(0, 1)])).await;
        assert_eq!(answer.first().records_bytes, 0);
    }
}

#[tokio::test]
async fn an_offset_inside_a_batch_gives_the_whole_batch() {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    let client = fixture.client();
    client.produce("t", 0, &batch(10, 10)).await;
    client.produce("t", 0, &batch(10, 10)).await;
    let answer = client.fetch(12, &fetch_request(TopicRef::Name("t"), &[(0, 15)])).await;
    assert_eq!(batches(answer.records()[0]), [(10, 0)]);
}

#[tokio::test]
async fn an_empty_partition_answers_empty_bytes_and_never_null() {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    // The end of a version 4 body: no aborted transactions (null), then the length of the records.
    let mut out = crate::outgoing::Outgoing::default();
    let mut body = Vec::new();
    fetch_request(TopicRef::Name("t"), &[(0, 0)]).encode(4, &mut body).unwrap();
    let line = crate::connection::RequestLine { api_key: 1, api_version: 4, correlation_id: 1 };
    assert!(
        crate::fetch::answer(&fixture.client().context, line, &body, &mut out).unwrap().is_none()
    );
    assert!(out.to_vec().ends_with(&[255, 255, 255, 255, 0, 0, 0, 0]));
}

#[tokio::test]
async fn internal_topics_without_logs_are_empty() {
    let fixture = Fixture::new();
    fixture.create_without_logs("__consumer_offsets", 50);
    let topic = TopicRef::Name("__consumer_offsets");
    let client = fixture.client();
    let answer = client.fetch(12, &fetch_request(topic, &[(49, 0)])).await;
    let one = answer.first();
    assert_eq!((one.error_code, one.high_watermark, one.log_start_offset), (ErrorCode::None, 0, 0));
    assert_eq!(one.records_bytes, 0);
    let answer = client.fetch(12, &fetch_request(topic, &[(49, 1)])).await;
    assert_eq!(answer.first().error_code, ErrorCode::OffsetOutOfRange);
    let answer = client.fetch(12, &fetch_request(topic, &[(50, 0)])).await;
    assert_eq!(answer.first().error_code, ErrorCode::UnknownTopicOrPartition);
}

#[tokio::test]
async fn read_committed_gets_a_list_of_aborted_transactions() {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    let client = fixture.client();
    let mut request = fetch_request(TopicRef::Name("t"), &[(0, 0)]);
    request.isolation_level_id = 1;
    assert_eq!(client.fetch(12, &request).await.first().aborted_transactions, Some(vec![]));
    client.produce("t", 0, &batch(1, 10)).await;
    let answer = client.fetch(12, &request).await;
    assert_eq!(answer.first().aborted_transactions, Some(vec![]));
    assert_eq!(batches(answer.records()[0]), [(0, 0)]);
    request.isolation_level_id = 2;
    assert_eq!(client.fetch(12, &request).await.response().error_code, ErrorCode::InvalidRequest);
}

#[tokio::test]
async fn an_offset_outside_of_the_log_is_an_error_at_once() {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    let client = fixture.client();
    client.produce("t", 0, &batch(5, 10)).await;
    for offset in [-1, 6, i64::MAX] {
        let mut request = fetch_request(TopicRef::Name("t"), &[(0, offset)]);
        request.max_wait_ms = 60_000;
        let answer = client.begin_fetch(12, &request).expect("errors do not wait");
        assert_eq!(answer.first().error_code, ErrorCode::OffsetOutOfRange);
        assert_eq!((answer.first().high_watermark, answer.first().log_start_offset), (-1, -1));
    }
    fixture.partition("t", 0).with_log(|log| log.delete_before(3)).unwrap().unwrap();
    let answer = client.fetch(12, &fetch_request(TopicRef::Name("t"), &[(0, 2)])).await;
    assert_eq!(answer.first().error_code, ErrorCode::OffsetOutOfRange);
    let answer = client.fetch(12, &fetch_request(TopicRef::Name("t"), &[(0, 3)])).await;
    assert_eq!((answer.first().error_code, answer.first().log_start_offset), (ErrorCode::None, 3));
}

#[tokio::test]
async fn the_first_batch_comes_whole_whatever_the_limits_and_only_the_first() {
    let fixture = Fixture::new();
    fixture.create("t", 2);
    let client = fixture.client();
    let sent = batch(1, 5_000);
    for partition in [0, 1, 0, 1] {
        client.produce("t", partition, &sent).await;
    }
    let mut request = fetch_request(TopicRef::Name("t"), &[(0, 0), (1, 0)]);
    for (max_bytes, partition_max_bytes) in [(0, 1 << 20), (1 << 20, 0), (100, 100), (-5, -5)] {
        request.max_bytes = max_bytes;
        for partition in &mut request.topics[0].partitions {
            partition.partition_max_bytes = partition_max_bytes;
        }
        let answer = client.fetch(12, &request).await;
        let sizes: Vec<_> = answer.records().iter().map(|records| records.len()).collect();
        assert_eq!(sizes, [sent.len(), 0], "{max_bytes}, {partition_max_bytes}");
    }
}

#[tokio::test]
async fn partitions_share_the_limit_of_the_request() {
    let fixture = Fixture::new();
    fixture.create("t", 3);
    let client = fixture.client();
    let size = batch(1, 1_000).len();
    for partition in 0..3 {
        for _ in 0..4 {
            client.produce("t", partition, &batch(1, 1_000)).await;
        }
    }
    let mut request = fetch_request(TopicRef::Name("t"), &[(0, 0), (1, 0), (2, 0)]);
    request.max_bytes = 5 * size as i32;
    request.topics[0].partitions[0].partition_max_bytes = 3 * size as i32 + 10;
    let answer = client.fetch(12, &request).await;
    let counts: Vec<_> = answer.records().iter().map(|records| batches(records).len()).collect();
    assert_eq!(counts, [3, 1, 0]);
    // What does not fit is still told of.
    let watermarks = answer.response().topics.remove(0).partitions;
    assert!(watermarks.iter().all(|partition| partition.high_watermark == 4));
}

#[tokio::test]
async fn the_brokers_limit_holds_whatever_is_asked() {
    let fixture = Fixture::with(|options| options.fetch_max_bytes = 3_000);
    fixture.create("t", 1);
    let client = fixture.client();
    for _ in 0..10 {
        client.produce("t", 0, &batch(1, 1_000)).await;
    }
    let mut request = fetch_request(TopicRef::Name("t"), &[(0, 0)]);
    request.max_bytes = i32::MAX;
    request.min_bytes = i32::MAX;
    assert_eq!(client.fetch(12, &request).await.first().records_bytes, 3_000);
}

#[tokio::test]
async fn small_pieces_are_copied_and_large_ones_sent_from_their_files() {
    let fixture = Fixture::new();
    fixture.create("t", 4);
    let client = fixture.client();
    let sent = [batch(1, 10), batch(1, 100_000), batch(1, 20), batch(1, 200_000)];
    for (partition, records) in (0..).zip(&sent) {
        client.produce("t", partition, records).await;
    }
    let request = fetch_request(TopicRef::Name("t"), &[(0, 0), (1, 0), (2, 0), (3, 0)]);
    let answer = client.fetch(12, &request).await;
    assert_eq!(answer.file_count, 2);
    for (received, sent) in answer.records().iter().zip(&sent) {
        assert_eq!(received[21..], sent[21..]);
    }
}

#[tokio::test]
async fn what_does_not_exist_is_told_last_and_spoils_nothing() {
    let fixture = Fixture::new();
    let topic_id = fixture.create("t", 1);
    let client = fixture.client();
    client.produce("t", 0, &batch(1, 10)).await;
    let mut request = fetch_request(TopicRef::Name("unknown"), &[(0, 0)]);
    let partitions = vec![fetch_partition(7, 0), fetch_partition(0, 0), fetch_partition(-1, 0)];
    request.topics.push(FetchTopic { topic: TopicRef::Name("t"), partitions });
    let answer = client.fetch(12, &request).await;
    let size = answer.records()[0].len();
    let unknown = ErrorCode::UnknownTopicOrPartition;
    let (t, other) = (TopicRef::Name("t"), TopicRef::Name("unknown"));
    let expected = [
        (t, 0, ErrorCode::None, size),
        (other, 0, unknown, 0),
        (t, 7, unknown, 0),
        (t, -1, unknown, 0),
    ];
    assert_eq!(answer.summary(), expected);
    assert_eq!(answer.response().topics[1].partitions[0].aborted_transactions, Some(vec![]));

    let mut request = fetch_request(TopicRef::Id(Uuid([7; 16])), &[(0, 0)]);
    let partitions = vec![fetch_partition(0, 0), fetch_partition(1, 0)];
    request.topics.push(FetchTopic { topic: TopicRef::Id(topic_id), partitions });
    let answer = client.fetch(13, &request).await;
    let codes: Vec<_> = answer.summary().into_iter().map(|(_, _, error, _)| error).collect();
    assert_eq!(codes, [ErrorCode::None, ErrorCode::UnknownTopicId, unknown]);
}

#[tokio::test]
async fn leader_epochs_and_leaders_are_checked() {
    let fixture = Fixture::new();
    let topic_id = fixture.create_with("t", &[(NODE, 5), (2, 6)], LogConfig::default());
    let client = fixture.client();
    let mut request = fetch_request(TopicRef::Id(topic_id), &[(0, 0)]);
    for (epoch, code) in [
        (-1, ErrorCode::None),
        (4, ErrorCode::FencedLeaderEpoch),
        (5, ErrorCode::None),
        (6, ErrorCode::UnknownLeaderEpoch),
    ] {
        request.topics[0].partitions[0].current_leader_epoch = epoch;
        let one = client.fetch(16, &request).await.first();
        assert_eq!(one.error_code, code);
        let hint = LeaderIdAndEpoch { leader_id: NODE, leader_epoch: 5 };
        let hint = (code == ErrorCode::FencedLeaderEpoch).then_some(hint);
        assert_eq!(one.current_leader, hint);
    }
    request.topics[0].partitions[0] = fetch_partition(1, 0);
    let answer = client.fetch(16, &request).await;
    assert_eq!(answer.first().error_code, ErrorCode::NotLeaderOrFollower);
    let hint = LeaderIdAndEpoch { leader_id: 2, leader_epoch: 6 };
    assert_eq!(answer.first().current_leader, Some(hint));
    assert_eq!(answer.response().node_endpoints[0].port, 19093);
    assert_eq!(client.fetch(15, &request).await.first().current_leader, None);
    let answer = fixture.client_of(2).fetch(16, &request).await;
    assert_eq!(answer.first().error_code, ErrorCode::None);
}

#[tokio::test]
async fn a_follower_is_one_that_nobody_knows() {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    let client = fixture.client();
    let mut request = fetch_request(TopicRef::Name("t"), &[(0, 0)]);
    request.replica_id = 3;
    let one = client.fetch(12, &request).await.first();
    assert_eq!(one.error_code, ErrorCode::NotLeaderOrFollower);
    request.topics[0].partitions[0].current_leader_epoch = 0;
    let one = client.fetch(12, &request).await.first();
    assert_eq!(one.error_code, ErrorCode::UnknownLeaderEpoch);
}

#[tokio::test]
async fn a_reader_whose_log_differs_is_told_from_where_on() {
    let fixture = Fixture::new();
    fixture.create_with("t", &[(NODE, 1)], LogConfig::default());
    let client = fixture.client();
    client.produce("t", 0, &batch(4, 10)).await;
    fixture.lead("t", &[(NODE, 4)]);
    client.produce("t", 0, &batch(4, 10)).await;
    let mut request = fetch_request(TopicRef::Name("t"), &[(0, 6)]);
    let mut ask = async |epoch: i32, offset: i64| {
        request.topics[0].partitions[0].last_fetched_epoch = epoch;
        request.topics[0].partitions[0].fetch_offset = offset;
        let one = client.fetch(12, &request).await.first();
        (
            one.error_code,
            one.diverging_epoch.map(|epoch| (epoch.epoch, epoch.end_offset)),
            one.records_bytes,
        )
    };
    let size = batch(4, 10).len();
    assert_eq!(ask(4, 6).await, (ErrorCode::None, None, size));
    assert_eq!(ask(1, 6).await, (ErrorCode::None, Some((1, 4)), 0));
    assert_eq!(ask(3, 6).await, (ErrorCode::None, Some((1, 4)), 0));
    assert_eq!(ask(1, 4).await, (ErrorCode::None, None, size));
    assert_eq!(ask(5, 6).await, (ErrorCode::OffsetOutOfRange, None, 0));
}

#[tokio::test]
async fn zstd_topics_need_version_10() {
    let fixture = Fixture::new();
    let config = LogConfig { compression: Some(Compression::Zstd), ..LogConfig::default() };
    fixture.create_with("t", &[(NODE, 0)], config);
    let client = fixture.client();
    client.produce("t", 0, &batch(1, 10)).await;
    let request = fetch_request(TopicRef::Name("t"), &[(0, 0)]);
    let code = client.fetch(9, &request).await.first().error_code;
    assert_eq!(code, ErrorCode::UnsupportedCompressionType);
    assert_eq!(client.fetch(10, &request).await.first().error_code, ErrorCode::None);
}

#[tokio::test]
async fn an_offline_partition_is_a_storage_error_that_old_clients_understand() {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    let scope = pybroker_log::FailureScope::Log;
    let failure = crate::partition::Failure { reason: "gone".to_owned(), scope, is_bug: false };
    fixture.partition("t", 0).take_offline(failure);
    let request = fetch_request(TopicRef::Name("t"), &[(0, 0)]);
    let client = fixture.client();
    assert_eq!(client.fetch(5, &request).await.first().error_code, ErrorCode::NotLeaderOrFollower);
    assert_eq!(client.fetch(6, &request).await.first().error_code, ErrorCode::KafkaStorageError);
}

#[tokio::test]
async fn records_that_cannot_be_read_cost_their_partition_only() {
    let fixture = Fixture::new();
    fixture.create("t", 3);
    let client = fixture.client();
    for partition in 0..3 {
        client.produce("t", partition, &batch(1, 50)).await;
    }
    let folder = fixture.partition("t", 1).with_log(|log| log.folder().to_path_buf()).unwrap();
    let log_file = folder.join("00000000000000000000.log");
    std::fs::OpenOptions::new().write(true).open(log_file).unwrap().set_len(20).unwrap();
    let request = fetch_request(TopicRef::Name("t"), &[(0, 0), (1, 0), (2, 0)]);
    let answer = client.fetch(12, &request).await;
    let codes: Vec<_> = answer.summary().into_iter().map(|(_, _, error, _)| error).collect();
    assert_eq!(codes, [ErrorCode::None, ErrorCode::KafkaStorageError, ErrorCode::None]);
    assert_eq!(BatchHeader::decode(answer.records()[2]).unwrap().base_offset, 0);
}

/// A client that keeps a session, as the Java consumer does.
struct SessionClient {
    client: crate::testing::Client,
    session_id: i32,
    epoch: i32,
}

impl SessionClient {
    async fn fetch(
        &mut self,
        topics: Vec<FetchTopic<'static>>,
        forgotten: Vec<ForgottenTopic<'static>>,
    ) -> crate::testing::FetchAnswer {
        let mut request = fetch_request(TopicRef::Name("t"), &[]);
        request.topics = topics;
        request.forgotten_topics = forgotten;
        request.session_id = self.session_id;
        request.session_epoch = self.epoch;
        let answer = self.client.fetch(12, &request).await;
        if answer.response().error_code == ErrorCode::None {
            self.session_id = answer.response().session_id;
            self.epoch += 1;
        }
        answer
    }
}

fn topic(partitions: &[(i32, i64)]) -> Vec<FetchTopic<'static>> {
    let partitions = partitions.iter().map(|&(index, offset)| fetch_partition(index, offset));
    vec![FetchTopic { topic: TopicRef::Name("t"), partitions: partitions.collect() }]
}

fn indexes(answer: &crate::testing::FetchAnswer) -> Vec<i32> {
    answer.summary().into_iter().map(|(_, index, _, _)| index).collect()
}

#[tokio::test]
async fn a_session_leaves_out_what_did_not_change() {
    let fixture = Fixture::new();
    fixture.create("t", 4);
    let producer = fixture.client();
    let mut session = SessionClient { client: fixture.client(), session_id: 0, epoch: 0 };
    let answer = session.fetch(topic(&[(0, 0), (1, 0), (2, 0)]), vec![]).await;
    assert_eq!(indexes(&answer), [0, 1, 2]);
    assert_ne!(session.session_id, 0);

    assert_eq!(indexes(&session.fetch(vec![], vec![]).await), []);
    producer.produce("t", 1, &batch(1, 10)).await;
    assert_eq!(indexes(&session.fetch(vec![], vec![]).await), [1]);
    // The records come again until the client asks for what follows them.
    assert_eq!(indexes(&session.fetch(vec![], vec![]).await), [1]);
    assert_eq!(indexes(&session.fetch(topic(&[(1, 1)]), vec![]).await), []);

    producer.produce("t", 0, &batch(1, 10)).await;
    let forget = ForgottenTopic { topic: TopicRef::Name("t"), partitions: vec![0] };
    assert_eq!(indexes(&session.fetch(topic(&[(3, 0)]), vec![forget]).await), [3]);
    fixture.delete("t");
    let answer = session.fetch(vec![], vec![]).await;
    assert_eq!(answer.summary().len(), 3);
    assert!(answer.summary().iter().all(|row| row.2 == ErrorCode::UnknownTopicOrPartition));
}

#[tokio::test]
async fn a_session_serves_partitions_in_turn() {
    let fixture = Fixture::new();
    fixture.create("t", 3);
    let producer = fixture.client();
    for partition in 0..3 {
        producer.produce("t", partition, &batch(1, 1_000)).await;
    }
    let mut session = SessionClient { client: fixture.client(), session_id: 0, epoch: 0 };
    let mut served = Vec::new();
    for round in 0..7 {
        let mut topics = if round == 0 { topic(&[(0, 0), (1, 0), (2, 0)]) } else { vec![] };
        for partition in topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
            partition.partition_max_bytes = 10;
        }
        let answer = session.fetch(topics, vec![]).await;
        served.extend(answer.summary().iter().filter(|row| row.3 > 0).map(|row| row.1));
    }
    // The first is a full fetch, which is not part of the turn.
    assert_eq!(served, [0, 0, 1, 2, 0, 1, 2]);
}

#[tokio::test]
async fn a_session_that_is_not_what_the_client_believes_is_an_error() {
    let fixture = Fixture::new();
    let topic_id = fixture.create("t", 1);
    let client = fixture.client();
    let mut request = fetch_request(TopicRef::Name("t"), &[(0, 0)]);
    request.session_epoch = 0;
    request.session_id = client.fetch(12, &request).await.response().session_id;
    request.session_epoch = 2;
    let answer = client.fetch(12, &request).await;
    assert_eq!(answer.response().error_code, ErrorCode::InvalidFetchSessionEpoch);
    assert_eq!((answer.response().session_id, answer.summary().len()), (0, 0));

    request.session_epoch = 1;
    let mut by_id = fetch_request(TopicRef::Id(topic_id), &[(0, 0)]);
    by_id.session_id = request.session_id;
    by_id.session_epoch = 1;
    let answer = client.fetch(13, &by_id).await;
    assert_eq!(answer.response().error_code, ErrorCode::FetchSessionTopicIdError);

    request.session_id += 1;
    let answer = client.fetch(12, &request).await;
    assert_eq!(answer.response().error_code, ErrorCode::FetchSessionIdNotFound);
    request.session_id -= 1;
    request.session_epoch = -1;
    assert_eq!(client.fetch(12, &request).await.response().session_id, 0);
    request.session_epoch = 1;
    let answer = client.fetch(12, &request).await;
    assert_eq!(answer.response().error_code, ErrorCode::FetchSessionIdNotFound);
}

#[tokio::test]
async fn a_session_notices_that_its_topic_was_created_anew() {
    let fixture = Fixture::new();
    let topic_id = fixture.create("t", 1);
    let client = fixture.client();
    let mut request = fetch_request(TopicRef::Id(topic_id), &[(0, 0)]);
    request.session_epoch = 0;
    request.session_id = client.fetch(13, &request).await.response().session_id;
    request.topics.clear();
    fixture.delete("t");
    fixture.create("t", 1);
    request.session_epoch = 1;
    let answer = client.fetch(13, &request).await;
    assert_eq!(answer.first().error_code, ErrorCode::InconsistentTopicId);
    assert_eq!(answer.response().topics[0].topic, TopicRef::Id(topic_id));
}
