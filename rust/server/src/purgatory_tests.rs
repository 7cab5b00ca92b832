//! Fetches that wait: what wakes them, what does not, and that nothing is missed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pybroker_log::{LogConfig, Origin};
use pybroker_wire::fetch::{FetchRequest, IsolationLevel};
use pybroker_wire::{ErrorCode, TopicRef};

use crate::fetch::DelayedFetch;
use crate::partition::{Failure, ReadRequest};
use crate::purgatory::Wait;
use crate::testing::{Client, Fixture, NODE, batch, fetch_request};

/// A wait that ends because of what happens, or not within the time of a test.
const LONG: Duration = Duration::from_secs(60);

fn waiting_request(partitions: &[(i32, i64)]) -> FetchRequest<'static> {
    FetchRequest {
        max_wait_ms: LONG.as_millis() as i32,
        ..fetch_request(TopicRef::Name("t"), partitions)
    }
}

fn begin(client: &Client, request: &FetchRequest<'_>) -> DelayedFetch {
    *client.begin_fetch(12, request).expect_err("there is nothing to answer yet")
}

#[tokio::test]
async fn an_append_ends_the_wait_of_a_fetch() {
    let fixture = Fixture::new();
    fixture.create("t", 2);
    let client = fixture.client();
    let delayed = begin(&client, &waiting_request(&[(0, 0), (1, 0)]));
    assert!(!delayed.is_over());
    client.produce("t", 1, &batch(1, 10)).await;
    assert!(delayed.is_over());
    let answer = client.finish_fetch(12, delayed).await;
    let bytes: Vec<_> = answer.summary().iter().map(|row| row.3 > 0).collect();
    assert_eq!(bytes, [false, true]);
}

#[tokio::test]
async fn an_append_between_the_read_and_the_wait_is_not_missed() {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    let log = fixture.partition("t", 0);
    let request = ReadRequest {
        offset: 0,
        max_bytes: 1_000,
        isolation: IsolationLevel::ReadUncommitted,
        at_least_one_batch: true,
        last_fetched_epoch: -1,
    };
    let read = log.read(request).unwrap();
    fixture.client().produce("t", 0, &batch(1, 10)).await;
    let mut wait = Wait::new(1, LONG, 1);
    wait.watch(log, read.mark, IsolationLevel::ReadUncommitted, 1_000);
    assert!(wait.is_over());
}

#[tokio::test]
async fn bytes_of_all_partitions_count_as_far_as_they_can_be_used() {
    let fixture = Fixture::new();
    fixture.create("t", 2);
    let client = fixture.client();
    let size = batch(1, 100).len() as i32;
    client.produce("t", 0, &batch(1, 100)).await;
    let mut request = waiting_request(&[(0, 0), (1, 0)]);
    request.min_bytes = 4 * size;
    request.topics[0].partitions[0].partition_max_bytes = 2 * size;
    let delayed = begin(&client, &request);
    for (partition, is_over) in [(0, false), (0, false), (0, false), (1, false), (1, true)] {
        client.produce("t", partition, &batch(1, 100)).await;
        assert_eq!(delayed.is_over(), is_over);
    }
    let answer = client.finish_fetch(12, delayed).await;
    let bytes: Vec<_> = answer.summary().iter().map(|row| row.3 as i32).collect();
    assert_eq!(bytes, [2 * size, 2 * size]);
}

#[tokio::test]
async fn duplicates_wake_nobody() {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    let client = fixture.client();
    let records = crate::testing::idempotent_batch(1, 0, 0, 1);
    client.produce("t", 0, &records).await;
    let delayed = begin(&client, &waiting_request(&[(0, 1)]));
    client.produce("t", 0, &records).await;
    assert!(!delayed.is_over());
}

#[tokio::test(start_paused = true)]
async fn a_fetch_is_answered_at_its_deadline_with_what_there_is() {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    let client = fixture.client();
    client.produce("t", 0, &batch(1, 10)).await;
    let mut request = waiting_request(&[(0, 0)]);
    (request.min_bytes, request.max_wait_ms) = (1_000_000, 500);
    let began = tokio::time::Instant::now();
    let answer = client.fetch(12, &request).await;
    assert!(began.elapsed() >= Duration::from_millis(500));
    assert!(began.elapsed() < Duration::from_millis(600));
    assert_eq!(answer.first().records_bytes, batch(1, 10).len());
}

#[tokio::test]
async fn a_fetch_that_cannot_become_better_does_not_wait() {
    let fixture = Fixture::new();
    fixture.create_with(
        "t",
        &[(NODE, 0)],
        LogConfig { segment_bytes: 2_000, ..LogConfig::default() },
    );
    let client = fixture.client();
    let mut request = waiting_request(&[(0, 0)]);
    request.min_bytes = 0;
    assert!(client.begin_fetch(12, &request).is_ok());
    request.min_bytes = 1_000_000;
    request.topics[0].partitions[0].partition = 9;
    assert!(client.begin_fetch(12, &request).is_ok());
    // Records of an older segment are not read together with later ones.
    request.topics[0].partitions[0].partition = 0;
    client.produce("t", 0, &batch(1, 1_500)).await;
    let delayed = begin(&client, &request);
    client.produce("t", 0, &batch(1, 1_500)).await;
    assert!(delayed.is_over());
    assert!(client.begin_fetch(12, &request).is_ok());
}

#[tokio::test]
async fn an_unknown_partition_lets_the_others_wait() {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    let client = fixture.client();
    let delayed = begin(&client, &waiting_request(&[(0, 0), (5, 0)]));
    client.produce("t", 0, &batch(1, 10)).await;
    let answer = client.finish_fetch(12, delayed).await;
    let codes: Vec<_> = answer.summary().iter().map(|row| row.2).collect();
    assert_eq!(codes, [ErrorCode::None, ErrorCode::UnknownTopicOrPartition]);
}

/// Begin a fetch that waits, do something, and give the error with which the fetch is answered.
async fn error_after(happening: impl FnOnce(&Fixture)) -> ErrorCode {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    let client = fixture.client();
    client.produce("t", 0, &batch(3, 10)).await;
    let delayed = begin(&client, &waiting_request(&[(0, 3)]));
    happening(&fixture);
    assert!(delayed.is_over());
    client.finish_fetch(12, delayed).await.first().error_code
}

#[tokio::test]
async fn what_happens_to_a_partition_ends_the_wait() {
    let scope = pybroker_log::FailureScope::Log;
    let failure = Failure { reason: "gone".to_owned(), scope, is_bug: false };
    let code = error_after(|fixture| {
        fixture.partition("t", 0).take_offline(failure);
    });
    assert_eq!(code.await, ErrorCode::KafkaStorageError);
    let code = error_after(|fixture| fixture.partition("t", 0).close(0).unwrap());
    assert_eq!(code.await, ErrorCode::KafkaStorageError);
    let code = error_after(|fixture| fixture.delete("t"));
    assert_eq!(code.await, ErrorCode::UnknownTopicOrPartition);
    let code = error_after(|fixture| fixture.lead("t", &[(2, 1)]));
    assert_eq!(code.await, ErrorCode::NotLeaderOrFollower);
    let code = error_after(|fixture| {
        fixture.partition("t", 0).with_log(|log| log.truncate_to(1, 0)).unwrap().unwrap();
    });
    assert_eq!(code.await, ErrorCode::OffsetOutOfRange);
}

#[tokio::test]
async fn a_publication_that_changes_no_leader_wakes_nobody() {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    let delayed = begin(&fixture.client(), &waiting_request(&[(0, 0)]));
    fixture.lead("t", &[(NODE, 0)]);
    fixture.create("other", 1);
    assert!(!delayed.is_over());
}

#[tokio::test]
async fn stopping_ends_every_wait() {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    let client = fixture.client();
    let delayed = begin(&client, &waiting_request(&[(0, 0)]));
    fixture.shared.stopping.set();
    let answer = client.finish_fetch(12, delayed).await;
    assert_eq!((answer.first().error_code, answer.first().records_bytes), (ErrorCode::None, 0));
}

#[tokio::test]
async fn a_fetch_that_is_dropped_watches_nothing_any_more() {
    let fixture = Fixture::new();
    fixture.create("t", 3);
    let client = fixture.client();
    let request = waiting_request(&[(0, 0), (1, 0), (2, 0)]);
    let delayed: Vec<_> = (0..5).map(|_| begin(&client, &request)).collect();
    assert_eq!(fixture.partition("t", 2).watcher_count(), 5);
    drop(delayed);
    for partition in 0..3 {
        assert_eq!(fixture.partition("t", partition).watcher_count(), 0);
    }
}

#[test]
fn a_fetch_on_another_thread_is_woken_by_the_append() {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    let (log, client) = (fixture.partition("t", 0), fixture.client());
    let waiting = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(client.fetch(12, &waiting_request(&[(0, 0)])));
        (answer.first().records_bytes, Instant::now())
    });
    let deadline = Instant::now() + Duration::from_secs(10);
    while log.watcher_count() == 0 && Instant::now() < deadline {
        thread::yield_now();
    }
    let appended = Instant::now();
    log.append(&mut batch(1, 10), 0, Origin::Client, fixture.shared.clock.now_ms()).unwrap();
    let (bytes, answered) = waiting.join().unwrap();
    assert_eq!(bytes, batch(1, 10).len());
    assert!(answered - appended < Duration::from_secs(5), "woken, not timed out");
}

#[test]
fn no_wake_up_is_lost_in_ten_thousand_rounds() {
    const ROUNDS: usize = 10_000;
    let fixture = Fixture::new();
    fixture.create("t", 2);
    let logs = [fixture.partition("t", 0), fixture.partition("t", 1)];
    let begun = Arc::new(AtomicUsize::new(0));
    let consumer = {
        let (client, begun) = (fixture.client(), Arc::clone(&begun));
        thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let mut offsets = [0, 0];
            for round in 0..ROUNDS {
                // The append of this round may come before, while, or after the fetch begins to wait.
                begun.store(round + 1, Ordering::Release);
                let request = waiting_request(&[(0, offsets[0]), (1, offsets[1])]);
                let started = Instant::now();
                let answer = runtime.block_on(client.fetch(12, &request));
                assert!(started.elapsed() < LONG / 2, "round {round} was not woken");
                let rows = answer.summary();
                assert!(rows.iter().any(|row| row.3 > 0), "round {round} was woken for nothing");
                for (_, index, _, bytes) in rows {
                    offsets[index as usize] += i64::from(bytes > 0);
                }
            }
        })
    };
    let mut records = batch(1, 10);
    for round in 0..ROUNDS {
        while begun.load(Ordering::Acquire) <= round && !consumer.is_finished() {
            thread::yield_now();
        }
        // Spread the appends over the time that a fetch takes to begin.
        for _ in 0..round % 200 * 10 {
            std::hint::spin_loop();
        }
        records[..8].fill(0);
        let now_ms = fixture.shared.clock.now_ms();
        logs[round % 2].append(&mut records, 0, Origin::Client, now_ms).unwrap();
    }
    consumer.join().unwrap();
}
