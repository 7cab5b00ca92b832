//! Takes the steps, at the log and at the plain model.

use std::path::PathBuf;
use std::sync::Arc;

use pybroker_log::simulated::{AfterFailedSync, Errno, Fault, Operation, SimulatedDisk};
use pybroker_log::{
    AppendError, Appended, FlushDemand, FlushJob, Log, LogConfig, LogError, Origin, ReadError, Rest,
};
use pybroker_wire::batch::{Attributes, TimestampType};
use pybroker_wire::{BatchBuilder, Compression, ErrorCode, TransactionOutcome};

use super::checks::records_of;
use super::plain::{Part, Plain, PlainBatch, PlainRecord, Sequence};
use super::step::{Action, CHANGES, Step};
use super::support::{NOW_MS, Random, build, marker, small_segments};

/// Producers that write at the same time.
const PRODUCERS: u64 = 5;
/// The first of them without transactions, the others with.
const TRANSACTIONAL: usize = 3;
/// Retries of so many of its batches are known.
const BATCHES_PER_PRODUCER: usize = 5;

/// A flush that is under way.
#[derive(Debug)]
pub(crate) struct Flush {
    pub(crate) job: FlushJob,
    pub(crate) result: Option<Result<(), LogError>>,
    pub(crate) up_to: i64,
    pub(crate) truncations: u64,
}

/// A log and its model.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is something else to remember")]
pub(crate) struct Conversation {
    pub(crate) random: Random,
    pub(crate) disk: SimulatedDisk,
    pub(crate) config: LogConfig,
    pub(crate) log: Option<Log>,
    pub(crate) plain: Plain,
    pub(crate) flush: Option<Flush>,
    pub(crate) now_ms: i64,
    pub(crate) leader_epoch: i32,
    pub(crate) truncations: u64,
    /// Since the log was open: what was not flushed may be gone.
    pub(crate) machine_stopped: bool,
    /// The checkpoint that a truncation needs was not written.
    pub(crate) needs_checkpoint: bool,
    /// A removal was cut short, and nothing was flushed since.
    pub(crate) was_cut_short: bool,
    /// Nobody damaged index files on purpose.
    pub(crate) trusts_index_files: bool,
    pub(crate) statistics: Statistics,
    next_value: u64,
    next_producer_id: i64,
    producers: [Option<Sequence>; PRODUCERS as usize],
}

/// How often something happened: a model that never gets there proves nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Statistics {
    pub(crate) steps: u64,
    pub(crate) appends: u64,
    pub(crate) failed_changes: u64,
    pub(crate) machine_stops: u64,
    pub(crate) lost_batches: u64,
    pub(crate) offline: u64,
    pub(crate) corrupt: u64,
}

impl Conversation {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let disk = SimulatedDisk::new(seed);
        let config = any_config(&mut random);
        let mut conversation = Self {
            random,
            disk,
            config,
            log: None,
            plain: Plain::default(),
            flush: None,
            now_ms: NOW_MS,
            leader_epoch: 0,
            truncations: 0,
            machine_stopped: false,
            needs_checkpoint: false,
            was_cut_short: false,
            trusts_index_files: true,
            statistics: Statistics::default(),
            next_value: 0,
            next_producer_id: 1,
            producers: [None; PRODUCERS as usize],
        };
        conversation.open_until_it_works();
        conversation
    }

    /// Everything is gone, and the offsets begin anew.
    pub(crate) fn begin_anew(&mut self) {
        self.disk = SimulatedDisk::new(self.random.next());
        self.plain = Plain::default();
        self.producers = [None; PRODUCERS as usize];
    }

    pub(crate) fn log(&mut self) -> &mut Log {
        self.log.as_mut().unwrap()
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.disk.root().join("payments-0")
    }

    pub(crate) fn take(&mut self, step: Step) {
        self.statistics.steps += 1;
        self.random = Random(step.entropy);
        self.disk.reseed(step.entropy);
        if self.needs_checkpoint {
            self.checkpoint().unwrap();
        }
        match step.action {
            Action::KillProcess => self.end_process(),
            Action::StopMachine => self.stop_machine(),
            Action::Fault => self.take_with_a_fault(),
            Action::FillDisk => self.fill_disk(),
            Action::DamageIndexes => self.damage_indexes(),
            action => {
                self.change(action).unwrap();
            }
        }
    }

    /// Does something that may fail where the disk does. What it was cut short of is in doubt.
    pub(crate) fn change(&mut self, action: Action) -> Result<(), LogError> {
        match action {
            Action::Append => self.append(),
            Action::Retry => self.retry(),
            Action::OutOfOrder => self.append_out_of_order(),
            Action::EndTransaction => self.end_transaction(),
            Action::Roll => {
                let now_ms = self.now_ms;
                self.log().roll(now_ms)
            }
            Action::Flush => self.flush(),
            Action::BeginFlush => self.begin_flush(),
            Action::RunFlush => {
                self.run_flush();
                Ok(())
            }
            Action::FinishFlush => self.finish_flush(),
            Action::Truncate => self.truncate(),
            Action::DeleteBefore => self.delete_before(),
            Action::Rest => {
                let which = if self.random.chance(50) { Rest::All } else { Rest::Flushed };
                self.log().rest(which);
                Ok(())
            }
            Action::Checkpoint => self.checkpoint(),
            Action::NextEpoch => {
                self.leader_epoch += 1 + self.random.below(3) as i32;
                Ok(())
            }
            Action::PassTime => {
                self.now_ms += self.random.below(20_000) as i64;
                Ok(())
            }
            Action::ChangeConfig => {
                self.config = any_config(&mut self.random);
                let config = Arc::new(self.config.clone());
                self.log().set_config(config);
                Ok(())
            }
            Action::Reopen => self.reopen(),
            Action::KillProcess
            | Action::StopMachine
            | Action::Fault
            | Action::FillDisk
            | Action::DamageIndexes => unreachable!("{action:?} is no change of the log"),
        }
    }

    fn append(&mut self) -> Result<(), LogError> {
        let slot = self.random.below(PRODUCERS) as usize;
        let sequence = self.random.chance(60).then(|| self.next_sequence(slot));
        let is_transactional = sequence.is_some() && slot >= TRANSACTIONAL;
        let (sent, records) = self.any_batch(sequence, is_transactional);
        let count = records.len() as i32;
        let transaction = sequence
            .filter(|_| is_transactional)
            .map(|sequence| (sequence.producer_id, Part::Data));
        let batch = self.plain_batch(sent, records, sequence, transaction);
        let outcome = self.append_batch(batch, Origin::Client);
        if let (Ok(true), Some(sequence)) = (&outcome, sequence) {
            let next = sequence.first + count;
            self.producers[slot] = Some(Sequence { first: next, ..sequence });
        }
        if outcome.is_err() {
            // The batch may be there all the same, not flushed.
            self.correct_producers();
        }
        outcome.map(|_| ())
    }

    fn next_sequence(&mut self, slot: usize) -> Sequence {
        if self.producers[slot].is_none() {
            let producer_id = self.next_producer_id;
            self.next_producer_id += 1;
            self.producers[slot] = Some(Sequence { producer_id, epoch: 0, first: 0 });
        }
        let producer = self.producers[slot].as_mut().unwrap();
        if slot < TRANSACTIONAL && self.random.chance(5) {
            // A new epoch starts at 0.
            (producer.epoch, producer.first) = (producer.epoch + 1, 0);
        }
        *producer
    }

    /// The marker of a transaction that is open.
    fn end_transaction(&mut self) -> Result<(), LogError> {
        let open: Vec<i64> = self.plain.transactions().open.into_keys().collect();
        if open.is_empty() {
            return Ok(());
        }
        let producer_id = open[self.random.below(open.len() as u64) as usize];
        let (outcome, part) = if self.random.chance(50) {
            (TransactionOutcome::Commit, Part::Commit)
        } else {
            (TransactionOutcome::Abort, Part::Abort)
        };
        let sent = marker(producer_id, 0, outcome, 0);
        let records = records_of(&sent);
        let batch = self.plain_batch(sent, records, None, Some((producer_id, part)));
        self.append_batch(batch, Origin::Coordinator).map(|_| ())
    }

    fn plain_batch(
        &self,
        sent: Vec<u8>,
        records: Vec<PlainRecord>,
        sequence: Option<Sequence>,
        transaction: Option<(i64, Part)>,
    ) -> PlainBatch {
        let mut batch = PlainBatch {
            base_offset: self.plain.log_end_offset,
            records,
            leader_epoch: self.leader_epoch,
            sequence,
            transaction,
            sent,
            stored: Vec::new(),
            is_remembered: true,
        };
        if self.config.timestamp_type == TimestampType::LogAppendTime {
            for record in &mut batch.records {
                record.timestamp_ms = self.now_ms;
            }
        }
        batch
    }

    fn any_batch(
        &mut self,
        sequence: Option<Sequence>,
        is_transactional: bool,
    ) -> (Vec<u8>, Vec<PlainRecord>) {
        let codecs = [
            Compression::None,
            Compression::None,
            Compression::None,
            Compression::Gzip,
            Compression::Snappy,
            Compression::Lz4,
            Compression::Zstd,
        ];
        let codec = codecs[self.random.below(codecs.len() as u64) as usize];
        let mut builder = BatchBuilder::new(0).compression(codec, None);
        if let Some(Sequence { producer_id, epoch, first }) = sequence {
            builder = builder.producer(producer_id, epoch, first);
        }
        if is_transactional {
            builder = builder.attributes(Attributes::default().with_transactional());
        }
        let mut records = Vec::new();
        for _ in 0..=self.random.below(6) {
            let timestamp_ms = self.now_ms - 500 + self.random.below(1_000) as i64;
            // No two values are the same, so that nothing is taken for something else.
            let mut value = self.next_value.to_be_bytes().to_vec();
            self.next_value += 1;
            let size = self.random.below(100) as usize;
            value.extend(self.random.bytes(size));
            builder.append(timestamp_ms, Some(b"k"), Some(&value), &[]);
            records.push(PlainRecord { timestamp_ms, value });
        }
        (build(builder), records)
    }

    /// Appends one batch; says whether it is there. What failed is in doubt if the log does not say that it is as before.
    fn append_batch(&mut self, batch: PlainBatch, origin: Origin) -> Result<bool, LogError> {
        let mut bytes = batch.sent.clone();
        let (leader_epoch, now_ms) = (self.leader_epoch, self.now_ms);
        let appended = self.log().append(&mut bytes, leader_epoch, origin, now_ms);
        match appended {
            Ok(appended) => {
                assert!(!appended.duplicate);
                assert_eq!(appended.base_offset, batch.base_offset);
                assert_eq!(appended.last_offset, batch.last_offset());
                self.statistics.appends += 1;
                self.plain.log_end_offset = batch.last_offset() + 1;
                self.plain.batches.push(batch);
                self.flush_if_demanded(appended)?;
                Ok(true)
            }
            Err(AppendError::Refused(refusal)) => {
                assert_eq!(refusal.code, ErrorCode::RecordListTooLarge, "{refusal:?}");
                assert!(batch.sent.len() > self.config.segment_bytes as usize / 2);
                Ok(false)
            }
            Err(AppendError::Log(error)) => {
                if self.log().offline_reason().is_some() {
                    self.plain.doubtful_batch = Some(batch);
                }
                Err(error)
            }
        }
    }

    /// The producer is answered when its records are durable, where the topic demands that.
    fn flush_if_demanded(&mut self, appended: Appended) -> Result<(), LogError> {
        match appended.flush {
            FlushDemand::BeforeAnswer => self.flush(),
            FlushDemand::Soon if self.random.chance(50) => self.flush(),
            FlushDemand::Soon | FlushDemand::None => Ok(()),
        }
    }

    /// A batch that the log must know is answered with its first offset, and not stored.
    fn retry(&mut self) -> Result<(), LogError> {
        let slot = self.random.below(PRODUCERS) as usize;
        let Some(producer) = self.producers[slot] else { return Ok(()) };
        let of_epoch = |batch: &&PlainBatch| {
            batch.sequence.is_some_and(|sequence| sequence.epoch == producer.epoch)
        };
        let known: Vec<PlainBatch> = self
            .plain
            .of_producer(producer.producer_id)
            .filter(of_epoch)
            .take(BATCHES_PER_PRODUCER)
            .cloned()
            .collect();
        let is_known = |(index, batch): (usize, &PlainBatch)| index == 0 || batch.is_remembered;
        let count = known.iter().enumerate().take_while(|&each| is_known(each)).count();
        if count == 0 {
            return Ok(());
        }
        let batch = &known[self.random.below(count as u64) as usize];
        let mut bytes = batch.sent.clone();
        let (leader_epoch, now_ms) = (self.leader_epoch, self.now_ms);
        match self.log().append(&mut bytes, leader_epoch, Origin::Client, now_ms) {
            Ok(again) => {
                assert!(again.duplicate, "the batch at {} was stored twice", batch.base_offset);
                let offsets = (again.base_offset, again.last_offset);
                assert_eq!(offsets, (batch.base_offset, batch.last_offset()));
                Ok(())
            }
            Err(AppendError::Refused(refusal)) => panic!("{refusal:?}"),
            Err(AppendError::Log(error)) => Err(error),
        }
    }

    /// What leaves a gap, or is of an older epoch, is refused and changes nothing.
    fn append_out_of_order(&mut self) -> Result<(), LogError> {
        let slot = self.random.below(PRODUCERS) as usize;
        let Some(mut sequence) = self.producers[slot] else { return Ok(()) };
        // Only a producer that has a batch in the log is sure to be known.
        let newest = self.plain.of_producer(sequence.producer_id).next();
        let Some(Some(newest)) = newest.map(|batch| batch.sequence) else { return Ok(()) };
        let expected = if newest.epoch > 0 && self.random.chance(50) {
            sequence.epoch = newest.epoch - 1;
            ErrorCode::InvalidProducerEpoch
        } else if newest.epoch == sequence.epoch {
            sequence.first += 1 + self.random.below(50) as i32;
            ErrorCode::OutOfOrderSequenceNumber
        } else {
            return Ok(());
        };
        let (mut bytes, _) = self.any_batch(Some(sequence), slot >= TRANSACTIONAL);
        let (leader_epoch, now_ms) = (self.leader_epoch, self.now_ms);
        match self.log().append(&mut bytes, leader_epoch, Origin::Client, now_ms) {
            Err(AppendError::Refused(refusal)) => {
                let is_too_large = refusal.code == ErrorCode::RecordListTooLarge;
                assert!(is_too_large || refusal.code == expected, "{refusal:?}");
                Ok(())
            }
            Err(AppendError::Log(error)) => Err(error),
            Ok(appended) => panic!("{sequence:?} is no next sequence: {appended:?}"),
        }
    }

    /// Producers go on from what the log has of them; of whom nothing is left there, it may or may not know.
    pub(crate) fn correct_producers(&mut self) {
        for producer in &mut self.producers {
            let Some(sequence) = producer else { continue };
            let newest = self.plain.of_producer(sequence.producer_id).next();
            *producer = newest.and_then(|batch| {
                let newest = batch.sequence?;
                let first = newest.first + batch.records.len() as i32;
                Some(Sequence { first, ..newest })
            });
        }
    }

    fn flush(&mut self) -> Result<(), LogError> {
        let now_ms = self.now_ms;
        self.log().flush(now_ms)?;
        self.plain.flushed = self.plain.log_end_offset;
        assert_eq!(self.log().state().recovery_point, self.plain.flushed);
        Ok(())
    }

    fn begin_flush(&mut self) -> Result<(), LogError> {
        if self.flush.is_none() {
            let now_ms = self.now_ms;
            if let Some(job) = self.log().begin_flush(now_ms)? {
                let (up_to, truncations) = (self.plain.log_end_offset, self.truncations);
                self.flush = Some(Flush { job, result: None, up_to, truncations });
            }
        }
        Ok(())
    }

    fn run_flush(&mut self) {
        if let Some(flush) = self.flush.as_mut().filter(|flush| flush.result.is_none()) {
            flush.result = Some(flush.job.run());
        }
    }

    fn finish_flush(&mut self) -> Result<(), LogError> {
        self.run_flush();
        let Some(Flush { job, result: Some(result), up_to, truncations }) = self.flush.take()
        else {
            return Ok(());
        };
        self.log().finish_flush(job, result)?;
        if truncations == self.truncations {
            self.plain.flushed = self.plain.flushed.max(up_to);
        }
        Ok(())
    }

    fn truncate(&mut self) -> Result<(), LogError> {
        let span = self.plain.log_end_offset - self.plain.log_start_offset;
        let back = self.random.below(20).min(span as u64) as i64;
        let offset = self.plain.log_end_offset - back;
        if self.plain.end_after_truncation(offset) == 0 {
            // Cut short, it leaves a log that looks like a new one: that is not worth an fsync.
            return Ok(());
        }
        if back > 0 {
            self.plain.flushed = self.plain.flushed.min(self.plain.end_after_truncation(offset));
            self.plain.doubtful_end = Some(offset);
        }
        let now_ms = self.now_ms;
        self.log().truncate_to(offset, now_ms)?;
        self.plain.doubtful_end = None;
        self.truncations += u64::from(back > 0);
        self.plain.truncate_to(offset);
        self.correct_producers();
        // The caller's part of the contract: no recovery point in a checkpoint is past the end when more is appended.
        self.needs_checkpoint = true;
        self.checkpoint()
    }

    fn delete_before(&mut self) -> Result<(), LogError> {
        // Of a transaction that is open, the log knows more or less when its records are deleted.
        let span = self.plain.last_stable_offset() - self.plain.log_start_offset;
        let offset = self.plain.log_start_offset + self.random.below(span as u64 + 1) as i64;
        self.plain.doubtful_start = Some(offset);
        match self.log().delete_before(offset) {
            Ok(start) => assert_eq!(start, offset),
            Err(ReadError::Log(error)) => return Err(error),
            Err(error @ ReadError::OffsetOutOfRange { .. }) => panic!("{error}"),
        }
        self.plain.doubtful_start = None;
        self.plain.delete_before(offset);
        self.correct_producers();
        Ok(())
    }

    /// Takes a step while something fails. A log that says that it goes on is as it was; one that is offline says so always, and is
    /// opened again.
    fn take_with_a_fault(&mut self) {
        let operations = [
            Operation::Write,
            Operation::Write,
            Operation::Sync,
            Operation::SyncFolder,
            Operation::Open,
            Operation::Rename,
            Operation::Read,
            Operation::SetLen,
            Operation::Remove,
        ];
        for _ in 0..=self.random.below(2) {
            let operation = operations[self.random.below(operations.len() as u64) as usize];
            let errno = match operation {
                Operation::Open => Errno::TooManyFiles,
                _ if self.random.chance(30) => Errno::NoSpace,
                _ => Errno::Io,
            };
            self.disk.fail(Fault {
                after: self.random.below(4) as u32,
                errno,
                stored_bytes: self.random.below(200) as usize,
                after_failed_sync: if self.random.chance(70) {
                    AfterFailedSync::Dropped
                } else {
                    AfterFailedSync::Kept
                },
                ..Fault::next(operation)
            });
        }
        let action = CHANGES[self.random.below(CHANGES.len() as u64) as usize];
        let outcome = self.change(action);
        self.disk.clear_faults();
        self.judge(&outcome);
    }

    fn fill_disk(&mut self) {
        let left = self.random.below(700);
        self.disk.set_capacity(Some(self.disk.used_bytes() + left));
        for _ in 0..8 {
            let outcome = self.append();
            if outcome.is_err() {
                let is_online = self.log.as_ref().is_some_and(|log| log.offline_reason().is_none());
                assert!(is_online, "no space is no reason to go offline: {outcome:?}");
                self.statistics.failed_changes += 1;
                self.check();
            }
        }
        self.disk.set_capacity(None);
        self.append().unwrap();
    }

    /// What an action that failed may have left.
    pub(crate) fn judge(&mut self, outcome: &Result<(), LogError>) {
        self.statistics.failed_changes += u64::from(outcome.is_err());
        let Some(log) = self.log.as_mut() else {
            return self.reopen_after_failure();
        };
        if log.offline_reason().is_none() {
            let Err(LogError::Disk { operation: "fsync", path, .. }) = outcome else { return };
            // It knows nothing of a checkpoint beside it, and an index that was to replace a damaged one is none yet. It is the
            // broker that gives the directory up.
            let is_index = path.to_str().is_some_and(|path| path.ends_with("index.tmp"));
            assert!(!path.starts_with(self.folder()) || is_index, "it goes on after {outcome:?}");
            return self.reopen_after_failure();
        }
        self.statistics.offline += 1;
        let refused = log.read(0, 1, 1, true);
        assert!(matches!(refused, Err(ReadError::Log(LogError::Offline { .. }))), "{refused:?}");
        assert!(matches!(log.flush(0), Err(LogError::Offline { .. })));
        assert!(matches!(log.roll(0), Err(LogError::Offline { .. })));
        self.reopen_after_failure();
    }
}

fn any_config(random: &mut Random) -> LogConfig {
    LogConfig {
        segment_bytes: 1_100 + random.below(6_000) as u32,
        index_interval_bytes: random.below(600) as u32,
        segment_ms: if random.chance(20) { 5_000 } else { i64::MAX },
        flush_messages: if random.chance(20) { 1 + random.below(20) as i64 } else { i64::MAX },
        flush_ms: if random.chance(20) { 10_000 } else { i64::MAX },
        background_flush_bytes: if random.chance(50) { random.below(4_000) } else { u64::MAX },
        timestamp_type: if random.chance(20) {
            TimestampType::LogAppendTime
        } else {
            TimestampType::CreateTime
        },
        compression: random.chance(15).then_some(Compression::Lz4),
        ..small_segments()
    }
}
