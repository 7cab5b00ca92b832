//! What an append and a read cost: `cargo bench -p pybroker-log`. Prints nanoseconds of processor time; one line per case.
//!
//! The log is in the folder of temporary files; set `TMPDIR` to measure another disk. Nothing is fsynced.

use std::sync::Arc;
use std::time::Instant;

use pybroker_log::{Log, LogConfig, OpenOptions, Origin, Shutdown};
use pybroker_wire::batch::TimestampType;
use pybroker_wire::{BatchBuilder, Compression, Uuid};

const BYTES_PER_CASE: usize = 1 << 28;
const MAX_APPENDS: usize = 300_000;

fn batch(compression: Compression, records: usize, record_bytes: usize) -> Vec<u8> {
    let mut builder = BatchBuilder::new(0).compression(compression, None);
    // Letters in no order, so that codecs find something but not everything.
    let mut state = 1u32;
    let mut letter = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b"abcdefghijklmnop"[(state >> 28) as usize]
    };
    let value: Vec<u8> = (0..record_bytes).map(|_| letter()).collect();
    for index in 0..records {
        builder.append(1_700_000_000_000 + index as i64, None, Some(&value), &[]);
    }
    let mut bytes = Vec::new();
    builder.build(&mut bytes).expect("a batch");
    bytes
}

fn open(dir: &tempfile::TempDir, config: &LogConfig) -> Log {
    let options = OpenOptions {
        topic_id: Uuid([1; 16]),
        config: Arc::new(LogConfig { timestamp_after_max_ms: i64::MAX, ..config.clone() }),
        shutdown: Shutdown::Clean,
        log_start_offset: 0,
        now_ms: 0,
    };
    Log::open(&dir.path().join("bench-0"), options).expect("a log")
}

/// Time that this thread ran, so that a busy machine does not count; the wall clock where the kernel does not tell.
fn processor_nanoseconds(start: Instant) -> u64 {
    std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse().ok())
        .unwrap_or_else(|| start.elapsed().as_nanos() as u64)
}

fn measure(name: &str, bytes_each: usize, count: usize, mut work: impl FnMut()) {
    for _ in 0..count / 20 {
        work();
    }
    let start = Instant::now();
    let before = processor_nanoseconds(start);
    for _ in 0..count {
        work();
    }
    let nanoseconds = ((processor_nanoseconds(start) - before) / count as u64).max(1);
    let megabytes = bytes_each as u64 * 1000 / nanoseconds;
    println!("{name:<44} {nanoseconds:>10} ns {megabytes:>8} MB/s");
}

fn bench_append(name: &str, sent: &[u8], config: &LogConfig) {
    let dir = tempfile::tempdir().expect("a folder");
    let mut log = open(&dir, config);
    let count = (BYTES_PER_CASE / sent.len()).min(MAX_APPENDS);
    let mut records = sent.to_vec();
    measure(name, sent.len(), count, || {
        // The request's buffer is patched, as a receive buffer is overwritten by the next request.
        records[..61].copy_from_slice(&sent[..61]);
        log.append(&mut records, 0, Origin::Client, 0).expect("an append");
    });
}

fn bench_floor(sent: &[u8]) {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("floor");
    let file = pybroker_log::File::open_or_create(&path).expect("a file");
    let count = (BYTES_PER_CASE / sent.len()).min(MAX_APPENDS);
    measure("crc alone, 16 KiB", sent.len(), count, || {
        std::hint::black_box(pybroker_wire::crc32c::crc32c(&sent[21..]));
    });
    let mut position = 0;
    measure("pwrite alone, 16 KiB", sent.len(), count, || {
        file.write_all_at(sent, position).expect("a write");
        position += sent.len() as u64;
    });
}

/// A duplicate is checked like any other batch and not written.
fn bench_checks(name: &str, records: usize, record_bytes: usize) {
    let dir = tempfile::tempdir().expect("a folder");
    let mut log = open(&dir, &LogConfig::default());
    let mut builder = BatchBuilder::new(0).producer(1, 0, 0);
    for _ in 0..records {
        builder.append(1_700_000_000_000, None, Some(&vec![b'x'; record_bytes]), &[]);
    }
    let mut sent = Vec::new();
    builder.build(&mut sent).expect("a batch");
    let mut copy = sent.clone();
    measure(name, sent.len(), 100_000, || {
        copy[..61].copy_from_slice(&sent[..61]);
        log.append(&mut copy, 0, Origin::Client, 0).expect("an append");
    });
}

fn bench_read(sent: &[u8]) {
    let dir = tempfile::tempdir().expect("a folder");
    let mut log = open(&dir, &LogConfig::default());
    let count = (BYTES_PER_CASE / 4) / sent.len();
    for _ in 0..count {
        log.append(&mut sent.to_vec(), 0, Origin::Client, 0).expect("an append");
    }
    let end = log.state().log_end_offset;
    measure("read position at the tail", 1, MAX_APPENDS, || {
        std::hint::black_box(log.read(end - 1, 1 << 20, end, true).expect("a slice"));
    });
    let mut offset = 0;
    measure("read position anywhere", 1, MAX_APPENDS, || {
        offset = (offset + 7919) % (end - 2000);
        std::hint::black_box(log.read(offset, 1 << 20, end, true).expect("a slice"));
    });
}

fn main() {
    let batch_16k = batch(Compression::None, 16, 1000);
    bench_floor(&batch_16k);
    bench_checks("checks of 16 x 1 KiB, no write", 16, 1000);
    bench_checks("checks of 160 x 100 B, no write", 160, 92);
    bench_append("append 16 x 1 KiB", &batch_16k, &LogConfig::default());
    bench_append("append 160 x 100 B", &batch(Compression::None, 160, 92), &LogConfig::default());
    bench_append("append 1 x 100 B", &batch(Compression::None, 1, 100), &LogConfig::default());
    bench_append("append 1 x 1 MB", &batch(Compression::None, 1, 1_000_000), &LogConfig::default());
    for codec in [Compression::Lz4, Compression::Snappy, Compression::Zstd, Compression::Gzip] {
        let name = format!("append 16 x 1 KiB, {}", codec.name());
        bench_append(&name, &batch(codec, 16, 1000), &LogConfig::default());
    }
    let append_time =
        LogConfig { timestamp_type: TimestampType::LogAppendTime, ..LogConfig::default() };
    bench_append("append 16 x 1 KiB, LogAppendTime", &batch_16k, &append_time);
    let recompress = LogConfig { compression: Some(Compression::Lz4), ..LogConfig::default() };
    bench_append("append 16 x 1 KiB, topic wants lz4", &batch_16k, &recompress);
    bench_read(&batch_16k);
}
