//! Record batches, held to buffers that Kafka's own classes wrote.

mod support;

use pybroker_wire::batch::{
    Attributes, TimestampType, set_base_offset, set_max_timestamp, set_partition_leader_epoch,
};
use pybroker_wire::record::Header;
use pybroker_wire::{Batch, BatchBuilder, Batches, Compression, WireError};
use serde_json::Value;
use support::{elements, flag, int, lines, text, unhex, unhex_nullable};

const MAX_BYTES: usize = 1 << 20;

fn vectors() -> Vec<Value> {
    lines("record-batch-vectors.jsonl")
}

fn batches(buffer: &[u8]) -> Vec<Batch<'_>> {
    Batches::new(buffer).collect::<Result<_, _>>().expect("the buffer holds whole batches")
}

fn each_batch(mut check: impl FnMut(&Value, &[u8], Batch<'_>, &Value)) {
    for vector in vectors() {
        let buffer = unhex(&vector["hex"]);
        let found = batches(&buffer);
        assert_eq!(found.len(), elements(&vector, "batches").len(), "{}", vector["name"]);
        for (batch, expected) in found.into_iter().zip(elements(&vector, "batches")) {
            check(&vector["name"], &buffer, batch, expected);
        }
    }
}

#[test]
fn headers_say_what_kafka_reads_in_them() {
    let mut count = 0;
    each_batch(|name, buffer, batch, expected| {
        let header = batch.header;
        assert_eq!(header.base_offset, int::<i64>(expected, "baseOffset"), "{name}");
        assert_eq!(header.last_offset(), int::<i64>(expected, "lastOffset"), "{name}");
        assert_eq!(header.size_bytes(), int::<usize>(expected, "sizeInBytes"), "{name}");
        assert_eq!(header.crc, int::<u32>(expected, "crc"), "{name}");
        assert_eq!(header.max_timestamp, int::<i64>(expected, "maxTimestamp"), "{name}");
        assert_eq!(header.producer_id, int::<i64>(expected, "producerId"), "{name}");
        assert_eq!(header.producer_epoch, int::<i16>(expected, "producerEpoch"), "{name}");
        assert_eq!(header.base_sequence, int::<i32>(expected, "baseSequence"), "{name}");
        assert_eq!(header.last_sequence(), int::<i32>(expected, "lastSequence"), "{name}");
        let leader_epoch: i32 = int(expected, "partitionLeaderEpoch");
        assert_eq!(header.partition_leader_epoch, leader_epoch, "{name}");
        let attributes = header.attributes;
        assert_eq!(attributes.is_transactional(), flag(expected, "transactional"), "{name}");
        assert_eq!(attributes.is_control(), flag(expected, "control"), "{name}");
        let compression = attributes.compression().expect("the codec is known");
        assert_eq!(Some(compression.name()), text(expected, "codec"), "{name}");
        let timestamp_type = format!("{:?}", attributes.timestamp_type());
        assert_eq!(Some(timestamp_type.as_str()), text(expected, "timestampType"), "{name}");
        assert_eq!(batch.verify_crc().is_ok(), flag(expected, "valid"), "{name}");
        assert_eq!(&buffer[batch.position..][..batch.bytes.len()], batch.bytes, "{name}");
        count += 1;
    });
    assert!(count > 28);
}

#[test]
fn records_are_those_that_kafka_reads() {
    each_batch(|name, _, batch, expected| {
        let mut scratch = Vec::new();
        let records = batch.records(&mut scratch, MAX_BYTES).expect("the payload decompresses");
        let records: Vec<_> = records.collect::<Result<_, _>>().expect("the records are whole");
        assert_eq!(records.len(), elements(expected, "records").len(), "{name}");
        let log_append_time =
            batch.header.attributes.timestamp_type() == TimestampType::LogAppendTime;
        for (record, expected) in records.into_iter().zip(elements(expected, "records")) {
            let offset = batch.header.base_offset + i64::from(record.offset_delta);
            let timestamp = if log_append_time {
                batch.header.max_timestamp
            } else {
                batch.header.base_timestamp + record.timestamp_delta
            };
            assert_eq!(offset, int::<i64>(expected, "offset"), "{name}");
            assert_eq!(timestamp, int::<i64>(expected, "timestamp"), "{name}");
            assert_eq!(record.key, unhex_nullable(&expected["key"]).as_deref(), "{name}");
            assert_eq!(record.value, unhex_nullable(&expected["value"]).as_deref(), "{name}");
            assert_eq!(record.headers.len(), elements(expected, "headers").len(), "{name}");
            for (header, expected) in record.headers.iter().zip(elements(expected, "headers")) {
                assert_eq!(Some(header.key), text(expected, "key").map(str::as_bytes), "{name}");
                assert_eq!(header.value, unhex_nullable(&expected["value"]).as_deref(), "{name}");
            }
        }
    });
}

/// The batch that a builder makes of the records of another.
fn rebuilt(batch: &Batch<'_>, compression: Compression) -> Vec<u8> {
    let header = batch.header;
    let mut scratch = Vec::new();
    let records = batch.records(&mut scratch, MAX_BYTES).expect("the payload decompresses");
    let mut builder = BatchBuilder::new(header.base_offset)
        .partition_leader_epoch(header.partition_leader_epoch)
        .producer(header.producer_id, header.producer_epoch, header.base_sequence)
        .attributes(header.attributes)
        .compression(compression, None);
    if header.attributes.timestamp_type() == TimestampType::LogAppendTime {
        builder = builder.log_append_time(header.max_timestamp);
    }
    for record in records {
        let record = record.expect("the record is whole");
        let headers: Vec<Header<'_>> = record.headers.iter().collect();
        let timestamp = header.base_timestamp + record.timestamp_delta;
        builder.append_at(record.offset_delta, timestamp, record.key, record.value, &headers);
    }
    let mut bytes = Vec::new();
    builder.build(&mut bytes).expect("the records compress");
    bytes
}

#[test]
fn a_builder_makes_the_bytes_that_kafka_makes() {
    each_batch(|name, _, batch, expected| {
        if text(expected, "codec") == Some("none") && batch.header.records_count > 0 {
            assert_eq!(rebuilt(&batch, Compression::None), batch.bytes, "{name}");
        }
    });
}

#[test]
fn a_header_comes_back_as_it_was_read() {
    each_batch(|name, _, batch, _| {
        let mut bytes = Vec::new();
        batch.header.encode(batch.payload(), &mut bytes);
        assert_eq!(bytes, batch.bytes, "{name}");
    });
}

#[test]
fn every_codec_gives_back_what_it_was_given() {
    let codecs = [
        Compression::None,
        Compression::Gzip,
        Compression::Snappy,
        Compression::Lz4,
        Compression::Zstd,
    ];
    each_batch(|name, _, batch, _| {
        if batch.header.records_count == 0 {
            return;
        }
        let mut payload = Vec::new();
        let payload = batch.uncompressed_payload(&mut payload, MAX_BYTES).expect("it decompresses");
        for codec in codecs {
            let bytes = rebuilt(&batch, codec);
            let again = Batch::first(&bytes).expect("the batch is whole");
            assert_eq!(again.verify_crc(), Ok(()), "{name}");
            assert_eq!(again.header.attributes.compression(), Ok(codec), "{name}");
            assert_eq!(again.header.last_offset(), batch.header.last_offset(), "{name}");
            let mut scratch = Vec::new();
            let records = again.uncompressed_payload(&mut scratch, MAX_BYTES);
            assert_eq!(records, Ok(payload), "{name}");
        }
    });
}

#[test]
fn what_a_broker_assigns_is_patched_in_place() {
    each_batch(|name, _, batch, _| {
        let mut bytes = batch.bytes.to_vec();
        set_base_offset(&mut bytes, 1 << 40);
        set_partition_leader_epoch(&mut bytes, 77);
        let patched = Batch::first(&bytes).expect("the batch is whole");
        assert_eq!(patched.verify_crc(), Ok(()), "{name}");
        assert_eq!(patched.header.base_offset, 1 << 40, "{name}");
        assert_eq!(patched.header.partition_leader_epoch, 77, "{name}");
        assert_eq!(bytes[16..], batch.bytes[16..], "{name}");
    });
}

#[test]
fn an_append_time_is_patched_with_its_checksum() {
    each_batch(|name, _, batch, _| {
        let mut bytes = batch.bytes.to_vec();
        set_max_timestamp(&mut bytes, TimestampType::LogAppendTime, 1_800_000_000_000);
        let patched = Batch::first(&bytes).expect("the batch is whole");
        assert_eq!(patched.verify_crc(), Ok(()), "{name}");
        assert_eq!(patched.header.max_timestamp, 1_800_000_000_000, "{name}");
        assert_eq!(patched.header.attributes.timestamp_type(), TimestampType::LogAppendTime);
        assert_eq!(patched.payload(), batch.payload(), "{name}");
        set_max_timestamp(
            &mut bytes,
            batch.header.attributes.timestamp_type(),
            batch.header.max_timestamp,
        );
        assert_eq!(bytes, batch.bytes, "{name}");
    });
}

#[test]
fn a_flipped_bit_behind_the_checksum_is_seen() {
    each_batch(|name, _, batch, _| {
        for at in [21, 40, batch.bytes.len() - 1] {
            let mut bytes = batch.bytes.to_vec();
            bytes[at] ^= 1;
            let flipped = Batch::first(&bytes).expect("the length did not change");
            let refusal = flipped.verify_crc();
            assert!(matches!(refusal, Err(WireError::CrcMismatch { .. })), "{name}");
        }
    });
}

#[test]
fn a_batch_that_is_cut_off_is_no_batch() {
    each_batch(|name, _, batch, _| {
        for end in (0..batch.bytes.len()).step_by(7) {
            let refusal = Batch::first(&batch.bytes[..end]);
            assert!(matches!(refusal, Err(WireError::Truncated { .. })), "{name} {end}");
        }
    });
}

#[test]
fn batches_before_a_torn_one_are_found() {
    let vectors = vectors();
    let mut buffer = unhex(&vectors[0]["hex"]);
    let whole = buffer.len();
    buffer.extend_from_slice(&unhex(&vectors[1]["hex"])[..70]);
    let mut batches = Batches::new(&buffer);
    assert!(batches.next().is_some_and(|batch| batch.is_ok()));
    assert!(batches.next().is_some_and(|batch| batch.is_err()));
    assert!(batches.next().is_none());
    assert_eq!(batches.position(), whole);
}

#[test]
fn older_formats_are_named() {
    let mut bytes = unhex(&vectors()[0]["hex"]);
    bytes[16] = 1;
    assert_eq!(Batch::first(&bytes).err(), Some(WireError::UnsupportedMagic(1)));
}

#[test]
fn a_length_that_cannot_hold_a_header_is_refused() {
    for length in [48_i32, 0, -1, i32::MIN] {
        let mut bytes = unhex(&vectors()[0]["hex"]);
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        assert_eq!(Batch::first(&bytes).err(), Some(WireError::InvalidBatchLength(length)));
    }
}

#[test]
fn codecs_that_kafka_does_not_have_are_refused() {
    for codec in 5..=7 {
        let refusal = Attributes(codec).compression();
        assert_eq!(refusal, Err(WireError::UnknownCompression(codec as u8)));
    }
}
