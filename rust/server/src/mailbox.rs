//! From the reactors to Python: a bounded queue behind one descriptor.
//!
//! The descriptor is readable while the queue holds something, so one wake-up of Python drains whatever came
//! meanwhile. A full mailbox mutes the connections that want to add a request; completions of Python's own
//! tickets always fit, since Python bounds how many it has under way.

use std::collections::VecDeque;
use std::io;
use std::os::fd::RawFd;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use pybroker_wire::{ErrorCode, Uuid};
use tokio::sync::Notify;

use crate::wake::WakeDescriptor;

/// One request of an API key that the control plane answers.
#[derive(Debug)]
pub struct ControlRequest {
    /// Names the request in the reply.
    pub request_id: u64,
    /// Names the connection.
    pub connection_id: u64,
    /// Node id of the listener that was dialled.
    pub node_id: i32,
    /// The API key.
    pub api_key: i16,
    /// The version as sent.
    pub api_version: i16,
    /// The client's name for itself.
    pub client_id: Option<Arc<str>>,
    /// The peer's address.
    pub client_host: Arc<str>,
    /// Name of the listener.
    pub listener: Arc<str>,
    /// Who asks.
    pub principal: Arc<str>,
    /// The address that the client dialled.
    pub dialled_host: Arc<str>,
    /// The port that the client dialled.
    pub dialled_port: u16,
    /// When the frame was read, on the control plane's monotonic scale.
    pub received_at_ms: i64,
    /// The message without its header.
    pub body: Arc<[u8]>,
}

/// The end of work under a ticket.
#[derive(Debug)]
pub struct Completed {
    /// The ticket.
    pub ticket: u64,
    /// (offset, timestamp ms, leader epoch) of a record, where the work looks for one and found it.
    pub value: Option<(i64, i64, i32)>,
    /// `ErrorCode::None` on success.
    pub error: ErrorCode,
    /// What went wrong, for people.
    pub message: String,
}

/// How a log directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogDirState {
    /// It takes records.
    Online,
    /// It takes no records for now.
    Refusing,
    /// It failed, and is not used until the next start.
    Offline,
}

/// What the mailbox carries.
#[derive(Debug)]
pub enum Mail {
    /// A request for Python.
    Request(Box<ControlRequest>),
    /// A ticket's end.
    Completed(Completed),
    /// A log took itself offline.
    LogFailed {
        /// The topic.
        topic_id: Uuid,
        /// The partition's index.
        partition: i32,
        /// Why, for people.
        reason: String,
        /// The log could not be opened for want of space, and nothing else is wrong with it.
        is_passing: bool,
    },
    /// A log directory went offline, has no space, or has space again.
    LogDirChanged {
        /// The directory.
        path: PathBuf,
        /// How it is now.
        state: LogDirState,
        /// Why, for people; empty when it is online.
        reason: String,
    },
    /// A log was not compacted. It goes on otherwise.
    CleaningFailed {
        /// The topic.
        topic_id: Uuid,
        /// The partition's index.
        partition: i32,
        /// Why, for people.
        reason: String,
    },
    /// A client did not speak the protocol, and its connection was closed.
    ConnectionFault {
        /// The peer's address.
        client_host: Arc<str>,
        /// Name of the listener.
        listener: Arc<str>,
        /// What it did.
        reason: String,
        /// How many earlier faults were not told, to keep the log readable.
        suppressed: u64,
    },
}

#[derive(Debug, Default)]
struct Queue {
    items: VecDeque<Mail>,
    is_signalled: bool,
}

/// The mailbox.
#[derive(Debug)]
pub(crate) struct Mailbox {
    queue: Mutex<Queue>,
    capacity: usize,
    wake: WakeDescriptor,
    space: Notify,
}

impl Mailbox {
    /// An empty mailbox that takes `capacity` requests.
    pub(crate) fn new(capacity: usize) -> io::Result<Self> {
        let wake = WakeDescriptor::new()?;
        Ok(Self { queue: Mutex::default(), capacity: capacity.max(1), wake, space: Notify::new() })
    }

    /// Readable while the mailbox holds something.
    pub(crate) fn descriptor(&self) -> RawFd {
        self.wake.as_raw_fd()
    }

    /// Add something that always fits.
    pub(crate) fn push(&self, mail: Mail) {
        let mut queue = self.queue.lock();
        queue.items.push_back(mail);
        self.signal(&mut queue);
    }

    /// Add the success of a ticket that has no value.
    pub(crate) fn push_completed(&self, ticket: u64) {
        let (error, message) = (ErrorCode::None, String::new());
        self.push(Mail::Completed(Completed { ticket, value: None, error, message }));
    }

    /// Add a request, or give it back because the mailbox is full.
    fn try_push(&self, mail: Mail) -> Result<(), Mail> {
        let mut queue = self.queue.lock();
        if queue.items.len() >= self.capacity {
            return Err(mail);
        }
        queue.items.push_back(mail);
        self.signal(&mut queue);
        Ok(())
    }

    /// Add a request, once there is space.
    pub(crate) async fn push_request(&self, request: Box<ControlRequest>) {
        let mut mail = Mail::Request(request);
        loop {
            match self.try_push(mail) {
                Ok(()) => return,
                Err(refused) => mail = refused,
            }
            // Register before the second look, so that a `take` between the two is not missed.
            let space = self.space.notified();
            tokio::pin!(space);
            space.as_mut().enable();
            match self.try_push(mail) {
                Ok(()) => return,
                Err(refused) => mail = refused,
            }
            space.await;
        }
    }

    /// Add something that may be lost when Python is far behind: lines for the log.
    pub(crate) fn push_if_space(&self, mail: Mail) {
        let _ = self.try_push(mail);
    }

    /// Take up to `limit` items in the order in which they came.
    pub(crate) fn take(&self, limit: usize) -> Vec<Mail> {
        let mut queue = self.queue.lock();
        let was_full = queue.items.len() >= self.capacity;
        let count = limit.min(queue.items.len());
        let items = queue.items.drain(..count).collect();
        if queue.items.is_empty() && queue.is_signalled {
            self.wake.clear();
            queue.is_signalled = false;
        }
        drop(queue);
        if was_full {
            self.space.notify_waiters();
        }
        items
    }

    /// Let nobody add or take anything, which stops a reactor at its next request.
    #[cfg(test)]
    pub(crate) fn hold(&self) -> impl Drop + '_ {
        self.queue.lock()
    }

    fn signal(&self, queue: &mut Queue) {
        if !queue.is_signalled {
            queue.is_signalled = true;
            self.wake.set();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(ticket: u64) -> Mail {
        Mail::Completed(Completed {
            ticket,
            value: None,
            error: ErrorCode::None,
            message: String::new(),
        })
    }

    fn tickets(items: &[Mail]) -> Vec<u64> {
        items
            .iter()
            .map(|mail| match mail {
                Mail::Completed(completed) => completed.ticket,
                other => panic!("unexpected {other:?}"),
            })
            .collect()
    }

    #[test]
    fn mail_is_taken_in_order_and_up_to_the_limit() {
        let mailbox = Mailbox::new(8).unwrap();
        (0..5).for_each(|ticket| mailbox.push(completed(ticket)));
        assert_eq!(tickets(&mailbox.take(3)), [0, 1, 2]);
        assert_eq!(tickets(&mailbox.take(3)), [3, 4]);
        assert!(mailbox.take(3).is_empty());
    }

    #[test]
    fn what_may_be_lost_is_lost_when_the_mailbox_is_full() {
        let mailbox = Mailbox::new(2).unwrap();
        (0..4).for_each(|ticket| mailbox.push_if_space(completed(ticket)));
        assert_eq!(tickets(&mailbox.take(8)), [0, 1]);
    }

    #[test]
    fn completions_fit_into_a_full_mailbox() {
        let mailbox = Mailbox::new(1).unwrap();
        (0..3).for_each(|ticket| mailbox.push(completed(ticket)));
        assert_eq!(tickets(&mailbox.take(8)), [0, 1, 2]);
    }
}
