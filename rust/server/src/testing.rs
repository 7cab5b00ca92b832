//! A data plane without threads and sockets, for the tests of Produce and Fetch: logs in a temporary folder, published by
//! hand, and clients that speak to the handlers directly.

use std::path::Path;
use std::sync::Arc;

use pybroker_log::LogConfig;
use pybroker_wire::batch::Attributes;
use pybroker_wire::fetch::{
    FetchPartition, FetchPartitionResponse, FetchRequest, FetchResponse, FetchTopic,
};
use pybroker_wire::header::{FETCH, PRODUCE, response_header_version};
use pybroker_wire::produce::{ProducePartitionResponse, ProduceResponse};
use pybroker_wire::testing::{
    DecodedFetchResponse, ProducePartitionData, ProduceRequestData, ProduceTopicData,
};
use pybroker_wire::{BatchBuilder, Compression, ErrorCode, TopicRef, Uuid};
use tempfile::TempDir;

use crate::connection::{ConnectionContext, RequestLine};
use crate::data_plane::{Options, new_shared};
use crate::fetch::{self, DelayedFetch};
use crate::images::{NodeImage, PartitionImage, TopicImage};
use crate::logs::LogSpec;
use crate::outgoing::Outgoing;
use crate::partition::Partition;
use crate::produce::{self, ProduceError};
use crate::shared::Shared;

pub(crate) const CORRELATION_ID: i32 = 77;
/// The node that leads what tests create.
pub(crate) const NODE: i32 = 1;

/// A data plane in a folder.
pub(crate) fn options(dir: &Path) -> Options {
    Options {
        log_dirs: vec![dir.to_path_buf()],
        apis: vec![(PRODUCE, 3, 13), (FETCH, 4, 18)],
        monotonic_ms: 0,
        reactors: 1,
        socket_request_max_bytes: 1 << 20,
        queued_max_request_bytes: -1,
        max_connections: 100,
        connections_max_idle_ms: 0,
        fetch_max_bytes: 55 << 20,
        fetch_session_slots: 1000,
        kept_answers_bytes: 0,
        mailbox_capacity: 100,
        recovery_threads: 1,
        max_open_files: 1_000,
        cleaner: crate::cleaner::CleanerOptions::default(),
    }
}

/// Logs and images.
#[derive(Debug)]
pub(crate) struct Fixture {
    _dir: TempDir,
    pub(crate) shared: Arc<Shared>,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::with(|_| ())
    }

    pub(crate) fn with(change: impl FnOnce(&mut Options)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut options = options(dir.path());
        change(&mut options);
        let shared = Arc::new(new_shared(&options).unwrap());
        let nodes = [(1, 19092), (2, 19093)];
        let nodes =
            nodes.map(|(node_id, port)| NodeImage { node_id, host: "localhost".into(), port });
        shared.images.publish_nodes(nodes.into());
        Self { _dir: dir, shared }
    }

    /// Create a topic whose partitions this node leads in epoch 0.
    pub(crate) fn create(&self, name: &str, partitions: usize) -> Uuid {
        self.create_with(name, &vec![(NODE, 0); partitions], LogConfig::default())
    }

    /// Create a topic with (leader id, leader epoch) by partition.
    pub(crate) fn create_with(
        &self,
        name: &str,
        partitions: &[(i32, i32)],
        config: LogConfig,
    ) -> Uuid {
        let mut topic_id = [name.len() as u8; 16];
        let known = self.shared.images.epoch().to_be_bytes();
        topic_id[..8].copy_from_slice(&known);
        let topic_id = Uuid(topic_id);
        let config = Arc::new(config);
        let logs: Vec<_> = (0..partitions.len())
            .map(|index| Some(self.open(name, topic_id, index, &config)))
            .collect();
        self.publish(name, topic_id, partitions, &config, logs);
        topic_id
    }

    /// Create a topic whose partitions this node leads and that has no logs.
    pub(crate) fn create_without_logs(&self, name: &str, partitions: usize) {
        let config = Arc::new(LogConfig::default());
        let topic_id = Uuid([name.len() as u8; 16]);
        self.publish(name, topic_id, &vec![(NODE, 0); partitions], &config, vec![None; partitions]);
    }

    /// Publish a topic anew, with other leaders and the same logs.
    pub(crate) fn lead(&self, name: &str, partitions: &[(i32, i32)]) {
        let image = self.image(name);
        let logs = image.partitions.iter().map(|partition| partition.partition.clone()).collect();
        self.publish(name, image.topic_id, partitions, &image.config, logs);
    }

    pub(crate) fn delete(&self, name: &str) {
        self.shared.images.publish_topics(vec![], &[self.image(name).topic_id]);
    }

    pub(crate) fn image(&self, name: &str) -> Arc<TopicImage> {
        Arc::clone(self.shared.images.metadata().topic(name).unwrap())
    }

    pub(crate) fn partition(&self, name: &str, index: usize) -> Arc<Partition> {
        self.image(name).partitions[index].partition.clone().unwrap()
    }

    pub(crate) fn client(&self) -> Client {
        self.client_of(NODE)
    }

    pub(crate) fn client_of(&self, node_id: i32) -> Client {
        Client { context: ConnectionContext::without_socket(Arc::clone(&self.shared), node_id) }
    }

    /// Open the only log of a topic anew, after it was closed.
    pub(crate) fn reopen(&self, name: &str) -> Arc<Partition> {
        let image = self.image(name);
        self.shared.logs.forget(image.topic_id, 0);
        let log = self.open(name, image.topic_id, 0, &image.config);
        let leader = &image.partitions[0];
        let leaders = [(leader.leader_id, leader.leader_epoch)];
        self.publish(name, image.topic_id, &leaders, &image.config, vec![Some(Arc::clone(&log))]);
        log
    }

    /// Open a log anew, after it was closed, without publishing it.
    pub(crate) fn reopen_partition(&self, name: &str, index: usize) -> Arc<Partition> {
        let image = self.image(name);
        self.shared.logs.forget(image.topic_id, index as i32);
        self.open(name, image.topic_id, index, &image.config)
    }

    pub(crate) fn bugs(&self) -> u64 {
        self.shared.counters.bugs.load(std::sync::atomic::Ordering::Relaxed)
    }

    fn open(
        &self,
        name: &str,
        topic_id: Uuid,
        index: usize,
        config: &Arc<LogConfig>,
    ) -> Arc<Partition> {
        let id_part = u64::from_be_bytes(*topic_id.0.first_chunk().unwrap());
        let spec = LogSpec {
            topic: format!("{name}.{id_part}").into(),
            topic_id,
            partition: index as i32,
            config: Arc::clone(config),
            is_new: true,
        };
        self.shared.logs.open(&spec, self.shared.clock.now_ms(), &|_| ()).unwrap();
        self.shared.logs.find(topic_id, index as i32).unwrap()
    }

    fn publish(
        &self,
        name: &str,
        topic_id: Uuid,
        partitions: &[(i32, i32)],
        config: &Arc<LogConfig>,
        logs: Vec<Option<Arc<Partition>>>,
    ) {
        let partitions =
            partitions.iter().zip(logs).map(|(&(leader_id, leader_epoch), partition)| {
                PartitionImage { leader_id, leader_epoch, partition }
            });
        let topic = TopicImage {
            name: name.into(),
            topic_id,
            internal: name.starts_with("__"),
            config: Arc::clone(config),
            partitions: partitions.collect(),
        };
        self.shared.images.publish_topics(vec![topic], &[]);
    }
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) context: ConnectionContext,
}

/// The body of a Produce answer.
#[derive(Debug)]
pub(crate) struct ProduceAnswer {
    body: Vec<u8>,
    version: i16,
}

impl ProduceAnswer {
    pub(crate) fn response(&self) -> ProduceResponse<'_> {
        ProduceResponse::decode(&self.body, self.version).unwrap()
    }

    /// The partitions of all topics.
    pub(crate) fn partitions(&self) -> Vec<ProducePartitionResponse<'_>> {
        self.response().topics.into_iter().flat_map(|topic| topic.partitions).collect()
    }

    pub(crate) fn first(&self) -> ProducePartitionResponse<'_> {
        self.partitions().remove(0)
    }
}

/// The body of a Fetch answer.
#[derive(Debug)]
pub(crate) struct FetchAnswer {
    body: Vec<u8>,
    version: i16,
    /// Ranges of files that it was sent with.
    pub(crate) file_count: usize,
}

impl FetchAnswer {
    pub(crate) fn decode(&self) -> DecodedFetchResponse<'_> {
        FetchResponse::decode(&self.body, self.version).unwrap()
    }

    pub(crate) fn response(&self) -> FetchResponse<'_> {
        self.decode().response
    }

    /// (Topic, partition index, error code, bytes of records), as answered.
    pub(crate) fn summary(&self) -> Vec<(TopicRef<'_>, i32, ErrorCode, usize)> {
        let mut rows = Vec::new();
        for topic in self.response().topics {
            rows.extend(
                topic.partitions.iter().map(|one| {
                    (topic.topic, one.partition_index, one.error_code, one.records_bytes)
                }),
            );
        }
        rows
    }

    pub(crate) fn first(&self) -> FetchPartitionResponse {
        self.response().topics.remove(0).partitions.remove(0)
    }

    /// The record bytes of each partition.
    pub(crate) fn records(&self) -> Vec<&[u8]> {
        self.decode().records.into_iter().map(|range| &self.body[range]).collect()
    }
}

impl Client {
    /// Send a Produce request; the answer's body, if there is one.
    pub(crate) async fn send_produce(
        &self,
        version: i16,
        request: &ProduceRequestData<'_>,
    ) -> Result<Option<ProduceAnswer>, ProduceError> {
        let mut body = Vec::new();
        request.encode(version, &mut body).unwrap();
        let line = line(PRODUCE, version);
        let mut out = Outgoing::default();
        produce::answer(&self.context, line, &mut body, &mut out).await?;
        Ok((!out.is_empty()).then(|| ProduceAnswer { body: body_of(&out, line), version }))
    }

    /// Produce one batch to a topic by name, with acks 1 and the newest version that has names.
    pub(crate) async fn produce(
        &self,
        topic: &str,
        partition: i32,
        records: &[u8],
    ) -> ProduceAnswer {
        let request = produce_request(1, TopicRef::Name(topic), &[(partition, Some(records))]);
        self.send_produce(12, &request).await.unwrap().unwrap()
    }

    /// Send a Fetch request; either the answer or the fetch that waits.
    pub(crate) fn begin_fetch(
        &self,
        version: i16,
        request: &FetchRequest<'_>,
    ) -> Result<FetchAnswer, Box<DelayedFetch>> {
        let mut body = Vec::new();
        request.encode(version, &mut body).unwrap();
        let line = line(FETCH, version);
        let mut out = Outgoing::default();
        match fetch::answer(&self.context, line, &body, &mut out).unwrap() {
            None => Ok(fetch_answer(&out, line)),
            Some(delayed) => Err(Box::new(delayed)),
        }
    }

    /// Send a Fetch request and wait for its answer.
    pub(crate) async fn fetch(&self, version: i16, request: &FetchRequest<'_>) -> FetchAnswer {
        match self.begin_fetch(version, request) {
            Ok(answer) => answer,
            Err(delayed) => self.finish_fetch(version, *delayed).await,
        }
    }

    pub(crate) async fn finish_fetch(&self, version: i16, delayed: DelayedFetch) -> FetchAnswer {
        let mut out = Outgoing::default();
        delayed.answer(&self.context, &mut out).await;
        fetch_answer(&out, line(FETCH, version))
    }
}

fn line(api_key: i16, api_version: i16) -> RequestLine {
    RequestLine { api_key, api_version, correlation_id: CORRELATION_ID }
}

fn fetch_answer(out: &Outgoing, line: RequestLine) -> FetchAnswer {
    let body = body_of(out, line);
    FetchAnswer { body, version: line.api_version, file_count: out.file_count() }
}

/// Check the frame and the header, and take them off.
fn body_of(out: &Outgoing, line: RequestLine) -> Vec<u8> {
    let mut bytes = out.to_vec();
    let size = i32::from_be_bytes(*bytes.first_chunk().unwrap());
    assert_eq!(size as usize, bytes.len() - 4, "the frame has the size that it claims");
    assert_eq!(bytes[4..8], CORRELATION_ID.to_be_bytes());
    let header_version = response_header_version(line.api_key, line.api_version).unwrap();
    let header_bytes = if header_version == 0 { 8 } else { 9 };
    bytes.split_off(header_bytes)
}

pub(crate) fn produce_request<'a>(
    acks: i16,
    topic: TopicRef<'a>,
    partitions: &[(i32, Option<&'a [u8]>)],
) -> ProduceRequestData<'a> {
    let partitions = partitions.iter();
    let partitions = partitions.map(|&(index, records)| ProducePartitionData { index, records });
    ProduceRequestData {
        transactional_id: None,
        acks,
        timeout_ms: 1_000,
        topics: vec![ProduceTopicData { topic, partitions: partitions.collect() }],
    }
}

/// A batch of `count` records with values of `value_bytes`.
pub(crate) fn batch(count: usize, value_bytes: usize) -> Vec<u8> {
    built(BatchBuilder::new(0), count, value_bytes)
}

/// A batch of an idempotent producer.
pub(crate) fn idempotent_batch(
    producer_id: i64,
    epoch: i16,
    sequence: i32,
    count: usize,
) -> Vec<u8> {
    built(BatchBuilder::new(0).producer(producer_id, epoch, sequence), count, 10)
}

/// A batch of a transaction.
pub(crate) fn transactional_batch(producer_id: i64, sequence: i32, count: usize) -> Vec<u8> {
    let builder = BatchBuilder::new(0).producer(producer_id, 0, sequence);
    built(builder.attributes(Attributes::default().with_transactional()), count, 10)
}

/// A batch that is compressed.
pub(crate) fn compressed_batch(compression: Compression) -> Vec<u8> {
    built(BatchBuilder::new(0).compression(compression, None), 3, 100)
}

/// The wall clock.
pub(crate) fn now_ms() -> i64 {
    std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as i64
}

fn built(mut builder: BatchBuilder, count: usize, value_bytes: usize) -> Vec<u8> {
    for _ in 0..count {
        builder.append(now_ms(), Some(b"key"), Some(&vec![b'v'; value_bytes]), &[]);
    }
    let mut bytes = Vec::new();
    builder.build(&mut bytes).unwrap();
    bytes
}

/// A request for (partition, offset) of one topic, that does not wait.
pub(crate) fn fetch_request<'a>(
    topic: TopicRef<'a>,
    partitions: &[(i32, i64)],
) -> FetchRequest<'a> {
    let partitions = partitions.iter().map(|&(index, offset)| fetch_partition(index, offset));
    FetchRequest {
        cluster_id: None,
        replica_id: -1,
        replica_epoch: -1,
        max_wait_ms: 0,
        min_bytes: 1,
        max_bytes: 50 << 20,
        isolation_level_id: 0,
        session_id: 0,
        session_epoch: -1,
        topics: vec![FetchTopic { topic, partitions: partitions.collect() }],
        forgotten_topics: Vec::new(),
        rack_id: "",
    }
}

pub(crate) fn fetch_partition(partition: i32, fetch_offset: i64) -> FetchPartition {
    FetchPartition {
        partition,
        current_leader_epoch: -1,
        fetch_offset,
        last_fetched_epoch: -1,
        log_start_offset: -1,
        partition_max_bytes: 1 << 20,
        replica_directory_id: Uuid::ZERO,
        high_watermark: i64::MAX,
    }
}
