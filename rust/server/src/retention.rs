//! Retention and `DeleteRecords`: moving the start of a partition's log without keeping its producers and consumers waiting.
//!
//! The mutex of the log is held to look and to take segments out of its list. What waits for the disk (the durable log start
//! offset, renaming, unlinking) is done outside of it, under the partition's housekeeping lock, which appends and fetches
//! never take.

use std::sync::Arc;

use pybroker_log::{DeletedFiles, FailureScope, LogError, ReadError};

use crate::data_plane::Failed;
use crate::partition::{Failure, Offline, Partition, report_failure};
use crate::shared::Shared;

/// What retention removed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Freed {
    pub(crate) segments: i64,
    pub(crate) bytes: i64,
    /// Partitions whose disk refused.
    pub(crate) failures: i32,
}

/// Where a client wants the log to start.
#[derive(Debug, Clone, Copy)]
pub(crate) enum NewStart {
    /// At the high watermark.
    HighWatermark,
    /// At an offset.
    Offset(i64),
}

/// Remove what has expired in each of the partitions, one after the other.
pub(crate) fn enforce_all(shared: &Shared, partitions: &[Arc<Partition>], now_ms: i64) -> Freed {
    let mut freed = Freed::default();
    for partition in partitions {
        loop {
            match enforce(shared, partition, now_ms) {
                Ok(Some(deleted)) => {
                    freed.segments += deleted.segment_count() as i64;
                    freed.bytes += deleted.size_bytes() as i64;
                    shared.deletions.push(deleted);
                    continue;
                }
                Ok(None) | Err(Stopped::Offline) => {}
                Err(Stopped::Failed(_)) => freed.failures += 1,
            }
            break;
        }
        report_failure(shared, partition);
    }
    freed
}

/// Remove what has expired in a partition, as far as one look goes. None when nothing has.
fn enforce(
    shared: &Shared,
    partition: &Partition,
    now_ms: i64,
) -> Result<Option<DeletedFiles>, Stopped> {
    let _housekeeping = partition.housekeeping.lock();
    let offset = partition.with_log(|log| log.retention_offset(now_ms))??;
    move_start(shared, partition, offset, Durability::IfThereIsSpace)
}

/// Remove the records before an offset, durably. Gives the log start offset.
pub(crate) fn delete_records(
    shared: &Shared,
    partition: &Partition,
    start: NewStart,
) -> Result<i64, Failed> {
    let moved = {
        let _housekeeping = partition.housekeeping.lock();
        let offset = match start {
            NewStart::Offset(offset) => Some(offset),
            NewStart::HighWatermark => partition.state().map(|state| state.high_watermark),
        };
        let offset = offset.ok_or(Stopped::Offline);
        offset.and_then(|offset| move_start(shared, partition, offset, Durability::Demanded))
    };
    report_failure(shared, partition);
    if let Some(deleted) = moved? {
        shared.deletions.push(deleted);
    }
    let state = partition.state().ok_or(Stopped::Offline)?;
    Ok(state.log_start_offset)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Durability {
    Demanded,
    /// Space is what retention makes. On a full disk the names of the segments that stay say where the log starts.
    IfThereIsSpace,
}

/// Why work on a partition ended early.
#[derive(Debug)]
enum Stopped {
    Offline,
    Failed(ReadError),
}

/// Move the start of a log, under its housekeeping lock. Gives what is to be unlinked.
fn move_start(
    shared: &Shared,
    partition: &Partition,
    offset: i64,
    durability: Durability,
) -> Result<Option<DeletedFiles>, Stopped> {
    let Some(start_move) = partition.with_log(|log| log.begin_start_move(offset))?? else {
        return Ok(None);
    };
    let stored = match start_move.run() {
        Err(error) if durability == Durability::IfThereIsSpace && is_passing(&error) => Ok(()),
        stored => stored,
    };
    let deleted = partition.with_log(|log| log.finish_start_move(start_move, stored))??;
    if let Err(error) = deleted.set_aside() {
        if is_passing(&error) {
            // They are before the log start offset: the next start removes what bears its old name.
            return Err(error.into());
        }
        partition.take_offline(Failure {
            reason: error.to_string(),
            scope: error.scope(),
            is_bug: false,
        });
        report_failure(shared, partition);
        return Err(error.into());
    }
    Ok(Some(deleted))
}

fn is_passing(error: &LogError) -> bool {
    error.scope() == FailureScope::Passing
}

impl From<Offline> for Stopped {
    fn from(_: Offline) -> Self {
        Self::Offline
    }
}

impl From<LogError> for Stopped {
    fn from(error: LogError) -> Self {
        Self::Failed(ReadError::Log(error))
    }
}

impl From<ReadError> for Stopped {
    fn from(error: ReadError) -> Self {
        Self::Failed(error)
    }
}

impl From<Stopped> for Failed {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Offline => Offline.into(),
            Stopped::Failed(error) => error.into(),
        }
    }
}
