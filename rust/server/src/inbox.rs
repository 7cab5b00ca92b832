//! Bytes that a connection has received and not yet answered.
//!
//! A buffer is taken from the pool when bytes arrive and goes back as soon as none are unread. It grows as bytes come,
//! never by what a length prefix claims, and what it grows by is reserved from the memory budget first.

use std::future::poll_fn;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::Poll;

use pybroker_wire::WireError;
use pybroker_wire::frame::{PREFIX_BYTES, first_frame, frame_size};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::coop::unconstrained;

use crate::buffers::{BufferPool, MemoryBudget};
use crate::limits::{MEMORY_WAIT_MAX, PARKED_BYTES_MAX, RECEIVE_BUFFER_BYTES};

/// The unread bytes of one connection.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    reserved: usize,
}

impl Inbox {
    /// The next whole frame, without its length prefix. Good until the next read.
    pub(crate) fn next_frame(&mut self, limit: usize) -> Result<Option<Range<usize>>, WireError> {
        let Some(frame) = first_frame(&self.buffer[self.start..self.end], limit)? else {
            return Ok(None);
        };
        let range = self.start + frame.start..self.start + frame.end;
        self.start = range.end;
        Ok(Some(range))
    }

    /// The bytes of a frame.
    pub(crate) fn bytes_mut(&mut self, frame: Range<usize>) -> &mut [u8] {
        &mut self.buffer[frame]
    }

    /// Make room for the rest of the frame that has begun, as far as bytes have arrived to fill it.
    pub(crate) async fn make_room(
        &mut self,
        limit: usize,
        pool: &BufferPool,
        memory: &MemoryBudget,
    ) -> Result<(), RoomError> {
        let unread = self.end - self.start;
        if self.reserved > 0 && unread < RECEIVE_BUFFER_BYTES {
            memory.release(std::mem::take(&mut self.reserved));
        }
        if unread == 0 {
            (self.start, self.end) = (0, 0);
        }
        if self.buffer.len() < RECEIVE_BUFFER_BYTES {
            let mut buffer = pool.get();
            buffer[..unread].copy_from_slice(&self.buffer[self.start..self.end]);
            (self.buffer, self.start, self.end) = (buffer, 0, unread);
        }
        let needed = self.wanted_bytes(limit)?;
        if self.start > 0 && self.start + needed > self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, unread);
        }
        if self.end == self.buffer.len() {
            let size = needed.min(2 * self.buffer.len());
            let more = size.saturating_sub(self.reserved);
            let reserving = tokio::time::timeout(MEMORY_WAIT_MAX, memory.reserve(more));
            self.reserved += reserving.await.map_err(|_| RoomError::NoMemory)?;
            self.buffer.resize(size, 0);
        }
        Ok(())
    }

    /// Read what has arrived: `None` when nothing has, `Some(0)` at the end of the stream.
    pub(crate) async fn read(&mut self, stream: &mut TcpStream) -> io::Result<Option<usize>> {
        let mut space = ReadBuf::new(&mut self.buffer[self.end..]);
        let read = poll_fn(|context| match Pin::new(&mut *stream).poll_read(context, &mut space) {
            Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
            Poll::Pending => Poll::Ready(None),
        });
        // Without tokio's budget: a read that it holds back would look like one that found nothing.
        let outcome = unconstrained(read);
        let Some(outcome) = outcome.await else { return Ok(None) };
        outcome?;
        let received = space.filled().len();
        self.end += received;
        Ok(Some(received))
    }

    /// Hold no more memory than the unread bytes need, because a wait begins.
    pub(crate) fn park(&mut self, pool: &BufferPool) {
        let unread = self.end - self.start;
        if unread > PARKED_BYTES_MAX || self.buffer.len() < RECEIVE_BUFFER_BYTES {
            return;
        }
        let kept = self.buffer[self.start..self.end].to_vec();
        pool.put(std::mem::replace(&mut self.buffer, kept));
        (self.start, self.end) = (0, unread);
    }

    /// Give everything back.
    pub(crate) fn release(&mut self, pool: &BufferPool, memory: &MemoryBudget) {
        pool.put(std::mem::take(&mut self.buffer));
        memory.release(std::mem::take(&mut self.reserved));
        (self.start, self.end) = (0, 0);
    }

    /// Bytes of the frame that has begun, with its prefix; at least a byte more than there are.
    fn wanted_bytes(&self, limit: usize) -> Result<usize, WireError> {
        let unread = &self.buffer[self.start..self.end];
        match unread.first_chunk() {
            Some(&prefix) => Ok(PREFIX_BYTES + frame_size(prefix, limit)?),
            None => Ok(PREFIX_BYTES),
        }
    }
}

/// Why there is no room for a frame.
#[derive(Debug)]
pub(crate) enum RoomError {
    /// The frame's size is not acceptable.
    Wire(WireError),
    /// Other requests hold all the memory, and none of them ended in time.
    NoMemory,
}

impl From<WireError> for RoomError {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (client, listener.accept().await.unwrap().0)
    }

    async fn receive(
        inbox: &mut Inbox,
        stream: &mut TcpStream,
        pool: &BufferPool,
        memory: &MemoryBudget,
    ) {
        loop {
            inbox.make_room(1 << 20, pool, memory).await.unwrap();
            if inbox.read(stream).await.unwrap().is_some() {
                return;
            }
            inbox.park(pool);
            stream.readable().await.unwrap();
        }
    }

    fn frame(size: usize) -> Vec<u8> {
        let mut bytes = (size as i32).to_be_bytes().to_vec();
        bytes.extend((0..size).map(|index| index as u8));
        bytes
    }

    #[tokio::test]
    async fn frames_come_out_whole_however_they_arrive() {
        let (mut client, mut server) = pair().await;
        let (pool, memory) = (BufferPool::default(), MemoryBudget::new(1 << 20));
        let mut inbox = Inbox::default();
        for size in [0, 1, 100, 5_000, 300_000, 3] {
            let sent = frame(size);
            let cut = sent.len() / 2;
            client.write_all(&sent[..cut]).await.unwrap();
            receive(&mut inbox, &mut server, &pool, &memory).await;
            client.write_all(&sent[cut..]).await.unwrap();
            let found = loop {
                if let Some(found) = inbox.next_frame(1 << 20).unwrap() {
                    break found;
                }
                receive(&mut inbox, &mut server, &pool, &memory).await;
            };
            assert_eq!(inbox.bytes_mut(found), &sent[4..]);
        }
        inbox.release(&pool, &memory);
        assert_eq!(memory.reserve(1 << 20).await, 1 << 20);
    }

    #[tokio::test]
    async fn frames_that_arrive_together_come_out_one_by_one() {
        let (mut client, mut server) = pair().await;
        let (pool, memory) = (BufferPool::default(), MemoryBudget::new(1 << 20));
        let mut inbox = Inbox::default();
        client.write_all(&[frame(3), frame(0), frame(7)].concat()).await.unwrap();
        receive(&mut inbox, &mut server, &pool, &memory).await;
        for size in [3, 0, 7] {
            let found = inbox.next_frame(100).unwrap().unwrap();
            assert_eq!(inbox.bytes_mut(found), &frame(size)[4..]);
        }
        assert!(inbox.next_frame(100).unwrap().is_none());
    }

    #[tokio::test]
    async fn a_frame_above_the_limit_is_refused_before_its_body_is_read() {
        let (mut client, mut server) = pair().await;
        let (pool, memory) = (BufferPool::default(), MemoryBudget::new(1 << 20));
        let mut inbox = Inbox::default();
        client.write_all(&i32::MAX.to_be_bytes()).await.unwrap();
        receive(&mut inbox, &mut server, &pool, &memory).await;
        assert!(inbox.next_frame(1 << 20).is_err());
    }

    #[tokio::test]
    async fn a_claimed_size_costs_no_memory_before_its_bytes_arrive() {
        let (mut client, mut server) = pair().await;
        let (pool, memory) = (BufferPool::default(), MemoryBudget::new(1 << 20));
        let mut inbox = Inbox::default();
        client.write_all(&frame(1 << 20)[..10]).await.unwrap();
        receive(&mut inbox, &mut server, &pool, &memory).await;
        assert!(inbox.next_frame(1 << 21).unwrap().is_none());
        inbox.park(&pool);
        assert!(inbox.buffer.len() <= PARKED_BYTES_MAX);
        assert_eq!(inbox.reserved, 0);
    }
}
