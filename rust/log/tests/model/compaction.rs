//! Passes of compaction, whole or step by step between other steps, and what they may change.
//!
//! What a pass leaves is compared with what was there before it: a record may go when a later one has its key, when its
//! transaction was aborted, or when it is a tombstone whose horizon has passed. Everything else stays as it was.

use std::collections::{BTreeMap, BTreeSet};

use pybroker_log::{
    CompactionError, CompactionJob, CompactionStep, DeletedFiles, LogError, OffsetMap, Throttle,
};
use pybroker_wire::batch::{Batch, BatchHeader};

use super::checks::{records_with_offsets, verified};
use super::compacting::{Read, batches, read_committed};
use super::conversation::Conversation;
use super::plain::{Aborted, PlainBatch, PlainRecord, Transactions};

/// Room for the keys of one batch, so that a pass covers a part of what is dirty.
const SMALL_MAP_BYTES: usize = 10 * 24;
const MAP_BYTES: usize = 1 << 12;
const LOAD_FACTOR: f64 = 0.9;

/// A pass that is under way.
#[derive(Debug)]
pub(crate) struct Compaction {
    job: Box<CompactionJob>,
    map: OffsetMap,
}

/// What passes may change.
#[derive(Clone, Debug)]
pub(crate) struct Compactable {
    /// Nothing from here on.
    end_offset: i64,
    /// When the pass began.
    now_ms: i64,
    delete_retention_ms: i64,
    /// Aborted transactions. The marker of one may be lost with the machine: it was aborted all the same.
    aborted: Vec<Aborted>,
    /// Where the newest batches of producers start, which stay.
    newest: BTreeSet<i64>,
    /// Where the pass came to its end, if it did.
    cleaned_to: Option<i64>,
    /// Whether a step was taken since the content of the log was compared.
    is_doubtful: bool,
}

/// Stops a pass when so much was read and written.
#[derive(Debug)]
struct StopsAfter(usize);

impl Throttle for StopsAfter {
    fn spend(&mut self, bytes: usize) -> bool {
        self.0 = self.0.saturating_sub(bytes);
        self.0 > 0
    }
}

/// A record that a pass has removed.
#[derive(Debug)]
struct Removed {
    offset: i64,
    key: Vec<u8>,
    is_aborted: bool,
    /// A tombstone that has stood for as long as it must.
    has_expired: bool,
}

impl Conversation {
    /// A whole pass, or what is left of the one under way.
    pub(crate) fn compact(&mut self) -> Result<(), LogError> {
        if self.compaction.is_none() {
            self.step_compaction()?;
        }
        while self.compaction.is_some() {
            self.step_compaction()?;
        }
        Ok(())
    }

    /// Begins a pass, or does what comes next of the one under way.
    pub(crate) fn step_compaction(&mut self) -> Result<(), LogError> {
        let Some(Compaction { mut job, mut map }) = self.compaction.take() else {
            return self.begin_compaction();
        };
        if let Some(compactable) = &mut self.compactable {
            compactable.is_doubtful = true;
        }
        let patience =
            if self.random.chance(5) { self.random.below(3_000) as usize } else { 1 << 30 };
        let outcome = job.run(&mut map, &mut StopsAfter(patience));
        if self.random.chance(70) {
            // What is not unlinked goes when the log is opened again.
            let _ = job.take_deleted().iter().try_for_each(DeletedFiles::unlink);
        }
        match self.log().finish_compaction(job, outcome) {
            Ok(CompactionStep::Continue(job)) => {
                self.compaction = Some(Compaction { job, map });
                Ok(())
            }
            Ok(CompactionStep::Done(compacted)) => {
                assert!(compacted.end_offset > compacted.first_dirty_offset);
                self.cleaned_to = Some(compacted.end_offset);
                self.statistics.passes += 1;
                if let Some(compactable) = &mut self.compactable {
                    compactable.cleaned_to = self.cleaned_to;
                }
                Ok(())
            }
            Ok(CompactionStep::Abandoned) => Ok(()),
            Err(CompactionError::Log(error)) => Err(error),
            Err(error) => panic!("{error}"),
        }
    }

    fn begin_compaction(&mut self) -> Result<(), LogError> {
        if !self.config.compacted {
            return Ok(());
        }
        // The checkpoint is written now and then, and may be lost.
        let checkpoint = self.cleaned_to.filter(|_| self.random.chance(90));
        let now_ms = self.now_ms;
        let dirtiness = self.log().dirtiness(checkpoint, now_ms)?;
        let begun = self.log().begin_compaction(checkpoint, now_ms)?;
        assert_eq!(begun.is_some(), dirtiness.is_cleanable());
        let Some(job) = begun else { return Ok(()) };
        let end_offset = dirtiness.first_uncleanable_offset;
        assert!(end_offset <= self.log().state().last_stable_offset);
        self.compactable = Some(Compactable {
            end_offset,
            now_ms,
            delete_retention_ms: self.config.delete_retention_ms,
            aborted: self.plain.transactions().aborted,
            newest: self.plain.newest_of_producers(),
            cleaned_to: None,
            is_doubtful: false,
        });
        let bytes = if self.random.chance(30) { SMALL_MAP_BYTES } else { MAP_BYTES };
        self.compaction = Some(Compaction { job, map: OffsetMap::new(bytes, LOAD_FACTOR) });
        Ok(())
    }

    /// While files change their names, neither retention nor closing may: the broker lets them wait.
    pub(crate) fn finish_swap(&mut self) -> Result<(), LogError> {
        while self.is_swapping() {
            self.step_compaction()?;
        }
        Ok(())
    }

    pub(crate) fn is_swapping(&self) -> bool {
        self.compaction.as_ref().is_some_and(|compaction| compaction.job.is_swapping())
    }

    /// The log was closed or lost, and the pass with it.
    pub(crate) fn forget_compaction(&mut self) {
        self.compaction = None;
        if let Some(compactable) = &mut self.compactable {
            compactable.is_doubtful = true;
        }
    }

    /// Takes over what a pass has left, if it may leave that.
    pub(crate) fn adopt_compacted(&mut self) {
        let Some(mut compactable) = self.compactable.take() else { return };
        let is_doubtful = std::mem::take(&mut compactable.is_doubtful);
        self.compactable = self.compaction.is_some().then(|| compactable.clone());
        if !is_doubtful {
            return;
        }
        let mut transactions = self.plain.transactions();
        transactions.aborted.extend(&compactable.aborted);
        let before = self.latest(&transactions, compactable.end_offset);
        let removed = self.adopt_batches(&transactions, &compactable);
        for record in &removed {
            let is_superseded =
                before.get(&record.key).is_some_and(|(latest, _)| *latest > record.offset);
            // The start may be within a batch: what is before it nobody is to read.
            let is_deleted = record.offset < self.plain.log_start_offset;
            assert!(
                is_superseded || record.is_aborted || record.has_expired || is_deleted,
                "{record:?} went, latest of keys: {before:?}"
            );
            // Who stands for a flushed record passes that on.
            let stood_for_flushed = self.plain.successors.remove(&record.offset);
            if is_superseded && (stood_for_flushed || record.offset < self.plain.flushed) {
                self.plain.successors.insert(before[&record.key].0);
            }
        }
        self.was_compacted |= !removed.is_empty();
        self.correct_producers();
        self.statistics.compacted_records += removed.len() as u64;
        let values = |mut latest: BTreeMap<Vec<u8>, (i64, bool)>| {
            latest.retain(|_, (_, is_tombstone)| !*is_tombstone);
            latest
        };
        let after = self.latest(&transactions, compactable.end_offset);
        assert_eq!(values(after), values(before), "the latest record of each key");
        if let Some(cleaned_to) = compactable.cleaned_to {
            self.check_clean_part(&transactions, cleaned_to);
        }
        self.check_markers();
        self.check_committed();
    }

    /// What was cleaned has each key once, and nothing that was aborted.
    fn check_clean_part(&self, transactions: &Transactions, cleaned_to: i64) {
        let mut keys = BTreeSet::new();
        for batch in self.plain.batches.iter().filter(|batch| !batch.is_control()) {
            for (offset, record) in batch.kept_records() {
                if (self.plain.log_start_offset..cleaned_to).contains(&offset) {
                    assert!(!transactions.has_aborted(batch), "aborted at {offset}");
                    assert!(keys.insert(&record.key), "a key twice, at {offset}");
                }
            }
        }
    }

    /// Where batches start that the pass under way may have removed as a whole.
    pub(crate) fn removable(&self) -> BTreeSet<i64> {
        let Some(compactable) = &self.compactable else { return BTreeSet::new() };
        let mut transactions = self.plain.transactions();
        transactions.aborted.extend(&compactable.aborted);
        let latest = self.latest(&transactions, compactable.end_offset);
        let is_removable = |batch: &&PlainBatch| {
            // A marker goes by its horizon, as a tombstone does, and of a producer the last batch never.
            let has_expired = Batch::first(&batch.stored).is_ok_and(|stored| {
                stored.header.attributes.has_delete_horizon()
                    && stored.header.base_timestamp <= compactable.now_ms
            });
            let is_superseded = |(offset, record): (i64, &PlainRecord)| {
                (record.value.is_none() && has_expired)
                    || offset < self.plain.log_start_offset
                    || latest.get(&record.key).is_some_and(|(latest, _)| *latest > offset)
            };
            batch.last_offset() < compactable.end_offset
                && !compactable.newest.contains(&batch.base_offset)
                && ((batch.is_control() && has_expired)
                    || transactions.has_aborted(batch)
                    || (!batch.is_control() && batch.kept_records().all(is_superseded)))
        };
        self.plain.batches.iter().filter(is_removable).map(|batch| batch.base_offset).collect()
    }

    /// Of each key the latest record before an offset that may be read and was not aborted, and whether it is a tombstone.
    fn latest(&self, transactions: &Transactions, end: i64) -> BTreeMap<Vec<u8>, (i64, bool)> {
        let data = self.plain.batches.iter().filter(|batch| !batch.is_control());
        let counts = data.filter(|batch| !transactions.has_aborted(batch));
        let records = counts.flat_map(PlainBatch::kept_records);
        let start = self.plain.log_start_offset;
        let readable = records.filter(|(offset, _)| (start..end).contains(offset));
        readable
            .map(|(offset, record)| (record.key.clone(), (offset, record.value.is_none())))
            .collect()
    }

    /// Takes over the batches as they are now. Gives the records that are gone.
    fn adopt_batches(
        &mut self,
        transactions: &Transactions,
        compactable: &Compactable,
    ) -> Vec<Removed> {
        let end = compactable.end_offset;
        let mut found = batches(self.log()).unwrap().into_iter().peekable();
        let mut removed = Vec::new();
        for batch in self.plain.batches.iter_mut().filter(|batch| !batch.is_gone) {
            let base_offset = batch.base_offset;
            let now = found.next_if(|(header, _)| header.base_offset == base_offset);
            if now
                .as_ref()
                .is_some_and(|(_, bytes)| batch.stored.is_empty() || *bytes == batch.stored)
            {
                continue;
            }
            assert!(batch.last_offset() < end, "{base_offset} changed, {end} is the end");
            let kept_before = batch.kept.clone();
            let old = Batch::first(&batch.stored).unwrap().header;
            match now {
                None => {
                    let is_newest = compactable.newest.contains(&base_offset);
                    assert!(!is_newest, "the last batch of a producer went");
                    batch.is_gone = true;
                    batch.kept.fill(false);
                }
                Some((header, bytes)) => {
                    check_rewritten(&old, &header, compactable);
                    batch.keep_only(&records_with_offsets(verified(&bytes)));
                    batch.stored = bytes;
                }
            }
            if batch.is_control() {
                continue;
            }
            let horizon_ms = old.attributes.has_delete_horizon().then_some(old.base_timestamp);
            for (index, record) in batch.records.iter().enumerate() {
                if kept_before[index] && !batch.kept[index] {
                    removed.push(Removed {
                        offset: base_offset + index as i64,
                        key: record.key.clone(),
                        is_aborted: transactions.has_aborted(batch),
                        has_expired: record.value.is_none()
                            && horizon_ms.is_some_and(|at_ms| at_ms <= compactable.now_ms),
                    });
                }
            }
        }
        assert!(found.next().is_none(), "a batch that nobody wrote");
        removed
    }

    /// A marker stays for as long as its transaction has records.
    fn check_markers(&self) {
        let mut with_records = BTreeMap::new();
        for batch in &self.plain.batches {
            let Some((producer_id, _)) = batch.transaction else { continue };
            if !batch.is_control() {
                *with_records.entry(producer_id).or_insert(false) |= batch.has_records();
            } else if with_records.remove(&producer_id) == Some(true) {
                assert!(!batch.is_gone, "the marker at {} went too early", batch.base_offset);
            }
        }
    }

    /// A consumer that reads committed records gets those, by the list of aborted transactions and the markers.
    pub(crate) fn check_committed(&mut self) {
        let state = self.log().state();
        let transactions = self.plain.transactions();
        let data = self.plain.batches.iter().filter(|batch| !batch.is_control());
        let committed = data.filter(|batch| !transactions.has_aborted(batch));
        let records = committed.flat_map(PlainBatch::kept_records);
        let expected: Vec<Read> = records
            .filter(|(offset, _)| *offset < state.last_stable_offset)
            .map(|(offset, record)| Read {
                offset,
                timestamp_ms: record.timestamp_ms,
                key: record.key.clone(),
                value: record.value.clone(),
            })
            .collect();
        let mut found = read_committed(self.log());
        // A transaction that is open may begin before the log does.
        found.retain(|record| record.offset < state.last_stable_offset);
        assert_eq!(found, expected, "{state:?}, {transactions:?}");
    }
}

/// Of a batch that was written anew everything is as it was, but for its records and its horizon.
fn check_rewritten(old: &BatchHeader, new: &BatchHeader, compactable: &Compactable) {
    let identity = |header: &BatchHeader| {
        let leader_epoch = header.partition_leader_epoch;
        let producer = (header.producer_id, header.producer_epoch, header.base_sequence);
        let is_control = header.attributes.is_control();
        (header.base_offset, header.last_offset(), leader_epoch, producer, is_control)
    };
    assert_eq!(identity(old), identity(new));
    if new.attributes.has_delete_horizon() {
        let horizon_ms = if old.attributes.has_delete_horizon() {
            old.base_timestamp
        } else {
            compactable.now_ms + compactable.delete_retention_ms
        };
        assert_eq!(new.base_timestamp, horizon_ms);
    }
}
