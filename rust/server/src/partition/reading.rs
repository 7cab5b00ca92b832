//! Reading: what a fetch wants of a partition, and what it finds.

use pybroker_log::{AbortedTransaction, FailureScope, FileSlice, LogState, ReadError};
use pybroker_wire::fetch::{EpochEndOffset, IsolationLevel};

use super::{Availability, Failure, Offline, Partition};
use crate::purgatory::Mark;

/// Why records were not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadFailure {
    /// The offset is outside of the log, or its epoch is unknown.
    OffsetOutOfRange,
    /// The disk failed, or the log is offline.
    Storage,
}

/// What a fetch wants of a partition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadRequest {
    pub(crate) offset: i64,
    pub(crate) max_bytes: usize,
    pub(crate) isolation: IsolationLevel,
    /// Give the first batch even when it is larger than `max_bytes`.
    pub(crate) at_least_one_batch: bool,
    /// Epoch of the record before `offset` as the reader has it; −1 when it does not say.
    pub(crate) last_fetched_epoch: i32,
}

/// What was read.
#[derive(Debug)]
pub(crate) struct PartitionRead {
    /// The records; empty at the end of what may be seen.
    pub(crate) slice: FileSlice,
    /// The aborted transactions among them, for who reads committed records.
    pub(crate) aborted: Vec<AbortedTransaction>,
    /// The numbers at the time of the read.
    pub(crate) state: LogState,
    /// The reader's log differs from here on; nothing was read.
    pub(crate) diverging: Option<EpochEndOffset>,
    /// From where on a wait counts.
    pub(crate) mark: Mark,
}

impl Partition {
    /// Find the records at an offset. What is at the end of the log is answered without its mutex.
    pub(crate) fn read(&self, request: ReadRequest) -> Result<PartitionRead, ReadFailure> {
        let (state, mark) = {
            let published = self.published.lock();
            if published.availability != Availability::Open || self.dir.is_offline() {
                return Err(ReadFailure::Storage);
            }
            (published.state, published.mark)
        };
        let empty = FileSlice { file: None, position: 0, len: 0 };
        if request.last_fetched_epoch >= 0
            && let Some(diverging) = self.diverging_epoch(request, &state)?
        {
            return Ok(PartitionRead {
                slice: empty,
                aborted: Vec::new(),
                state,
                diverging: Some(diverging),
                mark,
            });
        }
        if request.offset < state.log_start_offset || request.offset > state.log_end_offset {
            return Err(ReadFailure::OffsetOutOfRange);
        }
        let upper_bound = match request.isolation {
            IsolationLevel::ReadUncommitted => state.high_watermark,
            IsolationLevel::ReadCommitted => state.last_stable_offset,
        };
        let wants_bytes = request.max_bytes > 0 || request.at_least_one_batch;
        let (slice, aborted) = if request.offset >= upper_bound || !wants_bytes {
            (empty, Vec::new())
        } else {
            let mut log = self.log.lock();
            let ReadRequest { offset, max_bytes, at_least_one_batch, .. } = request;
            let read = self.guarded(&mut log, |log| {
                let offset = log.offset_of_records(offset, upper_bound)?;
                match request.isolation {
                    IsolationLevel::ReadUncommitted => log
                        .read(offset, max_bytes, upper_bound, at_least_one_batch)
                        .map(|slice| (slice, Vec::new())),
                    IsolationLevel::ReadCommitted => log
                        .read_committed(offset, max_bytes, upper_bound, at_least_one_batch)
                        .map(|read| (read.slice, read.aborted)),
                }
            })?;
            read.map_err(|error| self.read_failure(&error))?
        };
        Ok(PartitionRead { slice, aborted, state, diverging: None, mark })
    }

    fn read_failure(&self, error: &ReadError) -> ReadFailure {
        match error {
            ReadError::OffsetOutOfRange { .. } => ReadFailure::OffsetOutOfRange,
            ReadError::Log(error) => {
                let (reason, scope) = (error.to_string(), error.scope());
                if scope == FailureScope::Directory {
                    let failure = Failure { reason, scope, is_bug: false };
                    self.published.lock().failure = Some(failure);
                }
                ReadFailure::Storage
            }
        }
    }

    /// Where the log of a reader that names its last epoch starts to differ from this one (KIP-595).
    fn diverging_epoch(
        &self,
        request: ReadRequest,
        state: &LogState,
    ) -> Result<Option<EpochEndOffset>, ReadFailure> {
        let mut log = self.log.lock();
        let found =
            self.guarded(&mut log, |log| log.end_offset_for_epoch(request.last_fetched_epoch))?;
        drop(log);
        let Some((epoch, end_offset)) = found else { return Err(ReadFailure::OffsetOutOfRange) };
        if request.offset < state.log_start_offset {
            return Err(ReadFailure::OffsetOutOfRange);
        }
        let differs = epoch < request.last_fetched_epoch || end_offset < request.offset;
        Ok(differs.then_some(EpochEndOffset { epoch, end_offset }))
    }

    /// Whether an offset stands in a segment that takes no more appends.
    pub(crate) fn is_in_older_segment(&self, offset: i64) -> bool {
        let active = self.with_log(|log| log.segments().last().map(|active| active.base_offset));
        matches!(active, Ok(Some(base_offset)) if offset < base_offset)
    }
}

impl From<Offline> for ReadFailure {
    fn from(_: Offline) -> Self {
        Self::Storage
    }
}
