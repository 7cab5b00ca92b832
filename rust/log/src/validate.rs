//! What a produced batch must satisfy before it is appended, and what the broker writes into it.
//!
//! A batch is checked once: its checksum, its counts, and each record's structure, key and timestamp. In the usual case it is then
//! patched in place (offset, leader epoch, and where they change the timestamp type and the largest timestamp); it is built anew
//! when the topic wants another codec or the records do not count their offsets from 0.

use std::cell::RefCell;

use pybroker_wire::batch::{self, Batch, BatchHeader, TimestampType};
use pybroker_wire::record::Record;
use pybroker_wire::{BatchBuilder, Compression, ErrorCode, TransactionMarker, WireError};

use crate::config::LogConfig;
use crate::error::{AppendError, Fault, Refusal};
use crate::log::Origin;

/// What a compressed batch may expand to. A larger one is answered as too large, so that the client splits it.
pub(crate) const MAX_DECOMPRESSED_BATCH_BYTES: usize = 256 * 1024 * 1024;
/// A decompression buffer that has grown beyond this is given back after use.
const MAX_KEPT_SCRATCH_BYTES: usize = 4 * 1024 * 1024;
/// How many record errors an answer lists at most.
const MAX_RECORD_ERRORS: usize = 1000;

thread_local! {
    /// Where batches are decompressed to; per thread, because a log is too small to own one.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Where and when a batch is to be appended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placement {
    pub(crate) base_offset: i64,
    pub(crate) leader_epoch: i32,
    pub(crate) origin: Origin,
    pub(crate) now_ms: i64,
}

/// A batch that may be appended.
#[derive(Debug)]
pub(crate) struct ValidBatch {
    /// The header as it will be written.
    pub(crate) header: BatchHeader,
    /// The batch built anew; without it, the patched bytes of the request are written.
    pub(crate) rebuilt: Option<Vec<u8>>,
}

/// What the records of a batch say together.
#[derive(Debug)]
struct Walked {
    max_timestamp: i64,
    counts_from_zero: bool,
    errors: Vec<(i32, String)>,
    has_invalid_timestamp: bool,
}

/// Checks `records` and patches what is written of them.
pub(crate) fn validate(
    records: &mut [u8],
    config: &LogConfig,
    placement: Placement,
) -> Result<ValidBatch, AppendError> {
    let inspected = SCRATCH.with_borrow_mut(|scratch| {
        let inspected = inspect(records, config, placement, scratch);
        if scratch.capacity() > MAX_KEPT_SCRATCH_BYTES {
            *scratch = Vec::new();
        }
        inspected
    })?;
    match inspected.rebuilt {
        Some(bytes) => {
            check_size(bytes.len(), config)?;
            let header = BatchHeader::decode(&bytes).map_err(|error| refuse_record(&error))?;
            Ok(ValidBatch { header, rebuilt: Some(bytes) })
        }
        None => patch(&mut records[..inspected.size], inspected.max_timestamp, config, placement),
    }
}

/// What checking a batch gives.
#[derive(Debug)]
struct Inspected {
    size: usize,
    max_timestamp: i64,
    rebuilt: Option<Vec<u8>>,
}

fn inspect(
    records: &[u8],
    config: &LogConfig,
    placement: Placement,
    scratch: &mut Vec<u8>,
) -> Result<Inspected, AppendError> {
    let batch = only_batch(records)?;
    check_batch(&batch, config, placement.origin)?;
    let source = batch
        .header
        .attributes
        .compression()
        .map_err(|error| refuse(ErrorCode::UnsupportedCompressionType, &error))?;
    let target = config.compression.unwrap_or(source);
    let payload = batch
        .uncompressed_payload(scratch, MAX_DECOMPRESSED_BATCH_BYTES)
        .map_err(refuse_payload)?;
    let walked = walk(&batch.header, payload, config, placement)?;
    refuse_record_errors(&walked)?;
    // A marker stays as it was written, whatever the topic's codec.
    let keeps_codec =
        source == target || (source == Compression::None && batch.header.attributes.is_control());
    let rebuilt = if keeps_codec && walked.counts_from_zero {
        None
    } else {
        Some(rebuild(&batch.header, payload, target, config, placement)?)
    };
    Ok(Inspected { size: batch.bytes.len(), max_timestamp: walked.max_timestamp, rebuilt })
}

/// The one batch of a partition in a request (KIP-98). What follows it and is no whole batch is not looked at, as in Kafka.
fn only_batch(records: &[u8]) -> Result<Batch<'_>, AppendError> {
    let first = match Batch::first(records) {
        Ok(first) => first,
        Err(error) => return Err(refuse_framing(&error)),
    };
    match Batch::first(&records[first.bytes.len()..]) {
        Err(WireError::Truncated { .. }) => Ok(first),
        Err(error @ WireError::InvalidBatchLength(_)) => Err(refuse_framing(&error)),
        _ => {
            let message = "a partition takes one record batch per request, not more";
            Err(AppendError::framing(ErrorCode::InvalidRecord, message.to_owned()))
        }
    }
}

fn refuse_framing(error: &WireError) -> AppendError {
    let is_known_format =
        !matches!(error, WireError::UnsupportedMagic(magic) if !(0..=batch::MAGIC).contains(magic));
    let code = match error {
        WireError::InvalidBatchLength(_) => ErrorCode::CorruptMessage,
        _ if !is_known_format => ErrorCode::CorruptMessage,
        _ => ErrorCode::InvalidRecord,
    };
    AppendError::framing(code, error.to_string())
}

/// Everything that the header alone can be wrong about.
fn check_batch(batch: &Batch<'_>, config: &LogConfig, origin: Origin) -> Result<(), AppendError> {
    let header = &batch.header;
    if origin == Origin::Client && header.base_offset != 0 {
        return Err(refused(format!("the base offset is {}, not 0", header.base_offset)));
    }
    check_size(batch.bytes.len(), config)?;
    batch.verify_crc().map_err(|error| refuse(ErrorCode::CorruptMessage, &error))?;
    if header.records_count < 1
        || i64::from(header.last_offset_delta) != i64::from(header.records_count) - 1
    {
        let (count, delta) = (header.records_count, header.last_offset_delta);
        return Err(refused(format!("{count} records do not have last offset delta {delta}")));
    }
    if origin == Origin::Coordinator {
        if header.attributes.is_control() {
            TransactionMarker::of_batch(batch).map_err(|error| refuse_record(&error))?;
        }
        return Ok(());
    }
    if header.attributes.is_control() {
        return Err(refused("a client cannot write control records".to_owned()));
    }
    if header.has_producer_id() && header.base_sequence < 0 {
        return Err(refused(format!("sequence {} of a producer", header.base_sequence)));
    }
    Ok(())
}

fn check_size(size: usize, config: &LogConfig) -> Result<(), AppendError> {
    let limit = config.max_message_bytes as usize;
    if size <= limit {
        return Ok(());
    }
    let message = format!("a batch of {size} bytes, max.message.bytes is {limit}");
    Err(AppendError::refused(ErrorCode::MessageTooLarge, message))
}

fn walk(
    header: &BatchHeader,
    payload: &[u8],
    config: &LogConfig,
    placement: Placement,
) -> Result<Walked, AppendError> {
    let mut walked = Walked {
        max_timestamp: batch::NO_TIMESTAMP,
        counts_from_zero: true,
        errors: Vec::new(),
        has_invalid_timestamp: false,
    };
    let needs_key = config.compacted && !header.attributes.is_control();
    let records = pybroker_wire::record::Records::new(payload, header.records_count);
    for (index, record) in records.enumerate() {
        let record = record.map_err(|error| refuse_record(&error))?;
        let index = index as i32;
        let timestamp = record_timestamp(header, &record);
        walked.max_timestamp = walked.max_timestamp.max(timestamp);
        walked.counts_from_zero &= record.offset_delta == index;
        if needs_key && record.key.is_none() {
            walked.note(index, "a compacted topic takes no record without a key".to_owned());
        } else if let Some(reason) = timestamp_error(header, timestamp, config, placement.now_ms) {
            walked.has_invalid_timestamp = true;
            walked.note(index, reason);
        }
    }
    Ok(walked)
}

impl Walked {
    fn note(&mut self, index: i32, reason: String) {
        if self.errors.len() < MAX_RECORD_ERRORS {
            self.errors.push((index, reason));
        }
    }
}

/// The timestamp of a record of a batch.
pub(crate) fn record_timestamp(header: &BatchHeader, record: &Record<'_>) -> i64 {
    match header.attributes.timestamp_type() {
        TimestampType::CreateTime => header.base_timestamp.wrapping_add(record.timestamp_delta),
        TimestampType::LogAppendTime => header.max_timestamp,
    }
}

fn timestamp_error(
    header: &BatchHeader,
    timestamp: i64,
    config: &LogConfig,
    now_ms: i64,
) -> Option<String> {
    if config.timestamp_type == TimestampType::CreateTime && timestamp != batch::NO_TIMESTAMP {
        let earliest = now_ms.saturating_sub(config.timestamp_before_max_ms);
        let latest = now_ms.saturating_add(config.timestamp_after_max_ms);
        return (timestamp < earliest || timestamp > latest)
            .then(|| format!("timestamp {timestamp} is not within [{earliest}, {latest}]"));
    }
    (header.attributes.timestamp_type() == TimestampType::LogAppendTime)
        .then(|| "a producer cannot write append times".to_owned())
}

fn refuse_record_errors(walked: &Walked) -> Result<(), AppendError> {
    if walked.errors.is_empty() {
        return Ok(());
    }
    let (code, reason) = if walked.has_invalid_timestamp {
        (ErrorCode::InvalidTimestamp, "records have timestamps that the topic does not allow")
    } else {
        (ErrorCode::InvalidRecord, "records are not what the topic allows")
    };
    let message = format!("{} {reason}", walked.errors.len());
    let (record_errors, fault) = (walked.errors.clone(), Fault::Batch);
    Err(AppendError::Refused(Box::new(Refusal { code, message, record_errors, fault })))
}

/// Writes what the broker assigns into the one batch that `batch` is.
fn patch(
    bytes: &mut [u8],
    max_timestamp: i64,
    config: &LogConfig,
    placement: Placement,
) -> Result<ValidBatch, AppendError> {
    batch::set_base_offset(bytes, placement.base_offset);
    batch::set_partition_leader_epoch(bytes, placement.leader_epoch);
    let mut header = BatchHeader::decode(bytes).map_err(|error| refuse_record(&error))?;
    let timestamp = match config.timestamp_type {
        TimestampType::CreateTime => max_timestamp,
        TimestampType::LogAppendTime => placement.now_ms,
    };
    // The checksum covers these two, so they are written only when they change.
    if header.attributes.timestamp_type() != config.timestamp_type
        || header.max_timestamp != timestamp
    {
        batch::set_max_timestamp(bytes, config.timestamp_type, timestamp);
        header.max_timestamp = timestamp;
        header.attributes = header.attributes.with_timestamp_type(config.timestamp_type);
    }
    Ok(ValidBatch { header, rebuilt: None })
}

fn rebuild(
    header: &BatchHeader,
    payload: &[u8],
    target: Compression,
    config: &LogConfig,
    placement: Placement,
) -> Result<Vec<u8>, AppendError> {
    let mut builder = BatchBuilder::new(placement.base_offset)
        .attributes(header.attributes.with_timestamp_type(TimestampType::CreateTime))
        .compression(target, config.compression_level)
        .partition_leader_epoch(placement.leader_epoch)
        .producer(header.producer_id, header.producer_epoch, header.base_sequence);
    if config.timestamp_type == TimestampType::LogAppendTime {
        builder = builder.log_append_time(placement.now_ms);
    }
    for record in pybroker_wire::record::Records::new(payload, header.records_count) {
        let record = record.map_err(|error| refuse_record(&error))?;
        let timestamp = record_timestamp(header, &record);
        let headers: Vec<_> = record.headers.iter().collect();
        builder.append(timestamp, record.key, record.value, &headers);
    }
    let mut bytes = Vec::new();
    builder.build(&mut bytes).map_err(|error| refuse_record(&error))?;
    Ok(bytes)
}

fn refuse_payload(error: WireError) -> AppendError {
    match error {
        WireError::DecompressedTooLarge { .. } => refuse(ErrorCode::MessageTooLarge, &error),
        _ => refuse_record(&error),
    }
}

fn refuse_record(error: &WireError) -> AppendError {
    refuse(ErrorCode::InvalidRecord, error)
}

fn refused(message: String) -> AppendError {
    AppendError::refused(ErrorCode::InvalidRecord, message)
}

fn refuse(code: ErrorCode, error: &WireError) -> AppendError {
    AppendError::refused(code, error.to_string())
}
