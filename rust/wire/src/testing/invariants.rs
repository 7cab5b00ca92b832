//! What holds for any bytes at all, for property tests and fuzzing.
//!
//! None of this may panic except by an assertion that says what did not hold. What decodes is
//! encoded again: to the same bytes in classic versions, in which every value has one form only,
//! and to an equal value in flexible ones.

use super::{DecodedFetchResponse, ProduceRequestData};
use crate::batch::{Batch, Batches};
use crate::compression::Compression;
use crate::fetch::{self, FetchRequest, FetchResponse};
use crate::frame::{PREFIX_BYTES, first_frame};
use crate::header::{FETCH, PRODUCE, RequestHeader, is_flexible};
use crate::produce::{self, ProduceRequest, ProduceResponse};
use crate::record::{Header, Records, write_record};

/// What a payload may expand to here.
const MAX_DECOMPRESSED_BYTES: usize = 1 << 20;
/// What a frame may claim here.
const MAX_FRAME_BYTES: usize = 1 << 16;

/// Frames one after the other, their headers, and the bodies of Produce and Fetch.
pub fn check_frames(mut buffer: &[u8]) {
    while let Ok(Some(range)) = first_frame(buffer, MAX_FRAME_BYTES) {
        assert_eq!(range.start, PREFIX_BYTES, "a frame follows its prefix");
        check_request(&buffer[range.clone()]);
        buffer = &buffer[range.end..];
    }
}

fn check_request(frame: &[u8]) {
    let Ok(header) = RequestHeader::decode(frame) else { return };
    let mut bytes = Vec::new();
    header.encode(&mut bytes).expect("the key of a decoded header is known");
    if is_flexible(header.api_key, header.api_version) == Some(false) {
        assert_eq!(bytes, frame[..header.body_position], "a classic header has one form");
    }
    let again = RequestHeader::decode(&bytes).expect("an encoded header is whole");
    assert_eq!(again, RequestHeader { body_position: bytes.len(), ..header });
    let body = &frame[header.body_position..];
    match header.api_key {
        PRODUCE => check_produce(body, header.api_version),
        FETCH => check_fetch(body, header.api_version),
        _ => {}
    }
}

/// A body as a Produce request and as a Produce response.
pub fn check_produce(body: &[u8], version: i16) {
    let classic = version < produce::FIRST_FLEXIBLE;
    if let Ok(request) = ProduceRequest::decode(body, version) {
        let data = ProduceRequestData::of(&request, body);
        let mut bytes = Vec::new();
        data.encode(version, &mut bytes).expect("the version of a decoded request is served");
        assert!(!classic || body.starts_with(&bytes), "a classic request has one form");
        let again = ProduceRequest::decode(&bytes, version).expect("an encoded request is whole");
        assert_eq!(ProduceRequestData::of(&again, &bytes), data);
        let partitions = request.topics.iter().flat_map(|topic| &topic.partitions);
        partitions.filter_map(|partition| partition.records.clone()).for_each(|range| {
            check_batches(&body[range]);
        });
    }
    if let Ok(response) = ProduceResponse::decode(body, version) {
        let mut bytes = Vec::new();
        response.encode(version, &mut bytes).expect("the version of a decoded response is served");
        assert!(!classic || bytes == body, "a classic response has one form");
        assert_eq!(ProduceResponse::decode(&bytes, version), Ok(response));
    }
}

/// A body as a Fetch request and as a Fetch response.
pub fn check_fetch(body: &[u8], version: i16) {
    let classic = version < fetch::FIRST_FLEXIBLE;
    if let Ok(request) = FetchRequest::decode(body, version) {
        let mut bytes = Vec::new();
        request.encode(version, &mut bytes).expect("the version of a decoded request is served");
        assert!(!classic || body.starts_with(&bytes), "a classic request has one form");
        assert_eq!(FetchRequest::decode(&bytes, version), Ok(request));
    }
    if let Ok(decoded) = FetchResponse::decode(body, version) {
        check_fetch_response(body, version, &decoded);
    }
}

fn check_fetch_response(body: &[u8], version: i16, decoded: &DecodedFetchResponse<'_>) {
    let (mut bytes, mut holes) = (Vec::new(), Vec::new());
    let outcome = decoded.response.encode(version, &mut bytes, &mut holes);
    outcome.expect("the version of a decoded response is served");
    let records: Vec<_> = decoded.records.iter().filter(|range| !range.is_empty()).collect();
    assert_eq!(records.len(), holes.len(), "a hole for each partition with records");
    let (mut whole, mut done) = (Vec::new(), 0);
    for (hole, range) in holes.iter().zip(records) {
        assert_eq!(hole.length, range.len(), "a hole has the length of its records");
        whole.extend_from_slice(&bytes[done..hole.position]);
        whole.extend_from_slice(&body[range.clone()]);
        done = hole.position;
    }
    whole.extend_from_slice(&bytes[done..]);
    let again = FetchResponse::decode(&whole, version).expect("an encoded response is whole");
    assert_eq!(again.response, decoded.response);
}

/// A buffer of record batches: headers, checksums, records in every codec.
pub fn check_batches(buffer: &[u8]) {
    let mut position = 0;
    for batch in Batches::new(buffer).flatten() {
        assert_eq!(batch.position, position, "a batch follows the one before it");
        position += batch.bytes.len();
        check_batch(&batch);
    }
    for codec in (0..=u8::MAX).map_while(|id| Compression::from_id(id).ok()) {
        let mut out = Vec::new();
        if codec.decompress(buffer, MAX_DECOMPRESSED_BYTES, &mut out).is_ok() {
            assert!(out.len() <= MAX_DECOMPRESSED_BYTES, "the limit holds");
        }
    }
}

fn check_batch(batch: &Batch<'_>) {
    let mut bytes = Vec::new();
    batch.header.encode(batch.payload(), &mut bytes);
    if batch.verify_crc().is_ok() {
        assert_eq!(bytes, batch.bytes, "a batch with a right checksum has one form");
    }
    let again = Batch::first(&bytes).expect("an encoded batch is whole");
    assert_eq!(again.verify_crc(), Ok(()));
    let mut scratch = Vec::new();
    if let Ok(payload) = batch.uncompressed_payload(&mut scratch, MAX_DECOMPRESSED_BYTES) {
        check_records(payload, batch.header.records_count);
    }
}

fn check_records(payload: &[u8], count: i32) {
    let Ok(records) = Records::new(payload, count).collect::<Result<Vec<_>, _>>() else { return };
    assert_eq!(records.len(), count as usize, "a payload holds as many records as its batch says");
    let mut bytes = Vec::new();
    for record in &records {
        let headers: Vec<Header<'_>> = record.headers.iter().collect();
        assert_eq!(headers.len(), record.headers.len(), "checked headers can be read");
        let (offset_delta, timestamp_delta) = (record.offset_delta, record.timestamp_delta);
        let (key, value) = (record.key, record.value);
        write_record(&mut bytes, offset_delta, timestamp_delta, key, value, &headers);
    }
    // Headers are compared as bytes, and varints may be longer than they need: one round settles
    // that.
    let again: Vec<_> = Records::new(&bytes, count).flatten().collect();
    assert_eq!(again.len(), records.len(), "written records are whole");
    for (record, expected) in again.iter().zip(&records) {
        assert_eq!(record.key, expected.key);
        assert_eq!(record.value, expected.value);
        assert!(record.headers.iter().eq(expected.headers.iter()), "headers come back");
        assert_eq!(record.offset_delta, expected.offset_delta);
        assert_eq!(record.timestamp_delta, expected.timestamp_delta);
    }
}
