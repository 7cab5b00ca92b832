//! Work under a ticket: a number at once, and what came of it through the mailbox.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use pybroker_log::{LogError, ReadError};
use pybroker_wire::ErrorCode;

use super::DataPlane;
use crate::mailbox::{Completed, Mail};
use crate::partition::Offline;
use crate::shared::Shared;

/// What `Completed` carries.
pub(super) type Outcome = Result<Option<(i64, i64, i32)>, Failed>;

impl DataPlane {
    /// Work where a disk may be waited for.
    pub(super) fn run(&self, work: impl FnOnce(&Arc<Shared>) -> Outcome + Send + 'static) -> u64 {
        let ticket = self.new_ticket();
        let shared = Arc::clone(&self.shared);
        self.work.run(move || {
            let outcome = work(&shared);
            complete(&shared, ticket, outcome);
        });
        ticket
    }

    pub(super) fn new_ticket(&self) -> u64 {
        self.next_ticket.fetch_add(1, Ordering::Relaxed)
    }
}

/// Why work under a ticket ended without success.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
}

impl From<LogError> for Failed {
    fn from(error: LogError) -> Self {
        Self { code: ErrorCode::KafkaStorageError, message: error.to_string() }
    }
}

impl From<ReadError> for Failed {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::OffsetOutOfRange { .. } => {
                Self { code: ErrorCode::OffsetOutOfRange, message: error.to_string() }
            }
            ReadError::Log(error) => error.into(),
        }
    }
}

impl From<Offline> for Failed {
    fn from(_: Offline) -> Self {
        let message = "the partition is not open".to_owned();
        Self { code: ErrorCode::KafkaStorageError, message }
    }
}

/// Tell Python what came of a ticket.
pub(super) fn complete(shared: &Shared, ticket: u64, outcome: Outcome) {
    let completed = match outcome {
        Ok(value) => Completed { ticket, value, error: ErrorCode::None, message: String::new() },
        Err(Failed { code, message }) => Completed { ticket, value: None, error: code, message },
    };
    shared.mailbox.push(Mail::Completed(completed));
}
