//! Group fsync: who is served by which flush, and what a flush that fails does.

use std::sync::atomic::Ordering;
use std::time::Duration;

use pybroker_log::{LogConfig, Origin, checkpoints};
use pybroker_wire::{ErrorCode, TopicRef, Uuid};

use crate::limits::CHECKPOINT_BYTES;
use crate::log_opening::{configure_log, open_logs};
use crate::logs::LogSpec;
use crate::mailbox::Mail;
use crate::testing::{Fixture, NODE, batch, fetch_request, now_ms};

#[tokio::test]
async fn producers_that_wait_together_share_a_flush() {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    let (shared, log) = (&fixture.shared, fixture.partition("t", 0));
    let flushed: Vec<_> = {
        // No flush can begin while the log is held.
        let mut flushed = Vec::new();
        for _ in 0..100 {
            log.append(&mut batch(1, 10), 0, Origin::Client, shared.clock.now_ms()).unwrap();
        }
        log.with_log(|_| flushed.extend((0..100).map(|_| shared.flusher.flush(shared, &log))))
            .unwrap();
        flushed
    };
    for one in flushed {
        assert!(one.wait().await);
    }
    assert_eq!(log.state().unwrap().recovery_point, 100);
    // The first may have been taken alone, the others came while it ran.
    assert!(shared.counters.flushes.load(Ordering::Relaxed) <= 2);
}

#[tokio::test]
async fn a_flush_covers_everything_appended_before_it_was_asked_for() {
    let fixture = Fixture::new();
    let config = LogConfig { flush_messages: 1, ..LogConfig::default() };
    fixture.create_with("t", &[(NODE, 0), (NODE, 0), (NODE, 0)], config);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (client, shared) = (fixture.client(), fixture.shared.clone());
            std::thread::spawn(move || {
                let runtime =
                    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                for round in 0..50 {
                    let answer = runtime.block_on(client.produce("t", round % 3, &batch(1, 10)));
                    let one = answer.first();
                    assert_eq!(one.error_code, ErrorCode::None);
                    let image = shared.images.metadata().topic("t").cloned().unwrap();
                    let log = image.partitions[round as usize % 3].partition.as_ref().unwrap();
                    assert!(log.state().unwrap().recovery_point > one.base_offset);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[tokio::test]
async fn a_flush_that_fails_takes_the_partition_offline() {
    let fixture = Fixture::new();
    fixture.create("t", 2);
    let client = fixture.client();
    client.produce("t", 0, &batch(1, 10)).await;
    let log = fixture.partition("t", 0);
    let folder = log.with_log(|log| log.folder().to_path_buf()).unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    assert!(!fixture.shared.flusher.flush(&fixture.shared, &log).wait().await);
    assert!(log.is_offline());
    let mail = fixture.shared.mailbox.take(10);
    assert!(matches!(&mail[..], [Mail::LogFailed { partition: 0, .. }]), "{mail:?}");
    assert_eq!(fixture.bugs(), 0);
    let answer = client.produce("t", 0, &batch(1, 10)).await;
    assert_eq!(answer.first().error_code, ErrorCode::KafkaStorageError);
    assert_eq!(client.produce("t", 1, &batch(1, 10)).await.first().error_code, ErrorCode::None);
    assert!(!fixture.shared.flusher.flush(&fixture.shared, &log).wait().await);
    assert!(fixture.shared.mailbox.take(10).is_empty(), "told once");
}

#[tokio::test]
async fn flush_ms_flushes_without_further_appends() {
    let fixture = Fixture::new();
    fixture.create_with("t", &[(NODE, 0)], LogConfig { flush_ms: 30, ..LogConfig::default() });
    let client = fixture.client();
    let log = fixture.partition("t", 0);
    for end_offset in 1..=3 {
        client.produce("t", 0, &batch(1, 10)).await;
        let is_flushed = async {
            while log.state().unwrap().recovery_point < end_offset {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), is_flushed).await.expect("flush.ms is kept");
    }
}

#[tokio::test]
async fn flush_ms_holds_for_what_was_appended_before_it_was_set() {
    let fixture = Fixture::new();
    let topic_id = fixture.create("t", 1);
    let (client, log) = (fixture.client(), fixture.partition("t", 0));
    client.produce("t", 0, &batch(1, 10)).await;
    // The timer of the longer time is running when the shorter one is set.
    for flush_ms in [3_600_000, 30] {
        let config = LogConfig { flush_ms, ..LogConfig::default() };
        configure_log(&fixture.shared, topic_id, 0, &config.into());
    }
    until(|| log.state().unwrap().recovery_point == 1).await;
}

#[tokio::test]
async fn flush_ms_holds_for_what_a_crash_has_left_unflushed() {
    let dir = tempfile::tempdir().unwrap();
    let crashed = Fixture::with(|options| options.log_dirs = vec![dir.path().to_path_buf()]);
    let topic_id = Uuid([7; 16]);
    let spec = |flush_ms| LogSpec {
        topic: "t".into(),
        topic_id,
        partition: 0,
        config: LogConfig { flush_ms, ..LogConfig::default() }.into(),
        is_new: false,
    };
    open_logs(&crashed.shared, &[spec(3_600_000)], 1);
    let log = crashed.shared.logs.find(topic_id, 0).unwrap();
    log.append(&mut batch(1, 10), 0, Origin::Client, now_ms()).unwrap();

    let fixture = Fixture::with(|options| options.log_dirs = vec![dir.path().to_path_buf()]);
    open_logs(&fixture.shared, &[spec(30)], 1);
    let log = fixture.shared.logs.find(topic_id, 0).unwrap();
    assert_eq!(log.state().unwrap().log_end_offset, 1);
    until(|| log.state().unwrap().recovery_point == 1).await;
}

async fn until(condition: impl Fn() -> bool) {
    let comes_true = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), comes_true).await.expect("it comes true");
}

#[tokio::test]
async fn a_closed_segment_is_flushed_in_the_background() {
    let fixture = Fixture::new();
    fixture.create_with(
        "t",
        &[(NODE, 0)],
        LogConfig { segment_bytes: 1_000, ..LogConfig::default() },
    );
    let client = fixture.client();
    for _ in 0..2 {
        client.produce("t", 0, &batch(1, 800)).await;
    }
    let log = fixture.partition("t", 0);
    let is_flushed = async {
        while log.state().unwrap().recovery_point == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), is_flushed).await.expect("it is flushed");
}

#[tokio::test]
async fn many_bytes_are_flushed_in_the_background_and_the_recovery_point_is_written() {
    let fixture = Fixture::new();
    let config = LogConfig { background_flush_bytes: 1_500, ..LogConfig::default() };
    fixture.create_with("t", &[(NODE, 0), (NODE, 0)], config);
    let (client, log) = (fixture.client(), fixture.partition("t", 0));
    let path = log.dir().path().join(checkpoints::RECOVERY_POINT_FILE);
    let written = || {
        let offsets = checkpoints::read_offsets(&path).unwrap();
        offsets.get(&(log.topic().to_owned(), 0)).copied()
    };
    client.produce("t", 0, &batch(1, 800)).await;
    assert!(!log.dir().note_flushed(CHECKPOINT_BYTES - 1), "a byte is missing");
    client.produce("t", 0, &batch(1, 800)).await;
    let is_written = async {
        while written() != Some(2) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), is_written).await.expect("it is written");
    assert_eq!(fixture.partition("t", 1).state().unwrap().recovery_point, 0);
    assert_eq!(fixture.shared.counters.flushes.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_directory_that_is_marked_as_clean_gets_no_further_checkpoint() {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    let log = fixture.partition("t", 0);
    let path = log.dir().path().join(checkpoints::RECOVERY_POINT_FILE);
    fixture.shared.logs.close(now_ms()).unwrap();
    std::fs::remove_file(&path).unwrap();
    fixture.shared.logs.checkpoint_dir(log.dir()).unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn a_panic_takes_the_partition_offline_and_nothing_else() {
    let fixture = Fixture::new();
    fixture.create("t", 2);
    let client = fixture.client();
    let log = fixture.partition("t", 0);
    assert!(log.with_log(|_| panic!("on purpose")).is_err());
    crate::partition::report_failure(&fixture.shared, &log);
    assert_eq!(fixture.bugs(), 1);
    let mail = fixture.shared.mailbox.take(10);
    assert!(matches!(&mail[..], [Mail::LogFailed { reason, .. }] if reason == "a bug: on purpose"));
    let answer = client.produce("t", 0, &batch(1, 10)).await;
    assert_eq!(answer.first().error_code, ErrorCode::KafkaStorageError);
    let answer = client.fetch(12, &fetch_request(TopicRef::Name("t"), &[(0, 0), (1, 0)])).await;
    let codes: Vec<_> = answer.summary().iter().map(|row| row.2).collect();
    assert_eq!(codes, [ErrorCode::KafkaStorageError, ErrorCode::None]);
}
