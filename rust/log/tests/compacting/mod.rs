//! What the tests of compaction share: keyed batches, a whole pass, and what a consumer of either kind reads.

#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

use std::collections::BTreeMap;

use pybroker_log::{
    Compacted, CompactionError, CompactionStep, DeletedFiles, FullSpeed, Log, LogConfig, LogError,
    OffsetMap, Origin,
};
use pybroker_wire::batch::{Batch, BatchHeader, TimestampType};
use pybroker_wire::{BatchBuilder, Batches, Compression, TransactionMarker};

use crate::support::{NOW_MS, build, small_segments};

/// Room for many keys.
pub const MAP_BYTES: usize = 1 << 20;
pub const MAX_BYTES: usize = 1 << 30;

/// A compacted log that is always dirty enough, with small segments.
pub fn compacted() -> LogConfig {
    LogConfig { compacted: true, min_cleanable_dirty_ratio: 0.0, ..small_segments() }
}

/// Key and value; no value is a tombstone.
pub type Pair<'a> = (&'a str, Option<&'a str>);

/// A batch of pairs with timestamps that go up by one.
pub fn keyed(pairs: &[Pair<'_>], compression: Compression) -> Vec<u8> {
    let mut builder = BatchBuilder::new(0).compression(compression, None);
    for (index, (key, value)) in pairs.iter().enumerate() {
        let value = value.map(str::as_bytes);
        builder.append(NOW_MS + index as i64, Some(key.as_bytes()), value, &[]);
    }
    build(builder)
}

/// Append an uncompressed batch of pairs. Gives its base offset.
pub fn append(log: &mut Log, pairs: &[Pair<'_>]) -> i64 {
    let mut records = keyed(pairs, Compression::None);
    log.append(&mut records, 0, Origin::Client, NOW_MS).unwrap().base_offset
}

/// A whole pass from the checkpoint on, which it moves. `None` when it was not time for one, or it was given up.
pub fn compact_with(
    log: &mut Log,
    map: &mut OffsetMap,
    checkpoint: &mut Option<i64>,
    now_ms: i64,
) -> Result<Option<Compacted>, CompactionError> {
    let Some(mut job) = log.begin_compaction(*checkpoint, now_ms)? else { return Ok(None) };
    loop {
        let outcome = job.run(map, &mut FullSpeed);
        // What cannot be unlinked goes when the log is opened again.
        let _ = job.take_deleted().iter().try_for_each(DeletedFiles::unlink);
        match log.finish_compaction(job, outcome)? {
            CompactionStep::Continue(next) => job = next,
            CompactionStep::Done(compacted) => {
                *checkpoint = Some(compacted.end_offset);
                return Ok(Some(compacted));
            }
            CompactionStep::Abandoned => return Ok(None),
        }
    }
}

pub fn compact(log: &mut Log, checkpoint: &mut Option<i64>, now_ms: i64) -> Option<Compacted> {
    let mut map = OffsetMap::new(MAP_BYTES, 0.9);
    compact_with(log, &mut map, checkpoint, now_ms).unwrap()
}

/// A record as a consumer gets it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Read {
    pub offset: i64,
    pub timestamp_ms: i64,
    pub key: Vec<u8>,
    pub value: Option<Vec<u8>>,
}

/// The batches of a log, in order.
pub fn batches(log: &mut Log) -> Result<Vec<(BatchHeader, Vec<u8>)>, LogError> {
    let (mut offset, end) = (log.state().log_start_offset, log.state().log_end_offset);
    let mut found = Vec::new();
    while offset < end {
        let slice = match log.read(offset, MAX_BYTES, end, true) {
            Ok(slice) => slice,
            Err(pybroker_log::ReadError::Log(error)) => return Err(error),
            Err(other) => panic!("{other}"),
        };
        let bytes = slice.to_vec().unwrap();
        if bytes.is_empty() {
            // Nothing is left from here on.
            break;
        }
        for batch in Batches::new(&bytes) {
            let batch = batch.unwrap();
            batch.verify_crc().unwrap();
            assert!(batch.header.base_offset >= offset || found.is_empty(), "offsets ascend");
            offset = batch.header.last_offset() + 1;
            found.push((batch.header, batch.bytes.to_vec()));
        }
    }
    Ok(found)
}

pub fn records_of(bytes: &[u8]) -> Vec<Read> {
    let batch = Batch::first(bytes).unwrap();
    let header = batch.header;
    let is_stamped = header.attributes.timestamp_type() == TimestampType::LogAppendTime;
    let mut scratch = Vec::new();
    let records = batch.records(&mut scratch, MAX_BYTES).unwrap();
    let read = records.map(|record| {
        let record = record.unwrap();
        Read {
            offset: header.base_offset + i64::from(record.offset_delta),
            timestamp_ms: if is_stamped {
                header.max_timestamp
            } else {
                header.base_timestamp + record.timestamp_delta
            },
            key: record.key.unwrap_or_default().to_vec(),
            value: record.value.map(<[u8]>::to_vec),
        }
    });
    read.collect()
}

/// What a consumer with `read_uncommitted` gets.
pub fn read_uncommitted(log: &mut Log) -> Vec<Read> {
    let batches = batches(log).unwrap();
    let data = batches.iter().filter(|(header, _)| !header.attributes.is_control());
    data.flat_map(|(_, bytes)| records_of(bytes)).collect()
}

/// What a consumer with `read_committed` gets, as Kafka's consumer decides: by the list of aborted transactions, and the markers.
pub fn read_committed(log: &mut Log) -> Vec<Read> {
    let state = log.state();
    let mut aborted = log.aborted_in(state.log_start_offset..state.last_stable_offset).unwrap();
    aborted.sort_by_key(|each| std::cmp::Reverse(each.first_offset));
    let mut open = std::collections::HashSet::new();
    let mut read = Vec::new();
    for (header, bytes) in batches(log).unwrap() {
        if header.base_offset >= state.last_stable_offset {
            break;
        }
        while aborted.last().is_some_and(|each| each.first_offset <= header.last_offset()) {
            open.insert(aborted.pop().unwrap().producer_id);
        }
        if header.attributes.is_control() {
            let marker = TransactionMarker::of_batch(&Batch::first(&bytes).unwrap()).unwrap();
            if marker.is_some_and(|each| each.outcome == pybroker_wire::TransactionOutcome::Abort) {
                open.remove(&header.producer_id);
            }
        } else if !(header.attributes.is_transactional() && open.contains(&header.producer_id)) {
            read.extend(records_of(&bytes));
        }
    }
    read
}

/// The latest record of each key; a tombstone counts as none.
pub fn latest(records: &[Read]) -> BTreeMap<Vec<u8>, Read> {
    let mut latest = BTreeMap::new();
    for record in records {
        latest.insert(record.key.clone(), record.clone());
    }
    latest.retain(|_, record| record.value.is_some());
    latest
}
