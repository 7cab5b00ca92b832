//! Answers on their way to a socket: bytes, with ranges of files between them.
//!
//! Answers of pipelined requests are collected here and leave in one write. Records of a fetch stay in the page cache:
//! the kernel sends them from the file.

use std::io;

use pybroker_log::FileSlice;
use pybroker_wire::frame::{begin_frame, end_frame};
use pybroker_wire::header::write_response_header;
use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::cold_reads::ColdReads;
use crate::connection::RequestLine;
use crate::limits::{OUTGOING_FLUSH_BYTES, OUTGOING_KEPT_BYTES};
use crate::sendfile;

/// Answers that are not written yet.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    bytes: Vec<u8>,
    // Each goes in front of the byte with that index.
    files: Vec<(usize, FileSlice)>,
    file_bytes: usize,
}

/// Where an unfinished answer starts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnswerStart {
    length_at: usize,
    file_bytes: usize,
}

impl Outgoing {
    /// Begin the answer to a request: its length follows when it is finished.
    pub(crate) fn begin(&mut self, request: RequestLine) -> AnswerStart {
        let RequestLine { api_key, api_version, correlation_id } = request;
        let length_at = begin_frame(&mut self.bytes);
        write_response_header(&mut self.bytes, api_key, api_version, correlation_id);
        AnswerStart { length_at, file_bytes: self.file_bytes }
    }

    /// Where the body of an answer goes.
    pub(crate) fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Put a range of a file in front of the byte at `position`, behind all that were put before.
    pub(crate) fn push_file_at(&mut self, position: usize, slice: FileSlice) {
        self.file_bytes += slice.len;
        self.files.push((position, slice));
    }

    /// End an answer.
    pub(crate) fn finish(&mut self, start: AnswerStart) {
        let file_bytes = self.file_bytes - start.file_bytes;
        // Fetch keeps an answer below `fetch.max.bytes`, so this cannot be reached by what a client asks for.
        end_frame(&mut self.bytes, start.length_at, file_bytes)
            .expect("an answer is shorter than 2 GiB");
    }

    /// Drop an answer that turned out not to be wanted.
    pub(crate) fn abandon(&mut self, start: AnswerStart) {
        self.bytes.truncate(start.length_at);
        self.files.retain(|&(at, _)| at <= start.length_at);
        self.file_bytes = start.file_bytes;
    }

    /// Append the answer to a request whose body is encoded.
    pub(crate) fn push_answer(&mut self, request: RequestLine, body: &[u8]) {
        let start = self.begin(request);
        self.bytes.extend_from_slice(body);
        self.finish(start);
    }

    /// Nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Enough for a write of its own. File ranges are not held back for others.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() >= OUTGOING_FLUSH_BYTES || !self.files.is_empty()
    }

    /// Everything as a client gets it.
    #[cfg(test)]
    pub(crate) fn to_vec(&self) -> Vec<u8> {
        let mut written = 0;
        let mut all = Vec::new();
        for (before, slice) in &self.files {
            all.extend_from_slice(&self.bytes[written..*before]);
            all.extend(slice.to_vec().unwrap());
            written = *before;
        }
        all.extend_from_slice(&self.bytes[written..]);
        all
    }

    /// How many ranges of files there are.
    #[cfg(test)]
    pub(crate) fn file_count(&self) -> usize {
        self.files.len()
    }

    /// Write everything. Gives the number of bytes.
    pub(crate) async fn flush(
        &mut self,
        stream: &TcpStream,
        cold_reads: &ColdReads,
    ) -> io::Result<usize> {
        let total = self.bytes.len() + self.file_bytes;
        let mut written = 0;
        let mut warming = cold_reads.begin(self.files.iter().map(|(_, slice)| slice));
        for (index, (before, slice)) in self.files.drain(..).enumerate() {
            write_all(stream, &self.bytes[written..before], sendfile::More::Follows).await?;
            written = before;
            warming.wait(index).await;
            sendfile::send_file(stream, &slice).await?;
        }
        write_all(stream, &self.bytes[written..], sendfile::More::Nothing).await?;
        self.file_bytes = 0;
        if self.bytes.capacity() > OUTGOING_KEPT_BYTES {
            self.bytes = Vec::new();
        } else {
            self.bytes.clear();
        }
        Ok(total)
    }
}

async fn write_all(stream: &TcpStream, mut bytes: &[u8], more: sendfile::More) -> io::Result<()> {
    while !bytes.is_empty() {
        match stream.try_io(Interest::WRITABLE, || sendfile::send(stream, bytes, more)) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.writable().await?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
