//! When a segment ends, and what a new one takes from the disk.

mod support;

use std::sync::Arc;

use pybroker_log::{Log, LogConfig, OpenOptions, Shutdown};
use pybroker_wire::{BatchBuilder, Uuid};
use support::{NOW_MS, Place, Random, append, batch, batch_at, build};

const HOUR_MS: i64 = 60 * 60 * 1000;

fn with_jitter(segment_jitter_ms: i64) -> LogConfig {
    let timestamp_after_max_ms = i64::MAX;
    LogConfig {
        segment_ms: HOUR_MS,
        segment_jitter_ms,
        timestamp_after_max_ms,
        ..LogConfig::default()
    }
}

/// The age at which the active segment of a log was rolled, to the minute.
fn rolled_at_minute(log: &mut Log, start_ms: i64) -> i64 {
    let before = log.segments().len();
    for minute in 0.. {
        append(log, &mut batch_at(start_ms + minute * 60_000, &[b"x"])).unwrap();
        if log.segments().len() > before {
            return minute;
        }
    }
    unreachable!("it was rolled")
}

#[test]
fn without_jitter_a_segment_is_rolled_when_its_time_is_over() {
    let place = Place::new();
    let mut log = place.open(with_jitter(0), Shutdown::Clean).unwrap();
    assert_eq!(rolled_at_minute(&mut log, NOW_MS), 61);
}

#[test]
fn jitter_shortens_each_segment_by_another_time() {
    let mut minutes = Vec::new();
    let place = Place::new();
    let mut random = Random(7);
    for partition in 0..20 {
        let options = OpenOptions {
            topic_id: Uuid(random.bytes(16).try_into().unwrap()),
            config: Arc::new(with_jitter(HOUR_MS / 2)),
            shutdown: Shutdown::Clean,
            log_start_offset: 0,
            now_ms: NOW_MS,
        };
        let folder = place.log_dir().join(format!("t-{partition}"));
        let mut log = Log::open(&folder, options).unwrap();
        let first = rolled_at_minute(&mut log, NOW_MS);
        minutes.push(first);
        minutes.push(rolled_at_minute(&mut log, NOW_MS + first * 60_000));
    }
    assert!(minutes.iter().all(|minute| (30..=61).contains(minute)), "{minutes:?}");
    minutes.sort_unstable();
    minutes.dedup();
    assert!(minutes.len() > 12, "they are spread: {minutes:?}");
}

#[test]
fn jitter_beyond_the_time_itself_counts_as_that_time() {
    let place = Place::new();
    let mut log = place.open(with_jitter(i64::MAX), Shutdown::Clean).unwrap();
    assert!(rolled_at_minute(&mut log, NOW_MS) <= 61);
}

#[test]
fn offsets_that_do_not_fit_the_indexes_begin_a_segment() {
    let place = Place::new();
    drop(place.create());
    let largest = i64::from(i32::MAX);
    // As compaction leaves it: one batch, far behind the base offset.
    let mut builder = BatchBuilder::new(largest - 2);
    builder.append(NOW_MS, None, Some(b"x"), &[]);
    std::fs::write(&place.log_files()[0], build(builder)).unwrap();
    let mut log = place.open(LogConfig::default(), Shutdown::Clean).unwrap();
    assert_eq!(log.state().log_end_offset, largest - 1);
    append(&mut log, &mut batch(&[b"a", b"b"])).unwrap();
    assert_eq!(log.segments().len(), 1, "the largest relative offset fits");
    append(&mut log, &mut batch(&[b"c"])).unwrap();
    let base_offsets: Vec<i64> = log.segments().iter().map(|segment| segment.base_offset).collect();
    assert_eq!(base_offsets, [0, largest + 1]);
    for offset in [largest, largest + 1] {
        let slice = log.read(offset, 1, largest + 2, true).unwrap();
        assert!(slice.len > 0, "offset {offset} is found");
    }
}

#[test]
fn an_index_entry_stands_for_the_bytes_that_it_should() {
    for (index_interval_bytes, entries) in [(0, 19), (1_000, 9), (1 << 20, 0)] {
        let place = Place::new();
        let config = LogConfig { index_interval_bytes, ..LogConfig::default() };
        let mut log = place.open(config, Shutdown::Clean).unwrap();
        for _ in 0..20 {
            append(&mut log, &mut batch(&[&[1; 600]])).unwrap();
        }
        log.close(NOW_MS).unwrap();
        let size = std::fs::metadata(&place.files(".index")[0]).unwrap().len();
        assert_eq!(size / 8, entries, "{index_interval_bytes}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn preallocation_reserves_space_and_gives_the_rest_back() {
    use std::os::unix::fs::MetadataExt;

    let reserved = |path: &std::path::Path| std::fs::metadata(path).unwrap().blocks() * 512;
    let place = Place::new();
    let config = LogConfig { preallocate: true, segment_bytes: 1 << 20, ..LogConfig::default() };
    let mut log = place.open(config.clone(), Shutdown::Clean).unwrap();
    append(&mut log, &mut batch(&[b"x"])).unwrap();
    let first = place.log_files()[0].clone();
    let size = log.state().size_bytes;
    assert!(reserved(&first) >= 1 << 20);
    assert_eq!(std::fs::metadata(&first).unwrap().len(), size, "nobody reads what is not there");
    log.roll(NOW_MS).unwrap();
    assert!(reserved(&first) <= 1 << 16);
    append(&mut log, &mut batch(&[b"x"])).unwrap();
    let second = place.log_files()[1].clone();
    assert!(reserved(&second) >= 1 << 20);
    log.close(NOW_MS).unwrap();
    assert!(reserved(&second) <= 1 << 16);
    let log = place.open(config, Shutdown::Clean).unwrap();
    assert_eq!(log.state().log_end_offset, 2);
}
