//! Moving bytes to a socket: `sendfile` and `MSG_MORE` on Linux, reads and writes elsewhere.

use std::io;

use pybroker_log::{File, FileSlice};
use tokio::io::Interest;
use tokio::net::TcpStream;

/// Whether more bytes of the same answer come right after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum More {
    /// The kernel may wait for them before it sends a packet.
    Follows,
    /// Send now.
    Nothing,
}

/// Send a range of a file, whole.
pub(crate) async fn send_file(stream: &TcpStream, slice: &FileSlice) -> io::Result<()> {
    let Some(file) = slice.file.as_deref() else { return Ok(()) };
    let mut position = slice.position;
    let end = slice.position + slice.len as u64;
    while position < end {
        let left = (end - position) as usize;
        match stream
            .try_io(Interest::WRITABLE, || platform::send_file_part(stream, file, position, left))
        {
            // The file is shorter than its log believes: the answer cannot be completed.
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => position += count as u64,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.writable().await?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

pub(crate) use platform::send;

#[cfg(target_os = "linux")]
mod platform {
    use std::os::fd::AsRawFd;

    use super::{File, More, TcpStream, io};

    /// One `send`.
    pub(crate) fn send(stream: &TcpStream, bytes: &[u8], more: More) -> io::Result<usize> {
        let more = if more == More::Follows { libc::MSG_MORE } else { 0 };
        // SAFETY: the pointer and the length are those of a live slice.
        let sent = unsafe {
            libc::send(
                stream.as_raw_fd(),
                bytes.as_ptr().cast(),
                bytes.len(),
                libc::MSG_NOSIGNAL | more,
            )
        };
        if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(sent as usize) }
    }

    /// One `sendfile`.
    pub(super) fn send_file_part(
        stream: &TcpStream,
        file: &File,
        position: u64,
        left: usize,
    ) -> io::Result<usize> {
        let mut offset = position as libc::off_t;
        // SAFETY: both descriptors are open for the call, the offset lives on the stack.
        let sent = unsafe {
            libc::sendfile(stream.as_raw_fd(), file.as_std().as_raw_fd(), &raw mut offset, left)
        };
        if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(sent as usize) }
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use super::{File, More, TcpStream, io};

    /// Bytes of a file that are in memory at once.
    const COPY_BYTES: usize = 64 * 1024;

    /// One `write`.
    pub(crate) fn send(stream: &TcpStream, bytes: &[u8], _more: More) -> io::Result<usize> {
        stream.try_write(bytes)
    }

    /// One read and one write; what was not written is read again.
    pub(super) fn send_file_part(
        stream: &TcpStream,
        file: &File,
        position: u64,
        left: usize,
    ) -> io::Result<usize> {
        let mut buffer = vec![0; left.min(COPY_BYTES)];
        let count = file.read_at(&mut buffer, position)?;
        stream.try_write(&buffer[..count])
    }
}
