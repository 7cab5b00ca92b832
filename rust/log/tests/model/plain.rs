//! The plain model: a list of batches, where it starts, and how much of it must outlive the machine.

use std::collections::{BTreeMap, BTreeSet};

/// A record as the log must give it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlainRecord {
    pub(crate) timestamp_ms: i64,
    pub(crate) key: Vec<u8>,
    /// None is a tombstone.
    pub(crate) value: Option<Vec<u8>>,
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
    /// Compaction has not removed the batch.
    is_there: bool,
    has_records: bool,
}

/// A transaction that was aborted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Aborted {
    pub(crate) producer_id: i64,
    pub(crate) first_offset: i64,
    /// Of the first batch with records that may be read still.
    pub(crate) first_readable_offset: Option<i64>,
    pub(crate) marker_offset: i64,
}

/// A transaction that is open.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_field_names, reason = "each is a first offset")]
pub(crate) struct Open {
    pub(crate) first_offset: i64,
    /// Of the first batch that is in the log still, and of the first that has records.
    pub(crate) first_present_offset: Option<i64>,
    first_readable_offset: Option<i64>,
}

/// What a list of events says.
#[derive(Debug, Default)]
pub(crate) struct Transactions {
    /// By producer.
    pub(crate) open: BTreeMap<i64, Open>,
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
    /// As it was first read back; only compaction changes it afterwards.
    pub(crate) stored: Vec<u8>,
    /// Which of the records compaction has left.
    pub(crate) kept: Vec<bool>,
    /// Compaction has removed the batch as a whole.
    pub(crate) is_gone: bool,
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
            is_there: !self.is_gone,
            has_records: self.has_records(),
        })
    }

    /// Whether it is a transaction marker.
    pub(crate) fn is_control(&self) -> bool {
        matches!(self.transaction, Some((_, Part::Commit | Part::Abort)))
    }

    pub(crate) fn has_records(&self) -> bool {
        self.kept.contains(&true)
    }

    /// The records that are left, with their offsets.
    pub(crate) fn kept_records(&self) -> impl Iterator<Item = (i64, &PlainRecord)> {
        let records = (self.base_offset..).zip(self.records.iter().zip(&self.kept));
        records.filter(|(_, (_, kept))| **kept).map(|(offset, (record, _))| (offset, record))
    }

    /// Keeps those of the records that are left which are found, and there are to be no others.
    pub(crate) fn keep_only(&mut self, found: &[(i64, PlainRecord)]) {
        let known: BTreeMap<i64, &PlainRecord> = self.kept_records().collect();
        for (offset, record) in found {
            assert_eq!(known.get(offset), Some(&record), "the record at {offset}");
        }
        let offsets: BTreeSet<i64> = found.iter().map(|(offset, _)| *offset).collect();
        for (offset, kept) in (self.base_offset..).zip(&mut self.kept) {
            *kept = offsets.contains(&offset);
        }
    }
}

impl Transactions {
    /// Whether a batch belongs to a transaction that was aborted.
    pub(crate) fn has_aborted(&self, batch: &PlainBatch) -> bool {
        let Some((producer_id, Part::Data)) = batch.transaction else { return false };
        self.aborted.iter().any(|aborted| {
            aborted.producer_id == producer_id
                && (aborted.first_offset..aborted.marker_offset).contains(&batch.base_offset)
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
    /// Records for whose sake compaction removed others that were flushed: they must outlive the machine as those would have.
    pub(crate) successors: BTreeSet<i64>,
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

    /// Keeps what is before the end.
    pub(crate) fn keep_before(&mut self, end: i64) {
        self.batches.truncate(self.containing(end));
        self.log_end_offset = end.max(self.log_start_offset);
        self.flushed = self.flushed.min(self.log_end_offset);
        self.successors.split_off(&end);
    }

    /// Where the batches before an offset end, of those that are in the log.
    pub(crate) fn present_end(&self, offset: i64) -> i64 {
        let mut before = self.batches.iter().filter(|each| each.last_offset() < offset);
        let last = before.rfind(|each| !each.is_gone);
        last.map_or(0, |last| last.last_offset() + 1).max(self.log_start_offset)
    }

    /// The end that a truncation to `offset` gives: the whole batch goes that holds it.
    pub(crate) fn end_after_truncation(&self, offset: i64) -> i64 {
        if offset >= self.log_end_offset {
            return self.log_end_offset;
        }
        let batch = self.batches.get(self.containing(offset)).filter(|batch| !batch.is_gone);
        batch.map_or(offset, |batch| batch.base_offset.min(offset)).max(self.log_start_offset)
    }

    pub(crate) fn truncate_to(&mut self, offset: i64) {
        if offset < self.log_end_offset {
            self.keep_before(self.end_after_truncation(offset));
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
            let Event { producer_id, part, base_offset, last_offset, .. } = event;
            match part {
                Part::Data => {
                    let open = found.open.entry(producer_id).or_insert(Open {
                        first_offset: base_offset,
                        first_present_offset: None,
                        first_readable_offset: None,
                    });
                    if last_offset >= self.log_start_offset && event.is_there {
                        open.first_present_offset.get_or_insert(base_offset);
                    }
                    if last_offset >= self.log_start_offset && event.has_records {
                        open.first_readable_offset.get_or_insert(base_offset);
                    }
                }
                Part::Commit => {
                    found.open.remove(&producer_id);
                }
                Part::Abort => {
                    if let Some(open) = found.open.remove(&producer_id) {
                        found.aborted.push(Aborted {
                            producer_id,
                            first_offset: open.first_offset,
                            first_readable_offset: open.first_readable_offset,
                            marker_offset: last_offset,
                        });
                    }
                }
            }
        }
        found
    }

    /// The last stable offset.
    pub(crate) fn last_stable_offset(&self) -> i64 {
        let open = self.transactions().open.into_values().map(|open| open.first_offset).min();
        open.unwrap_or(self.log_end_offset).max(self.log_start_offset)
    }

    /// All records that may be read: offset, timestamp, leader epoch.
    pub(crate) fn visible(&self) -> impl Iterator<Item = (i64, i64, i32)> + '_ {
        let records = self.batches.iter().flat_map(|batch| {
            let records = batch.kept_records();
            records.map(|(offset, record)| (offset, record.timestamp_ms, batch.leader_epoch))
        });
        records.filter(|record| record.0 >= self.log_start_offset)
    }

    /// Where the newest batch of each producer starts.
    pub(crate) fn newest_of_producers(&self) -> BTreeSet<i64> {
        let sent = self.batches.iter().filter_map(|batch| Some((batch.sequence?, batch)));
        let newest: BTreeMap<i64, i64> =
            sent.map(|(sequence, batch)| (sequence.producer_id, batch.base_offset)).collect();
        newest.into_values().collect()
    }

    /// The batches of a producer, the newest first, while they are in the log or compaction has removed them.
    pub(crate) fn of_producer(&self, producer_id: i64) -> impl Iterator<Item = &PlainBatch> {
        let is_its = move |batch: &&PlainBatch| {
            batch.sequence.is_some_and(|sequence| sequence.producer_id == producer_id)
        };
        self.batches.iter().rev().filter(is_its)
    }
}
