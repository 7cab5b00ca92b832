//! Opening logs in every state that a shutdown, a crash or a damaged disk leaves.

mod support;

use std::sync::Arc;

use pybroker_log::simulated::{Fault, Operation, SimulatedDisk};
use pybroker_log::{Log, LogConfig, LogError, OpenOptions, Origin, Rest, Shutdown};
use pybroker_wire::Batches;
use support::{
    NOW_MS, Place, Random, TOPIC_ID, UNCLEAN, append, batch, batch_at, names, producer_batch,
    read_all, small_segments, three_batches,
};

fn only_log_file(place: &Place) -> std::path::PathBuf {
    let files = place.log_files();
    assert_eq!(files.len(), 1);
    files[0].clone()
}

fn open(place: &Place, shutdown: Shutdown) -> Result<Log, LogError> {
    place.open(LogConfig::default(), shutdown)
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_at_the_last_whole_batch() {
    let place = Place::new();
    let stored = three_batches(&place);
    let path = only_log_file(&place);
    let whole = std::fs::read(&path).unwrap();
    assert_eq!(whole, stored.concat());
    for len in 0..=whole.len() {
        std::fs::write(&path, &whole[..len]).unwrap();
        let mut log = open(&place, UNCLEAN).unwrap();
        let kept = len / stored[0].len();
        assert_eq!(log.state().log_end_offset, kept as i64 * 2, "cut at {len}");
        assert_eq!(read_all(&mut log, 0), stored[..kept].concat(), "cut at {len}");
        assert_eq!(append(&mut log, &mut batch(&[b"next"])).unwrap().base_offset, kept as i64 * 2);
    }
}

#[test]
fn zeros_and_rubbish_after_the_end_are_cut() {
    let place = Place::new();
    let stored = three_batches(&place);
    let path = only_log_file(&place);
    let whole = std::fs::read(&path).unwrap();
    let zeros = vec![0; 300_000];
    let ones = vec![0xff; 70];
    let torn = &stored[1][..40];
    for tail in [&zeros[..], &ones, torn, &[&[0; 9][..], &ones, &zeros].concat(), &[0][..]] {
        std::fs::write(&path, [&whole, tail].concat()).unwrap();
        let mut log = open(&place, UNCLEAN).unwrap();
        assert_eq!(read_all(&mut log, 0), whole);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), whole.len() as u64);
    }
}

#[test]
fn damage_before_valid_batches_keeps_the_log_closed_and_says_where() {
    let place = Place::new();
    let stored = three_batches(&place);
    let path = only_log_file(&place);
    let whole = std::fs::read(&path).unwrap();
    let second = stored[0].len();
    // Payload, checksum, length (small and large), magic of the second batch.
    for at in [second + 70, second + 18, second + 11, second + 8, second + 16] {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x11;
        std::fs::write(&path, &damaged).unwrap();
        match open(&place, UNCLEAN) {
            Err(LogError::Corrupt { path: named, position, offset, .. }) => {
                assert_eq!((named, position, offset), (path.clone(), second as u64, 2));
            }
            other => panic!("byte {at}: {other:?}"),
        }
        assert_eq!(std::fs::read(&path).unwrap(), damaged, "nothing is cut");
    }
    // The base offset stands outside of the checksum: the third batch gives it away.
    let mut damaged = whole.clone();
    damaged[second + 7] ^= 0x11;
    std::fs::write(&path, &damaged).unwrap();
    let opened = open(&place, UNCLEAN);
    assert!(matches!(opened, Err(LogError::Corrupt { .. })), "{opened:?}");
    // Damage in the last batch is a torn tail.
    let mut damaged = whole.clone();
    damaged[2 * second + 70] ^= 0x11;
    std::fs::write(&path, &damaged).unwrap();
    assert_eq!(open(&place, UNCLEAN).unwrap().state().log_end_offset, 4);
}

#[test]
fn damage_in_an_older_segment_is_no_torn_tail() {
    let place = Place::new();
    let mut log = place.open(small_segments(), Shutdown::Clean).unwrap();
    while log.segments().len() < 3 {
        append(&mut log, &mut batch(&[&[1; 400]])).unwrap();
    }
    drop(log);
    let oldest = place.log_files()[0].clone();
    let bytes = std::fs::read(&oldest).unwrap();
    std::fs::write(&oldest, &bytes[..bytes.len() - 5]).unwrap();
    let opened = place.open(small_segments(), UNCLEAN);
    assert!(matches!(opened, Err(LogError::Corrupt { .. })), "{opened:?}");
    // So is a tail that is missing from it to the byte.
    let batches: Vec<usize> =
        Batches::new(&bytes).map(|batch| batch.unwrap().bytes.len()).collect();
    let last = batches[batches.len() - 1];
    std::fs::write(&oldest, &bytes[..bytes.len() - last]).unwrap();
    let opened = place.open(small_segments(), UNCLEAN);
    assert!(matches!(opened, Err(LogError::Corrupt { .. })), "{opened:?}");
    // Before the recovery point nobody looks.
    let second: i64 = place.log_files()[1].file_stem().unwrap().to_str().unwrap().parse().unwrap();
    let shutdown = Shutdown::Unclean { recovery_point: second + 1 };
    place.open(small_segments(), shutdown).unwrap();
}

#[test]
fn damage_before_the_recovery_point_is_not_looked_for() {
    let place = Place::new();
    let mut log = place.open(small_segments(), Shutdown::Clean).unwrap();
    for _ in 0..40 {
        append(&mut log, &mut batch(&[&[1; 300]])).unwrap();
    }
    let recovery_point = log.segments()[2].base_offset;
    drop(log);
    let path = &place.log_files()[0];
    let mut bytes = std::fs::read(path).unwrap();
    bytes[100] ^= 1;
    std::fs::write(path, &bytes).unwrap();
    // As in Kafka: what was flushed is not read again, and whoever consumes it checks it.
    let unclean = Shutdown::Unclean { recovery_point };
    let mut log = place.open(small_segments(), unclean).unwrap();
    assert_eq!(log.state().log_end_offset, 40);
    assert_eq!(read_all(&mut log, 0)[..bytes.len()], bytes);
    drop(log);
    assert!(matches!(place.open(small_segments(), UNCLEAN), Err(LogError::Corrupt { .. })));
}

#[test]
fn before_the_recovery_point_headers_alone_are_read() {
    let place = Place::new();
    let stored = three_batches(&place);
    let path = only_log_file(&place);
    let third = stored[0].len() + stored[1].len();
    let damage = |position: usize| {
        let mut bytes = stored.concat();
        bytes[position] ^= 1;
        std::fs::write(&path, bytes).unwrap();
    };
    let recovered = |recovery_point| open(&place, Shutdown::Unclean { recovery_point });
    // The recovery point is the end of the second batch, and is reached, in the midst of the segment.
    damage(third - 1);
    let log = recovered(4).unwrap();
    assert_eq!((log.state().log_end_offset, log.state().recovery_point), (6, 4));
    drop(log);
    assert!(matches!(recovered(3), Err(LogError::Corrupt { .. })), "a part of it is not flushed");
    // What leads the scan astray is found all the same.
    damage(stored[0].len() + 7);
    assert!(matches!(recovered(4), Err(LogError::Corrupt { .. })));
    damage(third + stored[2].len() - 1);
    assert_eq!(recovered(4).unwrap().state().log_end_offset, 4);
}

#[test]
fn a_batch_within_a_torn_batch_is_not_taken_for_one_that_follows() {
    let place = Place::new();
    let mut log = place.create();
    append(&mut log, &mut batch(&[b"a"])).unwrap();
    // A value that is itself a batch of the log, with a later offset.
    let mut inner = batch(&[b"inner"]);
    pybroker_wire::batch::set_base_offset(&mut inner, 50);
    let mut outer = batch(&[&inner, &[0; 100]]);
    append(&mut log, &mut outer).unwrap();
    drop(log);
    let path = only_log_file(&place);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 30]).unwrap();
    assert_eq!(open(&place, UNCLEAN).unwrap().state().log_end_offset, 1);
    let mut damaged = whole.clone();
    let last = damaged.len() - 10;
    damaged[last] ^= 1;
    std::fs::write(&path, &damaged).unwrap();
    assert_eq!(open(&place, UNCLEAN).unwrap().state().log_end_offset, 1);
}

#[test]
fn missing_and_wrong_indexes_are_built_anew() {
    let mut random = Random(5);
    for round in 0..100 {
        let place = Place::new();
        // The end of a large segment is found through its index, that of a small one without.
        let segment_bytes = if round % 2 == 0 { 4_096 } else { 1 << 20 };
        let config = LogConfig { segment_bytes, ..small_segments() };
        let mut log = place.open(config.clone(), Shutdown::Clean).unwrap();
        for _ in 0..40 {
            append(&mut log, &mut batch(&[&[1; 200]])).unwrap();
        }
        let expected = read_all(&mut log, 0);
        log.close(NOW_MS).unwrap();
        for path in [place.files(".index"), place.files(".timeindex")].concat() {
            let mut bytes = std::fs::read(&path).unwrap();
            match round / 2 % 5 {
                0 => std::fs::remove_file(&path).unwrap(),
                1 => std::fs::write(&path, random.bytes(33)).unwrap(),
                3 => std::fs::write(&path, []).unwrap(),
                2 => {
                    // One byte: it may still look like an index.
                    let at = random.below(bytes.len() as u64) as usize;
                    bytes[at] ^= 1 << random.below(8);
                    std::fs::write(&path, bytes).unwrap();
                }
                _ => std::fs::write(&path, [&bytes[..], &[0; 96]].concat()).unwrap(),
            }
        }
        let mut log = place.open(config, Shutdown::Clean).unwrap();
        assert_eq!(log.state().log_end_offset, 40, "round {round}");
        if round % 3 == 0 {
            assert_eq!(append(&mut log, &mut batch(&[b"next"])).unwrap().base_offset, 40);
            log.truncate_to(40, NOW_MS).unwrap();
        }
        for offset in 0..40 {
            let slice = log.read(offset, 1, 40, true).unwrap().to_vec().unwrap();
            let first = Batches::new(&slice).next().unwrap().unwrap();
            assert_eq!(first.header.base_offset, offset, "round {round}");
        }
        assert_eq!(read_all(&mut log, 0), expected);
        let found = log.find_by_timestamp(NOW_MS).unwrap().unwrap();
        assert_eq!(found.offset, 0);
    }
}

#[test]
fn an_index_that_looks_right_and_points_too_far_is_noticed() {
    let place = Place::new();
    let config = LogConfig { index_interval_bytes: 1000, ..LogConfig::default() };
    let mut log = place.open(config.clone(), Shutdown::Clean).unwrap();
    for _ in 0..40 {
        append(&mut log, &mut batch(&[&[1; 200], b"x"])).unwrap();
    }
    log.close(NOW_MS).unwrap();
    let path = &place.files(".index")[0];
    let mut bytes = std::fs::read(path).unwrap();
    let entry = |bytes: &[u8], at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    // The second entry claims the offset after the first one: what lies between would be skipped.
    let claimed = entry(&bytes, 0) + 1;
    assert!(entry(&bytes, 8) > claimed + 2);
    bytes[8..12].copy_from_slice(&claimed.to_be_bytes());
    std::fs::write(path, bytes).unwrap();
    let mut log = place.open(config, Shutdown::Clean).unwrap();
    for offset in 0..80 {
        let slice = log.read(offset, 1, 80, true).unwrap().to_vec().unwrap();
        let first = Batches::new(&slice).next().unwrap().unwrap();
        assert_eq!(first.header.base_offset, offset / 2 * 2);
    }
}

#[test]
fn recovery_writes_the_indexes_of_closed_segments_and_the_leader_epochs() {
    let place = Place::new();
    let mut log = place.open(small_segments(), Shutdown::Clean).unwrap();
    for epoch in [0, 0, 3, 3, 4] {
        for _ in 0..10 {
            log.append(&mut batch(&[&[1; 200]]), epoch, Origin::Client, NOW_MS).unwrap();
        }
    }
    drop(log);
    let count = place.log_files().len();
    let indexes = [place.files(".index"), place.files(".timeindex")].concat();
    let expected: Vec<Vec<u8>> = indexes.iter().map(|path| std::fs::read(path).unwrap()).collect();
    for path in &indexes {
        std::fs::remove_file(path).unwrap();
    }
    let checkpoint = place.folder().join("leader-epoch-checkpoint");
    std::fs::write(&checkpoint, "0\n2\n0 0\n7 12\n").unwrap();
    let log = place.open(small_segments(), UNCLEAN).unwrap();
    assert_eq!(indexes.len(), 2 * (count - 1), "the active segment's are in memory");
    for (path, expected) in indexes.iter().zip(expected) {
        assert_eq!(std::fs::read(path).unwrap(), expected, "{path:?}");
    }
    assert_eq!(std::fs::read_to_string(&checkpoint).unwrap(), "0\n3\n0 0\n3 20\n4 40\n");
    assert_eq!(log.end_offset_for_epoch(3), Some((3, 40)));
}

#[test]
fn no_damage_to_any_file_makes_opening_or_reading_panic() {
    let mut random = Random(11);
    let mut opened = 0;
    for round in 0..120 {
        let place = Place::new();
        let mut log = place.open(small_segments(), Shutdown::Clean).unwrap();
        for sequence in 0..20 {
            append(&mut log, &mut batch(&[&[1; 300]])).unwrap();
            append(&mut log, &mut producer_batch(1, 0, sequence, 1)).unwrap();
        }
        log.close(NOW_MS).unwrap();
        for _ in 0..=random.below(4) {
            let names = names(&place.folder());
            let name = &names[random.below(names.len() as u64) as usize];
            let path = place.folder().join(name);
            let mut bytes = std::fs::read(&path).unwrap();
            let at = random.below(bytes.len() as u64) as usize;
            match random.below(4) {
                0 => bytes.truncate(at),
                1 => bytes.extend(random.bytes(100)),
                2 => bytes.splice(at..at, [0; 64]).for_each(drop),
                _ if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
                _ => {}
            }
            std::fs::write(&path, bytes).unwrap();
        }
        let shutdown = match random.below(3) {
            0 => Shutdown::Clean,
            1 => UNCLEAN,
            _ => Shutdown::Unclean { recovery_point: random.below(50) as i64 },
        };
        let Ok(mut log) = place.open(small_segments(), shutdown) else {
            continue;
        };
        opened += 1;
        let state = log.state();
        for offset in state.log_start_offset..=state.log_end_offset {
            let _ = log.read(offset, 500, state.log_end_offset, round % 2 == 0);
        }
        let _ = log.find_by_timestamp(NOW_MS);
        let _ = log.max_timestamp();
        let _ = append(&mut log, &mut batch(&[b"more"]));
        let _ = log.close(NOW_MS);
    }
    assert!(opened > 40, "{opened}");
}

#[test]
fn a_clean_shutdown_that_was_none_is_noticed_at_the_end_of_the_log() {
    let place = Place::new();
    let stored = three_batches(&place);
    let path = only_log_file(&place);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let mut log = open(&place, Shutdown::Clean).unwrap();
    assert_eq!(read_all(&mut log, 0), stored[..2].concat());
}

#[test]
fn the_recovery_point_of_an_unclean_log_does_not_move_by_itself() {
    let place = Place::new();
    three_batches(&place);
    let mut log = open(&place, Shutdown::Unclean { recovery_point: 2 }).unwrap();
    assert_eq!(log.state().recovery_point, 2);
    log.flush(NOW_MS).unwrap();
    assert_eq!(log.state().recovery_point, 6);
}

#[test]
fn of_a_recovery_point_past_the_end_nothing_is_believed() {
    let place = Place::new();
    let stored = three_batches(&place);
    let mut log = open(&place, Shutdown::Unclean { recovery_point: 99 }).unwrap();
    assert_eq!(log.state().recovery_point, 0);
    assert_eq!(read_all(&mut log, 0), stored.concat());
}

#[test]
fn indexes_that_could_not_be_built_are_built_when_the_disk_works_again() {
    let disk = SimulatedDisk::new(1);
    let folder = disk.root().join("payments-0");
    let options = OpenOptions {
        topic_id: TOPIC_ID,
        config: Arc::new(small_segments()),
        shutdown: Shutdown::Clean,
        log_start_offset: 0,
        now_ms: NOW_MS,
    };
    let mut log = Log::open(&folder, options.clone()).unwrap();
    for _ in 0..10 {
        append(&mut log, &mut batch(&[&[1; 200]])).unwrap();
    }
    log.close(NOW_MS).unwrap();
    for path in disk.files(&folder) {
        if path.extension().is_some_and(|extension| extension == "timeindex") {
            disk.take_away(&path);
        }
    }
    let mut log = Log::open(&folder, options).unwrap();
    disk.fail(Fault::next(Operation::Read));
    assert!(log.find_by_timestamp(NOW_MS).is_err());
    disk.clear_faults();
    assert_eq!(log.find_by_timestamp(NOW_MS).unwrap().unwrap().offset, 0);
}

#[test]
fn a_full_disk_keeps_nobody_from_reading_a_segment_without_indexes() {
    // Records without timestamps have no time index, and it looks as if it was lost.
    for (timestamp_ms, lost) in [(NOW_MS, "index"), (NOW_MS, "timeindex"), (-1, "nothing")] {
        let disk = SimulatedDisk::new(1);
        let folder = disk.root().join("payments-0");
        let options = OpenOptions {
            topic_id: TOPIC_ID,
            config: Arc::new(small_segments()),
            shutdown: Shutdown::Clean,
            log_start_offset: 0,
            now_ms: NOW_MS,
        };
        let mut log = Log::open(&folder, options).unwrap();
        for _ in 0..10 {
            append(&mut log, &mut batch_at(timestamp_ms, &[&[1; 200]])).unwrap();
        }
        log.roll(NOW_MS).unwrap();
        let expected = read_all(&mut log, 5);
        log.flush(NOW_MS).unwrap();
        log.rest(Rest::All);
        disk.take_away(&folder.join(format!("00000000000000000000.{lost}")));
        disk.set_capacity(Some(disk.used_bytes()));
        assert_eq!(read_all(&mut log, 5), expected, "{lost}");
        assert_eq!(log.offline_reason(), None);
        disk.set_capacity(None);
        log.rest(Rest::All);
        assert_eq!(read_all(&mut log, 5), expected, "{lost}");
    }
}

/// Opens the log of a topic with compaction.
fn open_compacted(disk: &SimulatedDisk, shutdown: Shutdown) -> Result<Log, LogError> {
    let config = Arc::new(LogConfig { compacted: true, ..small_segments() });
    let options =
        OpenOptions { topic_id: TOPIC_ID, config, shutdown, log_start_offset: 0, now_ms: NOW_MS };
    Log::open(&disk.root().join("payments-0"), options)
}

#[test]
fn segments_behind_a_torn_tail_do_not_come_back_once_the_log_is_open() {
    for (changes, seed) in (0..12).flat_map(|changes| (0..8).map(move |seed| (changes, seed))) {
        let disk = SimulatedDisk::new(seed);
        let folder = disk.root().join("payments-0");
        let try_open = |shutdown| open_compacted(&disk, shutdown);
        let mut log = try_open(Shutdown::Clean).unwrap();
        append(&mut log, &mut producer_batch(1, 0, 0, 1)).unwrap();
        append(&mut log, &mut producer_batch(1, 0, 1, 1)).unwrap();
        log.roll(NOW_MS).unwrap();
        log.flush(NOW_MS).unwrap();
        drop(log);
        // As if the second batch had been written after the flush.
        let path = folder.join("00000000000000000000.log");
        let mut content = disk.content(&path).unwrap();
        content.truncate(content.len() - 1);
        disk.put(&path, content);
        let shutdown = Shutdown::Unclean { recovery_point: 1 };
        disk.stop_after(changes);
        let is_open = try_open(shutdown).is_ok();
        disk.restart();
        let log = try_open(shutdown).unwrap();
        assert_eq!(log.state().log_end_offset, 1, "{changes} changes, open {is_open}");
        drop(log);
        disk.crash();
        let log = try_open(shutdown).unwrap();
        assert_eq!(log.state().log_end_offset, 1, "{changes} changes, seed {seed}");
    }
}

#[test]
fn of_what_was_being_truncated_nothing_comes_back_behind_a_gap() {
    for (changes, seed) in (0..20).flat_map(|changes| (0..8).map(move |seed| (changes, seed))) {
        let disk = SimulatedDisk::new(seed);
        let mut log = open_compacted(&disk, Shutdown::Clean).unwrap();
        for sequence in 0..5 {
            append(&mut log, &mut producer_batch(1, 0, sequence, 1)).unwrap();
            log.roll(NOW_MS).unwrap();
        }
        log.flush(NOW_MS).unwrap();
        disk.stop_after(changes);
        let is_done = log.truncate_to(1, NOW_MS).is_ok();
        drop(log);
        disk.crash();
        let mut log = open_compacted(&disk, UNCLEAN).unwrap();
        let bytes = read_all(&mut log, 0);
        let left: Vec<i64> =
            Batches::new(&bytes).map(|batch| batch.unwrap().header.base_offset).collect();
        let expected = if is_done { 1..=1 } else { 1..=5 };
        assert!(expected.contains(&left.len()), "{changes} changes, seed {seed}: {left:?}");
        assert!(left.iter().copied().eq(0..left.len() as i64), "{changes}, seed {seed}: {left:?}");
    }
}
