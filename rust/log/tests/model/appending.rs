//! Appends, as producers and the coordinator make them: what is stored, what is known already, what is refused.

use pybroker_log::{AppendError, Appended, FlushDemand, LogError, Origin};
use pybroker_wire::batch::{Attributes, TimestampType};
use pybroker_wire::{BatchBuilder, Compression, ErrorCode, TransactionOutcome};

use super::checks::records_of;
use super::conversation::Conversation;
use super::plain::{Part, PlainBatch, PlainRecord, Sequence};
use super::support::{build, marker};

/// Producers that write at the same time.
pub(crate) const PRODUCERS: u64 = 5;
/// The first of them without transactions, the others with.
const TRANSACTIONAL: usize = 3;
/// Retries of so many of its batches are known.
const BATCHES_PER_PRODUCER: usize = 5;
/// Different keys of records.
const KEYS: u64 = 12;

impl Conversation {
    pub(crate) fn append(&mut self) -> Result<(), LogError> {
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
    pub(crate) fn end_transaction(&mut self) -> Result<(), LogError> {
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
        let count = records.len();
        let mut batch = PlainBatch {
            base_offset: self.plain.log_end_offset,
            records,
            leader_epoch: self.leader_epoch,
            sequence,
            transaction,
            sent,
            stored: Vec::new(),
            kept: vec![true; count],
            is_gone: false,
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
            let key = vec![self.random.below(KEYS) as u8];
            let value = self.random.chance(85).then(|| self.any_value());
            builder.append(timestamp_ms, Some(&key), value.as_deref(), &[]);
            records.push(PlainRecord { timestamp_ms, key, value });
        }
        (build(builder), records)
    }

    /// No two values are the same, so that nothing is taken for something else.
    fn any_value(&mut self) -> Vec<u8> {
        let mut value = self.next_value.to_be_bytes().to_vec();
        self.next_value += 1;
        let size = self.random.below(100) as usize;
        value.extend(self.random.bytes(size));
        value
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
    pub(crate) fn retry(&mut self) -> Result<(), LogError> {
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
        let is_known = |(index, batch): (usize, &PlainBatch)| {
            batch.is_remembered || (index == 0 && !batch.is_gone)
        };
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
    pub(crate) fn append_out_of_order(&mut self) -> Result<(), LogError> {
        let slot = self.random.below(PRODUCERS) as usize;
        let Some(mut sequence) = self.producers[slot] else { return Ok(()) };
        // Only a producer that has a batch in the log is sure to be known.
        let newest = self.plain.of_producer(sequence.producer_id).next();
        let newest = newest.filter(|batch| !batch.is_gone);
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
            *producer = newest.filter(|batch| !batch.is_gone).and_then(|batch| {
                let newest = batch.sequence?;
                let first = newest.first + batch.records.len() as i32;
                Some(Sequence { first, ..newest })
            });
        }
    }
}
