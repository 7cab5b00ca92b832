//! Which records of a batch stay, and the batch that is left of it.
//!
//! Offsets, sequences, epochs and timestamps never change: a batch that loses records keeps its base offset and its last offset. A
//! batch that loses none is copied as it is. What stays is decided as Kafka's cleaner does:
//!
//! * of each key the latest record up to the end of the map, and everything after it;
//! * a tombstone until the delete horizon, which is written into its batch the first time it is met (KIP-534);
//! * a marker until no batch of its transaction is left, and then until such a horizon;
//! * nothing of aborted transactions;
//! * the last batch of each producer, emptied, because it has the last sequence; and the last batch of a segment, emptied, so that
//!   a segment still says where it ends.

use std::collections::HashMap;

use pybroker_wire::batch::{Batch, BatchHeader, NO_TIMESTAMP, TimestampType};
use pybroker_wire::{Compression, TransactionMarker, WireError};

use super::offset_map::OffsetMap;
use super::records::{RecordPlace, find_records, write_with_timestamp};
use super::transactions::{CleanedTransactions, Control};
use crate::validate::MAX_DECOMPRESSED_BATCH_BYTES;

/// A decompression buffer that has grown beyond this is given back after use.
const MAX_KEPT_SCRATCH_BYTES: usize = 4 * 1024 * 1024;

/// The last that the log has of a producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LastOfProducer {
    /// Last offset of its last batch of records; `None` when only a marker is known.
    pub(crate) last_offset: Option<i64>,
    pub(crate) epoch: i16,
}

/// What a whole pass goes by.
#[derive(Debug)]
pub(crate) struct Rules<'a> {
    pub(crate) map: &'a OffsetMap,
    pub(crate) producers: &'a HashMap<i64, LastOfProducer>,
    pub(crate) now_ms: i64,
    pub(crate) delete_retention_ms: i64,
    /// Where the pass ends. The batch before it stays, so that the offset is not lost.
    pub(crate) upper_bound_offset: i64,
}

/// How much was read and kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RecordCounts {
    pub(crate) read: u64,
    pub(crate) kept: u64,
    /// Records without a key, which do not belong into a compacted log.
    pub(crate) keyless: u64,
}

/// The buffers of a pass.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    decompressed: Vec<u8>,
    places: Vec<RecordPlace>,
    payload: Vec<u8>,
    compressed: Vec<u8>,
    pub(crate) counts: RecordCounts,
}

/// What becomes of a batch without records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WhenEmpty {
    Remove,
    Keep,
}

impl Filter {
    /// Appends to `out` what stays of a batch, if anything does.
    pub(crate) fn filter(
        &mut self,
        batch: &Batch<'_>,
        rules: &Rules<'_>,
        transactions: &mut CleanedTransactions,
        is_last_of_segment: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), WireError> {
        let header = &batch.header;
        let is_control = header.attributes.is_control();
        let is_obsolete = note(batch, transactions)?;
        let discards_records = is_obsolete && (!is_control || has_expired(header, rules.now_ms));
        let when_empty = if is_last_of_segment || is_needed_empty(header, rules) {
            WhenEmpty::Keep
        } else {
            WhenEmpty::Remove
        };
        self.counts.read += header.records_count.max(0) as u64;
        if discards_records || header.records_count == 0 {
            if when_empty == WhenEmpty::Keep {
                write_empty(header, out);
            }
            return Ok(());
        }
        let mut decompressed = std::mem::take(&mut self.decompressed);
        let payload =
            batch.uncompressed_payload(&mut decompressed, MAX_DECOMPRESSED_BATCH_BYTES)?;
        find_records(payload, header.records_count, rules.map, &mut self.places)?;
        let found = self.places.len();
        if !is_control {
            self.retain(header, rules);
        }
        self.counts.kept += self.places.len() as u64;
        let has_tombstone = self.places.iter().any(|place| !place.has_value);
        let needs_horizon = (has_tombstone || (is_control && is_obsolete))
            && !header.attributes.has_delete_horizon();
        if self.places.is_empty() {
            if when_empty == WhenEmpty::Keep {
                write_empty(header, out);
            }
        } else if self.places.len() == found && !needs_horizon {
            out.extend_from_slice(batch.bytes);
        } else {
            let horizon_ms = rules.now_ms.saturating_add(rules.delete_retention_ms);
            self.rebuild(header, payload, needs_horizon.then_some(horizon_ms), out)?;
        }
        self.decompressed = decompressed;
        self.shrink();
        Ok(())
    }

    /// Forgets the records that do not stay.
    fn retain(&mut self, header: &BatchHeader, rules: &Rules<'_>) {
        let map = rules.map;
        if header.base_offset <= map.latest_offset() {
            let hashes = self.places.iter().filter_map(|place| place.hash);
            std::hint::black_box(hashes.fold(0, |sum, hash| sum ^ map.touch(hash)));
        }
        let keeps_tombstones = !has_expired(header, rules.now_ms);
        let keyless = &mut self.counts.keyless;
        self.places.retain(|place| {
            let offset = header.base_offset + i64::from(place.offset_delta);
            if offset > map.latest_offset() {
                return true;
            }
            let Some(hash) = place.hash else {
                *keyless += 1;
                return false;
            };
            let is_latest = map.get(hash).is_none_or(|latest| offset >= latest);
            is_latest && (place.has_value || keeps_tombstones)
        });
    }

    /// Appends the batch with the records that stay, and with a delete horizon if it is to get one.
    fn rebuild(
        &mut self,
        header: &BatchHeader,
        payload: &[u8],
        horizon_ms: Option<i64>,
        out: &mut Vec<u8>,
    ) -> Result<(), WireError> {
        let timestamp_type = header.attributes.timestamp_type();
        let timestamp = |place: &RecordPlace| match timestamp_type {
            TimestampType::CreateTime => header.base_timestamp.wrapping_add(place.timestamp_delta),
            TimestampType::LogAppendTime => header.max_timestamp,
        };
        let mut left = *header;
        left.records_count = self.places.len() as i32;
        left.max_timestamp =
            self.places.iter().map(timestamp).max().unwrap_or(header.max_timestamp);
        self.payload.clear();
        if let Some(horizon_ms) = horizon_ms {
            left.attributes = header.attributes.with_delete_horizon();
            left.base_timestamp = horizon_ms;
            for place in &self.places {
                let delta = timestamp(place).wrapping_sub(horizon_ms);
                write_with_timestamp(payload, place, delta, &mut self.payload);
            }
        } else {
            copy_runs(payload, &self.places, &mut self.payload);
        }
        match header.attributes.compression()? {
            Compression::None => left.encode(&self.payload, out),
            compression => {
                self.compressed.clear();
                compression.compress(&self.payload, None, &mut self.compressed)?;
                left.encode(&self.compressed, out);
            }
        }
        Ok(())
    }

    /// Gives back what one large batch needed.
    fn shrink(&mut self) {
        for buffer in [&mut self.decompressed, &mut self.payload, &mut self.compressed] {
            if buffer.capacity() > MAX_KEPT_SCRATCH_BYTES {
                *buffer = Vec::new();
            }
        }
    }
}

/// Tells the transactions of a batch; says whether its records, or its marker, are of no use any more.
pub(crate) fn note(
    batch: &Batch<'_>,
    transactions: &mut CleanedTransactions,
) -> Result<bool, WireError> {
    let header = &batch.header;
    if !header.attributes.is_control() {
        return Ok(transactions.note_batch(header));
    }
    if header.records_count == 0 {
        return Ok(transactions.note_control(header, None));
    }
    let control = TransactionMarker::of_batch(batch)?
        .map_or(Control::Other, |marker| Control::Ends(marker.outcome));
    Ok(transactions.note_control(header, Some(control)))
}

/// Whether the delete horizon of a batch has passed.
fn has_expired(header: &BatchHeader, now_ms: i64) -> bool {
    header.attributes.has_delete_horizon() && header.base_timestamp <= now_ms
}

/// Whether a batch stays even without records.
fn is_needed_empty(header: &BatchHeader, rules: &Rules<'_>) -> bool {
    if header.last_offset() + 1 == rules.upper_bound_offset {
        return true;
    }
    let last = rules.producers.get(&header.producer_id).filter(|_| header.has_producer_id());
    last.is_some_and(|last| match last.last_offset {
        Some(last_offset) => header.last_offset() == last_offset,
        None => header.attributes.is_control() && header.producer_epoch == last.epoch,
    })
}

/// Appends a batch that has lost its records.
fn write_empty(header: &BatchHeader, out: &mut Vec<u8>) {
    let mut left = *header;
    left.attributes =
        header.attributes.with_compression(Compression::None).without_delete_horizon();
    left.base_timestamp = NO_TIMESTAMP;
    left.records_count = 0;
    left.encode(&[], out);
}

/// Copies records; those that follow each other at once.
fn copy_runs(payload: &[u8], places: &[RecordPlace], out: &mut Vec<u8>) {
    let Some(first) = places.first() else { return };
    let (mut start, mut end) = (first.start, first.start);
    for place in places {
        if place.start != end {
            out.extend_from_slice(&payload[start as usize..end as usize]);
            start = place.start;
        }
        end = place.end;
    }
    out.extend_from_slice(&payload[start as usize..end as usize]);
}
