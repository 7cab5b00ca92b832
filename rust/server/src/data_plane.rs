//! The data plane as the binding calls it: start, listen, the mailbox, images, close. `log_requests.rs` has what is about logs.
//!
//! A call answers from memory or returns a ticket, whose end comes through the mailbox.

mod log_requests;
mod tickets;

use std::io;
use std::os::fd::RawFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use pybroker_log::LogConfig;
use pybroker_wire::Uuid;

use crate::barrier::Barrier;
use crate::buffers::MemoryBudget;
use crate::cleaner::{Cleaner, CleanerOptions};
use crate::clock::Clock;
use crate::cold_reads::ColdReads;
use crate::counters::Counters;
use crate::deletions::Deletions;
use crate::fetch_sessions::FetchSessions;
use crate::flusher::Flusher;
use crate::images::{Images, NodeImage, PartitionImage, TopicImage};
use crate::limits::REQUEST_MEMORY_BYTES;
use crate::listener::{self, ListenerInfo};
use crate::log_opening::Progress;
use crate::logs::Logs;
use crate::mailbox::{Mail, Mailbox};
use crate::reactor;
use crate::replies::{Answer, reactor_of};
use crate::shared::{ApiTable, ConnectionLimit, Faults, Settings, Shared, Stopping};
use crate::work_pool::WorkPool;
pub(crate) use tickets::Failed;

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
            .map(|index| reactor::build(index, &shared))
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

    /// Take over the options that may change while it runs: the limit of connections, and the cleaner's.
    pub fn reconfigure(&self, options: &Options) {
        self.shared.connections.set_max(options.max_connections);
        self.cleaner.reconfigure(options.cleaner.clone());
    }

    /// The present epoch.
    pub fn epoch(&self) -> u64 {
        self.shared.images.epoch()
    }

    /// Let the reactors read what has arrived. A ticket that ends behind those requests in the mailbox.
    pub fn read_barrier(&self) -> u64 {
        let ticket = self.new_ticket();
        let barrier = Barrier::new(Arc::clone(&self.shared), ticket);
        self.shared.reactors().iter().for_each(|reactor| reactor.pass(Arc::clone(&barrier)));
        ticket
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

    #[cfg(test)]
    pub(crate) fn hold_mailbox(&self) -> impl Drop + '_ {
        self.shared.mailbox.hold()
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
