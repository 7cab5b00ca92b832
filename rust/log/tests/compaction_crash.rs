//! Compaction that is killed: after every single change that it makes to the disk, the log is what it was or what it was to become.

mod compacting;
mod support;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use compacting::{Read, compact_with, compacted, latest, read_committed, read_uncommitted};
use pybroker_log::simulated::{Errno, Fault, Operation, SimulatedDisk};
use pybroker_log::{
    CompactionError, CompactionStep, FailureScope, FullSpeed, Log, LogConfig, LogError, OffsetMap,
    OpenOptions, Origin, Shutdown,
};
use pybroker_wire::TransactionOutcome::{Abort, Commit};
use pybroker_wire::batch::Attributes;
use pybroker_wire::{BatchBuilder, Batches};
use support::{NOW_MS, Random, TOPIC_ID, UNCLEAN, build, marker};

const SEEDS: u64 = 6;

fn config() -> LogConfig {
    LogConfig { segment_bytes: 900, index_interval_bytes: 100, ..compacted() }
}

fn folder(disk: &SimulatedDisk) -> PathBuf {
    disk.root().join("payments-0")
}

fn open(disk: &SimulatedDisk, shutdown: Shutdown) -> Log {
    try_open(disk, shutdown).unwrap()
}

fn try_open(disk: &SimulatedDisk, shutdown: Shutdown) -> Result<Log, LogError> {
    let config = Arc::new(config());
    let options =
        OpenOptions { topic_id: TOPIC_ID, config, shutdown, log_start_offset: 0, now_ms: NOW_MS };
    Log::open(&folder(disk), options)
}

/// A log of several segments with values, tombstones and transactions, all of it flushed; some of it compacted before.
fn filled(seed: u64) -> (SimulatedDisk, Log) {
    let disk = SimulatedDisk::new(seed);
    let mut log = open(&disk, Shutdown::Clean);
    let mut random = Random(seed);
    let mut sequence = 0;
    for round in 0..40 {
        let is_transaction = random.chance(25);
        let count = 1 + random.below(4) as i32;
        let mut builder = BatchBuilder::new(0);
        if is_transaction {
            let attributes = Attributes::default().with_transactional();
            builder = builder.attributes(attributes).producer(5, 0, sequence);
            sequence += count;
        }
        for _ in 0..count {
            let key = [random.below(12) as u8];
            let value = random.bytes(30);
            let value = if random.chance(20) { None } else { Some(value.as_slice()) };
            builder.append(NOW_MS + round, Some(&key), value, &[]);
        }
        log.append(&mut build(builder), 0, Origin::Client, NOW_MS).unwrap();
        if is_transaction {
            let outcome = if random.chance(50) { Abort } else { Commit };
            let mut records = marker(5, 0, outcome, 0);
            log.append(&mut records, 0, Origin::Coordinator, NOW_MS).unwrap();
        }
        if round == 20 && random.chance(50) {
            compact(&mut log, &mut None, NOW_MS - 1_000_000_000);
        }
    }
    log.roll(NOW_MS).unwrap();
    let mut last = BatchBuilder::new(0);
    last.append(NOW_MS, Some(b"active"), Some(b"1"), &[]);
    log.append(&mut build(last), 0, Origin::Client, NOW_MS).unwrap();
    log.flush(NOW_MS).unwrap();
    // Several old segments become one.
    log.set_config(Arc::new(LogConfig { segment_bytes: 2_500, ..config() }));
    (disk, log)
}

/// Runs a pass as far as the disk lets it.
fn compact(log: &mut Log, checkpoint: &mut Option<i64>, now_ms: i64) -> bool {
    let mut map = OffsetMap::new(compacting::MAP_BYTES, 0.9);
    matches!(compact_with(log, &mut map, checkpoint, now_ms), Ok(Some(_)))
}

struct Expected {
    committed: BTreeMap<Vec<u8>, Read>,
    all: Vec<Read>,
    end: i64,
}

impl Expected {
    fn of(log: &mut Log) -> Self {
        Self {
            committed: latest(&read_committed(log)),
            all: read_uncommitted(log),
            end: log.state().log_end_offset,
        }
    }

    fn check(&self, log: &mut Log, context: &str) {
        assert_eq!(log.state().log_end_offset, self.end, "{context}");
        assert_eq!(latest(&read_committed(log)), self.committed, "{context}");
        let all = read_uncommitted(log);
        assert!(all.iter().all(|record| self.all.binary_search(record).is_ok()), "{context}");
        assert!(all.windows(2).all(|pair| pair[0].offset < pair[1].offset), "{context}");
    }
}

/// Kills a pass after so many changes and opens the log again. Says whether the pass had come to its end.
fn kill_after(changes: u64, seed: u64, die: impl Fn(&SimulatedDisk) -> String) -> bool {
    let (disk, mut log) = filled(seed);
    let expected = Expected::of(&mut log);
    disk.stop_after(changes);
    let is_over = compact(&mut log, &mut None, NOW_MS);
    drop(log);
    let how = die(&disk);
    let context = format!("seed {seed}, after {changes} changes, {how}");
    let mut log = open(&disk, Shutdown::Unclean { recovery_point: expected.end });
    expected.check(&mut log, &context);
    let names: Vec<_> = disk.files(&folder(&disk));
    let has_leftovers = names.iter().any(|path| {
        let name = path.to_string_lossy();
        [".cleaned", ".swap", ".deleted"].iter().any(|end| name.ends_with(end))
    });
    assert!(!has_leftovers, "{context}: {names:?}");
    assert!(compact(&mut log, &mut None, NOW_MS), "{context}");
    expected.check(&mut log, &context);
    drop(log);
    // Everything is read and checked again, from the first batch on.
    let mut log = open(&disk, Shutdown::Unclean { recovery_point: 0 });
    expected.check(&mut log, &context);
    is_over
}

fn kill_everywhere(die: impl Fn(&SimulatedDisk) -> String) {
    for seed in 0..SEEDS {
        let mut changes = 0;
        while !kill_after(changes, seed, &die) {
            changes += 1;
        }
        assert!(changes > 30, "{changes}");
    }
}

#[test]
fn a_process_that_is_killed_at_any_step_loses_nothing() {
    kill_everywhere(|disk| {
        disk.restart();
        "killed".to_owned()
    });
}

#[test]
fn a_machine_that_stops_at_any_step_loses_nothing() {
    // Each step a few times: a crash goes in many ways.
    for _ in 0..4 {
        kill_everywhere(|disk| format!("crashed: {:?}", disk.crash()));
    }
}

#[test]
fn a_machine_that_stops_while_a_killed_pass_is_completed_loses_nothing() {
    for changes in [1, 4] {
        kill_everywhere(|disk| {
            disk.restart();
            disk.stop_after(changes);
            let _ = try_open(disk, UNCLEAN);
            format!("killed, opened for {changes} changes, crashed: {:?}", disk.crash())
        });
    }
}

#[test]
fn renames_that_fail_leave_no_record_twice() {
    for errno in [Errno::Io, Errno::NoSpace] {
        for after in 0..40 {
            let (disk, mut log) = filled(3);
            let expected = Expected::of(&mut log);
            disk.fail(Fault { after, errno, ..Fault::next(Operation::Rename) });
            let mut checkpoint = None;
            let has_failed = !compact(&mut log, &mut checkpoint, NOW_MS);
            let context = format!("{errno:?} after {after} renames, failed {has_failed}");
            disk.clear_faults();
            if log.offline_reason().is_none() {
                expected.check(&mut log, &context);
                if has_failed && after % 2 == 0 {
                    assert!(compact(&mut log, &mut checkpoint, NOW_MS), "{context}");
                    expected.check(&mut log, &context);
                }
            }
            drop(log);
            let mut log = open(&disk, UNCLEAN);
            expected.check(&mut log, &context);
        }
    }
}

/// How many changes a whole pass makes.
fn changes_of_pass(seed: u64) -> u64 {
    let (disk, mut log) = filled(seed);
    let before = disk.changes();
    assert!(compact(&mut log, &mut None, NOW_MS));
    disk.changes() - before
}

#[test]
fn a_machine_that_stops_in_the_pass_after_a_killed_one_loses_nothing() {
    // The last changes of the first pass, among them its last names and the fsync of these.
    for (seed, back) in (0..SEEDS).flat_map(|seed| (1..6).map(move |back| (seed, back))) {
        let killed_after = changes_of_pass(seed) - back;
        for changes in (0..60).step_by(3) {
            let (disk, mut log) = filled(seed);
            let expected = Expected::of(&mut log);
            disk.stop_after(killed_after);
            assert!(!compact(&mut log, &mut None, NOW_MS));
            drop(log);
            disk.restart();
            disk.reseed(changes);
            let shutdown = Shutdown::Unclean { recovery_point: expected.end };
            let mut log = open(&disk, shutdown);
            disk.stop_after(changes);
            compact(&mut log, &mut None, NOW_MS);
            drop(log);
            let crash = disk.crash();
            let context =
                format!("seed {seed}, {back} before the end, then after {changes}: {crash:?}");
            expected.check(&mut open(&disk, shutdown), &context);
        }
    }
}

#[test]
fn a_pass_that_is_taken_back_leaves_no_index_of_its_own() {
    // The fsync of the new names fails, and so does one of the renames that are to take them back.
    for (after, seed) in (0..10).flat_map(|after| (0..SEEDS).map(move |seed| (after, seed))) {
        let (disk, mut log) = filled(seed);
        let expected = Expected::of(&mut log);
        disk.fail(Fault { after: 2, ..Fault::next(Operation::SyncFolder) });
        disk.fail(Fault { after, ..Fault::next(Operation::Rename) });
        assert!(!compact(&mut log, &mut None, NOW_MS));
        drop(log);
        disk.restart();
        let context = format!("seed {seed}, after {after} renames");
        let mut log = open(&disk, Shutdown::Unclean { recovery_point: expected.end });
        expected.check(&mut log, &context);
        for path in disk.files(&folder(&disk)) {
            let Some("index") = path.extension().and_then(|extension| extension.to_str()) else {
                continue;
            };
            let bytes = disk.content(&path.with_extension("log")).unwrap();
            let mut position = 0;
            let positions = Batches::new(&bytes).map_while(Result::ok).map(|batch| {
                position += batch.header.size_bytes();
                position - batch.header.size_bytes()
            });
            let positions: Vec<usize> = positions.collect();
            for entry in disk.content(&path).unwrap().chunks_exact(8) {
                let position = u32::from_be_bytes(entry[4..].try_into().unwrap()) as usize;
                assert!(positions.contains(&position), "{context}: {position} of {path:?}");
            }
        }
    }
}

/// Steps that a pass takes before the machine stops.
fn crash_after_steps(steps: usize, seed: u64) {
    let disk = SimulatedDisk::new(seed);
    let mut log = open(&disk, Shutdown::Clean);
    let append = |log: &mut Log, value: &[u8]| {
        let mut builder = BatchBuilder::new(0);
        builder.append(NOW_MS, Some(b"key"), Some(value), &[]);
        builder.append(NOW_MS, Some(value), Some(&[7; 500]), &[]);
        log.append(&mut build(builder), 0, Origin::Client, NOW_MS).unwrap();
        log.roll(NOW_MS).unwrap();
    };
    append(&mut log, b"old");
    log.flush(NOW_MS).unwrap();
    append(&mut log, b"new");
    let mut map = OffsetMap::new(compacting::MAP_BYTES, 0.9);
    let mut next = log.begin_compaction(None, NOW_MS).unwrap();
    for _ in 0..steps {
        let Some(mut job) = next.take() else { break };
        let outcome = job.run(&mut map, &mut FullSpeed);
        if let CompactionStep::Continue(more) = log.finish_compaction(job, outcome).unwrap() {
            next = Some(more);
        }
    }
    drop(log);
    disk.crash();
    let mut log = open(&disk, Shutdown::Unclean { recovery_point: 2 });
    let keys: Vec<_> = latest(&read_committed(&mut log)).into_keys().collect();
    assert!(keys.contains(&b"key".to_vec()), "seed {seed}, {steps} steps: {keys:?}");
}

#[test]
fn a_record_that_was_flushed_goes_only_for_one_that_is_durable() {
    for steps in 0..10 {
        (0..20).for_each(|seed| crash_after_steps(steps, seed));
    }
}

#[test]
fn a_full_disk_gives_a_pass_up_until_there_is_space() {
    let (disk, mut log) = filled(1);
    let expected = Expected::of(&mut log);
    disk.set_capacity(Some(disk.used_bytes() + 10));
    let mut map = OffsetMap::new(compacting::MAP_BYTES, 0.9);
    let failed = compact_with(&mut log, &mut map, &mut None, NOW_MS);
    let Err(CompactionError::Log(error)) = failed else { panic!("{failed:?}") };
    assert_eq!(error.scope(), FailureScope::Passing);
    assert_eq!(log.offline_reason(), None);
    expected.check(&mut log, "full");
    disk.set_capacity(None);
    assert!(compact(&mut log, &mut None, NOW_MS));
    expected.check(&mut log, "with space again");
}

#[test]
fn a_failed_fsync_takes_the_log_offline() {
    for after in 0..6 {
        let (disk, mut log) = filled(2);
        let expected = Expected::of(&mut log);
        disk.fail(Fault { after, ..Fault::next(Operation::Sync) });
        disk.fail(Fault { after, ..Fault::next(Operation::SyncFolder) });
        assert!(!compact(&mut log, &mut None, NOW_MS));
        assert!(log.offline_reason().is_some(), "after {after}");
        drop(log);
        disk.restart();
        let mut log = open(&disk, Shutdown::Unclean { recovery_point: expected.end });
        expected.check(&mut log, "opened again");
    }
}
