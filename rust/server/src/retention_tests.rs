//! Retention and `DeleteRecords` beside producers and consumers, and what becomes of the files.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pybroker_log::simulated::SimulatedDisk;
use pybroker_log::{LogConfig, Origin};
use pybroker_wire::batch::Batch;
use pybroker_wire::fetch::IsolationLevel;
use pybroker_wire::{ErrorCode, TopicRef};

use crate::partition::{Partition, ReadFailure, ReadRequest};
use crate::retention::{Freed, NewStart, delete_records, enforce_all};
use crate::testing::{Fixture, NODE, batch, fetch_request};

/// How long a condition may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

fn fixture(config: LogConfig) -> (Fixture, Arc<Partition>) {
    let fixture = Fixture::new();
    fixture.create_with("t", &[(NODE, 0)], config);
    let partition = fixture.partition("t", 0);
    (fixture, partition)
}

/// Two batches fill a segment.
fn small_segments() -> LogConfig {
    let segment_bytes = 4_096;
    let timestamp_after_max_ms = i64::MAX;
    LogConfig { segment_bytes, timestamp_after_max_ms, retention_ms: -1, ..LogConfig::default() }
}

fn append(partition: &Partition, batches: usize) {
    for _ in 0..batches {
        partition.append(&mut batch(1, 1_500), 0, Origin::Client, 0).unwrap();
    }
}

fn files(partition: &Partition, suffix: &str) -> Vec<PathBuf> {
    let folder = partition.with_log(|log| log.folder().to_path_buf()).unwrap();
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.to_str().unwrap().ends_with(suffix)).collect()
}

fn wait_until(condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < PATIENCE, "the condition does not come true");
        thread::yield_now();
    }
}

fn read(partition: &Partition, offset: i64) -> Result<Vec<u8>, ReadFailure> {
    let request = ReadRequest {
        offset,
        max_bytes: 1 << 20,
        isolation: IsolationLevel::ReadUncommitted,
        at_least_one_batch: true,
        last_fetched_epoch: -1,
    };
    Ok(partition.read(request)?.slice.to_vec().expect("a slice stays readable"))
}

#[test]
fn what_has_expired_leaves_the_log_at_once_and_the_disk_after_the_delay() {
    let config =
        LogConfig { retention_bytes: 4_000, file_delete_delay_ms: 600_000, ..small_segments() };
    let (fixture, partition) = fixture(config.clone());
    append(&partition, 8);
    let freed = enforce_all(&fixture.shared, &[Arc::clone(&partition)], 0);
    assert_eq!((freed.segments, freed.failures), (2, 0));
    assert_eq!(partition.state().unwrap().log_start_offset, 4);
    assert_eq!(files(&partition, ".log").len(), 2);
    assert!(!files(&partition, ".deleted").is_empty());
    assert_eq!(fixture.shared.deletions.waiting(), 1);

    partition
        .with_log(|log| {
            log.set_config(LogConfig { file_delete_delay_ms: 0, ..config.clone() }.into());
        })
        .unwrap();
    append(&partition, 2);
    let freed = enforce_all(&fixture.shared, &[Arc::clone(&partition)], 0);
    assert_eq!(freed.segments, 1);
    wait_until(|| files(&partition, "4.log.deleted").is_empty());
    assert!(!files(&partition, "0.log.deleted").is_empty(), "its delay has not passed");
    assert_eq!(
        enforce_all(&fixture.shared, &[partition], 0),
        Freed::default(),
        "nothing is left to do"
    );
}

#[test]
fn retention_makes_space_on_a_full_disk() {
    let all = LogConfig { retention_ms: 0, ..small_segments() };
    let some = LogConfig { retention_bytes: 4_000, ..small_segments() };
    for (config, least_segments) in [(some, 2), (all, 3)] {
        let disk = SimulatedDisk::new(1);
        let fixture = Fixture::with(|options| options.log_dirs = vec![disk.root()]);
        let config = LogConfig { file_delete_delay_ms: 0, ..config };
        fixture.create_with("t", &[(NODE, 0)], config);
        let partition = fixture.partition("t", 0);
        append(&partition, 8);
        disk.set_capacity(Some(disk.used_bytes()));
        assert!(partition.append(&mut batch(1, 1_500), 0, Origin::Client, 0).is_err());

        let freed = enforce_all(&fixture.shared, &[Arc::clone(&partition)], i64::MAX);
        // The last one goes too when the others have made space for its successor by then.
        assert!(freed.segments >= least_segments, "{freed:?}");
        let log_start_offset = partition.state().unwrap().log_start_offset;
        assert_eq!(log_start_offset, 2 * freed.segments);
        wait_until(|| fixture.shared.deletions.waiting() == 0);
        wait_until(|| partition.append(&mut batch(1, 1_500), 0, Origin::Client, 0).is_ok());
        fixture.shared.logs.close(0).unwrap();
        let reopened = fixture.reopen("t");
        let state = reopened.state().unwrap();
        assert_eq!((state.log_start_offset, state.log_end_offset), (log_start_offset, 9));
    }
}

#[tokio::test]
async fn a_fetch_that_waits_at_a_deleted_offset_is_answered() {
    let (fixture, partition) = fixture(small_segments());
    append(&partition, 4);
    let client = fixture.client();
    let mut request = fetch_request(TopicRef::Name("t"), &[(0, 2)]);
    (request.max_wait_ms, request.min_bytes) = (600_000, 1 << 30);
    let waiting = client.begin_fetch(12, &request).expect_err("there are too few bytes");
    let low = delete_records(&fixture.shared, &partition, NewStart::Offset(3)).unwrap();
    assert_eq!(low, 3);
    let answer = client.finish_fetch(12, *waiting).await;
    assert_eq!(answer.first().error_code, ErrorCode::OffsetOutOfRange);
    let produced = client.produce("t", 0, &batch(1, 10)).await;
    assert_eq!(produced.first().log_start_offset, 3, "the answers of Produce move with it");
}

#[test]
fn delete_records_answers_with_the_start_of_the_log() {
    let (fixture, partition) = fixture(small_segments());
    append(&partition, 4);
    let delete = |start| delete_records(&fixture.shared, &partition, start);
    assert_eq!(delete(NewStart::Offset(1)).unwrap(), 1);
    assert_eq!(delete(NewStart::Offset(0)).unwrap(), 1, "it never moves back");
    let refused = delete(NewStart::Offset(5)).unwrap_err();
    assert_eq!(refused.code, ErrorCode::OffsetOutOfRange);
    assert_eq!(delete(NewStart::HighWatermark).unwrap(), 4);
    assert_eq!(files(&partition, ".log").len(), 1);
    let stored = fs::read_to_string(&files(&partition, "log-start-offset")[0]).unwrap();
    assert_eq!(stored, "4\n", "it is on the disk before the answer");
    partition.close(0).unwrap();
    let refused = delete(NewStart::HighWatermark).unwrap_err();
    assert_eq!(refused.code, ErrorCode::KafkaStorageError);
}

#[test]
fn a_deleted_topic_goes_from_the_disk_later_and_its_readers_finish() {
    let (fixture, partition) = fixture(LogConfig { file_delete_delay_ms: 0, ..small_segments() });
    append(&partition, 2);
    let folder = partition.with_log(|log| log.folder().to_path_buf()).unwrap();
    let request = ReadRequest {
        offset: 0,
        max_bytes: 1 << 20,
        isolation: IsolationLevel::ReadUncommitted,
        at_least_one_batch: true,
        last_fetched_epoch: -1,
    };
    let slice = partition.read(request).unwrap().slice;
    let deleted = partition.delete().unwrap().unwrap();
    assert!(!folder.exists(), "a topic of the same name can be made");
    fs::create_dir(&folder).unwrap();
    fixture.shared.deletions.push(deleted);
    let count = || fs::read_dir(folder.parent().unwrap()).unwrap().count();
    wait_until(|| count() == 1);
    assert_eq!(slice.to_vec().unwrap().len(), slice.len);
    assert!(partition.delete().unwrap().is_none());
    let refused = delete_records(&fixture.shared, &partition, NewStart::Offset(1)).unwrap_err();
    assert_eq!(refused.code, ErrorCode::KafkaStorageError);
}

#[test]
fn deletions_end_with_the_data_plane() {
    let (fixture, partition) =
        fixture(LogConfig { file_delete_delay_ms: 60_000, ..small_segments() });
    fixture.shared.deletions.push(partition.delete().unwrap().unwrap());
    fixture.shared.deletions.close();
    assert_eq!(fixture.shared.deletions.waiting(), 1, "the next start finds it by its name");
}

#[test]
fn readers_see_whole_batches_or_that_they_are_gone_while_segments_are_deleted() {
    let config = LogConfig { retention_bytes: 5_000, file_delete_delay_ms: 0, ..small_segments() };
    let (fixture, partition) = fixture(config);
    append(&partition, 1);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let start = partition.state().unwrap().log_start_offset;
                    match read(&partition, start) {
                        Ok(bytes) if bytes.is_empty() => {}
                        Ok(bytes) => {
                            let batch = Batch::first(&bytes).unwrap();
                            batch.verify_crc().unwrap();
                            assert!(batch.header.last_offset() >= start);
                        }
                        Err(failure) => assert_eq!(failure, ReadFailure::OffsetOutOfRange),
                    }
                }
            });
        }
        for _ in 0..200 {
            append(&partition, 3);
            let freed = enforce_all(&fixture.shared, std::slice::from_ref(&partition), 0);
            assert_eq!(freed.failures, 0);
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert!(partition.state().unwrap().log_start_offset > 500);
    wait_until(|| files(&partition, ".deleted").is_empty());
    assert_eq!(fixture.shared.deletions.failed(), 0);
}
