//! What expires, in which order the disk learns of it, and what a reader of deleted segments sees.

mod support;

use pybroker_log::{DeletedFiles, Log, LogConfig, ReadError, Rest, Shutdown};
use support::{NOW_MS, Place, UNCLEAN, append, batch_at, small_segments};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A log of segments with two batches each, the records one hour apart and the newest of them at `NOW_MS`.
fn hourly(place: &Place, config: LogConfig, batches: i64) -> Log {
    let mut log = place.open(config, Shutdown::Clean).unwrap();
    for index in 0..batches {
        let timestamp_ms = NOW_MS - (batches - 1 - index) * 60 * 60 * 1000;
        append(&mut log, &mut batch_at(timestamp_ms, &[&[1; 1_500]])).unwrap();
    }
    log
}

fn keeping(retention_ms: i64, retention_bytes: i64) -> LogConfig {
    LogConfig { retention_ms, retention_bytes, ..small_segments() }
}

fn expire(log: &mut Log, now_ms: i64) -> Option<DeletedFiles> {
    let offset = log.retention_offset(now_ms).unwrap();
    let start_move = log.begin_start_move(offset).unwrap()?;
    let stored = start_move.run();
    Some(log.finish_start_move(start_move, stored).unwrap())
}

fn base_offsets(log: &Log) -> Vec<i64> {
    log.segments().iter().map(|segment| segment.base_offset).collect()
}

#[test]
fn segments_expire_by_their_largest_timestamp() {
    let place = Place::new();
    let mut log = hourly(&place, keeping(3 * 60 * 60 * 1000, -1), 10);
    assert_eq!(base_offsets(&log), [0, 2, 4, 6, 8]);
    // Offset 6 is three hours old, which is not more than three hours; 5 is four.
    let deleted = expire(&mut log, NOW_MS).unwrap();
    assert_eq!(deleted.segment_count(), 3);
    assert_eq!(base_offsets(&log), [6, 8]);
    let state = log.state();
    assert_eq!((state.log_start_offset, state.log_end_offset), (6, 10));
    let sizes: u64 = log.segments().iter().map(|segment| segment.size_bytes).sum();
    assert_eq!(state.size_bytes, sizes);
    assert!(expire(&mut log, NOW_MS).is_none(), "nothing more");
}

#[test]
fn a_young_segment_keeps_the_older_ones_behind_it() {
    let place = Place::new();
    let mut log = place.open(keeping(DAY_MS, -1), Shutdown::Clean).unwrap();
    for timestamp_ms in [NOW_MS, NOW_MS, 0, 0, 0] {
        append(&mut log, &mut batch_at(timestamp_ms, &[&[1; 1_500]])).unwrap();
    }
    assert!(expire(&mut log, NOW_MS).is_none());
    assert_eq!(expire(&mut log, NOW_MS + DAY_MS + 1).unwrap().segment_count(), 3);
}

#[test]
fn the_active_segment_is_rolled_when_all_has_expired() {
    let place = Place::new();
    let mut log = hourly(&place, keeping(DAY_MS, -1), 5);
    let deleted = expire(&mut log, NOW_MS + DAY_MS + 1).unwrap();
    assert_eq!(deleted.segment_count(), 3);
    assert_eq!(base_offsets(&log), [5]);
    let state = log.state();
    assert_eq!((state.log_start_offset, state.log_end_offset, state.size_bytes), (5, 5, 0));
    assert!(expire(&mut log, NOW_MS + 9 * DAY_MS).is_none(), "an empty segment never expires");
    let appended = append(&mut log, &mut batch_at(NOW_MS, &[b"x"])).unwrap();
    assert_eq!(appended.base_offset, 5);
}

#[test]
fn the_oldest_segments_go_when_the_log_is_too_large() {
    let place = Place::new();
    let mut log = hourly(&place, keeping(-1, 0), 6);
    let segment_bytes = log.segments()[0].size_bytes;
    for (retention_bytes, left) in [
        (3 * segment_bytes as i64, vec![0, 2, 4]),
        (2 * segment_bytes as i64 + 1, vec![0, 2, 4]),
        (2 * segment_bytes as i64, vec![2, 4]),
        (1, vec![4]),
        (0, vec![6]),
    ] {
        log.set_config(keeping(-1, retention_bytes).into());
        let _ = expire(&mut log, NOW_MS);
        assert_eq!(base_offsets(&log), left, "{retention_bytes}");
    }
}

#[test]
fn what_was_left_behind_the_start_goes_and_does_not_count() {
    let place = Place::new();
    let config = LogConfig { segment_bytes: 8_000, ..keeping(-1, 3_000) };
    let mut log = place.open(config, Shutdown::Clean).unwrap();
    for _ in 0..4 {
        append(&mut log, &mut batch_at(NOW_MS, &[&[1; 1_500]])).unwrap();
    }
    // The active segment stays, whatever is before the start.
    assert_eq!(log.delete_before(4).unwrap(), 4);
    assert_eq!(base_offsets(&log), [0]);
    for _ in 0..2 {
        append(&mut log, &mut batch_at(NOW_MS, &[&[1; 1_500]])).unwrap();
    }
    assert_eq!(base_offsets(&log), [0, 5]);
    log.delete_before(5).unwrap();
    log.roll(NOW_MS).unwrap();
    append(&mut log, &mut batch_at(NOW_MS, &[&[1; 1_500]])).unwrap();
    assert_eq!(base_offsets(&log), [5, 6]);

    // Deleted to the end, then rolled: nobody reads the segment, and it does not push out what is young.
    assert_eq!(log.delete_before(7).unwrap(), 7);
    log.roll(NOW_MS).unwrap();
    append(&mut log, &mut batch_at(NOW_MS, &[&[1; 2_000]])).unwrap();
    assert_eq!(base_offsets(&log), [6, 7]);
    assert_eq!(log.retention_offset(NOW_MS).unwrap(), 7);
    assert_eq!(expire(&mut log, NOW_MS).unwrap().segment_count(), 1);
    assert_eq!(base_offsets(&log), [7]);
    assert!(expire(&mut log, NOW_MS).is_none());
}

#[test]
fn nothing_expires_without_limits_or_with_compaction_only() {
    let place = Place::new();
    let mut log = hourly(&place, keeping(-1, -1), 6);
    assert!(expire(&mut log, i64::MAX).is_none());
    let compacted = LogConfig { deletes: false, compacted: true, ..keeping(0, 0) };
    log.set_config(compacted.into());
    assert!(expire(&mut log, i64::MAX).is_none());
}

#[test]
fn records_without_timestamps_are_as_old_as_their_file() {
    let place = Place::new();
    let mut log = place.open(keeping(DAY_MS, -1), Shutdown::Clean).unwrap();
    append(&mut log, &mut batch_at(-1, &[b"x"])).unwrap();
    let written = std::fs::metadata(&place.log_files()[0]).unwrap().modified().unwrap();
    let written_ms = written.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
    assert!(expire(&mut log, written_ms + DAY_MS).is_none());
    assert!(expire(&mut log, written_ms + DAY_MS + 1).is_some());
}

#[test]
fn retention_reads_the_age_of_segments_that_it_never_opened() {
    let place = Place::new();
    hourly(&place, keeping(-1, -1), 10).close(NOW_MS).unwrap();
    let mut log = place.open(keeping(3 * 60 * 60 * 1000, -1), Shutdown::Clean).unwrap();
    log.rest(Rest::All);
    assert_eq!(expire(&mut log, NOW_MS).unwrap().segment_count(), 3);
    assert!(!log.has_open_files(), "the end of a time index says it");
}

#[test]
fn many_segments_expire_in_several_looks() {
    let place = Place::new();
    let mut log = place.open(keeping(1, -1), Shutdown::Clean).unwrap();
    for _ in 0..300 {
        append(&mut log, &mut batch_at(0, &[&[1; 1_500]])).unwrap();
    }
    let mut looks = Vec::new();
    while let Some(deleted) = expire(&mut log, NOW_MS) {
        looks.push(deleted.segment_count());
    }
    assert_eq!(looks, [64, 64, 22]);
    assert_eq!(log.state().log_start_offset, 300);
}

#[test]
fn other_limits_hold_from_the_next_look_on() {
    let place = Place::new();
    let mut log = hourly(&place, keeping(-1, -1), 10);
    assert!(expire(&mut log, NOW_MS).is_none());
    log.set_config(keeping(3 * 60 * 60 * 1000, -1).into());
    assert_eq!(expire(&mut log, NOW_MS).unwrap().segment_count(), 3);
}

#[test]
fn files_are_renamed_first_and_unlinked_later() {
    let place = Place::new();
    let config = LogConfig { file_delete_delay_ms: 1_234, ..keeping(-1, 0) };
    let mut log = hourly(&place, config, 6);
    let mut slice = log.read(0, 1 << 20, 6, true).unwrap();
    let expected = slice.to_vec().unwrap();
    let deleted = expire(&mut log, NOW_MS).unwrap();
    assert_eq!(deleted.delay().as_millis(), 1_234);
    deleted.set_aside().unwrap();
    // Three segments with their indexes, and the producer snapshots of all but the first.
    assert_eq!(place.files(".deleted").len(), 3 * 3 + 2);
    assert_eq!(place.log_files().len(), 1);
    assert_eq!(slice.to_vec().unwrap(), expected, "what is being read stays");
    deleted.unlink().unwrap();
    deleted.unlink().unwrap();
    assert!(place.files(".deleted").is_empty());
    slice.position += 10;
    assert_eq!(slice.to_vec().unwrap(), expected[10..], "even when it is gone");
    let read = log.read(0, 1 << 20, 6, true);
    assert!(matches!(read, Err(ReadError::OffsetOutOfRange { log_start_offset: 6, .. })));
}

#[test]
fn a_crash_between_any_two_steps_leaves_the_old_start_or_the_new_one() {
    for steps in 0..6 {
        let place = Place::new();
        let mut log = hourly(&place, keeping(-1, 0), 8);
        log.flush(NOW_MS).unwrap();
        let offset = log.retention_offset(NOW_MS).unwrap();
        assert_eq!(offset, 8);
        let start_move = log.begin_start_move(6).unwrap().unwrap();
        let mut start = 0;
        if steps > 0 {
            start_move.run().unwrap();
            start = 6;
        }
        if steps > 1 {
            let deleted = log.finish_start_move(start_move, Ok(())).unwrap();
            if steps > 2 {
                // As far as half of the names: a log, and the index of another.
                let from = place.log_files()[0].clone();
                std::fs::rename(&from, from.with_extension("log.deleted")).unwrap();
                let index = place.files(".index")[1].clone();
                std::fs::rename(&index, index.with_extension("index.deleted")).unwrap();
            }
            if steps > 3 {
                deleted.set_aside().unwrap();
            }
            if steps > 4 {
                deleted.unlink().unwrap();
            }
        }
        drop(log);
        let mut log = place.open(keeping(-1, -1), UNCLEAN).unwrap();
        let state = log.state();
        assert_eq!((state.log_start_offset, state.log_end_offset), (start, 8), "{steps} steps");
        assert_eq!(base_offsets(&log)[0], start);
        assert!(place.files(".deleted").is_empty());
        assert!(log.read(start, 1 << 20, 8, true).unwrap().len > 0);
    }
}

#[test]
fn a_start_that_is_there_already_or_behind_the_end_is_not_moved() {
    let place = Place::new();
    let log = hourly(&place, keeping(-1, -1), 4);
    assert!(log.begin_start_move(0).unwrap().is_none());
    assert!(log.begin_start_move(-1).unwrap().is_none());
    assert!(matches!(log.begin_start_move(5), Err(ReadError::OffsetOutOfRange { .. })));
    let _ = log.begin_start_move(4).unwrap().unwrap();
}

#[test]
fn the_folder_of_a_topic_with_the_longest_name_can_be_set_aside() {
    let place = Place::new();
    let folder = place.log_dir().join(format!("{}-0", "t".repeat(249)));
    let options = pybroker_log::OpenOptions {
        topic_id: support::TOPIC_ID,
        config: LogConfig::default().into(),
        shutdown: Shutdown::Clean,
        log_start_offset: 0,
        now_ms: NOW_MS,
    };
    let log = Log::open(&folder, options).unwrap();
    let deleted = log.delete().unwrap();
    deleted.set_aside().unwrap();
    let found = pybroker_log::find_deleted(place.log_dir()).unwrap();
    assert_eq!(found.len(), 1);
    let name = std::fs::read_dir(place.log_dir()).unwrap().next().unwrap().unwrap().file_name();
    let name = name.to_str().unwrap();
    assert_eq!(name.len(), 255);
    assert!(name.ends_with(&format!("t-0.{}-delete", "07".repeat(16))), "{name}");
    found[0].unlink().unwrap();
    assert_eq!(std::fs::read_dir(place.log_dir()).unwrap().count(), 0);
}
