//! Several log directories, on disks that fail and fill up.

use std::path::PathBuf;
use std::sync::Arc;

use pybroker_log::simulated::{Fault, Operation, SimulatedDisk};
use pybroker_log::{LogConfig, Origin, checkpoints};
use pybroker_wire::{ErrorCode, TopicRef, Uuid};

use crate::log_opening::open_logs;
use crate::logs::{LogSpec, Logs};
use crate::mailbox::{LogDirState, Mail, Mailbox};
use crate::testing::{Client, Fixture, NODE, batch, fetch_request, now_ms};

const DURABLE: fn() -> LogConfig = || LogConfig { flush_messages: 1, ..LogConfig::default() };

fn two_disks() -> (SimulatedDisk, SimulatedDisk, Fixture) {
    let (first, second) = (SimulatedDisk::new(1), SimulatedDisk::new(2));
    let roots = vec![first.root(), second.root()];
    let fixture = Fixture::with(|options| options.log_dirs = roots);
    (first, second, fixture)
}

fn spec(partition: i32, is_new: bool) -> LogSpec {
    LogSpec {
        topic: "t".into(),
        topic_id: Uuid([7; 16]),
        partition,
        config: Arc::new(LogConfig::default()),
        is_new,
    }
}

fn logs_in(dirs: &[PathBuf]) -> Arc<Logs> {
    Logs::new(dirs, &Arc::new(Mailbox::new(100).unwrap()), 1_000)
}

fn place_of(logs: &Logs, partition: i32) -> PathBuf {
    logs.find(Uuid([7; 16]), partition).unwrap().dir().path().to_path_buf()
}

async fn produce(client: &Client, partition: i32) -> ErrorCode {
    client.produce("t", partition, &batch(1, 100)).await.first().error_code
}

async fn fetch(client: &Client, partitions: i32) -> Vec<ErrorCode> {
    let positions: Vec<_> = (0..partitions).map(|partition| (partition, 0)).collect();
    let answer = client.fetch(12, &fetch_request(TopicRef::Name("t"), &positions)).await;
    let mut found: Vec<_> = answer.summary().iter().map(|row| (row.1, row.2)).collect();
    found.sort_by_key(|row| row.0);
    found.into_iter().map(|row| row.1).collect()
}

/// What was told of directories: their places and states.
fn told(fixture: &Fixture) -> Vec<(usize, LogDirState)> {
    let dirs = fixture.shared.logs.dirs();
    let place = |path: &PathBuf| dirs.iter().position(|dir| dir.path() == path).unwrap();
    let mail = fixture.shared.mailbox.take(100);
    mail.iter()
        .map(|mail| match mail {
            Mail::LogDirChanged { path, state, .. } => (place(path), *state),
            other => panic!("unexpected {other:?}"),
        })
        .collect()
}

#[test]
fn a_new_log_goes_to_the_directory_with_the_fewest_and_is_found_there() {
    let dir = tempfile::tempdir().unwrap();
    let dirs: Vec<_> = ["a", "b", "c"].map(|name| dir.path().join(name)).into();
    for dir in &dirs {
        std::fs::create_dir(dir).unwrap();
    }
    let logs = logs_in(&dirs);
    for partition in 0..7 {
        logs.open(&spec(partition, true), 0, &|_| ()).unwrap();
    }
    let counts: Vec<_> = logs.dirs().iter().map(|dir| logs.in_dir(dir).len()).collect();
    assert_eq!(counts, [3, 2, 2]);
    let places: Vec<_> = (0..7).map(|partition| place_of(&logs, partition)).collect();
    logs.close(0).unwrap();

    let logs = logs_in(&dirs[..]);
    assert!(logs.dirs().iter().all(|dir| dir.was_clean()));
    for partition in (0..7).rev() {
        logs.open(&spec(partition, false), 0, &|_| ()).unwrap();
    }
    let found: Vec<_> = (0..7).map(|partition| place_of(&logs, partition)).collect();
    assert_eq!(found, places);
}

#[test]
fn a_log_in_two_directories_is_not_opened_and_both_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let dirs: Vec<_> = ["a", "b"].map(|name| dir.path().join(name)).into();
    for dir in &dirs {
        std::fs::create_dir(dir).unwrap();
    }
    for dir in &dirs {
        let logs = logs_in(std::slice::from_ref(dir));
        logs.open(&spec(0, true), 0, &|_| ()).unwrap();
        logs.close(0).unwrap();
    }
    let logs = logs_in(&dirs);
    let error = logs.open(&spec(0, false), 0, &|_| ()).unwrap_err().to_string();
    assert!(error.contains("a/t-0") && error.contains("b/t-0"), "{error}");
    assert_eq!(logs.offline(), [(Uuid([7; 16]), 0)]);

    // One of them is an earlier topic's.
    let other = LogSpec { topic_id: Uuid([8; 16]), ..spec(0, true) };
    std::fs::remove_dir_all(dirs[1].join("t-0")).unwrap();
    logs_in(&dirs[1..]).open(&other, 0, &|_| ()).unwrap();
    let logs = logs_in(&dirs);
    logs.open(&spec(0, false), 0, &|_| ()).unwrap();
    assert_eq!(place_of(&logs, 0), dirs[0]);
}

#[test]
fn a_log_that_is_in_a_directory_that_is_offline_is_not_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let dirs: Vec<_> = ["a", "b"].map(|name| dir.path().join(name)).into();
    std::fs::create_dir(&dirs[0]).unwrap();
    std::fs::write(&dirs[1], "no folder").unwrap();
    let logs = logs_in(&dirs);
    assert!(logs.dirs()[1].failure().unwrap().contains("cannot"), "{:?}", logs.dirs()[1]);
    logs.open(&spec(0, false), 0, &|_| ()).unwrap();
    assert!(logs.find(Uuid([7; 16]), 0).is_none());
    assert_eq!(logs.offline(), [(Uuid([7; 16]), 0)]);
    assert!(!dirs[0].join("t-0").exists());
    logs.open(&spec(1, true), 0, &|_| ()).unwrap();
    assert_eq!(place_of(&logs, 1), dirs[0], "a new one has no log that could be lost");
    logs.close(0).unwrap();
    assert!(logs_in(&dirs[..1]).dirs()[0].was_clean());
}

#[tokio::test]
async fn a_failed_fsync_takes_its_directory_offline_and_nothing_else() {
    let (first, _second, fixture) = two_disks();
    fixture.create_with("t", &[(NODE, 0); 4], DURABLE());
    let client = fixture.client();
    for partition in 0..4 {
        assert_eq!(produce(&client, partition).await, ErrorCode::None);
    }
    first.fail(Fault::next(Operation::Sync));
    let lost = [ErrorCode::KafkaStorageError, ErrorCode::None];
    assert_eq!(produce(&client, 0).await, lost[0]);
    for partition in 0..4 {
        assert_eq!(produce(&client, partition).await, lost[partition as usize % 2]);
    }
    assert_eq!(fetch(&client, 4).await, [lost, lost].concat());
    for partition in 0..4 {
        let is_known = fixture.partition("t", partition).state().is_some();
        assert_eq!(is_known, partition % 2 == 1, "ListOffsets answers by it");
    }
    assert_eq!(told(&fixture), [(0, LogDirState::Offline)], "once for all its partitions");
    assert_eq!(fixture.shared.logs.offline().len(), 2);

    fixture.create_with("u", &[(NODE, 0); 2], DURABLE());
    for partition in 0..2 {
        let log = fixture.partition("u", partition);
        assert_eq!(log.dir().path(), fixture.shared.logs.dirs()[1].path());
    }
    fixture.shared.logs.close(0).unwrap();
    let dirs: Vec<_> =
        fixture.shared.logs.dirs().iter().map(|dir| dir.path().to_path_buf()).collect();
    let was_clean: Vec<_> = logs_in(&dirs).dirs().iter().map(|dir| dir.was_clean()).collect();
    assert_eq!(was_clean, [false, true]);
}

#[tokio::test]
async fn what_the_device_says_of_a_read_takes_the_directory_offline_too() {
    let (first, _second, fixture) = two_disks();
    fixture.create("t", 2);
    let client = fixture.client();
    assert_eq!(produce(&client, 0).await, ErrorCode::None);
    assert_eq!(produce(&client, 1).await, ErrorCode::None);
    first.fail(Fault { times: u32::MAX, ..Fault::next(Operation::Read) });
    assert_eq!(fetch(&client, 2).await, [ErrorCode::KafkaStorageError, ErrorCode::None]);
    assert_eq!(told(&fixture), [(0, LogDirState::Offline)]);
}

#[tokio::test]
async fn a_full_disk_refuses_records_until_there_is_space() {
    let (first, _second, fixture) = two_disks();
    let config = LogConfig { segment_bytes: 2_000, ..LogConfig::default() };
    fixture.create_with("t", &[(NODE, 0); 2], config);
    let client = fixture.client();
    for partition in 0..2 {
        assert_eq!(produce(&client, partition).await, ErrorCode::None);
    }
    // Wherever the space ends: within a batch, at an index, a snapshot, the file of a new segment.
    let mut stored = 1;
    for more in (0..4_000).step_by(61) {
        first.set_capacity(Some(first.used_bytes() + more));
        while produce(&client, 0).await == ErrorCode::None {
            stored += 1;
        }
        assert_eq!(told(&fixture), [(0, LogDirState::Refusing)]);
        assert_eq!(produce(&client, 0).await, ErrorCode::KafkaStorageError);
        assert_eq!(produce(&client, 1).await, ErrorCode::None, "the other disk has space");
        assert_eq!(fetch(&client, 2).await, [ErrorCode::None; 2], "reads go on");
        let state = fixture.partition("t", 0).state().unwrap();
        assert_eq!(state.log_end_offset, stored);
        first.set_capacity(None);
        assert_eq!(produce(&client, 0).await, ErrorCode::None);
        stored += 1;
        assert_eq!(told(&fixture), [(0, LogDirState::Online)]);
    }
    fixture.shared.logs.close(0).unwrap();
    let log = fixture.reopen_partition("t", 0);
    let state = log.state().unwrap();
    assert_eq!((state.log_start_offset, state.log_end_offset), (0, stored));
}

#[tokio::test]
async fn a_checkpoint_that_finds_no_space_is_written_the_next_time() {
    let (first, _second, fixture) = two_disks();
    fixture.create_with("t", &[(NODE, 0); 2], DURABLE());
    let client = fixture.client();
    assert_eq!(produce(&client, 0).await, ErrorCode::None);
    first.set_capacity(Some(first.used_bytes()));
    assert!(fixture.shared.logs.checkpoint().is_err());
    assert_eq!(told(&fixture), [(0, LogDirState::Refusing)]);
    first.set_capacity(None);
    fixture.shared.logs.checkpoint().unwrap();
    let logs = logs_in(&[first.root()]);
    let name = (Arc::from(fixture.partition("t", 0).topic()), 0);
    assert_eq!(logs.dirs()[0].left_behind(&name).unwrap().recovery_point, 1);
}

#[tokio::test]
async fn what_the_checkpoints_say_of_a_deleted_log_is_forgotten() {
    let fixture = Fixture::new();
    let topic_id = fixture.create_with("t", &[(NODE, 0); 2], DURABLE());
    let (client, logs) = (fixture.client(), &fixture.shared.logs);
    for partition in 0..2 {
        assert_eq!(produce(&client, partition).await, ErrorCode::None);
    }
    logs.checkpoint().unwrap();
    let path = logs.dirs()[0].path().join("recovery-point-offset-checkpoint");
    let lines = || std::fs::read_to_string(&path).unwrap().lines().count();
    assert_eq!(lines(), 4);
    logs.delete(topic_id, 0).unwrap().unwrap().unlink().unwrap();
    logs.checkpoint_if_stale().unwrap();
    assert_eq!(lines(), 3);
}

#[test]
fn a_recovery_point_past_the_end_leaves_the_checkpoint_before_the_log_grows() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(checkpoints::RECOVERY_POINT_FILE);
    logs_in(&[dir.path().to_path_buf()]).open(&spec(0, true), 0, &|_| ()).unwrap();
    let name = ("t".to_owned(), 0);
    checkpoints::write_offsets(&path, &[(name.clone(), 99)].into()).unwrap();
    let fixture = Fixture::with(|options| options.log_dirs = vec![dir.path().to_path_buf()]);
    open_logs(&fixture.shared, &[spec(0, false)], 2);
    assert!(fixture.shared.logs.find(Uuid([7; 16]), 0).is_some());
    assert_eq!(checkpoints::read_offsets(&path).unwrap()[&name], 0);
}

#[tokio::test]
async fn a_directory_takes_no_records_while_they_are_held() {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    let (client, dir) = (fixture.client(), &fixture.shared.logs.dirs()[0]);
    dir.hold_appends(true);
    assert_eq!(produce(&client, 0).await, ErrorCode::KafkaStorageError);
    assert_eq!(fetch(&client, 1).await, [ErrorCode::None]);
    dir.hold_appends(false);
    assert_eq!(produce(&client, 0).await, ErrorCode::None);
    assert!(told(&fixture).is_empty());
}

#[test]
fn idle_logs_give_their_files_up_and_go_on_when_they_are_used() {
    const LOGS: usize = 200;
    const LIMIT: usize = 20;
    let fixture = Fixture::with(|options| options.max_open_files = LIMIT);
    fixture.create("t", LOGS);
    for round in 0..3 {
        for index in 0..LOGS {
            let log = fixture.partition("t", index);
            let stored = log.append(&mut batch(1, 100), 0, Origin::Client, now_ms()).unwrap();
            assert_eq!(stored.appended.base_offset, round);
        }
        // The other tests of the process have files open too, so there may be fewer.
        let open = |&index: &usize| {
            fixture.partition("t", index).with_log(|log| log.has_open_files()).unwrap()
        };
        assert!((0..LOGS).filter(open).count() <= LIMIT + 1);
    }
    fixture.shared.logs.close(0).unwrap();
    for index in 0..LOGS {
        assert_eq!(fixture.reopen_partition("t", index).state().unwrap().log_end_offset, 3);
    }
}
