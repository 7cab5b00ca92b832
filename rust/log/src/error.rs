//! What can go wrong with a log: a request that is refused, a disk that fails, files that are not a log.

use std::io;
use std::path::{Path, PathBuf};

use pybroker_wire::ErrorCode;
use thiserror::Error;

/// The log cannot be used: its disk failed or its files are damaged. The caller takes the partition offline.
#[derive(Debug, Error)]
pub enum LogError {
    /// An operation on a file or folder failed.
    #[error("cannot {operation} {path}: {source}", path = path.display())]
    Disk {
        /// What was attempted, as a verb: "write", "fsync" …
        operation: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Bytes in the middle of a segment are damaged: valid batches follow them.
    #[error("{path} is damaged at position {position} (offset {offset}): {reason}", path = path.display())]
    Corrupt {
        /// The segment's `.log` file.
        path: PathBuf,
        /// Where in the file the damaged batch starts.
        position: u64,
        /// The offset that the damaged batch was expected to start at.
        offset: i64,
        /// What is wrong with it.
        reason: String,
    },
    /// The folder belongs to another topic of the same name.
    #[error("{path} belongs to topic id {found}, not {expected}", path = path.display())]
    TopicId {
        /// The `partition.metadata` file.
        path: PathBuf,
        /// The topic id in the file.
        found: String,
        /// The topic id that the caller has.
        expected: String,
    },
    /// A tool was given a folder that it can do nothing with.
    #[error("{path}: {reason}", path = path.display())]
    Unusable {
        /// The folder, or the file in it that is in the way.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// An earlier failure took the log offline; nothing is read or written until it is opened again.
    #[error("the log is offline: {reason}")]
    Offline {
        /// The failure that did it.
        reason: String,
    },
}

impl LogError {
    pub(crate) fn disk(operation: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Disk { operation, path: path.to_path_buf(), source }
    }
}

/// Why records were not appended.
#[derive(Debug, Error)]
pub enum AppendError {
    /// The request is answered with a Kafka error; the log is as before.
    #[error("{}", .0.message)]
    Refused(Box<Refusal>),
    /// The disk failed. The log is offline unless the next append succeeds: see `Log::offline_reason`.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// The answer to records that were refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Kafka's error code.
    pub code: ErrorCode,
    /// `error_message` of the partition's response.
    pub message: String,
    /// `record_errors` of the partition's response: (index in the batch, message).
    pub record_errors: Vec<(i32, String)>,
    /// What the fault is in.
    pub fault: Fault,
}

/// What is wrong with records that were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// They are not one batch of a known format: Kafka says so before it asks the log.
    Framing,
    /// The batch, or a record in it, breaks a rule of the log.
    Batch,
}

impl AppendError {
    pub(crate) fn refused(code: ErrorCode, message: String) -> Self {
        Self::with_fault(code, message, Fault::Batch)
    }

    pub(crate) fn framing(code: ErrorCode, message: String) -> Self {
        Self::with_fault(code, message, Fault::Framing)
    }

    fn with_fault(code: ErrorCode, message: String, fault: Fault) -> Self {
        Self::Refused(Box::new(Refusal { code, message, record_errors: Vec::new(), fault }))
    }
}

/// Why records were not read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The offset is before the log start offset or after the log end offset.
    #[error("offset {offset} is outside of [{log_start_offset}, {log_end_offset}]")]
    OffsetOutOfRange {
        /// The offset asked for.
        offset: i64,
        /// The earliest readable offset.
        log_start_offset: i64,
        /// The offset that the next record gets.
        log_end_offset: i64,
    },
    /// The disk failed or the log is offline.
    #[error(transparent)]
    Log(#[from] LogError),
}
