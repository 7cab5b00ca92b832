//! The records of an uncompressed payload, one by one, all borrowed.
//!
//! The whole of it is checked on the way: each record fills its length exactly, and the payload
//! holds as many records as its batch claims, with nothing behind them.

use crate::error::{Result, WireError};
use crate::primitives::{Reader, Writer};

/// Bytes of the shortest record: attributes, two deltas, two nulls, no headers.
const MIN_RECORD_BYTES: usize = 6;
/// Bytes of the shortest header: an empty key and a null.
const MIN_HEADER_BYTES: usize = 2;

/// A header of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// Its key: UTF-8 by convention, which a broker does not check.
    pub key: &'a [u8],
    /// Its value.
    pub value: Option<&'a [u8]>,
}

/// A record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Offset minus the batch's base offset.
    pub offset_delta: i32,
    /// Timestamp minus the batch's base timestamp.
    pub timestamp_delta: i64,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value; null is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Its headers.
    pub headers: Headers<'a>,
}

/// The headers of a record, which were checked when the record was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Headers<'a> {
    count: i32,
    bytes: &'a [u8],
}

impl<'a> Headers<'a> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The headers in order.
    pub fn iter(&self) -> impl Iterator<Item = Header<'a>> + use<'a> {
        let mut reader = Reader::new(self.bytes);
        (0..self.count).map_while(move |_| read_header(&mut reader).ok())
    }
}

/// Iterates over records. Ends after the first error.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    reader: Reader<'a>,
    claimed: i32,
    found: i32,
}

impl<'a> Records<'a> {
    /// The records of an uncompressed payload of which the batch claims that it holds
    /// `records_count`.
    pub fn new(payload: &'a [u8], records_count: i32) -> Self {
        Self { reader: Reader::new(payload), claimed: records_count, found: 0 }
    }

    /// Reads to the end and keeps nothing: whether the payload is what its batch claims.
    pub fn check(self) -> Result<()> {
        for record in self {
            record?;
        }
        Ok(())
    }

    #[inline]
    fn read(&mut self) -> Result<Option<Record<'a>>> {
        if self.claimed < 0 {
            return Err(WireError::RecordCount { claimed: self.claimed, found: 0 });
        }
        if self.found == self.claimed {
            return self.reader.finish().map(|()| None);
        }
        if self.reader.remaining() == 0 {
            return Err(WireError::RecordCount { claimed: self.claimed, found: self.found });
        }
        let record = read_record(&mut self.reader)?;
        self.found += 1;
        Ok(Some(record))
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let item = self.read();
        if item.is_err() {
            // What follows an error means nothing.
            *self = Self::new(&[], 0);
        }
        item.transpose()
    }
}

#[inline]
fn read_record<'a>(reader: &mut Reader<'a>) -> Result<Record<'a>> {
    let length = reader.read_varint()?;
    if length < MIN_RECORD_BYTES as i32 {
        return Err(WireError::InvalidLength(i64::from(length)));
    }
    let mut reader = Reader::new(reader.take(length as usize)?);
    // Attributes, of which the format uses none.
    reader.read_i8()?;
    let timestamp_delta = reader.read_varlong()?;
    let offset_delta = reader.read_varint()?;
    let key = read_nullable(&mut reader)?;
    let value = read_nullable(&mut reader)?;
    let headers = read_headers(&mut reader, length as usize)?;
    Ok(Record { offset_delta, timestamp_delta, key, value, headers })
}

#[inline]
fn read_headers<'a>(reader: &mut Reader<'a>, record_bytes: usize) -> Result<Headers<'a>> {
    let count = reader.read_varint()?;
    let left = reader.remaining();
    if count == 0 && left == 0 {
        return Ok(Headers { count, bytes: &[] });
    }
    if count < 0 {
        return Err(WireError::InvalidLength(i64::from(count)));
    }
    if count as usize > left / MIN_HEADER_BYTES {
        return Err(WireError::ArrayTooLong { count: count as usize, left });
    }
    let mut walker = reader.clone();
    for _ in 0..count {
        read_header(&mut walker)?;
    }
    match walker.remaining() {
        0 => Ok(Headers { count, bytes: reader.take(left)? }),
        left => Err(WireError::RecordLength { claimed: record_bytes, found: record_bytes - left }),
    }
}

#[inline]
fn read_header<'a>(reader: &mut Reader<'a>) -> Result<Header<'a>> {
    let key = read_nullable(reader)?.ok_or(WireError::UnexpectedNull)?;
    Ok(Header { key, value: read_nullable(reader)? })
}

#[inline]
fn read_nullable<'a>(reader: &mut Reader<'a>) -> Result<Option<&'a [u8]>> {
    match reader.read_varint()? {
        -1 => Ok(None),
        length @ 0.. => reader.take(length as usize).map(Some),
        length => Err(WireError::InvalidLength(i64::from(length))),
    }
}

/// Appends a record.
pub fn write_record(
    payload: &mut Vec<u8>,
    offset_delta: i32,
    timestamp_delta: i64,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    headers: &[Header<'_>],
) {
    let header_bytes: usize = headers
        .iter()
        .map(|header| nullable_bytes(Some(header.key)) + nullable_bytes(header.value))
        .sum();
    let length = 1
        + varint_bytes(timestamp_delta)
        + varint_bytes(i64::from(offset_delta))
        + nullable_bytes(key)
        + nullable_bytes(value)
        + varint_bytes(headers.len() as i64)
        + header_bytes;
    let mut writer = Writer::new(payload);
    writer.write_varint(length as i32);
    writer.write_i8(0);
    writer.write_varlong(timestamp_delta);
    writer.write_varint(offset_delta);
    write_nullable(&mut writer, key);
    write_nullable(&mut writer, value);
    writer.write_varint(headers.len() as i32);
    for header in headers {
        write_nullable(&mut writer, Some(header.key));
        write_nullable(&mut writer, header.value);
    }
}

fn write_nullable(writer: &mut Writer<'_>, bytes: Option<&[u8]>) {
    writer.write_varint(bytes.map_or(-1, |bytes| bytes.len() as i32));
    writer.write_raw(bytes.unwrap_or_default());
}

fn nullable_bytes(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(1, |bytes| varint_bytes(bytes.len() as i64) + bytes.len())
}

fn varint_bytes(value: i64) -> usize {
    let zigzag = ((value << 1) ^ (value >> 63)) as u64;
    (64 - (zigzag | 1).leading_zeros() as usize).div_ceil(7)
}
