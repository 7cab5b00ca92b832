//! What compaction costs: `cargo bench -p pybroker-log --bench compaction`. Prints seconds of processor time for one pass over a log of
//! 100-byte records with 20-byte keys, ten records a key; `PYBROKER_MEGABYTES` sets its size.
//!
//! The log is in the folder of temporary files; set `TMPDIR` to measure another disk.

#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use pybroker_log::{
    CompactionStep, FullSpeed, Log, LogConfig, OffsetMap, OpenOptions, Origin, Shutdown,
};
use pybroker_wire::{BatchBuilder, Compression, Uuid};

const RECORD_BYTES: usize = 100;
const RECORDS_PER_KEY: usize = 10;
const RECORDS_PER_BATCH: usize = 150;
const NOW_MS: i64 = 1_700_000_000_000;

fn fill(log: &mut Log, bytes: usize, compression: Compression) {
    let records = bytes / RECORD_BYTES;
    let keys = (records / RECORDS_PER_KEY).max(1) as u64;
    let mut state = 1u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        state >> 20
    };
    let (mut key, mut value) = (String::new(), [0u8; RECORD_BYTES - 20]);
    for _ in 0..records / RECORDS_PER_BATCH {
        let mut builder = BatchBuilder::new(0).compression(compression, None);
        for _ in 0..RECORDS_PER_BATCH {
            key.clear();
            let _ = write!(key, "{:020}", random() % keys);
            for byte in &mut value {
                *byte = random() as u8;
            }
            builder.append(NOW_MS, Some(key.as_bytes()), Some(&value), &[]);
        }
        let mut batch = Vec::new();
        builder.build(&mut batch).expect("a batch");
        log.append(&mut batch, 0, Origin::Client, NOW_MS).expect("an append");
    }
    log.roll(NOW_MS).expect("a roll");
}

/// Time that this thread ran, so that a busy machine does not count; the wall clock where the kernel does not tell.
fn processor_seconds(start: Instant) -> f64 {
    std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .map_or_else(|| start.elapsed().as_secs_f64(), |nanoseconds| nanoseconds as f64 / 1e9)
}

fn compact(bytes: usize, compression: Compression) {
    let dir = tempfile::tempdir().expect("a folder");
    let config = LogConfig { compacted: true, ..LogConfig::default() };
    let options = OpenOptions {
        topic_id: Uuid([1; 16]),
        config: Arc::new(config),
        shutdown: Shutdown::Clean,
        log_start_offset: 0,
        now_ms: NOW_MS,
    };
    let mut log = Log::open(&dir.path().join("bench-0"), options).expect("a log");
    fill(&mut log, bytes, compression);
    let mut map = OffsetMap::new(128 << 20, 0.9);
    let start = Instant::now();
    let mut before = processor_seconds(start);
    let mut job = log.begin_compaction(None, NOW_MS).expect("a log").expect("a dirty log");
    let mut steps = Vec::new();
    let done = loop {
        let outcome = job.run(&mut map, &mut FullSpeed);
        let now = processor_seconds(start);
        steps.push(now - before);
        before = now;
        match log.finish_compaction(job, outcome).expect("a pass") {
            CompactionStep::Continue(next) => job = next,
            CompactionStep::Done(done) => break done,
            CompactionStep::Abandoned => panic!("abandoned"),
        }
    };
    let (total, gigabytes) = (steps.iter().sum::<f64>(), done.bytes_read as f64 / 1e9);
    println!(
        "{:<8} {:>6.0} MB in, {:>4.0} MB out, {:>8} records: {total:.3} CPU-s, {:.3} CPU-s/GB, {:.2} s in all",
        compression.name(),
        gigabytes * 1e3,
        done.bytes_written as f64 / 1e6,
        done.records_read,
        total / gigabytes,
        start.elapsed().as_secs_f64(),
    );
}

fn main() {
    let megabytes = std::env::var("PYBROKER_MEGABYTES").ok().and_then(|text| text.parse().ok());
    let bytes = megabytes.unwrap_or(100) * 1_000_000;
    for compression in [Compression::None, Compression::Lz4, Compression::Zstd] {
        compact(bytes, compression);
    }
}
