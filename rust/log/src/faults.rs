//! Tests of a log on a disk that fails. They stand here for what only this crate sees.

use std::path::Path;
use std::sync::Arc;

use pybroker_wire::{BatchBuilder, Uuid};

use crate::config::LogConfig;
use crate::disk::simulated::{Fault, Operation, SimulatedDisk};
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
