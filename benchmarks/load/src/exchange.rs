//! One connection: a request goes out, its whole answer comes in, and is checked.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::Instant;

use mio::net::TcpStream;

use crate::options::CORRELATION_ID_AT;

const READ_BUFFER_BYTES: usize = 256 * 1024;

/// A connection and the request that is outstanding on it.
#[derive(Debug)]
pub(crate) struct Exchange {
    stream: TcpStream,
    frame: Vec<u8>,
    correlation_id: i32,
    sent_bytes: usize,
    buffer: Vec<u8>,
    received_bytes: usize,
    due: Instant,
    outstanding: bool,
}

impl Exchange {
    /// Connect, blocking, and then switch to non-blocking.
    pub(crate) fn connect(address: SocketAddr, frame: Vec<u8>) -> io::Result<Self> {
        let stream = std::net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream: TcpStream::from_std(stream),
            frame,
            correlation_id: 0,
            sent_bytes: 0,
            buffer: vec![0; READ_BUFFER_BYTES],
            received_bytes: 0,
            due: Instant::now(),
            outstanding: false,
        })
    }

    /// The socket, to register with a poll.
    pub(crate) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Say whether an answer is awaited.
    pub(crate) fn is_outstanding(&self) -> bool {
        self.outstanding
    }

    /// The moment from which the latency of the outstanding request counts.
    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    /// Start the next request; its latency counts from `due`.
    pub(crate) fn begin(&mut self, due: Instant) -> io::Result<()> {
        self.correlation_id = self.correlation_id.wrapping_add(1);
        self.frame[CORRELATION_ID_AT..CORRELATION_ID_AT + 4]
            .copy_from_slice(&self.correlation_id.to_be_bytes());
        self.sent_bytes = 0;
        self.received_bytes = 0;
        self.due = due;
        self.outstanding = true;
        self.flush()
    }

    /// Write what is left of the request, as far as the socket takes it.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        while self.sent_bytes < self.frame.len() {
            match self.stream.write(&self.frame[self.sent_bytes..]) {
                Ok(written) => self.sent_bytes += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Read what has come; give the answer behind its correlation id once it is whole.
    pub(crate) fn receive(&mut self) -> io::Result<Option<&[u8]>> {
        loop {
            if self.received_bytes == self.buffer.len() {
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
            match self.stream.read(&mut self.buffer[self.received_bytes..]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => self.received_bytes += read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            if let Some(end) = self.whole_answer()? {
                self.outstanding = false;
                return Ok(Some(&self.buffer[8..end]));
            }
        }
    }

    fn whole_answer(&self) -> io::Result<Option<usize>> {
        let Some(prefix) = self.buffer[..self.received_bytes].first_chunk::<8>() else {
            return Ok(None);
        };
        let [a, b, c, d, id @ ..] = *prefix;
        let end = 4 + u32::from_be_bytes([a, b, c, d]) as usize;
        if end < 8 || self.received_bytes > end || i32::from_be_bytes(id) != self.correlation_id {
            return Err(io::Error::new(
                ErrorKind::InvalidData,
                "an answer is not the one to the request that is outstanding",
            ));
        }
        Ok((self.received_bytes == end).then_some(end))
    }
}
