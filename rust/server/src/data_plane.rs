//! The data plane as the binding calls it: start, listen, the mailbox, images, logs, close.
//!
//! A call answers from memory or returns a ticket, whose end comes through the mailbox.

use std::io;
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use pybroker_log::{
    FoundTimestamp, Log, LogConfig, LogError, LogState, ReadError, TimestampSearch,
};
use pybroker_wire::{ErrorCode, Uuid};

use crate::barrier::Barrier;
use crate::buffers::MemoryBudget;
use crate::cleaner::{Cleaned, Cleaner, CleanerOptions};
use crate::cleaner_state::{CleanerNumbers, LogName};
use crate::clock::Clock;
use crate::cold_reads::ColdReads;
use crate::counters::Counters;
use crate::deletions::Deletions;
use crate::fetch_sessions::FetchSessions;
use crate::flusher::Flusher;
use crate::images::{Images, NodeImage, PartitionImage, TopicImage};
use crate::limits::REQUEST_MEMORY_BYTES;
use crate::listener::{self, ListenerInfo};
use crate::log_dir::LogDir;
use crate::log_opening::{self, Progress, RecoveryProgress};
use crate::logs::{LogDirInfo, LogSpec, Logs};
use crate::mailbox::{Completed, Mail, Mailbox};
use crate::partition::{Offline, report_failure};
use crate::reactor;
use crate::replies::{Answer, reactor_of};
use crate::retention::{self, Freed, NewStart};
use crate::shared::{ApiTable, ConnectionLimit, Faults, Settings, Shared, Stopping};
use crate::work_pool::WorkPool;

/// What is fixed for the life of a data plane. Names and units are those of `pybroker/_native.pyi`.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "documented where Python reads them")]
pub struct Options {
    pub log_dirs: Vec<PathBuf>,
    pub apis: Vec<(i16, i16, i16)>,
    pub monotonic_ms: i64,
    pub reactors: usize,
    pub socket_request_max_bytes: usize,
    /// -1: the limit is `REQUEST_MEMORY_BYTES`.
    pub queued_max_request_bytes: i64,
    pub max_connections: usize,
    /// 0 or less: never closed.
    pub connections_max_idle_ms: i64,
    pub fetch_max_bytes: usize,
    pub fetch_session_slots: usize,
    pub kept_answers_bytes: usize,
    pub mailbox_capacity: usize,
    pub recovery_threads: usize,
    pub max_open_files: usize,
    pub cleaner: CleanerOptions,
}

/// One answer of the control plane.
#[derive(Debug)]
pub struct Reply {
    /// The request.
    pub request_id: u64,
    /// The encoded message without a header.
    pub body: Arc<[u8]>,
    /// The epoch under which the data plane may give the answer to equal requests.
    pub kept_epoch: Option<u64>,
}

/// One topic to publish.
#[derive(Debug)]
pub struct TopicSpec {
    /// The name.
    pub name: Arc<str>,
    /// The id.
    pub topic_id: Uuid,
    /// (leader id, leader epoch) by partition index.
    pub partitions: Vec<(i32, i32)>,
    /// What its logs obey.
    pub config: Arc<LogConfig>,
    /// Whether clients may not produce to it.
    pub internal: bool,
}

/// The numbers of an internal topic, in which nothing is kept.
const NOTHING: LogState = LogState {
    log_start_offset: 0,
    last_stable_offset: 0,
    high_watermark: 0,
    log_end_offset: 0,
    recovery_point: 0,
    leader_epoch: -1,
    size_bytes: 0,
    unstable_bytes: 0,
};

/// Owns the listeners, the connections, the logs, and the Produce and Fetch paths.
#[derive(Debug)]
pub struct DataPlane {
    shared: Arc<Shared>,
    work: WorkPool,
    /// Walks all logs now and then, so that nobody who waits for a ticket waits for that.
    housekeeping: WorkPool,
    recovery_threads: usize,
    cleaner: Arc<Cleaner>,
    reactors: Arc<Mutex<Vec<thread::JoinHandle<()>>>>,
    next_ticket: AtomicU64,
}

impl DataPlane {
    /// Start the reactors. Listens nowhere yet.
    pub fn start(options: &Options) -> io::Result<Self> {
        let shared = Arc::new(new_shared(options)?);
        require_log_dir(&shared.logs)?;
        for dir in shared.logs.dirs().iter().filter(|dir| !dir.is_offline()) {
            for deleted in dir.find_deleted() {
                shared.deletions.push(deleted);
            }
        }
        let starting = (0..options.reactors.clamp(1, usize::from(u8::MAX)))
            .map(|index| reactor::start(index, &shared))
            .collect::<io::Result<Vec<_>>>()?;
        let (handles, starting): (Vec<_>, Vec<_>) = starting.into_iter().unzip();
        assert!(shared.reactors.set(handles.into()).is_ok(), "reactors are set once");
        let threads =
            starting.into_iter().map(reactor::Starting::run).collect::<io::Result<_>>()?;
        // As the logs name them: absolute.
        let dirs: Vec<_> = shared.logs.dirs().iter().map(|dir| dir.path().to_path_buf()).collect();
        Ok(Self {
            shared,
            recovery_threads: options.recovery_threads.max(1),
            work: WorkPool::new("log-work", options.recovery_threads),
            housekeeping: WorkPool::new("housekeeping", 1),
            cleaner: Arc::new(Cleaner::new(options.cleaner.clone(), &dirs)),
            reactors: Arc::new(Mutex::new(threads)),
            next_ticket: AtomicU64::new(1),
        })
    }

    /// Bind and listen. Gives the port and the bound addresses.
    pub fn listen(
        &self,
        node_id: i32,
        name: &str,
        host: &str,
        port: u16,
    ) -> io::Result<(u16, Vec<String>)> {
        let bound = listener::bind(host, port)?;
        let addresses =
            bound.iter().map(std::net::TcpListener::local_addr).collect::<io::Result<Vec<_>>>()?;
        let info = Arc::new(ListenerInfo { node_id, name: name.into() });
        for listener in bound {
            self.shared.reactors()[0].listen(listener, Arc::clone(&info));
        }
        Ok((addresses[0].port(), addresses.iter().map(ToString::to_string).collect()))
    }

    /// Close the listeners and the connections of a node.
    pub fn stop_listening(&self, node_id: i32) {
        self.shared.reactors().iter().for_each(|reactor| reactor.close_node(node_id));
    }

    /// Stop accepting, answer what is in flight, flush and close the logs. A ticket.
    pub fn close(&self) -> u64 {
        self.stop_reactors();
        let (reactors, cleaner) = (Arc::clone(&self.reactors), Arc::clone(&self.cleaner));
        self.run(move |shared| {
            for reactor in std::mem::take(&mut *reactors.lock()) {
                // A reactor that panicked is gone too, which is all that is asked.
                let _ = reactor.join();
            }
            cleaner.close();
            shared.deletions.close();
            shared.logs.close(shared.clock.now_ms())?;
            Ok(None)
        })
    }

    /// Readable while the mailbox holds something.
    pub fn mailbox_fd(&self) -> RawFd {
        self.shared.mailbox.descriptor()
    }

    /// Take up to `limit` items of the mailbox.
    pub fn take(&self, limit: usize) -> Vec<Mail> {
        self.shared.mailbox.take(limit)
    }

    /// Answer requests.
    pub fn reply(&self, replies: Vec<Reply>) {
        let reactors = self.shared.reactors();
        let mut batches: Vec<Vec<(u64, Answer)>> = reactors.iter().map(|_| Vec::new()).collect();
        for Reply { request_id, body, kept_epoch } in replies {
            if let Some(batch) = batches.get_mut(reactor_of(request_id)) {
                batch.push((request_id, Answer::Body { body, kept_epoch }));
            }
        }
        for (reactor, batch) in reactors.iter().zip(batches) {
            if !batch.is_empty() {
                reactor.replies.push(batch);
            }
        }
    }

    /// Close the connection of a request instead of answering it.
    pub fn disconnect(&self, request_id: u64) {
        if let Some(reactor) = self.shared.reactors().get(reactor_of(request_id)) {
            reactor.replies.push([(request_id, Answer::Disconnect)]);
        }
    }

    /// Add or replace topics and drop deleted ones. Gives the new epoch.
    pub fn publish_topics(&self, topics: Vec<TopicSpec>, deleted: &[Uuid]) -> u64 {
        let topics = topics.into_iter().map(|topic| self.topic_image(topic)).collect();
        self.shared.images.publish_topics(topics, deleted)
    }

    /// Replace the brokers. Gives the new epoch.
    pub fn publish_nodes(&self, nodes: Vec<NodeImage>) -> u64 {
        self.shared.images.publish_nodes(nodes)
    }

    /// Forget every kept answer. Gives the new epoch.
    pub fn advance_epoch(&self) -> u64 {
        self.shared.images.advance_epoch()
    }

    /// The present epoch.
    pub fn epoch(&self) -> u64 {
        self.shared.images.epoch()
    }

    /// Create or open logs. A ticket; a log that fails is reported by `Mail::LogFailed`, the others go on.
    pub fn open_logs(&self, specs: Vec<LogSpec>) -> u64 {
        let threads = self.recovery_threads;
        self.run(move |shared| {
            log_opening::open_logs(shared, &specs, threads);
            Ok(None)
        })
    }

    /// How far the opening of logs is.
    pub fn recovery_progress(&self) -> RecoveryProgress {
        self.shared.log_opening.read()
    }

    /// Delete logs. A ticket.
    pub fn delete_logs(&self, which: Vec<(Uuid, i32)>) -> u64 {
        let cleaner = Arc::clone(&self.cleaner);
        self.run(move |shared| {
            let mut first_failure = Ok(());
            let mut deleted = Vec::new();
            let found =
                which.iter().filter_map(|&(topic_id, index)| shared.logs.find(topic_id, index));
            let names: Vec<LogName> =
                found.map(|each| (each.topic().to_owned(), each.index())).collect();
            for (topic_id, partition) in which {
                match shared.logs.delete(topic_id, partition) {
                    Ok(folder) => deleted.extend(folder),
                    Err(error) => first_failure = first_failure.and(Err(error)),
                }
            }
            let set_aside = pybroker_log::set_folders_aside(&deleted);
            for folder in deleted {
                shared.deletions.push(folder);
            }
            let checkpointed = shared.logs.checkpoint_after_deletion();
            first_failure.and(set_aside).and(cleaner.forget(&names)).and(checkpointed)?;
            Ok(None)
        })
    }

    /// Remove what has expired in every log. A ticket for the numbers of segments, bytes, and logs that failed.
    pub fn enforce_retention(&self, now_ms: i64) -> u64 {
        let (ticket, shared) = (self.new_ticket(), Arc::clone(&self.shared));
        let partitions = self.shared.logs.all();
        self.housekeeping.run(move || {
            let Freed { segments, bytes, failures } =
                retention::enforce_all(&shared, &partitions, now_ms);
            complete(&shared, ticket, Ok(Some((segments, bytes, failures))));
        });
        ticket
    }

    /// Compact every compacted log that is dirty enough. A ticket for the numbers of passes, freed bytes, and passes that
    /// failed.
    pub fn clean_logs(&self, now_ms: i64) -> u64 {
        let (ticket, shared) = (self.new_ticket(), Arc::clone(&self.shared));
        let (cleaner, partitions) = (Arc::clone(&self.cleaner), self.shared.logs.all());
        self.housekeeping.run(move || {
            let for_done = Arc::clone(&shared);
            cleaner.run(&shared, partitions, now_ms, move |cleaned| {
                let Cleaned { passes, freed_bytes, failures } = cleaned;
                complete(&for_done, ticket, Ok(Some((passes, freed_bytes, failures))));
            });
        });
        ticket
    }

    /// What the cleaner has found and done.
    pub fn cleaner_numbers(&self) -> CleanerNumbers {
        self.cleaner.numbers()
    }

    /// Remove the records before an offset; -1 is the high watermark. A ticket for the log start offset.
    pub fn delete_records(&self, topic_id: Uuid, partition: i32, offset: i64) -> u64 {
        let partition = self.shared.logs.find(topic_id, partition);
        self.run(move |shared| {
            let start = match offset {
                -1 => NewStart::HighWatermark,
                offset => NewStart::Offset(offset),
            };
            let partition = partition.ok_or(Offline)?;
            let log_start_offset = retention::delete_records(shared, &partition, start)?;
            Ok(Some((log_start_offset, 0, 0)))
        })
    }

    /// The log dirs, each with its total and usable bytes or why it is offline.
    pub fn log_dirs(&self) -> Vec<LogDirInfo> {
        self.shared.logs.dir_infos()
    }

    /// The logs that are open: topic id, partition, place of the log dir in `log_dirs`, bytes.
    pub fn log_sizes(&self) -> Vec<(Uuid, i32, usize, u64)> {
        self.shared.logs.sizes()
    }

    /// The logs that are offline.
    pub fn offline_logs(&self) -> Vec<(Uuid, i32)> {
        self.shared.logs.offline()
    }

    /// Take a log directory offline because something else in it failed.
    pub fn fail_log_dir(&self, log_dir: &Path, reason: String) {
        if let Some(dir) = self.find_dir(log_dir) {
            dir.fail(reason);
        }
    }

    /// Refuse all records in a log directory, or no longer.
    pub fn hold_appends(&self, log_dir: &Path, held: bool) {
        if let Some(dir) = self.find_dir(log_dir) {
            dir.hold_appends(held);
        }
    }

    /// Write how far the logs are flushed. A ticket.
    pub fn checkpoint(&self) -> u64 {
        self.run(move |shared| {
            shared.logs.checkpoint()?;
            Ok(None)
        })
    }

    /// The numbers of a log, unless it is unknown or offline. An internal topic without logs is empty.
    pub fn log_state(&self, topic_id: Uuid, partition: i32) -> Option<LogState> {
        match self.shared.logs.find(topic_id, partition) {
            Some(partition) => partition.state(),
            None => self.is_empty_by_nature(topic_id, partition).then_some(NOTHING),
        }
    }

    fn is_empty_by_nature(&self, topic_id: Uuid, partition: i32) -> bool {
        let metadata = self.shared.images.metadata();
        let index = usize::try_from(partition).ok();
        metadata.topic_by_id(topic_id).is_some_and(|topic| {
            topic.internal && index.is_some_and(|index| index < topic.partitions.len())
        })
    }

    /// Let the reactors read what has arrived. A ticket that ends behind those requests in the mailbox.
    pub fn read_barrier(&self) -> u64 {
        let ticket = self.new_ticket();
        let barrier = Barrier::new(Arc::clone(&self.shared), ticket);
        self.shared.reactors().iter().for_each(|reactor| reactor.pass(Arc::clone(&barrier)));
        ticket
    }

    /// Find the first record at or after a timestamp. A ticket.
    pub fn find_offset(&self, topic_id: Uuid, partition: i32, timestamp_ms: i64) -> u64 {
        self.search(topic_id, partition, move |log| log.timestamp_search(timestamp_ms))
    }

    /// Find the record with the largest timestamp. A ticket.
    pub fn find_max_timestamp(&self, topic_id: Uuid, partition: i32) -> u64 {
        self.search(topic_id, partition, Log::max_timestamp_search)
    }

    /// The largest leader epoch at or below the one asked for, and where it ends.
    pub fn end_offset_for_epoch(
        &self,
        topic_id: Uuid,
        partition: i32,
        leader_epoch: i32,
    ) -> Option<(i32, i64)> {
        let Some(log) = self.shared.logs.find(topic_id, partition) else {
            return self.is_empty_by_nature(topic_id, partition).then_some((-1, -1));
        };
        let found = log.with_log(|log| log.end_offset_for_epoch(leader_epoch)).ok()?;
        Some(found.unwrap_or((-1, -1)))
    }

    /// Every counter by name.
    pub fn counters(&self) -> Vec<(&'static str, u64)> {
        let mut counters = self.shared.counters.read();
        counters.push(("connections", self.shared.connections.open() as u64));
        counters.push(("deletions_failed", self.shared.deletions.failed()));
        counters
    }

    fn topic_image(&self, topic: TopicSpec) -> TopicImage {
        let TopicSpec { name, topic_id, partitions, config, internal } = topic;
        let partitions =
            (0..).zip(partitions).map(|(index, (leader_id, leader_epoch))| PartitionImage {
                leader_id,
                leader_epoch,
                partition: self.shared.logs.find(topic_id, index),
            });
        TopicImage { name, topic_id, internal, config, partitions: partitions.collect() }
    }

    fn search(
        &self,
        topic_id: Uuid,
        partition: i32,
        plan: impl FnOnce(&mut Log) -> Result<TimestampSearch, LogError> + Send + 'static,
    ) -> u64 {
        let is_empty = self.is_empty_by_nature(topic_id, partition);
        let partition = self.shared.logs.find(topic_id, partition);
        self.run(move |shared| {
            if is_empty && partition.is_none() {
                return Ok(None);
            }
            let search = partition.as_deref().map(|partition| partition.with_log(plan));
            let Some(Ok(search)) = search else {
                if let Some(partition) = &partition {
                    report_failure(shared, partition);
                }
                return Err(Offline.into());
            };
            let found = search?.run().inspect_err(|error| {
                if let Some(partition) = &partition {
                    partition.dir().note(error.scope(), &error.to_string());
                }
            })?;
            Ok(found.map(|FoundTimestamp { offset, timestamp_ms, leader_epoch }| {
                (offset, timestamp_ms, leader_epoch)
            }))
        })
    }

    fn run(&self, work: impl FnOnce(&Shared) -> Outcome + Send + 'static) -> u64 {
        let ticket = self.new_ticket();
        let shared = Arc::clone(&self.shared);
        self.work.run(move || {
            let outcome = work(&shared);
            complete(&shared, ticket, outcome);
        });
        ticket
    }

    fn find_dir(&self, path: &Path) -> Option<&Arc<LogDir>> {
        let path = std::path::absolute(path).ok()?;
        self.shared.logs.dirs().iter().find(|dir| dir.path() == path)
    }

    #[cfg(test)]
    pub(crate) fn hold_mailbox(&self) -> impl Drop + '_ {
        self.shared.mailbox.hold()
    }

    fn new_ticket(&self) -> u64 {
        self.next_ticket.fetch_add(1, Ordering::Relaxed)
    }

    fn stop_reactors(&self) {
        self.shared.stopping.set();
        self.shared.reactors().iter().for_each(reactor::ReactorHandle::stop);
    }
}

impl Drop for DataPlane {
    fn drop(&mut self) {
        self.stop_reactors();
        self.cleaner.stop();
    }
}

type Outcome = Result<Option<(i64, i64, i32)>, Failed>;

/// Why work under a ticket ended without success.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
}

impl From<LogError> for Failed {
    fn from(error: LogError) -> Self {
        Self { code: ErrorCode::KafkaStorageError, message: error.to_string() }
    }
}

impl From<ReadError> for Failed {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::OffsetOutOfRange { .. } => {
                Self { code: ErrorCode::OffsetOutOfRange, message: error.to_string() }
            }
            ReadError::Log(error) => error.into(),
        }
    }
}

impl From<Offline> for Failed {
    fn from(_: Offline) -> Self {
        let message = "the partition is not open".to_owned();
        Self { code: ErrorCode::KafkaStorageError, message }
    }
}

fn complete(shared: &Shared, ticket: u64, outcome: Outcome) {
    let completed = match outcome {
        Ok(value) => Completed { ticket, value, error: ErrorCode::None, message: String::new() },
        Err(Failed { code, message }) => Completed { ticket, value: None, error: code, message },
    };
    shared.mailbox.push(Mail::Completed(completed));
}

/// Without any directory there is nothing to serve.
fn require_log_dir(logs: &Logs) -> io::Result<()> {
    if logs.dirs().iter().any(|dir| !dir.is_offline()) {
        return Ok(());
    }
    let reasons: Vec<_> = logs.dirs().iter().filter_map(|dir| dir.failure()).collect();
    Err(io::Error::other(reasons.join("; ")))
}

pub(crate) fn new_shared(options: &Options) -> io::Result<Shared> {
    let request_memory =
        usize::try_from(options.queued_max_request_bytes).unwrap_or(REQUEST_MEMORY_BYTES);
    let mailbox = Arc::new(Mailbox::new(options.mailbox_capacity)?);
    let idle_ms = u64::try_from(options.connections_max_idle_ms).unwrap_or(0);
    Ok(Shared {
        settings: Settings {
            socket_request_max_bytes: options.socket_request_max_bytes,
            connections_max_idle: Duration::from_millis(idle_ms),
            fetch_max_bytes: options.fetch_max_bytes,
            kept_answers_bytes: options.kept_answers_bytes / options.reactors.max(1),
            apis: ApiTable::new(&options.apis),
        },
        clock: Clock::new(options.monotonic_ms),
        images: Images::default(),
        logs: Logs::new(&options.log_dirs, &mailbox, options.max_open_files),
        log_opening: Progress::default(),
        mailbox,
        memory: MemoryBudget::new(request_memory),
        counters: Counters::default(),
        connections: ConnectionLimit::new(options.max_connections),
        faults: Faults::default(),
        fetch_sessions: FetchSessions::new(options.fetch_session_slots),
        cold_reads: ColdReads::default(),
        flusher: Flusher::default(),
        deletions: Deletions::default(),
        reactors: OnceLock::new(),
        next_reactor: AtomicUsize::new(0),
        next_connection_id: AtomicU64::new(1),
        stopping: Stopping::new(),
    })
}
