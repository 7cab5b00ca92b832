//! Records that are not what their batch or their length claims.

use pybroker_wire::batch::{Attributes, add_sequence};
use pybroker_wire::record::{Header, Record, Records, write_record};
use pybroker_wire::{Batch, BatchBuilder, Compression, WireError};

fn payload() -> Vec<u8> {
    let mut payload = Vec::new();
    let headers = [Header { key: b"h", value: None }, Header { key: b"", value: Some(b"v") }];
    write_record(&mut payload, 0, 0, Some(b"key"), Some(b"value"), &headers);
    write_record(&mut payload, 1, -5, None, None, &[]);
    payload
}

fn read(payload: &[u8], count: i32) -> Result<Vec<Record<'_>>, WireError> {
    Records::new(payload, count).collect()
}

#[test]
fn records_come_back_as_they_were_written() {
    let payload = payload();
    let records = read(&payload, 2).expect("the records are whole");
    assert_eq!(records[0].key, Some(&b"key"[..]));
    assert_eq!(records[0].value, Some(&b"value"[..]));
    let headers: Vec<_> = records[0].headers.iter().collect();
    assert_eq!(headers[0], Header { key: b"h", value: None });
    assert_eq!(headers[1], Header { key: b"", value: Some(b"v") });
    assert_eq!((records[1].offset_delta, records[1].timestamp_delta), (1, -5));
    assert_eq!((records[1].key, records[1].value), (None, None));
    assert!(records[1].headers.is_empty());
    assert_eq!(Records::new(&payload, 2).check(), Ok(()));
}

#[test]
fn a_batch_that_lies_about_its_count_is_refused() {
    let payload = payload();
    assert_eq!(read(&payload, 3), Err(WireError::RecordCount { claimed: 3, found: 2 }));
    assert_eq!(read(&payload, -1), Err(WireError::RecordCount { claimed: -1, found: 0 }));
    let second = payload.len() - 7;
    assert_eq!(read(&payload, 1), Err(WireError::TrailingBytes(payload.len() - second)));
    assert!(read(&payload, i32::MAX).is_err());
}

#[test]
fn nothing_follows_an_error() {
    let payload = payload();
    let mut records = Records::new(&payload, 3);
    assert_eq!(records.by_ref().flatten().count(), 2);
    assert!(records.next().is_none());
}

#[test]
fn a_record_fills_its_length() {
    let refused = |bytes: &[u8], error| assert_eq!(read(bytes, 1), Err(error));
    // One byte more than the fields take: the second header would be it.
    refused(&[14, 0, 0, 0, 1, 1, 0, 0], WireError::RecordLength { claimed: 7, found: 6 });
    refused(&[14, 0, 0, 0, 1, 1, 0], WireError::Truncated { needed: 7, left: 6 });
    refused(&[10, 0, 0, 0, 1, 1], WireError::InvalidLength(5));
    refused(&[1, 0, 0, 0, 1, 1], WireError::InvalidLength(-1));
    // A key of length -2, a key longer than the record, a negative number of headers.
    refused(&[12, 0, 0, 0, 3, 1, 0], WireError::InvalidLength(-2));
    refused(&[12, 0, 0, 0, 40, 1, 0], WireError::Truncated { needed: 20, left: 2 });
    refused(&[12, 0, 0, 0, 1, 1, 1], WireError::InvalidLength(-1));
}

#[test]
fn headers_are_checked_when_the_record_is() {
    let refused = |bytes: &[u8], error| assert_eq!(read(bytes, 1), Err(error));
    refused(&[12, 0, 0, 0, 1, 1, 100], WireError::ArrayTooLong { count: 50, left: 0 });
    refused(&[16, 0, 0, 0, 1, 1, 2, 1, 1], WireError::UnexpectedNull);
}

#[test]
fn a_sequence_wraps_to_zero() {
    assert_eq!(add_sequence(i32::MAX, 0), i32::MAX);
    assert_eq!(add_sequence(i32::MAX, 1), 0);
    assert_eq!(add_sequence(i32::MAX - 2, 5), 2);
    assert_eq!(add_sequence(0, i32::MAX), i32::MAX);
}

#[test]
fn an_empty_builder_makes_an_empty_batch() {
    let mut bytes = Vec::new();
    BatchBuilder::new(5).build(&mut bytes).expect("nothing is compressed");
    let batch = Batch::first(&bytes).expect("the batch is whole");
    assert_eq!((batch.bytes.len(), batch.header.records_count), (61, 0));
    assert_eq!(batch.records(&mut Vec::new(), 0).map(Iterator::count), Ok(0));
}

#[test]
fn a_builder_keeps_gaps_and_the_largest_timestamp() {
    let mut builder = BatchBuilder::new(100).compression(Compression::Lz4, None);
    builder = builder.attributes(Attributes::default().with_transactional());
    builder.append_at(3, 1_000, None, Some(b"a"), &[]);
    builder.append(900, None, Some(b"b"), &[]);
    let mut bytes = Vec::new();
    builder.build(&mut bytes).expect("the records compress");
    let batch = Batch::first(&bytes).expect("the batch is whole");
    assert_eq!(batch.header.last_offset(), 104);
    assert_eq!(batch.header.base_timestamp, 1_000);
    assert_eq!(batch.header.max_timestamp, 1_000);
    assert!(batch.header.attributes.is_transactional());
    let mut scratch = Vec::new();
    let records = batch.records(&mut scratch, 1_000).expect("the payload decompresses");
    let deltas: Vec<_> =
        records.map(|record| record.map(|record| record.timestamp_delta)).collect();
    assert_eq!(deltas, [Ok(0), Ok(-100)]);
}
