//! Arbitrary, cut off and mutated bytes: nothing panics, and what decodes comes back as it was.

mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use pybroker_wire::fetch::{FetchRequest, FetchResponse};
use pybroker_wire::frame::first_frame;
use pybroker_wire::header::RequestHeader;
use pybroker_wire::produce::{ProduceRequest, ProduceResponse};
use pybroker_wire::record::{Header, Records};
use pybroker_wire::testing::ProduceRequestData;
use pybroker_wire::{BatchBuilder, Batches, Compression};
use std::sync::LazyLock;
use support::{int, lines, text, unhex};

const MAX_BYTES: usize = 1 << 16;

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

/// Decodes a body as every message; what decodes must come back equal.
fn check_messages(body: &[u8], version: i16) {
    let mut bytes = Vec::new();
    if let Ok(request) = ProduceRequest::decode(body, version) {
        let data = ProduceRequestData::of(&request, body);
        data.encode(version, &mut bytes).expect("a decoded request can be encoded");
        let again = ProduceRequest::decode(&bytes, version).expect("an encoded one decoded");
        assert_eq!(ProduceRequestData::of(&again, &bytes), data);
    }
    bytes.clear();
    if let Ok(response) = ProduceResponse::decode(body, version) {
        response.encode(version, &mut bytes).expect("a decoded response can be encoded");
        assert_eq!(ProduceResponse::decode(&bytes, version).as_ref(), Ok(&response));
    }
    bytes.clear();
    if let Ok(request) = FetchRequest::decode(body, version) {
        request.encode(version, &mut bytes).expect("a decoded request can be encoded");
        assert_eq!(FetchRequest::decode(&bytes, version).as_ref(), Ok(&request));
    }
    bytes.clear();
    if let Ok(decoded) = FetchResponse::decode(body, version) {
        let mut holes = Vec::new();
        let outcome = decoded.response.encode(version, &mut bytes, &mut holes);
        outcome.expect("a decoded response can be encoded");
        let lengths = decoded.records.iter().map(ExactSizeIterator::len).filter(|len| *len > 0);
        assert!(lengths.eq(holes.iter().map(|hole| hole.length)));
    }
}

fn check_batches(buffer: &[u8]) {
    for batch in Batches::new(buffer).flatten() {
        let _ = batch.verify_crc();
        let mut bytes = Vec::new();
        batch.header.encode(batch.payload(), &mut bytes);
        assert_eq!(bytes.len(), batch.bytes.len());
        let mut scratch = Vec::new();
        if let Ok(records) = batch.records(&mut scratch, MAX_BYTES) {
            for record in records.flatten() {
                assert_eq!(record.headers.iter().count(), record.headers.len());
            }
        }
    }
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
        let _ = RequestHeader::decode(&bytes);
        let _ = first_frame(&bytes, 1000);
        let _ = Records::new(&bytes, i32::from(version)).check();
        for id in 0..5 {
            let compression = Compression::from_id(id).expect("the codec is known");
            let _ = compression.decompress(&bytes, MAX_BYTES, &mut Vec::new());
        }
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
