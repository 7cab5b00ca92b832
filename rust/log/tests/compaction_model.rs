//! Compaction against a plain list of records: random appends, tombstones, transactions, rolls, passes, restarts.
//!
//! A failure prints its seed; `PYBROKER_SEED=<seed> cargo test -p pybroker-log --test compaction_model` plays it again, and
//! `PYBROKER_CONVERSATIONS=<count>` plays more of them.

mod compacting;
mod support;

use std::collections::{BTreeMap, HashMap};

use compacting::{
    Read, batches, compact_with, compacted, latest, read_committed, read_uncommitted,
};
use pybroker_log::{Log, LogConfig, OffsetMap, Origin, Shutdown};
use pybroker_wire::TransactionOutcome::{Abort, Commit};
use pybroker_wire::batch::Attributes;
use pybroker_wire::{BatchBuilder, Compression};
use support::{NOW_MS, Place, Random, UNCLEAN, build, marker, small_segments};

const CONVERSATIONS: u64 = 80;
const STEPS: u64 = 150;
const KEYS: u64 = 15;
const PRODUCERS: u64 = 3;
const DELETE_RETENTION_MS: i64 = 10_000;

/// What happens to the records of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Counts,
    Open,
    Aborted,
}

#[derive(Clone, Debug)]
struct Appended {
    record: Read,
    producer_id: i64,
    fate: Fate,
}

#[derive(Debug, Default)]
struct Producer {
    next_sequence: i32,
    is_in_transaction: bool,
    /// The last batch as it was sent, and its base offset.
    last: Option<(Vec<u8>, i64)>,
}

struct Conversation {
    random: Random,
    place: Place,
    config: LogConfig,
    log: Option<Log>,
    now_ms: i64,
    checkpoint: Option<i64>,
    appended: Vec<Appended>,
    producers: HashMap<i64, Producer>,
    /// When a pass can have met a tombstone for the first time.
    tombstones_met: BTreeMap<i64, i64>,
}

impl Conversation {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let config = LogConfig {
            segment_bytes: 600 + random.below(3000) as u32,
            index_interval_bytes: random.below(400) as u32,
            delete_retention_ms: DELETE_RETENTION_MS,
            min_compaction_lag_ms: if random.chance(30) { 2_000 } else { 0 },
            segment_index_bytes: small_segments().segment_index_bytes,
            ..compacted()
        };
        let place = Place::new();
        let log = Some(place.open(config.clone(), Shutdown::Clean).unwrap());
        Self {
            random,
            place,
            config,
            log,
            now_ms: NOW_MS,
            checkpoint: None,
            appended: Vec::new(),
            producers: HashMap::new(),
            tombstones_met: BTreeMap::new(),
        }
    }

    fn log(&mut self) -> &mut Log {
        self.log.as_mut().unwrap()
    }

    fn step(&mut self) {
        self.now_ms += self.random.below(300) as i64;
        let now_ms = self.now_ms;
        match self.random.below(100) {
            0..65 => self.append(),
            65..75 => self.end_transaction(),
            75..82 => self.log().roll(now_ms).unwrap(),
            82..94 => self.compact(),
            94..97 => self.reopen(),
            _ => self.now_ms += DELETE_RETENTION_MS / 2,
        }
    }

    fn append(&mut self) {
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
        let count = 1 + self.random.below(5) as i32;
        let producer_id = self.random.below(PRODUCERS + 1) as i64 - 1;
        let mut fate = Fate::Counts;
        if producer_id >= 0 {
            let begins = self.random.chance(30);
            let producer = self.producers.entry(producer_id).or_default();
            producer.is_in_transaction |= begins;
            if producer.is_in_transaction {
                builder = builder.attributes(Attributes::default().with_transactional());
                fate = Fate::Open;
            }
            builder = builder.producer(producer_id, 0, producer.next_sequence);
            producer.next_sequence += count;
        }
        let base_offset = self.log().state().log_end_offset;
        for delta in 0..count {
            let key = vec![self.random.below(KEYS) as u8];
            let len = self.random.below(60) as usize;
            let value = (!self.random.chance(20)).then(|| self.random.bytes(len));
            let timestamp_ms = self.now_ms - self.random.below(50) as i64;
            builder.append(timestamp_ms, Some(&key), value.as_deref(), &[]);
            let record = Read { offset: base_offset + i64::from(delta), timestamp_ms, key, value };
            self.appended.push(Appended { record, producer_id, fate });
        }
        let records = build(builder);
        let now_ms = self.now_ms;
        let appended = self.log().append(&mut records.clone(), 0, Origin::Client, now_ms).unwrap();
        assert_eq!(appended.base_offset, base_offset);
        if let Some(producer) = self.producers.get_mut(&producer_id) {
            producer.last = Some((records, base_offset));
        }
    }

    fn end_transaction(&mut self) {
        let Some((&producer_id, producer)) =
            self.producers.iter_mut().find(|(_, producer)| producer.is_in_transaction)
        else {
            return;
        };
        producer.is_in_transaction = false;
        let is_aborted = self.random.chance(50);
        let now_ms = self.now_ms;
        let mut records = marker(producer_id, 0, if is_aborted { Abort } else { Commit }, 0);
        self.log().append(&mut records, 0, Origin::Coordinator, now_ms).unwrap();
        for each in &mut self.appended {
            if each.producer_id == producer_id && each.fate == Fate::Open {
                each.fate = if is_aborted { Fate::Aborted } else { Fate::Counts };
            }
        }
    }

    fn compact(&mut self) {
        let now_ms = self.now_ms;
        let has_small_map = self.random.chance(30);
        // Room for five keys, or for all.
        let mut map = OffsetMap::new(if has_small_map { 6 * 24 } else { 1 << 16 }, 0.9);
        let before = read_uncommitted(self.log());
        let mut checkpoint = self.checkpoint;
        let dirtiness = self.log().dirtiness(checkpoint, now_ms).unwrap();
        let done = compact_with(self.log(), &mut map, &mut checkpoint, now_ms).unwrap();
        assert_eq!(done.is_some(), dirtiness.is_cleanable());
        let Some(done) = done else { return };
        self.checkpoint = checkpoint;
        assert!(done.end_offset > dirtiness.first_dirty_offset);
        assert!(done.end_offset <= dirtiness.first_uncleanable_offset);
        let after = read_uncommitted(self.log());
        let from = |records: &[Read], offset: i64| {
            let first = records.partition_point(|record| record.offset < offset);
            records[first..].to_vec()
        };
        assert_eq!(
            from(&before, dirtiness.first_uncleanable_offset),
            from(&after, dirtiness.first_uncleanable_offset)
        );
        // The segment that a small map ends in is cleaned as a whole: its tombstones get their horizon too.
        for record in before.iter().filter(|record| record.value.is_none()) {
            if record.offset < dirtiness.first_uncleanable_offset {
                self.tombstones_met.entry(record.offset).or_insert(now_ms);
            }
        }
        self.check_clean_part(&after, done.end_offset);
    }

    /// What is before the first dirty offset: of each key one record at most, and nothing aborted.
    fn check_clean_part(&mut self, records: &[Read], end_offset: i64) {
        let clean = records.iter().take_while(|record| record.offset < end_offset);
        let mut keys = BTreeMap::new();
        for record in clean.clone() {
            assert_eq!(keys.insert(record.key.clone(), record.offset), None, "a key twice");
            let index = self.appended.partition_point(|each| each.record.offset < record.offset);
            assert_ne!(self.appended[index].fate, Fate::Aborted);
        }
        let mut latest: BTreeMap<&[u8], &Read> = BTreeMap::new();
        let counts = self.appended.iter().filter(|each| each.fate == Fate::Counts);
        for each in counts.take_while(|each| each.record.offset < end_offset) {
            latest.insert(&each.record.key, &each.record);
        }
        let now_ms = self.now_ms;
        for (key, record) in latest {
            if record.value.is_some() {
                assert_eq!(keys.get(key), Some(&record.offset));
                continue;
            }
            if now_ms < self.tombstones_met[&record.offset] + DELETE_RETENTION_MS {
                assert_eq!(keys.get(key), Some(&record.offset), "a tombstone went too early");
            }
        }
    }

    fn reopen(&mut self) {
        let log = self.log.take().unwrap();
        let now_ms = self.now_ms;
        let mut shutdown = Shutdown::Clean;
        if self.random.chance(50) {
            drop(log);
            shutdown = UNCLEAN;
            if self.random.chance(50) {
                self.place
                    .files(".snapshot")
                    .iter()
                    .for_each(|path| std::fs::remove_file(path).unwrap());
            }
        } else {
            log.close(now_ms).unwrap();
        }
        self.log = Some(self.place.open_at(self.config.clone(), shutdown, now_ms).unwrap());
        for producer in self.producers.values() {
            let Some((records, base_offset)) = &producer.last else { continue };
            let log = self.log.as_mut().unwrap();
            let again = log.append(&mut records.clone(), 0, Origin::Client, now_ms).unwrap();
            assert!(again.duplicate, "the last sequence of a producer is not lost");
            assert_eq!(again.base_offset, *base_offset);
        }
    }

    fn check(&mut self) {
        let last_stable_offset = self.log().state().last_stable_offset;
        let committed: Vec<Read> = self
            .appended
            .iter()
            .filter(|each| each.fate != Fate::Aborted && each.record.offset < last_stable_offset)
            .map(|each| each.record.clone())
            .collect();
        let read = read_committed(self.log());
        assert_eq!(latest(&read), latest(&committed));
        assert!(read.iter().all(|record| committed.binary_search(record).is_ok()));
        for record in read_uncommitted(self.log()) {
            let index = self.appended.partition_point(|each| each.record.offset < record.offset);
            assert_eq!(self.appended[index].record, record);
        }
        self.check_lookups();
    }

    /// Every offset and timestamp is found where a walk over the batches finds it.
    fn check_lookups(&mut self) {
        let headers: Vec<_> =
            batches(self.log()).unwrap().into_iter().map(|(header, _)| header).collect();
        let end = self.log().state().log_end_offset;
        let offset = self.random.below(end as u64 + 1) as i64;
        let slice = self.log().read(offset, 1, end, true).unwrap();
        let expected = headers.iter().find(|header| header.last_offset() >= offset);
        let bytes = slice.to_vec().unwrap();
        let found = (!bytes.is_empty()).then(|| i64::from_be_bytes(bytes[..8].try_into().unwrap()));
        assert_eq!(found, expected.map(|header| header.base_offset), "the batch of {offset}");
        let timestamp_ms = NOW_MS + self.random.below((self.now_ms - NOW_MS + 1) as u64) as i64;
        let records = read_uncommitted(self.log());
        let expected = records.iter().find(|record| record.timestamp_ms >= timestamp_ms);
        let markers = headers.iter().filter(|header| header.attributes.is_control());
        // Markers have timestamps too.
        let marker = markers
            .filter(|header| header.records_count > 0 && header.max_timestamp >= timestamp_ms)
            .map(|header| header.base_offset)
            .next();
        let expected = expected.map(|record| record.offset).into_iter().chain(marker).min();
        let found = self.log().timestamp_search(timestamp_ms).unwrap().run().unwrap();
        assert_eq!(found.map(|found| found.offset), expected, "timestamp {timestamp_ms}");
    }
}

fn play(seed: u64) {
    let mut conversation = Conversation::new(seed);
    for _ in 0..STEPS {
        conversation.step();
        if conversation.random.chance(20) {
            conversation.check();
        }
    }
    conversation.compact();
    conversation.reopen();
    conversation.check();
}

#[test]
fn a_compacted_log_says_what_a_list_of_all_records_says() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    if let Some(seed) = number("PYBROKER_SEED") {
        return play(seed);
    }
    for seed in 0..number("PYBROKER_CONVERSATIONS").unwrap_or(CONVERSATIONS) {
        if let Err(panic) = std::panic::catch_unwind(|| play(seed)) {
            println!("PYBROKER_SEED={seed}");
            std::panic::resume_unwind(panic);
        }
    }
}
