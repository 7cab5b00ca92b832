//! What the tests of whole logs share: seeded randomness, batches as clients build them, logs in temporary folders.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::new_without_default,
    clippy::should_implement_trait,
    reason = "each test file uses a part"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pybroker_log::{
    AppendError, Appended, Log, LogConfig, LogError, OpenOptions, Origin, Refusal, Shutdown,
};
use pybroker_wire::batch::Attributes;
use pybroker_wire::{BatchBuilder, Compression, TransactionMarker, TransactionOutcome, Uuid};

pub const TOPIC_ID: Uuid = Uuid([7; 16]);
/// The wall clock of tests that do not move it.
pub const NOW_MS: i64 = 1_700_000_000_000;

/// Splitmix64: small, seeded, good enough.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to `limit`, exclusive.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }
}

/// The names of the files in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A temporary log dir with one partition.
#[derive(Debug)]
pub struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        // In memory where that is to be had: these tests lose data on purpose, and need no real fsync for it.
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Self { dir: dir.unwrap() }
    }

    pub fn folder(&self) -> PathBuf {
        self.dir.path().join("payments-0")
    }

    pub fn log_dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn open(&self, config: LogConfig, shutdown: Shutdown) -> Result<Log, LogError> {
        self.open_at(config, shutdown, NOW_MS)
    }

    pub fn open_at(
        &self,
        config: LogConfig,
        shutdown: Shutdown,
        now_ms: i64,
    ) -> Result<Log, LogError> {
        let config = Arc::new(config);
        let options =
            OpenOptions { topic_id: TOPIC_ID, config, shutdown, log_start_offset: 0, now_ms };
        Log::open(&self.folder(), options)
    }

    pub fn create(&self) -> Log {
        self.open(LogConfig::default(), Shutdown::Clean).unwrap()
    }

    /// The segment files, in order.
    pub fn log_files(&self) -> Vec<PathBuf> {
        self.files(".log")
    }

    pub fn files(&self, suffix: &str) -> Vec<PathBuf> {
        let mut paths: Vec<PathBuf> = std::fs::read_dir(self.folder())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_str().unwrap().ends_with(suffix))
            .collect();
        paths.sort();
        paths
    }
}

/// A config with segments and indexes so small that a test crosses their limits.
pub fn small_segments() -> LogConfig {
    LogConfig {
        segment_bytes: 4096,
        index_interval_bytes: 256,
        segment_index_bytes: 1024,
        timestamp_after_max_ms: i64::MAX,
        ..LogConfig::default()
    }
}

pub const UNCLEAN: Shutdown = Shutdown::Unclean { recovery_point: 0 };

/// A batch of values with timestamps that go up by one.
pub fn batch(values: &[&[u8]]) -> Vec<u8> {
    compressed_batch(values, Compression::None)
}

/// A batch whose records all have one timestamp; -1 is none.
pub fn batch_at(timestamp_ms: i64, values: &[&[u8]]) -> Vec<u8> {
    let mut builder = BatchBuilder::new(0);
    for value in values {
        builder.append(timestamp_ms, None, Some(value), &[]);
    }
    build(builder)
}

pub fn compressed_batch(values: &[&[u8]], compression: Compression) -> Vec<u8> {
    let mut builder = BatchBuilder::new(0).compression(compression, None);
    for (index, value) in values.iter().enumerate() {
        builder.append(NOW_MS + index as i64, None, Some(value), &[]);
    }
    build(builder)
}

/// A batch of an idempotent producer.
pub fn producer_batch(producer_id: i64, epoch: i16, base_sequence: i32, count: usize) -> Vec<u8> {
    let mut builder = BatchBuilder::new(0).producer(producer_id, epoch, base_sequence);
    for _ in 0..count {
        builder.append(NOW_MS, Some(b"key"), Some(b"value"), &[]);
    }
    build(builder)
}

/// A batch of a transaction.
pub fn transactional_batch(
    producer_id: i64,
    epoch: i16,
    base_sequence: i32,
    count: usize,
) -> Vec<u8> {
    let attributes = Attributes::default().with_transactional();
    let mut builder =
        BatchBuilder::new(0).producer(producer_id, epoch, base_sequence).attributes(attributes);
    for _ in 0..count {
        builder.append(NOW_MS, Some(b"key"), Some(b"value"), &[]);
    }
    build(builder)
}

/// The control batch that ends a transaction.
pub fn marker(
    producer_id: i64,
    epoch: i16,
    outcome: TransactionOutcome,
    coordinator_epoch: i32,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let marker = TransactionMarker { outcome, coordinator_epoch };
    marker.encode(producer_id, epoch, NOW_MS, &mut bytes).unwrap();
    bytes
}

pub fn build(builder: BatchBuilder) -> Vec<u8> {
    let mut bytes = Vec::new();
    builder.build(&mut bytes).unwrap();
    bytes
}

pub fn append(log: &mut Log, records: &mut [u8]) -> Result<Appended, AppendError> {
    log.append(records, 0, Origin::Client, NOW_MS)
}

pub fn refusal(result: Result<Appended, AppendError>) -> Refusal {
    match result {
        Err(AppendError::Refused(refusal)) => *refusal,
        other => panic!("not refused: {other:?}"),
    }
}

/// Three batches of two records in one segment; gives their bytes as stored.
pub fn three_batches(place: &Place) -> Vec<Vec<u8>> {
    let mut log = place.create();
    let mut stored = Vec::new();
    for value in [b"first value", b"other value", b"third value"] {
        let mut records = batch(&[value, b"x"]);
        append(&mut log, &mut records).unwrap();
        stored.push(records);
    }
    stored
}

/// Everything that can be read from an offset on, segment by segment.
pub fn read_all(log: &mut Log, mut offset: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let end = log.state().log_end_offset;
    while offset < end {
        let slice = log.read(offset, usize::MAX >> 1, end, true).unwrap();
        let part = slice.to_vec().unwrap();
        assert_eq!(part.len(), slice.len, "a slice is all there");
        assert!(!part.is_empty(), "offset {offset} of {end} reads nothing");
        for batch in pybroker_wire::Batches::new(&part) {
            offset = batch.unwrap().header.last_offset() + 1;
        }
        bytes.extend(part);
    }
    bytes
}
