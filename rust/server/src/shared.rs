//! What all reactors of one data plane share.

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Notify;

use crate::buffers::MemoryBudget;
use crate::clock::Clock;
use crate::cold_reads::ColdReads;
use crate::counters::Counters;
use crate::deletions::Deletions;
use crate::fetch_sessions::FetchSessions;
use crate::flusher::Flusher;
use crate::images::Images;
use crate::limits::FAULT_LINES_PER_SECOND;
use crate::log_opening::Progress;
use crate::logs::Logs;
use crate::mailbox::{Mail, Mailbox};
use crate::reactor::ReactorHandle;

/// What is fixed for the life of a data plane; the binding's `DataPlaneOptions` without what only its start needs.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) socket_request_max_bytes: usize,
    pub(crate) connections_max_idle: Duration,
    pub(crate) fetch_max_bytes: usize,
    pub(crate) kept_answers_bytes: usize,
    pub(crate) apis: ApiTable,
}

/// The served versions by API key.
#[derive(Debug)]
pub(crate) struct ApiTable(Vec<Option<(i16, i16)>>);

impl ApiTable {
    pub(crate) fn new(apis: &[(i16, i16, i16)]) -> Self {
        let mut table = vec![None; 256];
        for &(key, min, max) in apis {
            if let Some(row) = usize::try_from(key).ok().and_then(|key| table.get_mut(key)) {
                *row = Some((min, max));
            }
        }
        Self(table)
    }

    /// The lowest and highest version of a key, if it is served at all.
    pub(crate) fn versions(&self, key: i16) -> Option<(i16, i16)> {
        *self.0.get(usize::try_from(key).ok()?)?
    }
}

/// How many connections there are, and may be.
#[derive(Debug)]
pub(crate) struct ConnectionLimit {
    open: AtomicUsize,
    max: AtomicUsize,
    left: Notify,
}

impl ConnectionLimit {
    pub(crate) fn new(max: usize) -> Self {
        Self { open: AtomicUsize::new(0), max: AtomicUsize::new(max.max(1)), left: Notify::new() }
    }

    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Allow another number from now on; connections that are open stay.
    pub(crate) fn set_max(&self, max: usize) {
        self.max.store(max.max(1), Ordering::Relaxed);
        self.left.notify_waiters();
    }

    pub(crate) async fn wait_for_place(&self) {
        loop {
            let left = self.left.notified();
            if self.open() < self.max.load(Ordering::Relaxed) {
                return;
            }
            left.await;
        }
    }

    pub(crate) fn enter(&self) {
        self.open.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn leave(&self) {
        self.open.fetch_sub(1, Ordering::AcqRel);
        self.left.notify_waiters();
    }
}

/// Tells Python's log about clients that misbehave, a few lines a second.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    second: AtomicU64,
    lines: AtomicU32,
    suppressed: AtomicU64,
}

impl Faults {
    pub(crate) fn report(
        &self,
        mailbox: &Mailbox,
        client_host: &str,
        listener: &Arc<str>,
        reason: String,
    ) {
        let second =
            std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |elapsed| elapsed.as_secs());
        if self.second.swap(second, Ordering::Relaxed) != second {
            self.lines.store(0, Ordering::Relaxed);
        }
        if self.lines.fetch_add(1, Ordering::Relaxed) >= FAULT_LINES_PER_SECOND {
            self.suppressed.fetch_add(1, Ordering::Relaxed);
            return;
        }
        mailbox.push_if_space(Mail::ConnectionFault {
            client_host: client_host.into(),
            listener: Arc::clone(listener),
            reason,
            suppressed: self.suppressed.swap(0, Ordering::Relaxed),
        });
    }
}

/// Everything that a connection reaches.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) images: Images,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) logs: Arc<Logs>,
    pub(crate) log_opening: Progress,
    pub(crate) memory: MemoryBudget,
    pub(crate) counters: Counters,
    pub(crate) connections: ConnectionLimit,
    pub(crate) faults: Faults,
    pub(crate) fetch_sessions: FetchSessions,
    pub(crate) cold_reads: ColdReads,
    pub(crate) flusher: Flusher,
    pub(crate) deletions: Deletions,
    /// Filled once, when the reactors have started.
    pub(crate) reactors: OnceLock<Box<[ReactorHandle]>>,
    pub(crate) next_reactor: AtomicUsize,
    pub(crate) next_connection_id: AtomicU64,
    /// Wakes what waits in a reactor when the data plane stops.
    pub(crate) stopping: Stopping,
}

impl Shared {
    /// The reactor whose turn it is to get a connection.
    pub(crate) fn next_reactor(&self) -> &ReactorHandle {
        let reactors = self.reactors();
        &reactors[self.next_reactor.fetch_add(1, Ordering::Relaxed) % reactors.len()]
    }

    /// The reactors; none before they have started.
    pub(crate) fn reactors(&self) -> &[ReactorHandle] {
        self.reactors.get().map_or(&[], |reactors| reactors)
    }
}

/// Whether the data plane is stopping.
#[derive(Debug)]
pub(crate) struct Stopping(tokio::sync::watch::Sender<bool>);

impl Stopping {
    pub(crate) fn new() -> Self {
        Self(tokio::sync::watch::Sender::new(false))
    }

    pub(crate) fn set(&self) {
        self.0.send_replace(true);
    }

    /// Returns once the data plane is stopping.
    pub(crate) async fn wait(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|stopping| *stopping).await;
    }
}
