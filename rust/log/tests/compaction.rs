//! Compaction: what stays of a log, and when.

mod compacting;
mod support;

use compacting::{
    Pair, append, batches, compact, compact_with, compacted, keyed, latest, read_committed,
    read_uncommitted,
};
use pybroker_log::{Log, LogConfig, OffsetMap, Origin, Shutdown, check_partition};
use pybroker_wire::TransactionOutcome::{Abort, Commit};
use pybroker_wire::batch::Attributes;
use pybroker_wire::{Batch, BatchBuilder, Compression};
use support::{NOW_MS, Place, UNCLEAN, build, marker, producer_batch};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn append_bytes(log: &mut Log, mut records: Vec<u8>, origin: Origin) -> i64 {
    log.append(&mut records, 0, origin, NOW_MS).unwrap().base_offset
}

/// The readable records as (offset, key, value).
fn contents(log: &mut Log) -> Vec<(i64, String, Option<String>)> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let records = read_uncommitted(log).into_iter();
    records.map(|record| (record.offset, text(record.key), record.value.map(text))).collect()
}

fn entry(offset: i64, key: &str, value: Option<&str>) -> (i64, String, Option<String>) {
    (offset, key.to_owned(), value.map(str::to_owned))
}

#[test]
fn the_latest_record_of_each_key_stays_at_its_offset() {
    for codec in [
        Compression::None,
        Compression::Gzip,
        Compression::Snappy,
        Compression::Lz4,
        Compression::Zstd,
    ] {
        let place = Place::new();
        let mut log = place.open(compacted(), Shutdown::Clean).unwrap();
        append_bytes(&mut log, keyed(&[("a", Some("1")), ("b", Some("2"))], codec), Origin::Client);
        append_bytes(&mut log, keyed(&[("a", Some("3")), ("c", Some("4"))], codec), Origin::Client);
        log.roll(NOW_MS).unwrap();
        append_bytes(&mut log, keyed(&[("b", Some("5"))], codec), Origin::Client);
        let mut checkpoint = None;
        let done = compact(&mut log, &mut checkpoint, NOW_MS).unwrap();
        assert_eq!((done.end_offset, done.records_read, done.records_kept), (4, 4, 3));
        let expected = [
            entry(1, "b", Some("2")),
            entry(2, "a", Some("3")),
            entry(3, "c", Some("4")),
            entry(4, "b", Some("5")),
        ];
        assert_eq!(contents(&mut log), expected, "{codec:?}; the active segment is not cleaned");
        assert!(compact(&mut log, &mut checkpoint, NOW_MS).is_none(), "nothing is dirty");
        let header = batches(&mut log).unwrap()[0].0;
        assert_eq!((header.base_offset, header.last_offset(), header.records_count), (0, 1, 1));
        assert_eq!(header.attributes.compression().unwrap(), codec);
        assert_eq!(header.max_timestamp, NOW_MS + 1);
        log.close(NOW_MS).unwrap();
        for shutdown in [Shutdown::Clean, UNCLEAN] {
            let mut log = place.open(compacted(), shutdown).unwrap();
            assert_eq!(contents(&mut log), expected);
            assert_eq!(log.state().log_end_offset, 5);
        }
    }
}

#[test]
fn a_tombstone_stays_until_its_horizon() {
    let place = Place::new();
    let mut log = place.open(compacted(), Shutdown::Clean).unwrap();
    append(&mut log, &[("a", Some("1")), ("b", Some("2"))]);
    append(&mut log, &[("a", None), ("c", Some("3"))]);
    log.roll(NOW_MS).unwrap();
    append(&mut log, &[("x", Some("4"))]);
    let mut checkpoint = None;
    compact(&mut log, &mut checkpoint, NOW_MS).unwrap();
    let with_tombstone = [
        entry(1, "b", Some("2")),
        entry(2, "a", None),
        entry(3, "c", Some("3")),
        entry(4, "x", Some("4")),
    ];
    assert_eq!(contents(&mut log), with_tombstone);
    let (header, _) = batches(&mut log).unwrap()[1];
    assert!(header.attributes.has_delete_horizon());
    assert_eq!(header.base_timestamp, NOW_MS + DAY_MS);
    assert_eq!(header.max_timestamp, NOW_MS + 1);
    let timestamps: Vec<_> =
        read_uncommitted(&mut log).iter().map(|record| record.timestamp_ms - NOW_MS).collect();
    assert_eq!(timestamps, [1, 0, 1, 0], "timestamps stay");

    // Before the horizon nothing changes, and the horizon does not move.
    log.roll(NOW_MS).unwrap();
    append(&mut log, &[("y", Some("5"))]);
    compact(&mut log, &mut checkpoint, NOW_MS + DAY_MS - 1).unwrap();
    assert_eq!(contents(&mut log)[..4], with_tombstone);
    log.roll(NOW_MS).unwrap();
    append(&mut log, &[("z", Some("6"))]);
    compact(&mut log, &mut checkpoint, NOW_MS + DAY_MS).unwrap();
    let keys: Vec<_> = contents(&mut log).into_iter().map(|(_, key, _)| key).collect();
    assert_eq!(keys, ["b", "c", "x", "y", "z"]);
    let (header, _) = batches(&mut log).unwrap()[1];
    assert_eq!((header.base_offset, header.last_offset()), (2, 3));
}

#[test]
fn append_times_stay_when_a_horizon_takes_their_place() {
    let place = Place::new();
    let timestamp_type = pybroker_wire::batch::TimestampType::LogAppendTime;
    let mut log = place.open(LogConfig { timestamp_type, ..compacted() }, Shutdown::Clean).unwrap();
    append(&mut log, &[("a", None), ("b", Some("2"))]);
    log.roll(NOW_MS).unwrap();
    append(&mut log, &[("x", Some("4"))]);
    compact(&mut log, &mut None, NOW_MS).unwrap();
    let header = batches(&mut log).unwrap()[0].0;
    assert!(header.attributes.has_delete_horizon());
    assert_eq!(header.max_timestamp, NOW_MS);
    assert!(read_uncommitted(&mut log).iter().all(|record| record.timestamp_ms == NOW_MS));
}

#[test]
fn the_last_batch_of_a_producer_stays_without_records() {
    let place = Place::new();
    let mut log = place.open(compacted(), Shutdown::Clean).unwrap();
    for sequence in 0..4 {
        let mut builder = BatchBuilder::new(0).producer(7, 3, sequence);
        builder.append(NOW_MS, Some(b"key"), Some(b"value"), &[]);
        append_bytes(&mut log, build(builder), Origin::Client);
    }
    append(&mut log, &[("key", Some("newer"))]);
    append(&mut log, &[("another", Some("1"))]);
    log.roll(NOW_MS).unwrap();
    append(&mut log, &[("x", Some("1"))]);
    compact(&mut log, &mut None, NOW_MS).unwrap();
    let headers: Vec<_> =
        batches(&mut log).unwrap().into_iter().map(|(header, _)| header).collect();
    let empty = headers[0];
    assert_eq!((empty.base_offset, empty.last_offset(), empty.records_count), (3, 3, 0));
    assert_eq!((empty.producer_id, empty.producer_epoch, empty.base_sequence), (7, 3, 3));
    assert_eq!((empty.base_timestamp, empty.max_timestamp), (-1, NOW_MS));
    assert_eq!(headers[1..].iter().map(|each| each.base_offset).collect::<Vec<_>>(), [4, 5, 6]);
    drop(log);
    // Without its last batch, the producer would be unknown after this: a gap would not be seen.
    std::fs::remove_file(&place.files(".snapshot")[0]).unwrap();
    let mut log = place.open(compacted(), UNCLEAN).unwrap();
    let mut builder = BatchBuilder::new(0).producer(7, 3, 9);
    builder.append(NOW_MS, Some(b"key"), Some(b"value"), &[]);
    assert!(log.append(&mut build(builder), 0, Origin::Client, NOW_MS).is_err());
    let mut builder = BatchBuilder::new(0).producer(7, 3, 4);
    builder.append(NOW_MS, Some(b"key"), Some(b"value"), &[]);
    assert_eq!(append_bytes(&mut log, build(builder), Origin::Client), 7);
}

fn transactional(producer_id: i64, sequence: i32, pairs: &[Pair<'_>]) -> Vec<u8> {
    let attributes = Attributes::default().with_transactional();
    let mut builder =
        BatchBuilder::new(0).attributes(attributes).producer(producer_id, 0, sequence);
    for (key, value) in pairs {
        builder.append(NOW_MS, Some(key.as_bytes()), value.map(str::as_bytes), &[]);
    }
    build(builder)
}

#[test]
fn aborted_records_go_at_once_and_markers_when_nothing_needs_them() {
    let place = Place::new();
    let mut log = place.open(compacted(), Shutdown::Clean).unwrap();
    append(&mut log, &[("a", Some("0"))]);
    append_bytes(
        &mut log,
        transactional(1, 0, &[("a", Some("no")), ("b", Some("no"))]),
        Origin::Client,
    );
    append_bytes(&mut log, marker(1, 0, Abort, 0), Origin::Coordinator);
    append_bytes(&mut log, transactional(2, 0, &[("c", Some("yes"))]), Origin::Client);
    append_bytes(&mut log, marker(2, 0, Commit, 0), Origin::Coordinator);
    append_bytes(&mut log, transactional(1, 2, &[("d", Some("yes"))]), Origin::Client);
    append_bytes(&mut log, marker(1, 0, Commit, 0), Origin::Coordinator);
    log.roll(NOW_MS).unwrap();
    append(&mut log, &[("c", Some("newer"))]);
    append(&mut log, &[("c", Some("newest"))]);
    let before = read_committed(&mut log);
    let mut checkpoint = None;
    compact(&mut log, &mut checkpoint, NOW_MS).unwrap();
    assert_eq!(read_committed(&mut log), before, "nothing committed was dirty");
    let offsets = |log: &mut Log| -> Vec<i64> {
        batches(log).unwrap().iter().map(|(header, _)| header.base_offset).collect()
    };
    // The abort marker stays: its batch was still there when the pass began.
    assert_eq!(offsets(&mut log), [0, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(log.aborted_in(0..10).unwrap().len(), 1);

    let mut now_ms = NOW_MS;
    for round in 0..3 {
        log.roll(NOW_MS).unwrap();
        append(&mut log, &[("x", Some("1"))]);
        compact(&mut log, &mut checkpoint, now_ms).unwrap();
        now_ms += DAY_MS;
        let has_abort = offsets(&mut log).contains(&3);
        assert_eq!(log.aborted_in(0..10).unwrap().len(), 0, "no batch of it is left");
        // Of no use in the first of these passes, which gives it its horizon; gone when that has passed.
        assert_eq!(has_abort, round == 0, "round {round}");
    }
    // Producer 2's last batch lost its record to a newer one and stays empty; so does its marker stay.
    assert!(offsets(&mut log).contains(&4));
    assert!(offsets(&mut log).contains(&5));
}

#[test]
fn a_transaction_whose_marker_was_compacted_does_not_stay_open() {
    // Whether the log is still a compacted one when it is opened, or not; whether the marker is empty, or gone; whether the
    // transaction was deleted, too.
    let cases = [(true, 2), (true, 3), (false, 2), (false, 3)];
    for (policy, passes, start) in cases.iter().flat_map(|&(a, b)| [(a, b, 0), (a, b, 2)]) {
        let place = Place::new();
        let mut log = place.open(compacted(), Shutdown::Clean).unwrap();
        // So large that the segments stay apart, and with them their snapshots.
        let large = "v".repeat(3_000);
        append_bytes(&mut log, transactional(1, 0, &[("a", Some("1"))]), Origin::Client);
        append(&mut log, &[("large", Some(&large))]);
        // The snapshot that is written here knows the transaction as open.
        log.roll(NOW_MS).unwrap();
        append_bytes(&mut log, marker(1, 0, Abort, 0), Origin::Coordinator);
        if passes == 3 {
            append_bytes(&mut log, producer_batch(1, 0, 1, 1), Origin::Client);
        }
        append(&mut log, &[("large too", Some(&large))]);
        log.roll(NOW_MS).unwrap();
        append(&mut log, &[("b", Some("1"))]);
        log.delete_before(start).unwrap();
        for pass in 0..passes {
            compact(&mut log, &mut None, NOW_MS + pass * 2 * DAY_MS).unwrap();
        }
        let expected = contents(&mut log);
        let end = log.state().log_end_offset;
        assert_eq!(log.state().last_stable_offset, end);
        log.flush(NOW_MS).unwrap();
        drop(log);
        let config = LogConfig { compacted: policy, ..compacted() };
        // Recovery begins with the second segment.
        let mut log = place.open(config, Shutdown::Unclean { recovery_point: 4 }).unwrap();
        let state = log.state();
        assert_eq!((state.last_stable_offset, state.log_end_offset), (end, end));
        assert_eq!(contents(&mut log), expected);
    }
}

#[test]
fn what_an_open_transaction_may_still_change_is_not_cleaned() {
    let place = Place::new();
    let mut log = place.open(compacted(), Shutdown::Clean).unwrap();
    append(&mut log, &[("a", Some("1"))]);
    log.roll(NOW_MS).unwrap();
    append_bytes(&mut log, transactional(1, 0, &[("a", Some("2"))]), Origin::Client);
    log.roll(NOW_MS).unwrap();
    append(&mut log, &[("a", Some("3"))]);
    let dirtiness = log.dirtiness(None, NOW_MS).unwrap();
    assert_eq!(dirtiness.first_uncleanable_offset, 1);
    compact(&mut log, &mut None, NOW_MS).unwrap();
    assert_eq!(contents(&mut log).len(), 3);
    append_bytes(&mut log, marker(1, 0, Commit, 0), Origin::Coordinator);
    let dirtiness = log.dirtiness(Some(1), NOW_MS).unwrap();
    assert_eq!((dirtiness.first_dirty_offset, dirtiness.first_uncleanable_offset), (1, 2));
}

#[test]
fn lags_decide_about_when() {
    let place = Place::new();
    let config = |least: i64, most: i64| LogConfig {
        min_cleanable_dirty_ratio: 1.0,
        min_compaction_lag_ms: least,
        max_compaction_lag_ms: most,
        ..compacted()
    };
    let mut log = place.open(config(0, i64::MAX), Shutdown::Clean).unwrap();
    for _ in 0..3 {
        append(&mut log, &[("a", Some("1"))]);
        log.roll(NOW_MS).unwrap();
    }
    append(&mut log, &[("a", Some("2"))]);
    assert!(!log.dirtiness(None, NOW_MS).unwrap().is_cleanable(), "a ratio of 1 is not above 1");
    assert!(compact(&mut log, &mut None, NOW_MS).is_none());

    log.set_config(config(0, DAY_MS).into());
    assert!(!log.dirtiness(None, NOW_MS + DAY_MS).unwrap().is_overdue());
    let late = log.dirtiness(None, NOW_MS + DAY_MS + 5).unwrap();
    assert!(late.is_overdue());
    assert_eq!(late.delay_ms, 5);

    log.set_config(LogConfig { min_cleanable_dirty_ratio: 0.0, ..config(1000, i64::MAX) }.into());
    let young = log.dirtiness(None, NOW_MS + 999).unwrap();
    assert_eq!((young.first_uncleanable_offset, young.cleanable_bytes), (0, 0));
    let old = log.dirtiness(None, NOW_MS + 1000).unwrap();
    assert_eq!(old.first_uncleanable_offset, 3);
    assert!((old.ratio() - 1.0).abs() < 1e-9);
    let half = log.dirtiness(Some(2), NOW_MS + 1000).unwrap();
    assert!((half.ratio() - 1.0 / 3.0).abs() < 1e-9, "{half:?}");
    for beyond in [99, -1] {
        let reset = log.dirtiness(Some(beyond), NOW_MS + 1000).unwrap();
        assert!(reset.is_checkpoint_invalid);
        assert_eq!(reset.first_dirty_offset, 0);
    }
}

#[test]
fn a_segment_ends_when_its_records_are_to_be_compacted() {
    for (policy, segments) in [(true, 2), (false, 1)] {
        let place = Place::new();
        let config = LogConfig { compacted: policy, max_compaction_lag_ms: 1_000, ..compacted() };
        let mut log = place.open(config, Shutdown::Clean).unwrap();
        for at_ms in [0, 1_000, 1_001] {
            let mut builder = BatchBuilder::new(0);
            builder.append(NOW_MS + at_ms, Some(b"a"), Some(b"1"), &[]);
            append_bytes(&mut log, build(builder), Origin::Client);
        }
        assert_eq!(log.segments().len(), segments);
    }
}

#[test]
fn a_full_map_covers_a_part_and_the_next_pass_goes_on() {
    let place = Place::new();
    let mut log = place.open(compacted(), Shutdown::Clean).unwrap();
    let keys: Vec<String> = (0..100).map(|key| format!("key-{key}")).collect();
    for round in 0..4 {
        for pair in keys.chunks(5) {
            let value = round.to_string();
            let pairs: Vec<_> =
                pair.iter().map(|key| (key.as_str(), Some(value.as_str()))).collect();
            append(&mut log, &pairs);
        }
    }
    log.roll(NOW_MS).unwrap();
    append(&mut log, &[("x", Some("1"))]);
    let expected = latest(&read_uncommitted(&mut log));
    let mut checkpoint = None;
    let mut ends = Vec::new();
    // Room for 33 keys at a time.
    let mut map = OffsetMap::new(40 * 24, 0.85);
    while let Some(done) = compact_with(&mut log, &mut map, &mut checkpoint, NOW_MS).unwrap() {
        assert!(map.len() <= map.capacity());
        ends.push(done.end_offset);
    }
    assert!(ends.len() >= 10, "{ends:?}");
    assert!(ends.is_sorted());
    assert_eq!(ends.last(), Some(&400));
    let records = read_uncommitted(&mut log);
    assert_eq!(latest(&records), expected);
    assert_eq!(records.len(), 101, "each key once, and the active segment");
}

/// A log whose first segments have a batch without records each, and then some with records.
fn emptied(place: &Place) -> Log {
    let mut log = place.open(compacted(), Shutdown::Clean).unwrap();
    for _ in 0..100 {
        append(&mut log, &[("key", Some(&"v".repeat(200)))]);
    }
    log.roll(NOW_MS).unwrap();
    append(&mut log, &[("x", Some("1"))]);
    compact(&mut log, &mut None, NOW_MS).unwrap();
    assert!(log.segments().len() > 4);
    log
}

#[test]
fn a_read_passes_over_what_was_emptied_to_the_records_behind_it() {
    let place = Place::new();
    let mut log = emptied(&place);
    let mut first_at = |offset, upper_bound| {
        let offset = log.offset_of_records(offset, upper_bound).unwrap();
        let slice = log.read(offset, 1 << 20, upper_bound, true).unwrap().to_vec().unwrap();
        let header = Batch::first(&slice).unwrap().header;
        (header.base_offset, header.records_count)
    };
    let (end, latest) = (101, 99);
    for offset in [0, 1, 50, 98] {
        assert_eq!(first_at(offset, end), (latest, 1), "at {offset}");
    }
    assert_eq!(first_at(100, end), (100, 1));
    // Who may not read so far yet still gets past what was emptied.
    let (before, records) = first_at(0, latest);
    assert_eq!(records, 0);
    assert!((1..latest).contains(&before), "as far as it can");
}

#[test]
fn what_was_emptied_is_nothing_that_a_check_finds() {
    let place = Place::new();
    emptied(&place).close(NOW_MS).unwrap();
    assert_eq!(check_partition(&place.folder()).unwrap().findings, []);
}

#[test]
fn segments_grow_together_up_to_the_limit() {
    let place = Place::new();
    let mut log = place.open(compacted(), Shutdown::Clean).unwrap();
    for round in 0..200 {
        let value = "v".repeat(100);
        append(&mut log, &[(&format!("key-{}", round % 40), Some(&value))]);
    }
    log.roll(NOW_MS).unwrap();
    append(&mut log, &[("x", Some("1"))]);
    let before = log.segments().len();
    let mut checkpoint = None;
    compact(&mut log, &mut checkpoint, NOW_MS).unwrap();
    log.roll(NOW_MS).unwrap();
    append(&mut log, &[("x", Some("1"))]);
    compact(&mut log, &mut checkpoint, NOW_MS).unwrap();
    let segments = log.segments();
    assert!(segments.len() <= before / 2, "{before} became {}", segments.len());
    assert!(segments.iter().all(|each| each.size_bytes <= 4096));
    let snapshots = place.files(".snapshot").len();
    assert!(snapshots <= segments.len(), "{snapshots} snapshots");
    assert_eq!(place.log_files().len(), segments.len());
    for name in [".cleaned", ".swap", ".deleted"] {
        assert!(place.files(name).is_empty());
    }
}

#[test]
fn a_log_that_is_truncated_behind_a_gap_ends_before_it() {
    for offset in [2, 3] {
        let place = Place::new();
        let mut log = place.open(compacted(), Shutdown::Clean).unwrap();
        for key in ["a", "b", "c", "b", "d"] {
            append(&mut log, &[(key, Some("1"))]);
        }
        log.truncate_to(4, NOW_MS).unwrap();
        append(&mut log, &[("c", Some("2"))]);
        log.roll(NOW_MS).unwrap();
        append(&mut log, &[("x", Some("1"))]);
        // Of the offsets from 0 to 4, 1 and 2 are gone.
        compact(&mut log, &mut None, NOW_MS).unwrap();
        log.truncate_to(offset, NOW_MS).unwrap();
        assert_eq!(log.state().log_end_offset, 1);
        log.roll(NOW_MS).unwrap();
        append(&mut log, &[("y", Some("1"))]);
        let expected = contents(&mut log);
        drop(log);
        let plain = LogConfig { compacted: false, ..compacted() };
        let mut log = place.open(plain, UNCLEAN).unwrap();
        assert_eq!(contents(&mut log), expected);
    }
}

#[test]
fn segments_have_no_gap_between_them_whatever_the_policy_becomes() {
    let place = Place::new();
    let mut log = place.open(compacted(), Shutdown::Clean).unwrap();
    for round in 0..12 {
        // Nothing of a segment stays but what ends it.
        for _ in 0..3 {
            append(&mut log, &[("a", Some("1")), ("b", Some(&"v".repeat(900)))]);
        }
        append(&mut log, &[("c", Some(&round.to_string()))]);
        log.roll(NOW_MS).unwrap();
    }
    append(&mut log, &[("a", Some("2")), ("b", Some("2")), ("c", Some("2"))]);
    compact(&mut log, &mut None, NOW_MS).unwrap();
    let segments = log.segments();
    assert!(segments.len() > 3);
    let ends: Vec<i64> =
        batches(&mut log).unwrap().iter().map(|(header, _)| header.last_offset() + 1).collect();
    for segment in &segments[1..] {
        assert!(ends.contains(&segment.base_offset), "no batch ends at {}", segment.base_offset);
    }
    let expected = contents(&mut log);
    drop(log);
    let plain = LogConfig { compacted: false, ..compacted() };
    let mut log = place.open(plain, UNCLEAN).unwrap();
    assert_eq!(contents(&mut log), expected, "recovery takes nothing for lost");
}
