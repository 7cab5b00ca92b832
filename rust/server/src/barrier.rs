//! The read barrier: what had reached this machine when it began is in the mailbox when it ends.
//!
//! The control plane asks for one before it acts on a deadline. When the process was stopped, or the machine slept, what
//! clients sent meanwhile lies in sockets that no reactor has looked at, and a deadline must not be held against them.
//!
//! Promises: a request that had arrived on a connection that waits for one is in the mailbox before the ticket's end is;
//! the end comes always, also when a reactor is gone; connections that are busy, and those that cannot go on, are not
//! waited for.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::limits::{BARRIER_PATIENCE, IO_EVENTS_PER_TURN};
use crate::reactor::{ConnectionEntry, Reactor};
use crate::replies::ReplyQueue;
use crate::shared::Shared;

const MAILBOX_POLL: Duration = Duration::from_millis(1);

/// One barrier, shared by the reactors that have not passed it. The last to let it go ends the ticket.
#[derive(Debug)]
pub(crate) struct Barrier {
    shared: Arc<Shared>,
    ticket: u64,
}

impl Barrier {
    pub(crate) fn new(shared: Arc<Shared>, ticket: u64) -> Arc<Self> {
        Arc::new(Self { shared, ticket })
    }
}

impl Drop for Barrier {
    fn drop(&mut self) {
        self.shared.mailbox.push_completed(self.ticket);
    }
}

/// Let every connection of a reactor read what has arrived. Runs as a task like theirs, so that it takes its turn behind
/// those that the same look at the sockets woke.
pub(crate) async fn pass(reactor: Rc<Reactor>, replies: Arc<ReplyQueue>, barrier: Arc<Barrier>) {
    // A connection that has its answer can read on.
    reactor.deliver(replies.take_now());
    let turns = 2 + reactor.connections.borrow().len() / IO_EVENTS_PER_TURN;
    for _ in 0..turns {
        // Yielding lets the runtime look at the sockets, and wakes this task after those with bytes to read.
        tokio::task::yield_now().await;
    }
    wait_for_the_mailbox(&reactor).await;
    drop(barrier);
}

/// Wait for the connections that hold a request now for which the mailbox had no space.
async fn wait_for_the_mailbox(reactor: &Reactor) {
    let mut held: Vec<(Rc<ConnectionEntry>, u64)> = reactor
        .connections
        .borrow()
        .values()
        .filter(|entry| entry.is_posting.get())
        .map(|entry| (Rc::clone(entry), entry.posted.get()))
        .collect();
    let began = Instant::now();
    while !held.is_empty() && began.elapsed() < BARRIER_PATIENCE {
        tokio::time::sleep(MAILBOX_POLL).await;
        held.retain(|(entry, posted)| entry.is_posting.get() && entry.posted.get() == *posted);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpStream;

    use crate::data_plane::{DataPlane, Options};
    use crate::mailbox::Mail;
    use crate::testing::options;

    use super::*;

    const HEARTBEAT: i16 = 12;
    // More than a reactor learns of in one look.
    const CONNECTIONS: usize = IO_EVENTS_PER_TURN + 200;

    fn frame() -> Vec<u8> {
        let (correlation_id, no_client_id) = (7_i32, -1_i16);
        let mut header = Vec::new();
        header.extend(HEARTBEAT.to_be_bytes());
        header.extend(0_i16.to_be_bytes());
        header.extend(correlation_id.to_be_bytes());
        header.extend(no_client_id.to_be_bytes());
        [&(header.len() as u32).to_be_bytes(), &header[..]].concat()
    }

    fn started(change: impl FnOnce(&mut Options)) -> (tempfile::TempDir, DataPlane, u16) {
        let dir = tempfile::tempdir().unwrap();
        let mut options = options(dir.path());
        options.apis = vec![(HEARTBEAT, 0, 0)];
        options.max_connections = 2 * CONNECTIONS;
        change(&mut options);
        let plane = DataPlane::start(&options).unwrap();
        let (port, _) = plane.listen(1, "PLAINTEXT", "127.0.0.1", 0).unwrap();
        (dir, plane, port)
    }

    fn connect(plane: &DataPlane, port: u16, count: usize) -> Vec<TcpStream> {
        let before = open_connections(plane);
        let clients =
            (0..count).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
        while open_connections(plane) < before + count as u64 {
            std::thread::yield_now();
        }
        clients
    }

    fn open_connections(plane: &DataPlane) -> u64 {
        plane.counters().into_iter().find(|(name, _)| *name == "connections").unwrap().1
    }

    /// The ids of the requests that come before the end of a ticket.
    fn requests_before(plane: &DataPlane, ticket: u64) -> Vec<u64> {
        let mut requests = Vec::new();
        loop {
            for mail in plane.take(64) {
                match mail {
                    Mail::Request(request) => requests.push(request.request_id),
                    Mail::Completed(completed) => {
                        assert_eq!(completed.ticket, ticket);
                        return requests;
                    }
                    other => panic!("unexpected {other:?}"),
                }
            }
            std::thread::yield_now();
        }
    }

    fn what_came_while_the_reactor_stood_still_is_before_the_end(
        change: impl FnOnce(&mut Options),
    ) {
        let (_dir, plane, port) = started(change);
        let mut clients = connect(&plane, port, CONNECTIONS);
        let ticket = {
            let _held = plane.hold_mailbox();
            for client in &mut clients {
                client.write_all(&frame()).unwrap();
            }
            plane.read_barrier()
        };
        assert_eq!(requests_before(&plane, ticket).len(), CONNECTIONS);
    }

    #[test]
    fn what_came_while_a_reactor_stood_still_is_taken_first() {
        what_came_while_the_reactor_stood_still_is_before_the_end(|options| {
            options.mailbox_capacity = 2 * CONNECTIONS;
        });
    }

    #[test]
    fn what_a_full_mailbox_kept_out_is_taken_first() {
        what_came_while_the_reactor_stood_still_is_before_the_end(|options| {
            options.mailbox_capacity = 10;
        });
    }

    #[test]
    fn what_came_to_several_reactors_is_taken_first() {
        what_came_while_the_reactor_stood_still_is_before_the_end(|options| options.reactors = 3);
    }

    #[test]
    fn a_request_behind_an_answered_one_is_taken_first() {
        let (_dir, plane, port) = started(|_| ());
        let mut clients = connect(&plane, port, 1);
        clients[0].write_all(&[frame(), frame()].concat()).unwrap();
        let first = plane.read_barrier();
        let requests = requests_before(&plane, first);
        assert_eq!(requests.len(), 1, "a connection has one request under way");
        let body = Arc::from([]);
        plane.reply(vec![crate::Reply { request_id: requests[0], body, kept_epoch: None }]);
        let second = plane.read_barrier();
        assert_eq!(requests_before(&plane, second).len(), 1);
    }

    #[test]
    fn it_ends_although_a_connection_waits_for_its_answer() {
        let (_dir, plane, port) = started(|_| ());
        let mut clients = connect(&plane, port, 2);
        clients[0].write_all(&frame()).unwrap();
        for expected in [1, 0] {
            let ticket = plane.read_barrier();
            assert_eq!(requests_before(&plane, ticket).len(), expected);
        }
    }

    #[test]
    fn it_ends_when_the_reactors_are_gone() {
        let (_dir, plane, _) = started(|_| ());
        let closed = plane.close();
        assert!(requests_before(&plane, closed).is_empty());
        let ticket = plane.read_barrier();
        assert!(requests_before(&plane, ticket).is_empty());
    }
}
