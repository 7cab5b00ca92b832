//! Producers and consumers on threads of their own, over rolls and flushes: everybody reads everything once and in order.

use std::thread;

use pybroker_log::LogConfig;
use pybroker_wire::fetch::{FetchRequest, FetchTopic};
use pybroker_wire::{Batches, ErrorCode, TopicRef};

use crate::testing::{Client, Fixture, NODE, batch, fetch_partition, fetch_request};

const PARTITIONS: i32 = 3;
const PRODUCERS: i64 = 2;
const ROUNDS: i64 = 600;
const RECORDS: i64 = 5;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn produce(client: &Client) {
    let runtime = runtime();
    for round in 0..ROUNDS {
        for partition in 0..PARTITIONS {
            let records = batch(RECORDS as usize, (round % 50) as usize * 20);
            let answer = runtime.block_on(client.produce("t", partition, &records));
            assert_eq!(answer.first().error_code, ErrorCode::None);
        }
    }
}

/// Read every partition from its start to its end, in a session, with limits that cut batches.
fn consume(client: &Client) {
    let end_offset = PRODUCERS * ROUNDS * RECORDS;
    let runtime = runtime();
    let mut offsets = vec![0; PARTITIONS as usize];
    let mut request = FetchRequest {
        max_wait_ms: 60_000,
        max_bytes: 20_000,
        session_epoch: 0,
        ..fetch_request(TopicRef::Name("t"), &[(0, 0), (1, 0), (2, 0)])
    };
    while offsets.iter().any(|&offset| offset < end_offset) {
        let answer = runtime.block_on(client.fetch(12, &request));
        let decoded = answer.decode();
        assert_eq!(decoded.response.error_code, ErrorCode::None);
        request.session_id = decoded.response.session_id;
        request.session_epoch += 1;
        request.topics.clear();
        let partitions = decoded.response.topics.iter().flat_map(|topic| &topic.partitions);
        for (partition, records) in partitions.zip(answer.records()) {
            assert_eq!(partition.error_code, ErrorCode::None);
            let offset = &mut offsets[partition.partition_index as usize];
            let before = *offset;
            for batch in Batches::new(records).map_while(Result::ok) {
                batch.verify_crc().unwrap();
                assert_eq!(batch.header.base_offset, *offset, "nothing is missing or double");
                *offset = batch.header.last_offset() + 1;
            }
            if *offset > before {
                let partitions = vec![fetch_partition(partition.partition_index, *offset)];
                request.topics.push(FetchTopic { topic: TopicRef::Name("t"), partitions });
            }
        }
    }
}

#[test]
fn everybody_reads_everything_once_and_in_order() {
    let fixture = Fixture::new();
    let config = LogConfig { segment_bytes: 100_000, flush_messages: 500, ..LogConfig::default() };
    fixture.create_with("t", &[(NODE, 0); PARTITIONS as usize], config);
    thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| consume(&fixture.client()));
        }
        for _ in 0..PRODUCERS {
            threads.spawn(|| produce(&fixture.client()));
        }
    });
    assert_eq!(fixture.bugs(), 0);
    assert!(fixture.shared.mailbox.take(10).is_empty());
}
