//! The plain model: a list of batches, where it starts, and how much of it must outlive the machine.

use std::collections::BTreeMap;

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

/// What a batch is to a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Data,
    Commit,
    Abort,
}

/// A batch of a transaction, or the end of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) producer_id: i64,
    pub(crate) part: Part,
    pub(crate) base_offset: i64,
    pub(crate) last_offset: i64,
}

/// A transaction that was aborted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Aborted {
    pub(crate) producer_id: i64,
    pub(crate) first_offset: i64,
    /// Of the first batch that may be read still.
    pub(crate) first_readable_offset: Option<i64>,
    pub(crate) marker_offset: i64,
}

/// What a list of events says.
#[derive(Debug, Default)]
pub(crate) struct Transactions {
    /// First offset of what is open, and of it what may be read, by producer.
    pub(crate) open: BTreeMap<i64, (i64, Option<i64>)>,
    pub(crate) aborted: Vec<Aborted>,
}

/// A batch that was appended.
#[derive(Clone, Debug)]
pub(crate) struct PlainBatch {
    pub(crate) base_offset: i64,
    pub(crate) records: Vec<PlainRecord>,
    pub(crate) leader_epoch: i32,
    pub(crate) sequence: Option<Sequence>,
    /// The producer of the transaction that it belongs to or ends.
    pub(crate) transaction: Option<(i64, Part)>,
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

    fn event(&self) -> Option<Event> {
        self.transaction.map(|(producer_id, part)| Event {
            producer_id,
            part,
            base_offset: self.base_offset,
            last_offset: self.last_offset(),
        })
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
    /// What transactions had in batches that were deleted.
    deleted_events: Vec<Event>,
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
        let kept = self.containing(offset);
        let deleted = self.batches.drain(..kept);
        self.deleted_events.extend(deleted.filter_map(|batch| batch.event()));
        self.log_end_offset = self.log_end_offset.max(self.log_start_offset);
    }

    /// The transactions of all that was ever appended and not lost.
    pub(crate) fn transactions(&self) -> Transactions {
        let mut found = Transactions::default();
        let events = self.batches.iter().filter_map(PlainBatch::event);
        for event in self.deleted_events.iter().copied().chain(events) {
            let Event { producer_id, part, base_offset, last_offset } = event;
            match part {
                Part::Data => {
                    let open = found.open.entry(producer_id).or_insert((base_offset, None));
                    if last_offset >= self.log_start_offset {
                        open.1.get_or_insert(base_offset);
                    }
                }
                Part::Commit => {
                    found.open.remove(&producer_id);
                }
                Part::Abort => {
                    if let Some((first_offset, first_readable_offset)) =
                        found.open.remove(&producer_id)
                    {
                        let marker_offset = last_offset;
                        found.aborted.push(Aborted {
                            producer_id,
                            first_offset,
                            first_readable_offset,
                            marker_offset,
                        });
                    }
                }
            }
        }
        found
    }

    /// The last stable offset.
    pub(crate) fn last_stable_offset(&self) -> i64 {
        let open = self.transactions().open.into_values().map(|open| open.0).min();
        open.unwrap_or(self.log_end_offset).max(self.log_start_offset)
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
