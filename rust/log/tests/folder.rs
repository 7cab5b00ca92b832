//! A log's folder: what is in it, whose it is, what is removed from it, and what a restart finds.

mod support;

use std::sync::Arc;

use pybroker_log::{Log, LogConfig, LogError, OpenOptions, Shutdown, checkpoints, read_topic_id};
use pybroker_wire::{Batches, Uuid};
use support::{
    NOW_MS, Place, TOPIC_ID, UNCLEAN, append, batch, names, producer_batch, read_all,
    small_segments, three_batches,
};

#[test]
fn a_closed_log_has_kafkas_files() {
    let place = Place::new();
    let mut log = place.create();
    append(&mut log, &mut producer_batch(1, 0, 0, 3)).unwrap();
    log.close(NOW_MS).unwrap();
    assert_eq!(
        names(&place.folder()),
        [
            "00000000000000000000.index",
            "00000000000000000000.log",
            "00000000000000000000.timeindex",
            "00000000000000000003.snapshot",
            "leader-epoch-checkpoint",
            "partition.metadata"
        ]
    );
}

#[test]
fn the_log_start_offset_survives() {
    let place = Place::new();
    let mut log = place.open(small_segments(), Shutdown::Clean).unwrap();
    for _ in 0..40 {
        append(&mut log, &mut batch(&[&[1; 200], b"x"])).unwrap();
    }
    assert_eq!(log.delete_before(33).unwrap(), 33);
    assert_eq!(log.delete_before(7).unwrap(), 33);
    assert!(log.delete_before(81).is_err());
    let segments = log.segments();
    assert!(segments[0].base_offset <= 33, "the segment with the start stays: {segments:?}");
    assert!(segments[1].base_offset > 33, "segments before it are gone: {segments:?}");
    drop(log);
    let mut log = place.open(small_segments(), UNCLEAN).unwrap();
    assert_eq!(log.state().log_start_offset, 33);
    assert!(log.read(32, 100, 80, true).is_err());
    let slice = log.read(33, 1, 80, true).unwrap().to_vec().unwrap();
    let first = Batches::new(&slice).next().unwrap().unwrap();
    assert_eq!(first.header.base_offset, 32, "the whole batch comes");
    assert_eq!(log.delete_before(80).unwrap(), 80);
    assert_eq!(log.read(80, 100, 80, true).unwrap().len, 0);
}

#[test]
fn a_checkpoint_beyond_what_is_left_moves_the_log_on() {
    let place = Place::new();
    three_batches(&place);
    let options = OpenOptions {
        topic_id: TOPIC_ID,
        config: Arc::new(LogConfig::default()),
        shutdown: UNCLEAN,
        log_start_offset: 100,
        now_ms: NOW_MS,
    };
    let mut log = Log::open(&place.folder(), options).unwrap();
    let state = log.state();
    assert_eq!((state.log_start_offset, state.log_end_offset), (100, 100));
    assert_eq!(append(&mut log, &mut batch(&[b"a"])).unwrap().base_offset, 100);
}

#[test]
fn a_folder_of_another_topic_is_not_opened() {
    let place = Place::new();
    three_batches(&place);
    assert_eq!(read_topic_id(&place.folder()).unwrap(), Some(TOPIC_ID));
    let options = OpenOptions {
        topic_id: Uuid([9; 16]),
        config: Arc::new(LogConfig::default()),
        shutdown: UNCLEAN,
        log_start_offset: 0,
        now_ms: NOW_MS,
    };
    let opened = Log::open(&place.folder(), options);
    assert!(matches!(opened, Err(LogError::TopicId { .. })), "{opened:?}");
}

#[test]
fn leftovers_of_interrupted_operations_are_removed() {
    let place = Place::new();
    three_batches(&place);
    for name in ["00000000000000000000.log.deleted", "leader-epoch-checkpoint.tmp", "x.cleaned"] {
        std::fs::write(place.folder().join(name), b"old").unwrap();
    }
    std::fs::write(place.folder().join("00000000000000000099.snapshot"), b"old").unwrap();
    place.open(LogConfig::default(), UNCLEAN).unwrap();
    let left = names(&place.folder());
    assert!(left.iter().all(|name| !name.contains("deleted") && !name.contains("tmp")), "{left:?}");
    assert!(!left.contains(&"00000000000000000099.snapshot".to_owned()), "{left:?}");
}

#[test]
fn a_deleted_log_leaves_nothing_and_can_be_made_again() {
    let place = Place::new();
    three_batches(&place);
    let mut log = place.open(LogConfig::default(), UNCLEAN).unwrap();
    let slice = log.read(0, 1 << 20, 6, true).unwrap();
    let deleted = log.delete().unwrap();
    assert!(!place.folder().exists());
    deleted.set_aside().unwrap();
    deleted.unlink().unwrap();
    assert!(names(place.log_dir()).is_empty());
    assert_eq!(slice.to_vec().unwrap().len(), slice.len, "what is being sent is sent");
    assert_eq!(place.create().state().log_end_offset, 0);
    std::fs::create_dir(place.log_dir().join("old-0.0123-delete")).unwrap();
    for deleted in pybroker_log::find_deleted(place.log_dir()).unwrap() {
        deleted.unlink().unwrap();
    }
    assert_eq!(names(place.log_dir()), ["payments-0"]);
}

#[test]
fn checkpoints_carry_a_log_dir_over_a_restart() {
    let place = Place::new();
    let path = place.log_dir().join(checkpoints::RECOVERY_POINT_FILE);
    let mut offsets = checkpoints::Offsets::new();
    offsets.insert(("payments".to_owned(), 0), 6);
    checkpoints::write_offsets(&path, &offsets).unwrap();
    assert_eq!(checkpoints::read_offsets(&path).unwrap(), offsets);
}

#[test]
fn kafkas_own_batches_are_a_log() {
    let vectors =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../wire/tests/data/record-batch-vectors.jsonl");
    let text = std::fs::read_to_string(vectors).unwrap();
    let mut count = 0;
    for line in text.lines() {
        let vector: serde_json::Value = serde_json::from_str(line).unwrap();
        let hex = vector["hex"].as_str().unwrap();
        let bytes: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect();
        let batches = vector["batches"].as_array().unwrap();
        let first = batches[0]["baseOffset"].as_i64().unwrap();
        let last = batches.last().unwrap()["lastOffset"].as_i64().unwrap();
        let place = Place::new();
        std::fs::create_dir(place.folder()).unwrap();
        std::fs::write(place.folder().join(format!("{first:020}.log")), &bytes).unwrap();
        let mut log = place.open(LogConfig::default(), UNCLEAN).unwrap();
        let state = log.state();
        assert_eq!((state.log_start_offset, state.log_end_offset), (first, last + 1), "{vector}");
        assert_eq!(read_all(&mut log, first), bytes);
        let records = batches.iter().flat_map(|batch| batch["records"].as_array().unwrap());
        let largest = records.clone().map(|record| record["timestamp"].as_i64().unwrap()).max();
        let expected = records
            .filter(|record| record["timestamp"].as_i64() == largest)
            .map(|record| record["offset"].as_i64().unwrap())
            .next();
        assert_eq!(log.max_timestamp().unwrap().map(|found| found.offset), expected, "{vector}");
        count += 1;
    }
    assert!(count >= 29, "{count}");
}

#[test]
#[cfg(target_os = "linux")]
fn old_segments_do_not_keep_their_files_open() {
    let place = Place::new();
    let mut log = place.open(small_segments(), Shutdown::Clean).unwrap();
    for _ in 0..400 {
        append(&mut log, &mut batch(&[&[1; 400]])).unwrap();
    }
    log.flush(NOW_MS).unwrap();
    assert!(log.segments().len() > 30);
    read_all(&mut log, 0);
    let folder = place.folder();
    let open = std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter(|path| path.starts_with(&folder))
        .count();
    assert!(open <= 6, "{open} files are open");
}
