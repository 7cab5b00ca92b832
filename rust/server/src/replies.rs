//! From Python to one reactor: a queue that wakes the reactor once a batch, and the requests that wait for it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

/// What Python says to one request.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The encoded body, and the epoch under which it may be kept.
    Body { body: Arc<[u8]>, kept_epoch: Option<u64> },
    /// Close the connection.
    Disconnect,
}

/// Answers on their way to one reactor.
#[derive(Debug, Default)]
pub(crate) struct ReplyQueue {
    answers: Mutex<Vec<(u64, Answer)>>,
    arrived: Notify,
}

impl ReplyQueue {
    /// Add a batch and wake the reactor.
    pub(crate) fn push(&self, batch: impl IntoIterator<Item = (u64, Answer)>) {
        self.answers.lock().extend(batch);
        self.arrived.notify_one();
    }

    /// Take all answers that are there.
    pub(crate) fn take_now(&self) -> Vec<(u64, Answer)> {
        std::mem::take(&mut *self.answers.lock())
    }

    /// Wait for answers and take them all.
    pub(crate) async fn take(&self) -> Vec<(u64, Answer)> {
        loop {
            let answers = self.take_now();
            if !answers.is_empty() {
                return answers;
            }
            self.arrived.notified().await;
        }
    }
}

/// The requests of one reactor that wait for Python.
#[derive(Debug)]
pub(crate) struct Waiting {
    // The top byte of a request id is the reactor's index, so that a reply finds its way.
    next_id: RefCell<u64>,
    senders: RefCell<HashMap<u64, oneshot::Sender<Answer>>>,
}

const REACTOR_SHIFT: u32 = 56;

/// The reactor that a request id belongs to.
pub(crate) fn reactor_of(request_id: u64) -> usize {
    (request_id >> REACTOR_SHIFT) as usize
}

impl Waiting {
    pub(crate) fn new(reactor: usize) -> Self {
        Self {
            next_id: RefCell::new((reactor as u64) << REACTOR_SHIFT),
            senders: RefCell::default(),
        }
    }

    /// A new request id, and where its answer will arrive.
    pub(crate) fn register(&self) -> (u64, oneshot::Receiver<Answer>) {
        let mut next_id = self.next_id.borrow_mut();
        *next_id += 1;
        let (sender, receiver) = oneshot::channel();
        self.senders.borrow_mut().insert(*next_id, sender);
        (*next_id, receiver)
    }

    /// Hand an answer to the connection that waits for it; one whose connection is gone is dropped.
    pub(crate) fn deliver(&self, request_id: u64, answer: Answer) {
        if let Some(sender) = self.senders.borrow_mut().remove(&request_id) {
            let _ = sender.send(answer);
        }
    }
}
