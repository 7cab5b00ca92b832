//! What a Produce request may and may not append, and what the log answers.

mod support;

use std::sync::Arc;

use pybroker_log::{FlushDemand, Log, LogConfig, Origin, Shutdown};
use pybroker_wire::batch::{Attributes, TimestampType};
use pybroker_wire::record::Header;
use pybroker_wire::{Batch, BatchBuilder, Compression, ErrorCode};
use support::{
    NOW_MS, Place, append, batch, build, compressed_batch, producer_batch, read_all, refusal,
    small_segments,
};

const CODECS: [Compression; 5] = [
    Compression::None,
    Compression::Gzip,
    Compression::Snappy,
    Compression::Lz4,
    Compression::Zstd,
];

fn code_for(config: LogConfig, records: &mut [u8]) -> ErrorCode {
    let place = Place::new();
    let mut log = place.open(config, Shutdown::Clean).unwrap();
    let refusal = refusal(append(&mut log, records));
    assert_eq!(log.state().log_end_offset, 0, "nothing was stored");
    assert_eq!(log.state().size_bytes, 0, "nothing was stored");
    refusal.code
}

/// Damages bytes under the checksum and makes the checksum true again.
fn forge(records: &mut [u8], at: usize, bytes: &[u8]) {
    records[at..at + bytes.len()].copy_from_slice(bytes);
    let crc = pybroker_wire::crc32c::crc32c(&records[21..]);
    records[17..21].copy_from_slice(&crc.to_be_bytes());
}

fn first_batch(bytes: &[u8]) -> Batch<'_> {
    Batch::first(bytes).unwrap()
}

#[test]
fn an_append_assigns_offsets_and_epoch_and_changes_nothing_else() {
    let place = Place::new();
    let mut log = place.create();
    append(&mut log, &mut batch(&[b"a", b"b"])).unwrap();
    let sent = batch(&[b"c", b"d", b"e"]);
    let mut records = sent.clone();
    let appended = log.append(&mut records, 5, Origin::Client, NOW_MS).unwrap();
    assert_eq!((appended.base_offset, appended.last_offset), (2, 4));
    assert_eq!((appended.log_append_time_ms, appended.log_start_offset), (-1, 0));
    assert_eq!(appended.flush, FlushDemand::None);
    let stored = log.read(2, 1 << 20, 5, true).unwrap().to_vec().unwrap();
    assert_eq!(stored[..8], 2i64.to_be_bytes());
    assert_eq!(stored[12..16], 5i32.to_be_bytes());
    assert_eq!((&stored[8..12], &stored[16..]), (&sent[8..12], &sent[16..]));
    assert_eq!(stored, records, "the request's buffer is patched in place");
}

#[test]
fn every_codec_is_stored_as_it_was_sent() {
    let place = Place::new();
    let mut log = place.create();
    for codec in CODECS {
        let sent = compressed_batch(&[&[7; 500], b"", b"x"], codec);
        let offset = append(&mut log, &mut sent.clone()).unwrap().base_offset;
        let stored = log.read(offset, 1 << 20, offset + 3, true).unwrap().to_vec().unwrap();
        assert_eq!(stored[16..], sent[16..], "{codec:?}");
    }
}

#[test]
fn the_topics_codec_replaces_the_producers() {
    for (codec, target) in CODECS.into_iter().zip(CODECS.into_iter().rev()) {
        let config = LogConfig { compression: Some(target), ..LogConfig::default() };
        let place = Place::new();
        let mut log = place.open(config, Shutdown::Clean).unwrap();
        let mut builder = BatchBuilder::new(0).compression(codec, None).producer(9, 2, 100);
        let header = Header { key: b"h", value: Some(b"v") };
        builder.append(NOW_MS, Some(b"k"), Some(&[1; 300]), &[header]);
        builder.append(NOW_MS + 5, None, None, &[]);
        append(&mut log, &mut build(builder)).unwrap();
        let bytes = read_all(&mut log, 0);
        let stored = first_batch(&bytes);
        stored.verify_crc().unwrap();
        assert_eq!(stored.header.attributes.compression().unwrap(), target);
        assert_eq!((stored.header.producer_id, stored.header.base_sequence), (9, 100));
        let mut scratch = Vec::new();
        let records: Vec<_> =
            stored.records(&mut scratch, 1 << 20).unwrap().map(Result::unwrap).collect();
        assert_eq!(records[0].value, Some(&[1; 300][..]));
        assert_eq!(records[0].headers.iter().next(), Some(header));
        assert_eq!((records[1].key, records[1].value, records[1].timestamp_delta), (None, None, 5));
    }
}

#[test]
fn the_topics_level_is_that_of_the_codec() {
    let value: Vec<u8> =
        (0..20_000_u32).flat_map(|n| (n.wrapping_mul(2_654_435_761) >> 22).to_be_bytes()).collect();
    let codecs =
        [(Compression::Gzip, 1, 9), (Compression::Lz4, 9, 17), (Compression::Zstd, -5, 19)];
    for (codec, fast, hard) in codecs {
        let [larger, smaller] = [fast, hard].map(|level| {
            let place = Place::new();
            let config = LogConfig {
                compression: Some(codec),
                compression_level: Some(level),
                ..LogConfig::default()
            };
            let mut log = place.open(config, Shutdown::Clean).unwrap();
            append(&mut log, &mut batch(&[&value])).unwrap();
            log.state().size_bytes
        });
        assert!(smaller < larger, "{codec:?}: {smaller} {larger}");
    }
}

#[test]
fn log_append_time_is_the_brokers() {
    for codec in CODECS {
        let config =
            LogConfig { timestamp_type: TimestampType::LogAppendTime, ..LogConfig::default() };
        let place = Place::new();
        let mut log = place.open(config, Shutdown::Clean).unwrap();
        let mut records = compressed_batch(&[b"a", b"b"], codec);
        let appended = log.append(&mut records, 0, Origin::Client, NOW_MS + 777).unwrap();
        assert_eq!(appended.log_append_time_ms, NOW_MS + 777);
        let bytes = read_all(&mut log, 0);
        let stored = first_batch(&bytes);
        stored.verify_crc().unwrap();
        assert_eq!(stored.header.attributes.timestamp_type(), TimestampType::LogAppendTime);
        assert_eq!(stored.header.max_timestamp, NOW_MS + 777);
        let found = log.find_by_timestamp(NOW_MS + 777).unwrap().unwrap();
        assert_eq!((found.offset, found.timestamp_ms), (0, NOW_MS + 777));
    }
}

#[test]
fn a_wrong_largest_timestamp_is_corrected() {
    let place = Place::new();
    let mut log = place.create();
    let mut records = batch(&[b"a", b"b"]);
    forge(&mut records, 35, &(NOW_MS + 999_999).to_be_bytes());
    append(&mut log, &mut records).unwrap();
    let bytes = read_all(&mut log, 0);
    first_batch(&bytes).verify_crc().unwrap();
    assert_eq!(first_batch(&bytes).header.max_timestamp, NOW_MS + 1);
}

#[test]
fn records_that_count_from_elsewhere_are_renumbered() {
    for codec in CODECS {
        let mut builder = BatchBuilder::new(0).compression(codec, None);
        builder.append_at(3, NOW_MS, None, Some(b"a"), &[]);
        builder.append_at(7, NOW_MS, None, Some(b"b"), &[]);
        let mut records = build(builder);
        forge(&mut records, 23, &1i32.to_be_bytes());
        let place = Place::new();
        let mut log = place.create();
        assert_eq!(append(&mut log, &mut records).unwrap().last_offset, 1);
        let bytes = read_all(&mut log, 0);
        let mut scratch = Vec::new();
        let deltas: Vec<i32> = first_batch(&bytes)
            .records(&mut scratch, 1 << 20)
            .unwrap()
            .map(|record| record.unwrap().offset_delta)
            .collect();
        assert_eq!(deltas, [0, 1], "{codec:?}");
    }
}

#[test]
fn a_request_without_exactly_one_batch_is_refused() {
    let config = LogConfig::default;
    assert_eq!(code_for(config(), &mut []), ErrorCode::InvalidRecord);
    let one = batch(&[b"a"]);
    assert_eq!(
        code_for(config(), &mut [one.clone(), one.clone()].concat()),
        ErrorCode::InvalidRecord
    );
    for len in 1..one.len() {
        let code = code_for(config(), &mut one[..len].to_vec());
        assert_eq!(code, ErrorCode::InvalidRecord, "cut at {len}");
    }
}

#[test]
fn what_follows_the_batch_and_is_none_is_not_stored() {
    let place = Place::new();
    let mut log = place.create();
    let one = batch(&[b"a"]);
    append(&mut log, &mut [one.clone(), vec![0; 10]].concat()).unwrap();
    append(&mut log, &mut [&one[..], &one[..one.len() - 1]].concat()).unwrap();
    assert_eq!(log.state().size_bytes, 2 * one.len() as u64);
}

#[test]
fn other_formats_are_refused() {
    let with_magic = |magic: u8| {
        let mut records = batch(&[b"a"]);
        records[16] = magic;
        code_for(LogConfig::default(), &mut records)
    };
    assert_eq!([0, 1].map(with_magic), [ErrorCode::InvalidRecord; 2]);
    assert_eq!([3, 255].map(with_magic), [ErrorCode::CorruptMessage; 2]);
}

#[test]
fn every_damaged_byte_is_noticed_or_not_the_clients() {
    let whole = batch(&[b"some value", b"another"]);
    for at in 0..whole.len() {
        let mut records = whole.clone();
        records[at] ^= 0x21;
        if (12..16).contains(&at) {
            // The leader epoch is the broker's to write.
            let place = Place::new();
            append(&mut place.create(), &mut records).unwrap();
            continue;
        }
        code_for(LogConfig::default(), &mut records);
    }
}

#[test]
fn a_wrong_checksum_is_a_corrupt_message() {
    let mut records = batch(&[b"a"]);
    let last = records.len() - 1;
    records[last] ^= 1;
    assert_eq!(code_for(LogConfig::default(), &mut records), ErrorCode::CorruptMessage);
}

#[test]
fn a_batch_that_lies_about_its_counts_is_refused() {
    // Last offset delta, records count, and both alike but not what is inside.
    for (at, value) in [(23, 0i32), (23, 5), (23, -1), (57, 0), (57, -1), (57, 1), (57, 100)] {
        let mut records = batch(&[b"a", b"b"]);
        forge(&mut records, at, &value.to_be_bytes());
        let code = code_for(LogConfig::default(), &mut records);
        assert_eq!(code, ErrorCode::InvalidRecord, "{value} at {at}");
    }
    for codec in CODECS {
        for count in [1i32, 3, 1_000_000, i32::MAX] {
            let mut records = compressed_batch(&[b"a", b"b"], codec);
            forge(&mut records, 57, &count.to_be_bytes());
            forge(&mut records, 23, &(count - 1).to_be_bytes());
            let code = code_for(LogConfig::default(), &mut records);
            assert_eq!(code, ErrorCode::InvalidRecord, "{count} {codec:?}");
        }
    }
}

#[test]
fn compressed_rubbish_is_refused() {
    for codec in &CODECS[1..] {
        let mut records = compressed_batch(&[&[1; 100]], *codec);
        let len = records.len();
        forge(&mut records, 61, &vec![0xa5; len - 61]);
        assert_eq!(code_for(LogConfig::default(), &mut records), ErrorCode::InvalidRecord);
    }
    let mut records = batch(&[b"a"]);
    forge(&mut records, 21, &7i16.to_be_bytes());
    let code = code_for(LogConfig::default(), &mut records);
    assert_eq!(code, ErrorCode::UnsupportedCompressionType);
}

#[test]
fn a_base_offset_is_the_brokers_to_give() {
    let mut builder = BatchBuilder::new(3);
    builder.append(NOW_MS, None, Some(b"a"), &[]);
    assert_eq!(code_for(LogConfig::default(), &mut build(builder)), ErrorCode::InvalidRecord);
}

#[test]
fn a_batch_larger_than_the_topic_allows_is_too_large() {
    let records = batch(&[&[0; 1000]]);
    let exact = LogConfig { max_message_bytes: records.len() as u32, ..LogConfig::default() };
    let place = Place::new();
    let mut log = place.open(exact.clone(), Shutdown::Clean).unwrap();
    append(&mut log, &mut records.clone()).unwrap();
    let smaller = LogConfig { max_message_bytes: records.len() as u32 - 1, ..exact };
    assert_eq!(code_for(smaller, &mut records.clone()), ErrorCode::MessageTooLarge);
    let tiny_segment =
        LogConfig { segment_bytes: records.len() as u32 - 1, ..LogConfig::default() };
    assert_eq!(code_for(tiny_segment, &mut records.clone()), ErrorCode::RecordListTooLarge);
    // What is small when compressed may be too large when the topic wants it uncompressed.
    let uncompressed = LogConfig {
        max_message_bytes: 500,
        compression: Some(Compression::None),
        ..LogConfig::default()
    };
    let mut small = compressed_batch(&[&[0; 1000]], Compression::Zstd);
    assert!(small.len() < 500);
    assert_eq!(code_for(uncompressed, &mut small), ErrorCode::MessageTooLarge);
}

#[test]
fn a_compacted_topic_names_the_records_without_keys() {
    let config = LogConfig { compacted: true, ..LogConfig::default() };
    for codec in CODECS {
        let mut builder = BatchBuilder::new(0).compression(codec, None);
        builder.append(NOW_MS, Some(b"k"), Some(b"v"), &[]);
        builder.append(NOW_MS, None, Some(b"v"), &[]);
        builder.append(NOW_MS, Some(b""), None, &[]);
        builder.append(NOW_MS, None, None, &[]);
        let place = Place::new();
        let mut log = place.open(config.clone(), Shutdown::Clean).unwrap();
        let refusal = refusal(append(&mut log, &mut build(builder)));
        assert_eq!(refusal.code, ErrorCode::InvalidRecord);
        let indexes: Vec<i32> = refusal.record_errors.iter().map(|error| error.0).collect();
        assert_eq!(indexes, [1, 3]);
    }
}

#[test]
fn timestamps_out_of_bounds_are_named() {
    let config = LogConfig {
        timestamp_before_max_ms: 1000,
        timestamp_after_max_ms: 100,
        ..LogConfig::default()
    };
    let mut builder = BatchBuilder::new(0);
    for timestamp in [NOW_MS - 1000, NOW_MS - 1001, NOW_MS + 100, NOW_MS + 101, -1] {
        builder.append(timestamp, None, Some(b"v"), &[]);
    }
    let place = Place::new();
    let mut log = place.open(config, Shutdown::Clean).unwrap();
    let refusal = refusal(append(&mut log, &mut build(builder)));
    assert_eq!(refusal.code, ErrorCode::InvalidTimestamp);
    let indexes: Vec<i32> = refusal.record_errors.iter().map(|error| error.0).collect();
    assert_eq!(indexes, [1, 3]);
}

#[test]
fn control_batches_are_not_a_clients() {
    let mut builder = BatchBuilder::new(0).producer(1, 0, 0);
    builder = builder.attributes(Attributes::default().with_control());
    builder.append(NOW_MS, Some(&[0, 0, 0, 1]), Some(&[0, 0, 0, 0, 0, 0]), &[]);
    let code = code_for(LogConfig::default(), &mut build(builder));
    assert_eq!(code, ErrorCode::InvalidRecord);
}

#[test]
fn the_broker_itself_may_write_a_marker() {
    let place = Place::new();
    let config = LogConfig { compression: Some(Compression::Zstd), ..LogConfig::default() };
    let mut log = place.open(config, Shutdown::Clean).unwrap();
    let attributes = Attributes::default().with_control().with_transactional();
    let mut builder = BatchBuilder::new(0).producer(1, 0, -1).attributes(attributes);
    builder.append(NOW_MS, Some(&[0, 0, 0, 1]), Some(&[0, 0, 0, 0, 0, 0]), &[]);
    log.append(&mut build(builder), 0, Origin::Coordinator, NOW_MS).unwrap();
    let bytes = read_all(&mut log, 0);
    let header = first_batch(&bytes).header;
    assert!(header.attributes.is_control());
    assert_eq!(header.attributes.compression().unwrap(), Compression::None);
}

#[test]
fn a_producer_needs_a_sequence() {
    let mut records = producer_batch(1, 0, -5, 1);
    assert_eq!(code_for(LogConfig::default(), &mut records), ErrorCode::InvalidRecord);
}

#[test]
fn a_duplicate_answers_the_first_offset_and_stores_nothing() {
    let place = Place::new();
    let mut log = place.create();
    append(&mut log, &mut producer_batch(1, 0, 0, 3)).unwrap();
    append(&mut log, &mut producer_batch(1, 0, 3, 2)).unwrap();
    let size = log.state().size_bytes;
    let again = append(&mut log, &mut producer_batch(1, 0, 0, 3)).unwrap();
    assert_eq!((again.base_offset, again.last_offset, again.duplicate), (0, 2, true));
    assert_eq!((log.state().size_bytes, log.state().log_end_offset), (size, 5));
    let gap = refusal(append(&mut log, &mut producer_batch(1, 0, 6, 1)));
    assert_eq!(gap.code, ErrorCode::OutOfOrderSequenceNumber);
}

#[test]
fn a_duplicate_waits_for_the_flush_of_the_first_time() {
    let place = Place::new();
    let config = LogConfig { flush_messages: 1, ..LogConfig::default() };
    let mut log = place.open(config.clone(), Shutdown::Clean).unwrap();
    let send = |log: &mut Log, sequence| {
        let appended = append(log, &mut producer_batch(1, 0, sequence, 1)).unwrap();
        (appended.duplicate, appended.flush)
    };
    assert_eq!(send(&mut log, 0), (false, FlushDemand::BeforeAnswer));
    assert_eq!(send(&mut log, 0), (true, FlushDemand::BeforeAnswer));
    log.flush(NOW_MS).unwrap();
    assert_eq!(send(&mut log, 0), (true, FlushDemand::None));
    assert_eq!(send(&mut log, 1), (false, FlushDemand::BeforeAnswer));
    assert_eq!(send(&mut log, 0), (true, FlushDemand::None), "what came later is another's");

    drop(log);
    let mut log = place.open(config, support::UNCLEAN).unwrap();
    assert_eq!(send(&mut log, 1), (true, FlushDemand::BeforeAnswer));
}

#[test]
fn producers_are_known_after_a_restart_of_either_kind() {
    for shutdown in [Shutdown::Clean, support::UNCLEAN] {
        let place = Place::new();
        let mut log = place.open(small_segments(), Shutdown::Clean).unwrap();
        for batch in 0..40 {
            append(&mut log, &mut producer_batch(1, 0, batch * 10, 10)).unwrap();
        }
        assert!(log.segments().len() > 1);
        match shutdown {
            Shutdown::Clean => log.close(NOW_MS).unwrap(),
            Shutdown::Unclean { .. } => drop(log),
        }
        let mut log = place.open(small_segments(), shutdown).unwrap();
        let again = append(&mut log, &mut producer_batch(1, 0, 390, 10)).unwrap();
        assert_eq!((again.duplicate, again.base_offset), (true, 390));
        let gap = refusal(append(&mut log, &mut producer_batch(1, 0, 401, 1)));
        assert_eq!(gap.code, ErrorCode::OutOfOrderSequenceNumber);
        assert!(!append(&mut log, &mut producer_batch(1, 0, 400, 1)).unwrap().duplicate);
    }
}

#[test]
fn a_segment_is_rolled_by_size_time_and_full_index() {
    let place = Place::new();
    let config = LogConfig { segment_bytes: 300, ..LogConfig::default() };
    let mut log = place.open(config, Shutdown::Clean).unwrap();
    let appended: Vec<_> =
        (0..4).map(|_| append(&mut log, &mut batch(&[&[0; 60]])).unwrap()).collect();
    assert_eq!(
        log.segments().iter().map(|segment| segment.base_offset).collect::<Vec<_>>(),
        [0, 2]
    );
    assert_eq!([1, 2, 3].map(|index| appended[index].rolled), [false, true, false]);
    assert_eq!(appended[2].flush, FlushDemand::Soon);

    let place = Place::new();
    let config = LogConfig { segment_ms: 1000, ..LogConfig::default() };
    let mut log = place.open(config, Shutdown::Clean).unwrap();
    for timestamp in [NOW_MS, NOW_MS + 1000, NOW_MS + 1001] {
        let mut builder = BatchBuilder::new(0);
        builder.append(timestamp, None, Some(b"v"), &[]);
        append(&mut log, &mut build(builder)).unwrap();
    }
    assert_eq!(
        log.segments().iter().map(|segment| segment.base_offset).collect::<Vec<_>>(),
        [0, 2]
    );

    let place = Place::new();
    let config =
        LogConfig { segment_index_bytes: 24, index_interval_bytes: 0, ..LogConfig::default() };
    let mut log = place.open(config, Shutdown::Clean).unwrap();
    for offset in 0..12 {
        let mut builder = BatchBuilder::new(0);
        builder.append(NOW_MS + offset, None, Some(b"v"), &[]);
        append(&mut log, &mut build(builder)).unwrap();
    }
    assert!(log.segments().len() > 3, "{:?}", log.segments());
}

#[test]
fn many_unflushed_bytes_ask_for_a_flush_in_the_background() {
    let place = Place::new();
    let one = || batch(&[&[0; 60]]);
    let config =
        LogConfig { background_flush_bytes: one().len() as u64 * 2, ..LogConfig::default() };
    let mut log = place.open(config.clone(), Shutdown::Clean).unwrap();
    let demands = |log: &mut Log, count| -> Vec<FlushDemand> {
        (0..count).map(|_| append(log, &mut one()).unwrap().flush).collect()
    };
    assert_eq!(demands(&mut log, 3), [FlushDemand::None, FlushDemand::Soon, FlushDemand::Soon]);
    let job = log.begin_flush(NOW_MS).unwrap().unwrap();
    assert_eq!(demands(&mut log, 1), [FlushDemand::None], "a flush is under way");
    let outcome = job.run();
    log.finish_flush(job, outcome).unwrap();
    assert_eq!(demands(&mut log, 1), [FlushDemand::Soon]);
    drop(log);
    // What recovery has to check once is not to be checked again and again.
    let unclean = Shutdown::Unclean { recovery_point: 3 };
    let mut log = place.open(config, unclean).unwrap();
    assert_eq!(demands(&mut log, 1), [FlushDemand::Soon]);
}

#[test]
fn flush_messages_and_flush_ms_ask_for_a_flush() {
    let place = Place::new();
    let config = LogConfig { flush_messages: 3, ..LogConfig::default() };
    let mut log = place.open(config, Shutdown::Clean).unwrap();
    assert_eq!(append(&mut log, &mut batch(&[b"a", b"b"])).unwrap().flush, FlushDemand::None);
    let third = append(&mut log, &mut batch(&[b"c"])).unwrap();
    assert_eq!(third.flush, FlushDemand::BeforeAnswer);
    log.flush(NOW_MS).unwrap();
    assert_eq!(log.state().recovery_point, 3);
    assert_eq!(append(&mut log, &mut batch(&[b"d"])).unwrap().flush, FlushDemand::None);

    log.set_config(Arc::new(LogConfig { flush_ms: 50, ..LogConfig::default() }));
    assert_eq!(log.flush_deadline_ms(), Some(NOW_MS + 50));
    let late = log.append(&mut batch(&[b"e"]), 0, Origin::Client, NOW_MS + 50).unwrap();
    assert_eq!(late.flush, FlushDemand::BeforeAnswer);
    log.flush(NOW_MS + 50).unwrap();
    assert_eq!(log.flush_deadline_ms(), None);
}
