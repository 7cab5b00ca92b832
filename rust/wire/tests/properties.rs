//! Arbitrary, cut off and mutated bytes: nothing panics, and what decodes comes back as it was.

mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use pybroker_wire::record::Header;
use pybroker_wire::testing::invariants::{check_batches, check_fetch, check_frames, check_produce};
use pybroker_wire::{BatchBuilder, Batches, Compression};
use std::sync::LazyLock;
use support::{int, lines, text, unhex};

/// Message, version and body of every vector.
static BODIES: LazyLock<Vec<(String, i16, Vec<u8>)>> = LazyLock::new(|| {
    let body = |line: serde_json::Value| {
        let message = text(&line, "message").expect("a message").to_owned();
        (message, int(&line, "version"), unhex(&line["hex"]))
    };
    lines("produce-fetch-vectors.jsonl").into_iter().map(body).collect()
});

static BATCHES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    lines("record-batch-vectors.jsonl").iter().map(|line| unhex(&line["hex"])).collect()
});

fn check_messages(body: &[u8], version: i16) {
    check_produce(body, version);
    check_fetch(body, version);
}

/// Writes some bytes and, perhaps, cuts the rest off.
fn mutate(bytes: &mut Vec<u8>, changes: &[(Index, u8)], end: Option<&Index>) {
    for (index, value) in changes {
        if !bytes.is_empty() {
            let at = index.index(bytes.len());
            bytes[at] = *value;
        }
    }
    if let Some(end) = end {
        bytes.truncate(end.index(bytes.len() + 1));
    }
}

type RecordParts = (i64, Option<Vec<u8>>, Option<Vec<u8>>, Vec<(Vec<u8>, Option<Vec<u8>>)>);

fn record_parts() -> impl Strategy<Value = RecordParts> {
    let bytes = || vec(any::<u8>(), 0..100);
    let header = (bytes(), proptest::option::of(bytes()));
    let optional = || proptest::option::of(bytes());
    (0..1_i64 << 45, optional(), optional(), vec(header, 0..4))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in vec(any::<u8>(), 0..300), version in 0_i16..20) {
        check_messages(&bytes, version);
        check_batches(&bytes);
        check_frames(&bytes);
    }

    #[test]
    fn mutated_messages_do_not_panic_and_come_back_when_they_decode(
        which in any::<Index>(),
        changes in vec((any::<Index>(), any::<u8>()), 0..4),
        end in proptest::option::of(any::<Index>()),
    ) {
        let (_, version, body) = which.get(BODIES.as_slice());
        let mut body = body.clone();
        mutate(&mut body, &changes, end.as_ref());
        check_messages(&body, *version);
    }

    #[test]
    fn mutated_batches_do_not_panic(
        which in any::<Index>(),
        changes in vec((any::<Index>(), any::<u8>()), 0..6),
        end in proptest::option::of(any::<Index>()),
    ) {
        let mut buffer = which.get(BATCHES.as_slice()).clone();
        mutate(&mut buffer, &changes, end.as_ref());
        check_batches(&buffer);
    }

    #[test]
    fn records_come_back_through_every_codec(
        records in vec(record_parts(), 1..20),
        codec in 0_u8..5,
    ) {
        let compression = Compression::from_id(codec).expect("the codec is known");
        let mut builder = BatchBuilder::new(7).compression(compression, None);
        for (timestamp, key, value, headers) in &records {
            let headers: Vec<_> = headers
                .iter()
                .map(|(key, value)| Header { key, value: value.as_deref() })
                .collect();
            builder.append(*timestamp, key.as_deref(), value.as_deref(), &headers);
        }
        let mut bytes = Vec::new();
        builder.build(&mut bytes).expect("the records compress");
        let batch = Batches::new(&bytes).next().expect("a batch").expect("the batch is whole");
        prop_assert_eq!(batch.verify_crc(), Ok(()));
        prop_assert_eq!(batch.header.last_offset(), 6 + records.len() as i64);
        let mut scratch = Vec::new();
        let found = batch.records(&mut scratch, 1 << 20).expect("it decompresses");
        for (record, (timestamp, key, value, headers)) in found.zip(&records) {
            let record = record.expect("the record is whole");
            prop_assert_eq!(batch.header.base_timestamp + record.timestamp_delta, *timestamp);
            prop_assert_eq!(record.key, key.as_deref());
            prop_assert_eq!(record.value, value.as_deref());
            let expected = headers.iter().map(|(key, value)| (&key[..], value.as_deref()));
            prop_assert!(record.headers.iter().map(|header| (header.key, header.value)).eq(expected));
        }
    }
}
