//! The transactions that are open in a log, and the last stable offset that follows from them.
//!
//! A producer's first transactional batch opens its transaction here; the marker that the transaction coordinator writes ends
//! it. Records before the earliest open transaction are decided: that is how far who reads committed records may read.

use std::collections::BTreeMap;
use std::ops::Range;

use pybroker_wire::TransactionMarker;
use pybroker_wire::batch::{Batch, BatchHeader};

use crate::error::LogError;
use crate::log::Log;
use crate::transaction_index::AbortedTransaction;

/// What of a batch concerns its producer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProducerBatch {
    pub(crate) header: BatchHeader,
    /// What a control batch says; `None` where compaction left no record of it.
    pub(crate) marker: Option<TransactionMarker>,
}

impl ProducerBatch {
    /// Reads a batch of a log. A marker that cannot be read is none: its batch is there all the same.
    pub(crate) fn of(batch: &Batch<'_>) -> Self {
        let is_control = batch.header.attributes.is_control();
        let marker = is_control.then(|| TransactionMarker::of_batch(batch).ok().flatten());
        Self { header: batch.header, marker: marker.flatten() }
    }

    /// A batch whose header alone is known to be enough.
    pub(crate) fn without_marker(header: BatchHeader) -> Self {
        Self { header, marker: None }
    }
}

/// One open transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct OpenTransaction {
    producer_id: i64,
    /// Bytes that were appended since the log was opened before its first batch; 0 when it is older than that.
    appended_bytes: u64,
}

/// The open transactions of a log. A log without transactions pays for an empty map.
#[derive(Debug, Default)]
pub(crate) struct OpenTransactions {
    by_first_offset: BTreeMap<i64, OpenTransaction>,
}

impl OpenTransactions {
    /// Notes the first batch of a transaction.
    pub(crate) fn begin(&mut self, first_offset: i64, producer_id: i64, appended_bytes: u64) {
        let open = OpenTransaction { producer_id, appended_bytes };
        self.by_first_offset.insert(first_offset, open);
    }

    /// Notes the marker of the transaction that began at `first_offset`.
    pub(crate) fn end(&mut self, first_offset: i64) {
        self.by_first_offset.remove(&first_offset);
    }

    pub(crate) fn clear(&mut self) {
        self.by_first_offset.clear();
    }

    /// Where the earliest one begins, and the bytes that had been appended by then.
    pub(crate) fn first(&self) -> Option<(i64, u64)> {
        self.by_first_offset.first_key_value().map(|(&offset, open)| (offset, open.appended_bytes))
    }

    /// Where the earliest one of the other producers begins.
    pub(crate) fn first_of_others(&self, producer_id: i64) -> Option<i64> {
        let mut open = self.by_first_offset.iter();
        open.find(|(_, open)| open.producer_id != producer_id).map(|(&offset, _)| offset)
    }
}

impl Log {
    /// First offset of the earliest open transaction, else the high watermark.
    pub fn last_stable_offset(&self) -> i64 {
        match self.producers.open_transactions().first() {
            Some((first_offset, _)) => {
                first_offset.max(self.log_start_offset).min(self.log_end_offset)
            }
            None => self.log_end_offset,
        }
    }

    /// Bytes that were appended since the last stable offset and since the log was opened.
    pub(crate) fn unstable_bytes(&self) -> u64 {
        let first = self.producers.open_transactions().first();
        first.map_or(0, |(_, appended_bytes)| self.appended_bytes - appended_bytes)
    }

    /// The aborted transactions that overlap the offsets, in the order of their markers: those that a reader of the range has
    /// to know. One whose marker is not before the end of the range may be among them, or not.
    pub fn aborted_in(&mut self, offsets: Range<i64>) -> Result<Vec<AbortedTransaction>, LogError> {
        self.check_online()?;
        let mut found = Vec::new();
        for index in self.segment_index(offsets.start)..self.segments.len() {
            if self.transaction_index(index)?.collect(&offsets, &mut found) {
                break;
            }
        }
        Ok(found)
    }
}
