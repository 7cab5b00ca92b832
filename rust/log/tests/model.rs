//! A log against a plain list of batches: random conversations of appends, rolls, flushes, truncations, restarts and crashes, after
//! each of which the log must say what the list says, at every offset.
//!
//! A failure prints its seed; `PYBROKER_SEED=<seed> cargo test -p pybroker-log --test model` plays it again, and
//! `PYBROKER_CONVERSATIONS=<count>` plays more of them.

mod support;

use std::sync::Arc;

use pybroker_log::{Log, LogConfig, Origin, Shutdown};
use pybroker_wire::{BatchBuilder, Batches, Compression};
use support::{NOW_MS, Place, Random, build, small_segments};

const CONVERSATIONS: u64 = 60;
const STEPS: u64 = 120;

#[derive(Clone, Debug)]
struct ModelBatch {
    base_offset: i64,
    last_offset: i64,
    bytes: Vec<u8>,
    timestamps: Vec<i64>,
    leader_epoch: i32,
}

#[derive(Clone, Debug, Default)]
struct Model {
    batches: Vec<ModelBatch>,
    log_start_offset: i64,
    log_end_offset: i64,
    flushed: i64,
    leader_epoch: i32,
    producer_id: i64,
    next_sequence: i32,
    /// The last batch of the producer as it was sent, and its base offset.
    last_of_producer: Option<(Vec<u8>, i64)>,
}

impl Model {
    fn containing(&self, offset: i64) -> usize {
        self.batches.partition_point(|batch| batch.last_offset < offset)
    }

    fn cut_at(&mut self, kept: usize) {
        self.batches.truncate(kept);
        self.log_end_offset =
            self.batches.last().map_or(self.log_start_offset, |last| last.last_offset + 1);
        self.log_end_offset = self.log_end_offset.max(self.log_start_offset);
        self.flushed = self.flushed.min(self.log_end_offset);
    }

    fn visible(&self) -> impl Iterator<Item = (i64, i64, i32)> + '_ {
        let records = self.batches.iter().flat_map(|batch| {
            let offsets = batch.base_offset..;
            offsets
                .zip(&batch.timestamps)
                .map(|(offset, &timestamp)| (offset, timestamp, batch.leader_epoch))
        });
        records.filter(|record| record.0 >= self.log_start_offset)
    }
}

struct Conversation {
    random: Random,
    place: Place,
    config: LogConfig,
    log: Option<Log>,
    model: Model,
}

impl Conversation {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let config = LogConfig {
            segment_bytes: 1024 + random.below(6000) as u32,
            index_interval_bytes: random.below(600) as u32,
            ..small_segments()
        };
        let place = Place::new();
        let log = Some(place.open(config.clone(), Shutdown::Clean).unwrap());
        Self { random, place, config, log, model: Model::default() }
    }

    fn log(&mut self) -> &mut Log {
        self.log.as_mut().unwrap()
    }

    fn step(&mut self) {
        match self.random.below(100) {
            0..60 => self.append(),
            60..66 => self.retry(),
            66..70 => self.log().roll(NOW_MS).unwrap(),
            70..76 => self.flush(),
            76..80 => self.truncate(),
            80..84 => self.delete_before(),
            84..90 => self.reopen(),
            90..98 => self.crash(),
            _ => self.model.leader_epoch += 1 + self.random.below(3) as i32,
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
        let count = 1 + self.random.below(8);
        let mut builder = BatchBuilder::new(0).compression(codec, None);
        let from_producer = self.random.chance(40);
        if from_producer {
            builder = builder.producer(self.model.producer_id, 0, self.model.next_sequence);
        }
        let mut timestamps = Vec::new();
        for _ in 0..count {
            let timestamp = NOW_MS + self.random.below(1000) as i64;
            let size = self.random.below(120) as usize;
            let value = self.random.bytes(size);
            builder.append(timestamp, Some(b"k"), Some(&value), &[]);
            timestamps.push(timestamp);
        }
        let sent = build(builder);
        let mut records = sent.clone();
        let leader_epoch = self.model.leader_epoch;
        let appended =
            self.log().append(&mut records, leader_epoch, Origin::Client, NOW_MS).unwrap();
        assert_eq!(appended.base_offset, self.model.log_end_offset);
        assert_eq!(appended.last_offset, appended.base_offset + count as i64 - 1);
        assert!(!appended.duplicate);
        if from_producer {
            self.model.next_sequence += count as i32;
            self.model.last_of_producer = Some((sent, appended.base_offset));
        }
        self.model.log_end_offset = appended.last_offset + 1;
        self.model.batches.push(ModelBatch {
            base_offset: appended.base_offset,
            last_offset: appended.last_offset,
            bytes: records,
            timestamps,
            leader_epoch,
        });
    }

    /// The producer's last batch, sent again, is answered and not stored.
    fn retry(&mut self) {
        let Some((sent, base_offset)) = self.model.last_of_producer.clone() else {
            return;
        };
        let mut records = sent;
        let leader_epoch = self.model.leader_epoch;
        let again = self.log().append(&mut records, leader_epoch, Origin::Client, NOW_MS).unwrap();
        assert!(again.duplicate, "the batch at {base_offset} was stored twice");
        assert_eq!(again.base_offset, base_offset);
    }

    fn flush(&mut self) {
        self.log().flush(NOW_MS).unwrap();
        self.model.flushed = self.model.log_end_offset;
        assert_eq!(self.log().state().recovery_point, self.model.flushed);
    }

    fn truncate(&mut self) {
        let span = self.model.log_end_offset - self.model.log_start_offset;
        let back = self.random.below(20).min(span as u64) as i64;
        let offset = self.model.log_end_offset - back;
        self.log().truncate_to(offset, NOW_MS).unwrap();
        if back > 0 {
            let kept = self.model.containing(offset);
            self.model.cut_at(kept);
            self.change_producer_if_lost();
        }
    }

    fn delete_before(&mut self) {
        let span = self.model.log_end_offset - self.model.log_start_offset;
        let offset = self.model.log_start_offset + self.random.below(span as u64 + 1) as i64;
        assert_eq!(self.log().delete_before(offset).unwrap(), offset);
        self.model.log_start_offset = offset;
        self.model.batches.retain(|batch| batch.last_offset >= offset);
        self.change_producer_if_lost();
    }

    fn reopen(&mut self) {
        self.log.take().unwrap().close(NOW_MS).unwrap();
        self.log = Some(self.place.open(self.config.clone(), Shutdown::Clean).unwrap());
        self.model.flushed = self.model.log_end_offset;
    }

    /// The process is killed: the files stay. Or the machine: a tail of what was not flushed is lost, at any byte, and zeros or
    /// rubbish may stand in its place.
    fn crash(&mut self) {
        let recovery_point = self.log().state().recovery_point;
        assert_eq!(recovery_point, self.model.flushed);
        drop(self.log.take());
        if self.random.chance(60) {
            self.lose_tail();
        }
        if self.random.chance(30) {
            self.damage_indexes();
        }
        let shutdown = Shutdown::Unclean { recovery_point };
        self.log = Some(self.place.open(self.config.clone(), shutdown).unwrap());
    }

    fn lose_tail(&mut self) {
        let unflushed: usize = self
            .model
            .batches
            .iter()
            .filter(|batch| batch.base_offset >= self.model.flushed)
            .map(|batch| batch.bytes.len())
            .sum();
        let mut lost = self.random.below(unflushed as u64 + 1) as usize;
        let mut kept = self.model.batches.len();
        let mut bytes_lost = lost;
        while bytes_lost > 0 {
            kept -= 1;
            bytes_lost = bytes_lost.saturating_sub(self.model.batches[kept].bytes.len());
        }
        if lost > 0 {
            self.model.cut_at(kept);
            self.change_producer_if_lost();
        }
        for path in self.place.log_files().into_iter().rev() {
            let size = std::fs::metadata(&path).unwrap().len() as usize;
            let cut = lost.min(size);
            lost -= cut;
            let mut bytes = std::fs::read(&path).unwrap();
            let tail = bytes.split_off(size - cut);
            if lost == 0 {
                bytes.extend(self.rubbish_for(&tail));
                std::fs::write(&path, bytes).unwrap();
                return;
            }
            std::fs::remove_file(&path).unwrap();
        }
    }

    /// What may stand in the place of lost bytes; never the first of them itself.
    fn rubbish_for(&mut self, lost: &[u8]) -> Vec<u8> {
        let len = self.random.below(lost.len() as u64 + 1) as usize;
        let mut rubbish = match self.random.below(3) {
            0 if lost.first() != Some(&0) => vec![0; len],
            1 => self.random.bytes(len),
            _ => Vec::new(),
        };
        if let (Some(first), Some(lost)) = (rubbish.first_mut(), lost.first())
            && first == lost
        {
            *first = !*lost;
        }
        rubbish
    }

    fn damage_indexes(&mut self) {
        let suffix = if self.random.chance(50) { ".index" } else { ".timeindex" };
        for path in self.place.files(suffix) {
            match self.random.below(4) {
                0 => std::fs::remove_file(&path).unwrap(),
                1 => std::fs::write(&path, self.random.bytes(40)).unwrap(),
                2 => std::fs::write(&path, [0; 48]).unwrap(),
                _ => {}
            }
        }
    }

    /// When the producer's last batch is gone, what the log knows of it depends on snapshots: another producer goes on.
    fn change_producer_if_lost(&mut self) {
        let model = &mut self.model;
        let is_there =
            |base_offset: i64| model.batches.iter().any(|batch| batch.base_offset == base_offset);
        if !model.last_of_producer.as_ref().is_some_and(|(_, base_offset)| is_there(*base_offset)) {
            model.last_of_producer = None;
            model.producer_id += 1;
            model.next_sequence = 0;
        }
    }

    fn check(&mut self) {
        let model = self.model.clone();
        let state = self.log().state();
        assert_eq!(state.log_start_offset, model.log_start_offset);
        assert_eq!(state.log_end_offset, model.log_end_offset);
        self.check_reads(&model);
        self.check_bounds(&model);
        self.check_timestamps(&model);
        self.check_epochs(&model);
    }

    fn check_reads(&mut self, model: &Model) {
        let mut starts = Vec::new();
        let mut all = Vec::new();
        for batch in &model.batches {
            starts.push(all.len());
            all.extend_from_slice(&batch.bytes);
        }
        for offset in model.log_start_offset..model.log_end_offset {
            let first = model.containing(offset);
            let slice = self.log().read(offset, 1 << 30, model.log_end_offset, true).unwrap();
            let bytes = slice.to_vec().unwrap();
            assert!(all[starts[first]..].starts_with(&bytes), "offset {offset}");
            assert!(bytes.len() >= model.batches[first].bytes.len(), "offset {offset}");
            let end = starts[first] + bytes.len();
            assert!(end == all.len() || starts.contains(&end), "offset {offset} ends in a batch");
        }
        let end = self.log().read(model.log_end_offset, 1 << 30, model.log_end_offset, true);
        assert_eq!(end.unwrap().len, 0);
        assert!(self.log().read(model.log_end_offset + 1, 1, i64::MAX, true).is_err());
        assert!(self.log().read(model.log_start_offset - 1, 1, i64::MAX, true).is_err());
    }

    /// Nothing at or past the upper bound shows, and no more than the limit.
    fn check_bounds(&mut self, model: &Model) {
        if model.log_start_offset == model.log_end_offset {
            return;
        }
        let span = (model.log_end_offset - model.log_start_offset) as u64;
        for _ in 0..8 {
            let offset = model.log_start_offset + self.random.below(span) as i64;
            let bound = &model.batches[self.random.below(model.batches.len() as u64) as usize];
            let upper_bound = bound.base_offset;
            let max_bytes = self.random.below(700) as usize;
            let at_least_one = self.random.chance(50);
            let slice = self.log().read(offset, max_bytes, upper_bound, at_least_one).unwrap();
            let bytes = slice.to_vec().unwrap();
            let first = &model.batches[model.containing(offset)];
            let is_visible = first.base_offset < upper_bound && offset < upper_bound;
            let fits = at_least_one || first.bytes.len() <= max_bytes;
            if !is_visible || !fits {
                assert!(bytes.is_empty(), "{offset} below {upper_bound}");
                continue;
            }
            assert!(bytes.len() <= max_bytes.max(first.bytes.len()));
            assert!(bytes.starts_with(&first.bytes));
            let last = Batches::new(&bytes).filter_map(Result::ok).last().unwrap();
            assert!(last.header.last_offset() < upper_bound);
        }
    }

    fn check_timestamps(&mut self, model: &Model) {
        let largest = model.visible().map(|record| record.1).max();
        let first_of_largest = model.visible().find(|record| Some(record.1) == largest);
        let found = self.log().max_timestamp().unwrap();
        assert_eq!(
            found.map(|found| (found.offset, found.timestamp_ms, found.leader_epoch)),
            first_of_largest
        );
        for _ in 0..4 {
            let timestamp = NOW_MS + self.random.below(1010) as i64;
            let found = self.log().find_by_timestamp(timestamp).unwrap();
            assert_eq!(
                found.map(|found| (found.offset, found.timestamp_ms, found.leader_epoch)),
                model.visible().find(|record| record.1 >= timestamp),
                "timestamp {timestamp}"
            );
        }
    }

    fn check_epochs(&mut self, model: &Model) {
        for batch in &model.batches {
            let offset = batch.last_offset;
            assert_eq!(self.log().epoch_at(offset), Some(batch.leader_epoch), "offset {offset}");
            let next = model.batches.iter().find(|other| other.leader_epoch > batch.leader_epoch);
            let end = next.map_or(model.log_end_offset, |next| next.base_offset);
            let found = self.log().end_offset_for_epoch(batch.leader_epoch);
            assert_eq!(found, Some((batch.leader_epoch, end)));
        }
    }
}

fn play(seed: u64) {
    println!("PYBROKER_SEED={seed}");
    let mut conversation = Conversation::new(seed);
    for _ in 0..STEPS {
        conversation.step();
        conversation.check();
    }
    conversation.reopen();
    conversation.check();
}

#[test]
fn a_log_says_what_a_plain_list_of_batches_says() {
    if let Ok(seed) = std::env::var("PYBROKER_SEED") {
        return play(seed.parse().unwrap());
    }
    let count = std::env::var("PYBROKER_CONVERSATIONS")
        .map_or(CONVERSATIONS, |count| count.parse().unwrap());
    (1..=count).for_each(play);
}

#[test]
fn configs_may_change_while_the_log_is_open() {
    let mut conversation = Conversation::new(1);
    for bytes in [1500, 3000, 900] {
        let config = LogConfig { segment_bytes: bytes, ..small_segments() };
        conversation.log().set_config(Arc::new(config));
        for _ in 0..20 {
            conversation.append();
        }
        conversation.check();
    }
}
