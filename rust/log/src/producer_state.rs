//! What a log knows of its producers: the last five batches of each, so that a retry is answered and not stored again, and the
//! transaction that each has open.
//!
//! `check` decides about a batch before it is written and changes nothing; `update` notes a batch that is in the log. Recovery
//! notes the same batches with the same `update`. Producers that have been silent for `producer.id.expiration.ms` are forgotten,
//! unless they have a transaction open.

use std::collections::HashMap;

use pybroker_wire::batch::{BatchHeader, NO_PRODUCER_EPOCH, NO_SEQUENCE, add_sequence};
use pybroker_wire::{ErrorCode, TransactionMarker, TransactionOutcome};

use crate::error::AppendError;
use crate::log::Origin;
use crate::transaction_index::AbortedTransaction;
use crate::transactions::{OpenTransactions, ProducerBatch};

/// Batches remembered per producer: as many as a client may have in flight (`max.in.flight.requests.per.connection`).
const BATCHES_PER_PRODUCER: usize = 5;
/// How often expired producers are looked for: Kafka's `producer.id.expiration.check.interval.ms`.
const EXPIRATION_CHECK_MS: i64 = 10 * 60 * 1000;

/// A batch of a producer that is in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BatchMetadata {
    pub(crate) last_sequence: i32,
    pub(crate) last_offset: i64,
    pub(crate) offset_delta: i32,
    pub(crate) timestamp_ms: i64,
}

impl BatchMetadata {
    pub(crate) fn base_offset(&self) -> i64 {
        self.last_offset - i64::from(self.offset_delta)
    }

    fn base_sequence(&self) -> i32 {
        // Sequences wrap at 2^31-1 to 0.
        let base = i64::from(self.last_sequence) - i64::from(self.offset_delta);
        if base < 0 { (base + i64::from(i32::MAX) + 1) as i32 } else { base as i32 }
    }
}

/// What is known of one producer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Producer {
    pub(crate) epoch: i16,
    pub(crate) coordinator_epoch: i32,
    pub(crate) last_timestamp_ms: i64,
    /// First offset of the open transaction; -1 without one.
    pub(crate) transaction_first_offset: i64,
    /// By the broker's clock, because a record's timestamp may be any.
    seen_ms: i64,
    batches: [BatchMetadata; BATCHES_PER_PRODUCER],
    batch_count: u8,
}

impl Producer {
    pub(crate) fn new(seen_ms: i64) -> Self {
        Self {
            epoch: NO_PRODUCER_EPOCH,
            coordinator_epoch: -1,
            last_timestamp_ms: -1,
            transaction_first_offset: -1,
            seen_ms,
            batches: [BatchMetadata::default(); BATCHES_PER_PRODUCER],
            batch_count: 0,
        }
    }

    /// The remembered batches, the oldest first.
    pub(crate) fn batches(&self) -> &[BatchMetadata] {
        &self.batches[..usize::from(self.batch_count)]
    }

    pub(crate) fn push_batch(&mut self, batch: BatchMetadata) {
        if usize::from(self.batch_count) == BATCHES_PER_PRODUCER {
            self.batches.rotate_left(1);
        } else {
            self.batch_count += 1;
        }
        self.batches[usize::from(self.batch_count) - 1] = batch;
    }

    fn set_epoch(&mut self, epoch: i16) {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.batch_count = 0;
        }
    }

    fn duplicate_of(&self, header: &BatchHeader) -> Option<BatchMetadata> {
        if self.epoch != header.producer_epoch {
            return None;
        }
        let same = |batch: &&BatchMetadata| {
            batch.last_sequence == header.last_sequence()
                && batch.base_sequence() == header.base_sequence
        };
        self.batches().iter().find(same).copied()
    }

    /// Where its open transaction begins.
    pub(crate) fn open_transaction(&self) -> Option<i64> {
        Some(self.transaction_first_offset).filter(|first_offset| *first_offset >= 0)
    }

    fn is_expired(&self, now_ms: i64, expiration_ms: i64) -> bool {
        self.open_transaction().is_none() && now_ms.saturating_sub(self.seen_ms) >= expiration_ms
    }
}

/// What to do with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Append it.
    Append,
    /// It is in the log already.
    Duplicate(BatchMetadata),
}

/// The producers of one log.
#[derive(Debug, Default)]
pub(crate) struct ProducerStates {
    producers: HashMap<i64, Producer>,
    open: OpenTransactions,
    next_expiration_check_ms: i64,
}

impl ProducerStates {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i64, &Producer)> {
        self.producers.iter().map(|(&producer_id, producer)| (producer_id, producer))
    }

    pub(crate) fn len(&self) -> usize {
        self.producers.len()
    }

    /// Takes over a producer as a snapshot has it.
    pub(crate) fn insert(&mut self, producer_id: i64, producer: Producer) {
        if let Some(first_offset) = producer.open_transaction() {
            self.open.begin(first_offset, producer_id, 0);
        }
        self.producers.insert(producer_id, producer);
    }

    /// Forgets that a producer's transaction is open.
    pub(crate) fn forget_transaction(&mut self, producer_id: i64) {
        let Some(producer) = self.producers.get_mut(&producer_id) else { return };
        if let Some(first_offset) = producer.open_transaction() {
            self.open.end(first_offset);
            producer.transaction_first_offset = -1;
        }
    }

    pub(crate) fn clear(&mut self) {
        self.producers.clear();
        self.open.clear();
    }

    pub(crate) fn open_transactions(&self) -> &OpenTransactions {
        &self.open
    }

    /// Decides about a batch.
    pub(crate) fn check(
        &self,
        batch: &ProducerBatch,
        origin: Origin,
        now_ms: i64,
        expiration_ms: i64,
    ) -> Result<Verdict, AppendError> {
        let header = &batch.header;
        let known = self.producers.get(&header.producer_id).filter(|_| header.has_producer_id());
        let Some(producer) = known.filter(|known| !known.is_expired(now_ms, expiration_ms)) else {
            // Whoever is unknown, because it is new, expired or its records are deleted, may start at any sequence.
            return Ok(Verdict::Append);
        };
        if origin == Origin::Client
            && let Some(batch) = producer.duplicate_of(header)
        {
            return Ok(Verdict::Duplicate(batch));
        }
        check_epoch(producer, header)?;
        if let Some(marker) = batch.marker {
            check_coordinator_epoch(producer, header, marker)?;
        } else if !header.attributes.is_control() {
            if origin == Origin::Client {
                check_sequence(producer, header)?;
            }
            check_transaction(producer, header)?;
        }
        Ok(Verdict::Append)
    }

    /// What the transaction index has to say about a marker: `None` when it ends no transaction, or commits it.
    pub(crate) fn aborted_by(&self, batch: &ProducerBatch) -> Option<AbortedTransaction> {
        let marker = batch.marker.filter(|_| batch.header.has_producer_id())?;
        let producer_id = batch.header.producer_id;
        let first_offset = self.producers.get(&producer_id)?.open_transaction()?;
        // The offset of the marker, which is the last one of the transaction.
        let last_offset = batch.header.base_offset;
        let others = self.open.first_of_others(producer_id);
        let last_stable_offset = others.unwrap_or(last_offset + 1);
        (marker.outcome == TransactionOutcome::Abort).then_some(AbortedTransaction {
            producer_id,
            first_offset,
            last_offset,
            last_stable_offset,
        })
    }

    /// Notes a batch of the log, before which `appended_bytes` had been appended.
    pub(crate) fn update(
        &mut self,
        batch: &ProducerBatch,
        appended_bytes: u64,
        seen_ms: i64,
        expiration_ms: i64,
    ) {
        let header = &batch.header;
        let is_control = header.attributes.is_control();
        // Compaction leaves a control batch without its record when nothing is left of the transaction.
        if !header.has_producer_id() || (is_control && batch.marker.is_none()) {
            return;
        }
        let producer =
            self.producers.entry(header.producer_id).or_insert_with(|| Producer::new(seen_ms));
        if producer.is_expired(seen_ms, expiration_ms) {
            *producer = Producer::new(seen_ms);
        }
        producer.set_epoch(header.producer_epoch);
        producer.last_timestamp_ms = header.max_timestamp;
        producer.seen_ms = seen_ms;
        if let Some(marker) = &batch.marker {
            producer.coordinator_epoch = marker.coordinator_epoch;
            if let Some(first_offset) = producer.open_transaction() {
                self.open.end(first_offset);
                producer.transaction_first_offset = -1;
            }
            return;
        }
        producer.push_batch(BatchMetadata {
            last_sequence: header.last_sequence(),
            last_offset: header.last_offset(),
            offset_delta: header.last_offset_delta,
            timestamp_ms: header.max_timestamp,
        });
        if header.attributes.is_transactional() && producer.transaction_first_offset < 0 {
            producer.transaction_first_offset = header.base_offset;
            self.open.begin(header.base_offset, header.producer_id, appended_bytes);
        }
    }

    /// Forgets expired producers, if it is time to look for them.
    pub(crate) fn expire(&mut self, now_ms: i64, expiration_ms: i64) {
        if now_ms < self.next_expiration_check_ms || self.producers.is_empty() {
            return;
        }
        self.next_expiration_check_ms = now_ms.saturating_add(EXPIRATION_CHECK_MS);
        self.producers.retain(|_, producer| !producer.is_expired(now_ms, expiration_ms));
    }
}

fn check_epoch(producer: &Producer, header: &BatchHeader) -> Result<(), AppendError> {
    if header.producer_epoch < producer.epoch {
        let message = format!(
            "producer {} has epoch {}, the batch has {}",
            header.producer_id, producer.epoch, header.producer_epoch
        );
        return Err(AppendError::refused(ErrorCode::InvalidProducerEpoch, message));
    }
    Ok(())
}

fn check_coordinator_epoch(
    producer: &Producer,
    header: &BatchHeader,
    marker: TransactionMarker,
) -> Result<(), AppendError> {
    if marker.coordinator_epoch < producer.coordinator_epoch {
        let message = format!(
            "a marker for producer {} of coordinator epoch {}, {} is known",
            header.producer_id, marker.coordinator_epoch, producer.coordinator_epoch
        );
        return Err(AppendError::refused(ErrorCode::TransactionCoordinatorFenced, message));
    }
    Ok(())
}

fn check_transaction(producer: &Producer, header: &BatchHeader) -> Result<(), AppendError> {
    if producer.open_transaction().is_some() && !header.attributes.is_transactional() {
        let message = format!(
            "producer {} has a transaction open, and the batch is not part of it",
            header.producer_id
        );
        return Err(AppendError::refused(ErrorCode::InvalidTxnState, message));
    }
    Ok(())
}

fn check_sequence(producer: &Producer, header: &BatchHeader) -> Result<(), AppendError> {
    // A state without an epoch knows nothing that a sequence could contradict.
    if producer.epoch == NO_PRODUCER_EPOCH {
        return Ok(());
    }
    let expected = match producer.batches().last() {
        _ if producer.epoch != header.producer_epoch => 0,
        Some(last) => add_sequence(last.last_sequence, 1),
        None => add_sequence(NO_SEQUENCE, 1),
    };
    if header.base_sequence == expected {
        return Ok(());
    }
    let message = format!(
        "producer {} in epoch {} sends sequence {}, {expected} is next",
        header.producer_id, header.producer_epoch, header.base_sequence
    );
    Err(AppendError::refused(ErrorCode::OutOfOrderSequenceNumber, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pybroker_wire::Batch;
    use pybroker_wire::BatchBuilder;

    const DAY_MS: i64 = 24 * 60 * 60 * 1000;

    fn header(epoch: i16, base_sequence: i32, count: i32, base_offset: i64) -> ProducerBatch {
        let mut builder = BatchBuilder::new(base_offset).producer(7, epoch, base_sequence);
        for _ in 0..count {
            builder.append(1000, None, Some(b"v"), &[]);
        }
        let mut bytes = Vec::new();
        builder.build(&mut bytes).unwrap();
        ProducerBatch::of(&Batch::first(&bytes).unwrap())
    }

    fn verdict(states: &ProducerStates, header: &ProducerBatch) -> Result<Verdict, ErrorCode> {
        states.check(header, Origin::Client, 0, DAY_MS).map_err(|error| match error {
            AppendError::Refused(refusal) => refusal.code,
            AppendError::Log(_) => ErrorCode::KafkaStorageError,
        })
    }

    fn offset_of_duplicate(states: &ProducerStates, header: &ProducerBatch) -> Option<i64> {
        match verdict(states, header) {
            Ok(Verdict::Duplicate(batch)) => Some(batch.base_offset()),
            _ => None,
        }
    }

    #[test]
    fn the_last_five_batches_answer_a_retry_with_their_offset() {
        let mut states = ProducerStates::default();
        for batch in 0..7 {
            let header = header(0, batch * 10, 10, i64::from(batch) * 10);
            assert_eq!(verdict(&states, &header), Ok(Verdict::Append));
            states.update(&header, 0, 0, DAY_MS);
        }
        for batch in 2..7 {
            let retry = header(0, batch * 10, 10, 70);
            assert_eq!(offset_of_duplicate(&states, &retry), Some(i64::from(batch) * 10));
        }
        let forgotten = header(0, 10, 10, 70);
        assert_eq!(verdict(&states, &forgotten), Err(ErrorCode::OutOfOrderSequenceNumber));
        let other_range = header(0, 60, 9, 70);
        assert_eq!(verdict(&states, &other_range), Err(ErrorCode::OutOfOrderSequenceNumber));
    }

    #[test]
    fn a_gap_is_out_of_order() {
        let mut states = ProducerStates::default();
        states.update(&header(0, 0, 10, 0), 0, 0, DAY_MS);
        assert_eq!(verdict(&states, &header(0, 10, 1, 10)), Ok(Verdict::Append));
        let gap = verdict(&states, &header(0, 11, 1, 10));
        assert_eq!(gap, Err(ErrorCode::OutOfOrderSequenceNumber));
    }

    #[test]
    fn a_new_epoch_starts_at_zero_and_fences_the_old_one() {
        let mut states = ProducerStates::default();
        states.update(&header(3, 0, 10, 0), 0, 0, DAY_MS);
        let late_start = verdict(&states, &header(4, 5, 1, 10));
        assert_eq!(late_start, Err(ErrorCode::OutOfOrderSequenceNumber));
        assert_eq!(verdict(&states, &header(4, 0, 1, 10)), Ok(Verdict::Append));
        states.update(&header(4, 0, 1, 10), 0, 0, DAY_MS);
        let stale = verdict(&states, &header(3, 10, 1, 11));
        assert_eq!(stale, Err(ErrorCode::InvalidProducerEpoch));
    }

    #[test]
    fn an_unknown_producer_starts_anywhere() {
        let states = ProducerStates::default();
        assert_eq!(verdict(&states, &header(9, 1234, 1, 0)), Ok(Verdict::Append));
    }

    #[test]
    fn the_sequence_wraps_to_zero() {
        let mut states = ProducerStates::default();
        states.update(&header(0, i32::MAX - 4, 5, 0), 0, 0, DAY_MS);
        assert_eq!(verdict(&states, &header(0, 0, 1, 5)), Ok(Verdict::Append));
        // Ten records from 2^31-3 on end at sequence 6.
        let mut states = ProducerStates::default();
        states.update(&header(0, i32::MAX - 2, 10, 0), 0, 0, DAY_MS);
        assert_eq!(verdict(&states, &header(0, 7, 1, 10)), Ok(Verdict::Append));
        assert_eq!(offset_of_duplicate(&states, &header(0, i32::MAX - 2, 10, 10)), Some(0));
    }

    #[test]
    fn a_silent_producer_is_forgotten_and_starts_afresh() {
        let mut states = ProducerStates::default();
        for batch in 0..5 {
            states.update(&header(0, batch * 10, 10, i64::from(batch) * 10), 0, 0, DAY_MS);
        }
        let restart = header(0, 0, 10, 50);
        let check = |states: &ProducerStates, header: &ProducerBatch, now_ms| {
            states.check(header, Origin::Client, now_ms, DAY_MS).unwrap()
        };
        assert!(matches!(check(&states, &restart, DAY_MS - 1), Verdict::Duplicate(_)));
        assert_eq!(check(&states, &restart, DAY_MS), Verdict::Append);
        states.update(&restart, 0, DAY_MS, DAY_MS);
        // The batches of the former life are no duplicates of the new one's.
        assert_eq!(check(&states, &header(0, 10, 10, 60), DAY_MS), Verdict::Append);
        states.expire(DAY_MS, DAY_MS);
        assert_eq!(states.len(), 1);
        states.expire(2 * DAY_MS, DAY_MS);
        assert_eq!(states.len(), 0);
    }
}
