//! Failing: a log that does not survive what is done with it is dropped, and the reason is reported once.

use std::panic::{AssertUnwindSafe, catch_unwind};

use parking_lot::MutexGuard;
use pybroker_log::{FailureScope, Log, LogError};

use super::{Availability, Partition};
use crate::counters::count;
use crate::mailbox::Mail;
use crate::shared::Shared;

/// Why a log went offline.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) reason: String,
    pub(crate) scope: FailureScope,
    /// A panic was caught.
    pub(crate) is_bug: bool,
}

/// The log cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offline;

impl Partition {
    /// Give the log up because it failed. Says whether it was open until now.
    pub(crate) fn take_offline(&self, failure: Failure) -> bool {
        let mut log = self.log.lock();
        let was_open = log.is_some();
        if was_open {
            self.fail(&mut log, failure);
        }
        was_open
    }

    /// The reason why the log does not take records, once.
    pub(crate) fn take_failure(&self) -> Option<Failure> {
        self.published.lock().failure.take()
    }

    /// Run work on the log. A panic in it, or a failure that the log does not survive, takes the partition offline.
    pub(super) fn guarded<R>(
        &self,
        log: &mut MutexGuard<'_, Option<Log>>,
        work: impl FnOnce(&mut Log) -> R,
    ) -> Result<R, Offline> {
        if self.dir.is_offline() {
            return Err(Offline);
        }
        let open = log.as_mut().ok_or(Offline)?;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let outcome = work(open);
            self.note_files(open);
            (outcome, open.offline_reason().map(str::to_owned))
        }));
        let failure = match outcome {
            Ok((outcome, None)) => return Ok(outcome),
            Ok((_, Some(reason))) => {
                let scope = open.offline_scope().unwrap_or(FailureScope::Log);
                Failure { reason, scope, is_bug: false }
            }
            Err(panic) => Failure {
                reason: format!("a bug: {}", panic_message(&*panic)),
                scope: FailureScope::Log,
                is_bug: true,
            },
        };
        self.fail(log, failure);
        Err(Offline)
    }

    fn fail(&self, log: &mut MutexGuard<'_, Option<Log>>, failure: Failure) {
        let broken = log.take();
        // What a panic left behind may panic again when it is dropped.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(broken)));
        {
            let mut published = self.published.lock();
            published.availability = Availability::Offline;
            published.failure = Some(failure);
        }
        MutexGuard::unlocked(log, || self.wake());
    }

    /// Note that the disk refused records and the log goes on. What concerns this log alone is reported once, until an append
    /// succeeds again.
    pub(super) fn note_refusal(&self, error: &LogError) {
        let mut published = self.published.lock();
        let scope = error.scope();
        if scope != FailureScope::Log {
            let reason = error.to_string();
            published.failure = Some(Failure { reason, scope, is_bug: false });
        } else if !std::mem::replace(&mut published.is_refusing, true) {
            let reason = format!("until an append succeeds: {error}");
            published.failure = Some(Failure { reason, scope, is_bug: false });
        }
    }
}

/// Tell Python, once, that a log or its directory went offline. To be called after an [`Offline`] or a storage failure, without
/// any lock.
pub(crate) fn report_failure(shared: &Shared, partition: &Partition) {
    let Some(Failure { reason, scope, is_bug }) = partition.take_failure() else { return };
    if scope != FailureScope::Log {
        partition.dir.note(scope, &reason);
        return;
    }
    if is_bug {
        count(&shared.counters.bugs);
    }
    shared.mailbox.push(Mail::LogFailed {
        topic_id: partition.topic_id,
        partition: partition.index,
        reason,
        is_passing: false,
    });
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic")
}
