//! Tests of a log on a disk that fails. They stand here for what only this crate sees.

use std::path::Path;
use std::sync::Arc;

use pybroker_wire::batch::Attributes;
use pybroker_wire::{BatchBuilder, TransactionMarker, TransactionOutcome, Uuid};

use crate::config::LogConfig;
use crate::disk;
use crate::disk::simulated::{Errno, Fault, Operation, SimulatedDisk};
use crate::error::{AppendError, LogError, ReadError};
use crate::log::{Appended, Log, OpenOptions, Origin, Shutdown};

fn open(folder: &Path, shutdown: Shutdown) -> Log {
    let options = OpenOptions {
        topic_id: Uuid([1; 16]),
        config: Arc::new(LogConfig::default()),
        shutdown,
        log_start_offset: 0,
        now_ms: 0,
    };
    Log::open(folder, options).unwrap()
}

fn append(log: &mut Log) -> Result<Appended, AppendError> {
    let mut builder = BatchBuilder::new(0);
    builder.append(-1, None, Some(b"some value"), &[]);
    let mut records = Vec::new();
    builder.build(&mut records).unwrap();
    log.append(&mut records, 0, Origin::Client, 0)
}

#[test]
fn a_failed_write_leaves_the_log_as_it_was() {
    let disk = SimulatedDisk::new(1);
    let folder = disk.root().join("payments-0");
    let mut log = open(&folder, Shutdown::Clean);
    append(&mut log).unwrap();
    let size = log.state().size_bytes;
    for stored in [0, 5, 70] {
        disk.fail(Fault::next_write_after(stored));
        let failed = append(&mut log);
        assert!(matches!(failed, Err(AppendError::Log(LogError::Disk { .. }))), "{failed:?}");
        assert_eq!(log.offline_reason(), None);
        assert_eq!((log.state().log_end_offset, log.state().size_bytes), (1, size));
        let file = folder.join("00000000000000000000.log");
        assert_eq!(disk.content(&file).unwrap().len() as u64, size, "the half batch is gone");
    }
    assert_eq!(append(&mut log).unwrap().base_offset, 1);
}

#[test]
fn a_failed_write_that_cannot_be_undone_takes_the_log_offline() {
    let disk = SimulatedDisk::new(1);
    let folder = disk.root().join("payments-0");
    let mut log = open(&folder, Shutdown::Clean);
    append(&mut log).unwrap();
    disk.fail(Fault::next_write_after(10));
    disk.fail(Fault::next(Operation::SetLen));
    assert!(append(&mut log).is_err());
    assert!(log.offline_reason().is_some_and(|reason| reason.contains("truncate")));
    assert!(matches!(append(&mut log), Err(AppendError::Log(LogError::Offline { .. }))));
    let read = log.read(0, 100, 1, true);
    assert!(matches!(read, Err(ReadError::Log(LogError::Offline { .. }))), "{read:?}");
    assert!(matches!(log.close(0), Err(LogError::Offline { .. })));
    let log = open(&folder, Shutdown::Unclean { recovery_point: 0 });
    assert_eq!(log.state().log_end_offset, 1, "opening again cuts the half batch");
}

#[test]
fn a_failed_fsync_takes_the_log_offline_and_is_not_tried_again() {
    let disk = SimulatedDisk::new(1);
    let folder = disk.root().join("payments-0");
    let mut log = open(&folder, Shutdown::Clean);
    append(&mut log).unwrap();
    disk.fail(Fault::next(Operation::Sync));
    assert!(matches!(log.flush(0), Err(LogError::Disk { operation: "fsync", .. })));
    assert_eq!(log.state().recovery_point, 0);
    assert!(matches!(log.flush(0), Err(LogError::Offline { .. })), "not even once more");
    assert!(append(&mut log).is_err());
}

#[test]
fn segments_are_deleted_where_the_disk_has_no_space_for_their_new_names() {
    let disk = SimulatedDisk::new(1);
    let folder = disk.root().join("payments-0");
    let mut log = open(&folder, Shutdown::Clean);
    for _ in 0..4 {
        append(&mut log).unwrap();
        log.roll(0).unwrap();
    }
    log.flush(0).unwrap();
    disk.fail(Fault { times: 4, errno: Errno::NoSpace, ..Fault::next(Operation::Rename) });
    let start_move = log.begin_start_move(3).unwrap().unwrap();
    let deleted = log.finish_start_move(start_move, Ok(())).unwrap();
    deleted.set_aside().unwrap();
    deleted.unlink().unwrap();
    let names = disk::file_names(&folder).unwrap();
    let base_offsets: Vec<_> = names.iter().filter(|name| name.contains(".log")).collect();
    assert_eq!(base_offsets, ["00000000000000000003.log", "00000000000000000004.log"]);
    assert_eq!(log.read(3, 100, 4, true).unwrap().to_vec().unwrap().len(), 78);
}

#[test]
fn a_flush_says_nothing_about_what_was_appended_or_truncated_meanwhile() {
    let disk = SimulatedDisk::new(1);
    let mut log = open(&disk.root().join("payments-0"), Shutdown::Clean);
    append(&mut log).unwrap();
    let job = log.begin_flush(0).unwrap().unwrap();
    append(&mut log).unwrap();
    let result = job.run();
    log.finish_flush(job, result).unwrap();
    assert_eq!((log.state().recovery_point, log.state().log_end_offset), (1, 2));

    let job = log.begin_flush(0).unwrap().unwrap();
    let result = job.run();
    log.truncate_to(0, 0).unwrap();
    append(&mut log).unwrap();
    log.finish_flush(job, result).unwrap();
    assert_eq!(log.state().recovery_point, 0);
}

#[test]
fn nothing_unflushed_needs_no_fsync() {
    let disk = SimulatedDisk::new(1);
    let folder = disk.root().join("payments-0");
    let log = open(&folder, Shutdown::Clean);
    disk.fail(Fault::next(Operation::Sync));
    log.close(0).unwrap();
    open(&folder, Shutdown::Clean).close(0).unwrap();
    assert_eq!(disk.clear_faults(), 1);
}

#[test]
fn an_empty_partition_takes_little_memory() {
    assert!(size_of::<Log>() <= 512, "{}", size_of::<Log>());
    assert!(size_of::<crate::segment::Segment>() <= 160);
}

fn append_marker(log: &mut Log) -> Result<Appended, AppendError> {
    let marker = TransactionMarker { outcome: TransactionOutcome::Abort, coordinator_epoch: 0 };
    let mut records = Vec::new();
    marker.encode(7, 0, 0, &mut records).unwrap();
    log.append(&mut records, 0, Origin::Coordinator, 0)
}

fn begin_transaction(log: &mut Log, base_sequence: i32) {
    let attributes = Attributes::default().with_transactional();
    let mut builder = BatchBuilder::new(0).producer(7, 0, base_sequence).attributes(attributes);
    builder.append(-1, None, Some(b"some value"), &[]);
    let mut records = Vec::new();
    builder.build(&mut records).unwrap();
    log.append(&mut records, 0, Origin::Client, 0).unwrap();
}

#[test]
fn an_abort_that_cannot_be_written_leaves_log_and_transaction_index_as_they_were() {
    let disk = SimulatedDisk::new(1);
    let folder = disk.root().join("payments-0");
    let index = folder.join("00000000000000000000.txnindex");
    let mut log = open(&folder, Shutdown::Clean);
    for turn in 0..2i64 {
        begin_transaction(&mut log, turn as i32);
        let before = (log.state(), log.aborted_in(0..9).unwrap());
        // The first write is the index's, the second one the log's.
        for (after, stored_bytes) in [(0, 0), (0, 20), (1, 0), (1, 50)] {
            disk.fail(Fault {
                after,
                errno: Errno::NoSpace,
                ..Fault::next_write_after(stored_bytes)
            });
            assert!(append_marker(&mut log).is_err());
            assert_eq!(log.offline_reason(), None);
            assert_eq!((log.state(), log.aborted_in(0..9).unwrap()), before);
            let stored = disk.content(&index).unwrap_or_default().len() as i64;
            assert_eq!(stored, turn * 34, "after {after} writes");
        }
        append_marker(&mut log).unwrap();
        assert_eq!(log.aborted_in(0..9).unwrap().len() as i64, turn + 1);
    }
}

#[test]
fn open_and_aborted_transactions_survive_the_loss_of_what_was_not_flushed() {
    for seed in 0..50 {
        let disk = SimulatedDisk::new(seed);
        let folder = disk.root().join("payments-0");
        let mut log = open(&folder, Shutdown::Clean);
        begin_transaction(&mut log, 0);
        append_marker(&mut log).unwrap();
        begin_transaction(&mut log, 1);
        log.flush(0).unwrap();
        let expected = (log.state().last_stable_offset, log.aborted_in(0..9).unwrap());
        append_marker(&mut log).unwrap();
        drop(log);
        let _ = disk.crash();
        let mut log = open(&folder, Shutdown::Unclean { recovery_point: 3 });
        let is_there = log.state().log_end_offset == 4;
        let actual = (log.state().last_stable_offset, log.aborted_in(0..9).unwrap());
        if is_there {
            assert_eq!((actual.0, actual.1.len()), (4, 2), "seed {seed}");
        } else {
            assert_eq!(actual, expected, "seed {seed}");
        }
    }
}
