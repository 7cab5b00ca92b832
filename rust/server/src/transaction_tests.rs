//! Transactions as a consumer sees them: what is visible when, which transactions were aborted, and what wakes a fetch.

use std::sync::Arc;

use pybroker_log::{LogConfig, Origin};
use pybroker_wire::TransactionOutcome::{Abort, Commit};
use pybroker_wire::fetch::{AbortedTransaction, FetchRequest};
use pybroker_wire::{Batches, ErrorCode, TopicRef, TransactionMarker, TransactionOutcome};

use crate::partition::Partition;
use crate::testing::{Fixture, NODE, batch, fetch_request, now_ms, transactional_batch};

const WAIT_MS: i32 = 60_000;

/// A batch of two records of a producer's transaction.
fn write(log: &Partition, producer_id: i64, sequence: i32) -> i64 {
    let mut records = transactional_batch(producer_id, sequence, 2);
    log.append(&mut records, 0, Origin::Client, now_ms()).unwrap().appended.base_offset
}

fn end(log: &Partition, producer_id: i64, outcome: TransactionOutcome) {
    let mut records = Vec::new();
    let marker = TransactionMarker { outcome, coordinator_epoch: 0 };
    marker.encode(producer_id, 0, now_ms(), &mut records).unwrap();
    log.append(&mut records, 0, Origin::Coordinator, now_ms()).unwrap();
}

fn committed(offset: i64, max_wait_ms: i32) -> FetchRequest<'static> {
    let mut request = fetch_request(TopicRef::Name("t"), &[(0, offset)]);
    request.isolation_level_id = 1;
    request.max_wait_ms = max_wait_ms;
    request
}

fn uncommitted(offset: i64, max_wait_ms: i32) -> FetchRequest<'static> {
    FetchRequest { isolation_level_id: 0, ..committed(offset, max_wait_ms) }
}

fn offsets(records: &[u8]) -> Vec<i64> {
    Batches::new(records).map(|batch| batch.unwrap().header.base_offset).collect()
}

fn topic(fixture: &Fixture) -> Arc<Partition> {
    fixture.create("t", 1);
    fixture.partition("t", 0)
}

#[tokio::test]
async fn who_reads_committed_records_sees_them_up_to_the_last_stable_offset() {
    let fixture = Fixture::new();
    let log = topic(&fixture);
    let client = fixture.client();
    client.produce("t", 0, &batch(1, 10)).await;
    write(&log, 1, 0);
    client.produce("t", 0, &batch(1, 10)).await;
    for version in [4, 5, 12] {
        let answer = client.fetch(version, &committed(0, 0)).await;
        let one = answer.first();
        assert_eq!((one.high_watermark, one.last_stable_offset), (4, 1));
        assert_eq!(one.aborted_transactions, Some(vec![]));
        assert_eq!(offsets(answer.records()[0]), [0]);
        let all = client.fetch(version, &uncommitted(0, 0)).await;
        assert_eq!((all.first().last_stable_offset, all.first().aborted_transactions), (1, None));
        assert_eq!(offsets(all.records()[0]), [0, 1, 3]);
    }
    let at_end = client.fetch(12, &committed(1, 0)).await;
    assert_eq!((at_end.first().records_bytes, at_end.first().error_code), (0, ErrorCode::None));
    let behind = client.fetch(12, &committed(4, 0)).await;
    assert_eq!((behind.first().records_bytes, behind.first().error_code), (0, ErrorCode::None));
}

#[tokio::test]
async fn aborted_transactions_of_what_is_read_are_named() {
    let fixture = Fixture::new();
    let small = LogConfig { segment_bytes: 500, ..LogConfig::default() };
    fixture.create_with("t", &[(NODE, 0)], small);
    let log = fixture.partition("t", 0);
    let client = fixture.client();
    write(&log, 1, 0);
    write(&log, 2, 0);
    end(&log, 1, Abort);
    write(&log, 1, 2);
    end(&log, 2, Commit);
    end(&log, 1, Abort);
    write(&log, 1, 4);
    client.produce("t", 0, &batch(1, 100)).await;
    end(&log, 1, Commit);
    let answer = client.fetch(12, &committed(0, 0)).await;
    let aborted = |first_offset| AbortedTransaction { producer_id: 1, first_offset };
    let named = answer.first().aborted_transactions.unwrap();
    assert_eq!(named, [aborted(0), aborted(5)]);
    let answer = client.fetch(12, &committed(5, 0)).await;
    assert_eq!(answer.first().aborted_transactions.unwrap(), [aborted(5)]);
    let answer = client.fetch(12, &committed(9, 0)).await;
    assert_eq!(answer.first().aborted_transactions.unwrap(), []);
    assert!(answer.first().records_bytes > 0);
    assert_eq!(client.fetch(12, &uncommitted(0, 0)).await.first().aborted_transactions, None);
}

#[tokio::test]
async fn a_marker_wakes_who_waits_for_committed_records_and_records_alone_do_not() {
    let fixture = Fixture::new();
    let log = topic(&fixture);
    let client = fixture.client();
    let patient = client.begin_fetch(12, &committed(0, WAIT_MS)).unwrap_err();
    let hasty = client.begin_fetch(12, &uncommitted(0, WAIT_MS)).unwrap_err();
    write(&log, 1, 0);
    client.produce("t", 0, &batch(1, 10)).await;
    assert!(hasty.is_over());
    assert!(!patient.is_over(), "nothing is stable yet");
    end(&log, 1, Commit);
    assert!(patient.is_over());
    let answer = client.finish_fetch(12, *patient).await;
    assert_eq!(offsets(answer.records()[0]), [0, 2, 3]);
}

#[tokio::test]
async fn min_bytes_counts_what_is_stable() {
    let fixture = Fixture::new();
    let log = topic(&fixture);
    let client = fixture.client();
    let size = batch(1, 10).len() as i32;
    let request = FetchRequest { min_bytes: 2 * size, ..committed(0, WAIT_MS) };
    let delayed = client.begin_fetch(12, &request).unwrap_err();
    client.produce("t", 0, &batch(1, 10)).await;
    write(&log, 1, 0);
    for _ in 0..5 {
        client.produce("t", 0, &batch(1, 10)).await;
    }
    assert!(!delayed.is_over());
    write(&log, 2, 0);
    end(&log, 1, Abort);
    assert!(delayed.is_over(), "stable up to where the other transaction begins");
    let answer = client.finish_fetch(12, *delayed).await;
    assert_eq!(answer.first().last_stable_offset, 8);
}

#[tokio::test]
async fn the_end_of_a_transaction_of_before_a_restart_wakes_too() {
    let fixture = Fixture::new();
    fixture.create("t", 1);
    let log = fixture.partition("t", 0);
    for producer_id in [1, 2] {
        write(&log, producer_id, 0);
    }
    log.close(0).unwrap();
    let log = fixture.reopen("t");
    let client = fixture.client();
    let delayed = client.begin_fetch(12, &committed(0, WAIT_MS)).unwrap_err();
    client.produce("t", 0, &batch(1, 10)).await;
    assert!(!delayed.is_over());
    end(&log, 1, Commit);
    assert!(delayed.is_over(), "the last stable offset moved to the other one");
    let answer = client.finish_fetch(12, *delayed).await;
    assert_eq!(offsets(answer.records()[0]), [0]);
}
