//! The plain model: a list of batches, where it starts, and how much of it must outlive the machine.

/// A record as the log must give it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlainRecord {
    pub(crate) timestamp_ms: i64,
    pub(crate) value: Vec<u8>,
}

/// Who wrote a batch, and where in its sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sequence {
    pub(crate) producer_id: i64,
    pub(crate) epoch: i16,
    pub(crate) first: i32,
}

/// A batch that was appended.
#[derive(Clone, Debug)]
pub(crate) struct PlainBatch {
    pub(crate) base_offset: i64,
    pub(crate) records: Vec<PlainRecord>,
    pub(crate) leader_epoch: i32,
    pub(crate) sequence: Option<Sequence>,
    /// As the producer sent it.
    pub(crate) sent: Vec<u8>,
    /// As it was first read back; it never changes afterwards.
    pub(crate) stored: Vec<u8>,
    /// Appended since the log was opened or truncated: the log knows it by its own memory.
    pub(crate) is_remembered: bool,
}

impl PlainBatch {
    pub(crate) fn last_offset(&self) -> i64 {
        self.base_offset + self.records.len() as i64 - 1
    }
}

/// What the log must say.
#[derive(Debug, Default)]
pub(crate) struct Plain {
    pub(crate) batches: Vec<PlainBatch>,
    pub(crate) log_start_offset: i64,
    pub(crate) log_end_offset: i64,
    /// Everything before it was acknowledged as flushed.
    pub(crate) flushed: i64,
    /// The batch of an append that was cut short: there or not, nobody was told.
    pub(crate) doubtful_batch: Option<PlainBatch>,
    /// The log start offset that a deletion was cut short of.
    pub(crate) doubtful_start: Option<i64>,
    /// The offset to which a truncation was cut short.
    pub(crate) doubtful_end: Option<i64>,
}

impl Plain {
    /// The index of the batch that holds an offset.
    pub(crate) fn containing(&self, offset: i64) -> usize {
        self.batches.partition_point(|batch| batch.last_offset() < offset)
    }

    /// Keeps the first so many batches.
    pub(crate) fn keep(&mut self, count: usize) {
        self.batches.truncate(count);
        let end = self.batches.last().map_or(self.log_start_offset, |last| last.last_offset() + 1);
        self.log_end_offset = end.max(self.log_start_offset);
        self.flushed = self.flushed.min(self.log_end_offset);
    }

    /// The end that a truncation to `offset` gives: the whole batch goes that holds it.
    pub(crate) fn end_after_truncation(&self, offset: i64) -> i64 {
        if offset >= self.log_end_offset {
            return self.log_end_offset;
        }
        let batch = self.batches.get(self.containing(offset));
        batch.map_or(offset, |batch| batch.base_offset).max(self.log_start_offset)
    }

    pub(crate) fn truncate_to(&mut self, offset: i64) {
        if offset < self.log_end_offset {
            self.keep(self.containing(offset));
            for batch in &mut self.batches {
                batch.is_remembered = false;
            }
        }
    }

    pub(crate) fn delete_before(&mut self, offset: i64) {
        self.log_start_offset = self.log_start_offset.max(offset);
        self.batches.retain(|batch| batch.last_offset() >= offset);
        self.log_end_offset = self.log_end_offset.max(self.log_start_offset);
    }

    /// All records that may be read: offset, timestamp, leader epoch.
    pub(crate) fn visible(&self) -> impl Iterator<Item = (i64, i64, i32)> + '_ {
        let records = self.batches.iter().flat_map(|batch| {
            (batch.base_offset..)
                .zip(&batch.records)
                .map(|(offset, record)| (offset, record.timestamp_ms, batch.leader_epoch))
        });
        records.filter(|record| record.0 >= self.log_start_offset)
    }

    /// The batches of a producer, the newest first, while they are in the log.
    pub(crate) fn of_producer(&self, producer_id: i64) -> impl Iterator<Item = &PlainBatch> {
        let is_its = move |batch: &&PlainBatch| {
            batch.sequence.is_some_and(|sequence| sequence.producer_id == producer_id)
        };
        self.batches.iter().rev().filter(is_its)
    }
}
