//! One thread with one single-threaded runtime: the thread that reads a request answers it.
//!
//! A reactor owns its connections. Nothing of theirs is shared with other threads but what is in [`Shared`], and what
//! arrives through the command channel and the reply queue.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::net::TcpListener;
use std::os::fd::{BorrowedFd, RawFd};
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use tokio::sync::mpsc;
use tokio::task::{AbortHandle, LocalSet};

use crate::barrier::{self, Barrier};
use crate::buffers::BufferPool;
use crate::connection::{self, Connection};
use crate::counters::count;
use crate::kept_answers::KeptAnswers;
use crate::limits::{IDLE_SWEEP_MAX, IDLE_SWEEP_MIN, IO_EVENTS_PER_TURN, SHUTDOWN_GRACE};
use crate::listener::{self, ListenerInfo};
use crate::replies::{Answer, ReplyQueue, Waiting};
use crate::scheduling;
use crate::shared::Shared;

/// What other threads tell a reactor.
#[derive(Debug)]
enum Command {
    Serve(std::net::TcpStream, Arc<ListenerInfo>),
    Listen(TcpListener, Arc<ListenerInfo>),
    /// Close the listeners and connections of a node.
    CloseNode(i32),
    /// Let the connections read what has arrived.
    Pass(Arc<Barrier>),
    /// Answer what is in flight and end.
    Stop,
}

/// How other threads reach a reactor.
#[derive(Debug)]
pub(crate) struct ReactorHandle {
    // Bounded by `max.connections`: every command but a few is an accepted connection.
    commands: mpsc::UnboundedSender<Command>,
    pub(crate) replies: Arc<ReplyQueue>,
}

impl ReactorHandle {
    /// Give the reactor a connection.
    pub(crate) fn hand_over(&self, stream: std::net::TcpStream, listener: Arc<ListenerInfo>) {
        // A reactor that is gone has no use for it: the connection closes.
        let _ = self.commands.send(Command::Serve(stream, listener));
    }

    /// Let the reactor accept for a listener.
    pub(crate) fn listen(&self, listener: TcpListener, info: Arc<ListenerInfo>) {
        let _ = self.commands.send(Command::Listen(listener, info));
    }

    /// Close what belongs to a node.
    pub(crate) fn close_node(&self, node_id: i32) {
        let _ = self.commands.send(Command::CloseNode(node_id));
    }

    /// Let the connections read what has arrived.
    pub(crate) fn pass(&self, barrier: Arc<Barrier>) {
        // A reactor that is gone lets go of it at once.
        let _ = self.commands.send(Command::Pass(barrier));
    }

    /// Answer what is in flight and end.
    pub(crate) fn stop(&self) {
        let _ = self.commands.send(Command::Stop);
    }
}

/// What the reactor must know of an open connection.
#[derive(Debug)]
pub(crate) struct ConnectionEntry {
    // Open as long as the entry is in the table: the connection takes it out before it closes the socket.
    pub(crate) socket: RawFd,
    pub(crate) node_id: i32,
    /// When its last byte was read or its last answer written.
    pub(crate) last_active: Cell<Instant>,
    /// Whether a request of it is under way.
    pub(crate) is_busy: Cell<bool>,
    /// Whether it has a request for which the mailbox has no space.
    pub(crate) is_posting: Cell<bool>,
    /// How many requests it has put into the mailbox.
    pub(crate) posted: Cell<u64>,
}

/// What the connections of one reactor share without locks.
#[derive(Debug)]
pub(crate) struct Reactor {
    pub(crate) buffers: BufferPool,
    pub(crate) kept: KeptAnswers,
    pub(crate) waiting: Waiting,
    pub(crate) connections: RefCell<HashMap<u64, Rc<ConnectionEntry>>>,
}

/// Build a reactor. [`Starting::run`] starts its thread, which ends after [`ReactorHandle::stop`].
pub(crate) fn build(index: usize, shared: &Arc<Shared>) -> io::Result<(ReactorHandle, Starting)> {
    let (commands, received) = mpsc::unbounded_channel();
    let replies = Arc::new(ReplyQueue::default());
    let handle = ReactorHandle { commands, replies: Arc::clone(&replies) };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_io_events_per_tick(IO_EVENTS_PER_TURN)
        .build()?;
    let shared = Arc::clone(shared);
    Ok((handle, Starting { index, runtime, received, replies, shared }))
}

/// A reactor that is built and does not run yet, since all handles must be known before the first connection comes.
pub(crate) struct Starting {
    index: usize,
    runtime: tokio::runtime::Runtime,
    received: mpsc::UnboundedReceiver<Command>,
    replies: Arc<ReplyQueue>,
    shared: Arc<Shared>,
}

impl Starting {
    /// Run it on a thread of its own.
    pub(crate) fn run(self) -> io::Result<thread::JoinHandle<()>> {
        thread::Builder::new().name(format!("reactor-{}", self.index)).spawn(move || {
            scheduling::prefer_short_slices();
            let reactor = Rc::new(Reactor {
                buffers: BufferPool::default(),
                kept: KeptAnswers::new(self.shared.settings.kept_answers_bytes),
                waiting: Waiting::new(self.index),
                connections: RefCell::default(),
            });
            let tasks = LocalSet::new();
            self.runtime.block_on(tasks.run_until(run(
                reactor,
                self.shared,
                self.received,
                self.replies,
            )));
        })
    }
}

async fn run(
    reactor: Rc<Reactor>,
    shared: Arc<Shared>,
    mut commands: mpsc::UnboundedReceiver<Command>,
    replies: Arc<ReplyQueue>,
) {
    let deliver =
        tokio::task::spawn_local(deliver_replies(Rc::clone(&reactor), Arc::clone(&replies)));
    let sweep =
        tokio::task::spawn_local(close_idle_connections(Rc::clone(&reactor), Arc::clone(&shared)));
    let mut listeners: Vec<(i32, AbortHandle)> = Vec::new();
    while let Some(command) = commands.recv().await {
        match command {
            Command::Serve(stream, info) => serve(&reactor, &shared, stream, info),
            Command::Listen(listener, info) => {
                let node_id = info.node_id;
                let task =
                    tokio::task::spawn_local(listener::accept(Arc::clone(&shared), listener, info));
                listeners.push((node_id, task.abort_handle()));
            }
            Command::CloseNode(node_id) => {
                listeners
                    .extract_if(.., |(of, _)| *of == node_id)
                    .for_each(|(_, task)| task.abort());
                reactor.end_connections(|entry| entry.node_id == node_id);
            }
            Command::Pass(barrier) => {
                let (reactor, replies) = (Rc::clone(&reactor), Arc::clone(&replies));
                tokio::task::spawn_local(barrier::pass(reactor, replies, barrier));
            }
            Command::Stop => break,
        }
    }
    for (_, task) in &listeners {
        task.abort();
    }
    reactor.end_connections(|_| true);
    finish_connections(&reactor).await;
    deliver.abort();
    sweep.abort();
}

fn serve(
    reactor: &Rc<Reactor>,
    shared: &Arc<Shared>,
    stream: std::net::TcpStream,
    info: Arc<ListenerInfo>,
) {
    let place = connection::Place::new(Arc::clone(shared));
    if let Ok(connection) = Connection::open(stream, info, Arc::clone(shared), Rc::clone(reactor)) {
        tokio::task::spawn_local(async move {
            let _place = place;
            connection.run().await;
        });
    }
}

async fn deliver_replies(reactor: Rc<Reactor>, replies: Arc<ReplyQueue>) {
    loop {
        reactor.deliver(replies.take().await);
    }
}

async fn close_idle_connections(reactor: Rc<Reactor>, shared: Arc<Shared>) {
    let idle_max = shared.settings.connections_max_idle;
    if idle_max.is_zero() {
        return;
    }
    let period = (idle_max / 4).clamp(IDLE_SWEEP_MIN, IDLE_SWEEP_MAX);
    loop {
        tokio::time::sleep(period).await;
        let now = Instant::now();
        reactor.end_connections(|entry| {
            let is_idle =
                !entry.is_busy.get() && now.duration_since(entry.last_active.get()) >= idle_max;
            if is_idle {
                count(&shared.counters.connections_idle_closed);
            }
            is_idle
        });
    }
}

async fn finish_connections(reactor: &Reactor) {
    let finished = async {
        while !reactor.connections.borrow().is_empty() {
            // Connections end through their own tasks; this task only has to let them run.
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    };
    let _ = tokio::time::timeout(SHUTDOWN_GRACE, finished).await;
}

impl Reactor {
    /// Hand answers to the connections that wait for them.
    pub(crate) fn deliver(&self, answers: Vec<(u64, Answer)>) {
        for (request_id, answer) in answers {
            self.waiting.deliver(request_id, answer);
        }
    }

    /// Let connections end: they read end-of-file, answer what they have read, and close.
    fn end_connections(&self, which: impl Fn(&ConnectionEntry) -> bool) {
        for entry in self.connections.borrow().values().filter(|entry| which(entry)) {
            // SAFETY: the connection that owns the socket removes its entry before it closes it, on this thread.
            let socket = unsafe { BorrowedFd::borrow_raw(entry.socket) };
            let _ = socket2::SockRef::from(&socket).shutdown(std::net::Shutdown::Read);
        }
    }
}
