//! The protocol's primitive types: a [`Reader`] over a slice that knows its position, a [`Writer`]
//! over a vector.
//!
//! A length is checked against the bytes that are left before anything is allocated for it.

use crate::error::{Result, WireError};
use std::fmt;
use std::ops::Range;

/// Bytes of the longest unsigned varint of 32 bits.
const VARINT_MAX_BYTES: usize = 5;
/// Bytes of the longest varint of 64 bits.
const VARLONG_MAX_BYTES: usize = 10;

/// A topic id and its like: 16 bytes. All zero means none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    /// No id.
    pub const ZERO: Self = Self([0; 16]);

    /// Whether this is no id.
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(formatter, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// How a request or a response names a topic: by name in older versions, by id in newer ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TopicRef<'a> {
    /// By name.
    Name(&'a str),
    /// By id.
    Id(Uuid),
}

/// Reads values off a slice, front to back.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
    /// Where `rest` ends in the slice that was given.
    end: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, end: bytes.len() }
    }

    /// Bytes read so far: where in the slice the next value starts.
    #[inline]
    pub fn position(&self) -> usize {
        self.end - self.rest.len()
    }

    /// Bytes left.
    #[inline]
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Fails when bytes are left.
    #[inline]
    pub fn finish(&self) -> Result<()> {
        match self.remaining() {
            0 => Ok(()),
            left => Err(WireError::TrailingBytes(left)),
        }
    }

    #[inline]
    fn truncated(&self, needed: usize) -> WireError {
        WireError::Truncated { needed, left: self.rest.len() }
    }

    /// The next `count` bytes.
    #[inline]
    pub fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            return Err(self.truncated(count));
        };
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    fn take_array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let Some((taken, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.truncated(N));
        };
        self.rest = rest;
        Ok(*taken)
    }

    /// INT8.
    #[inline]
    pub fn read_i8(&mut self) -> Result<i8> {
        self.take_array().map(i8::from_be_bytes)
    }

    /// INT16.
    #[inline]
    pub fn read_i16(&mut self) -> Result<i16> {
        self.take_array().map(i16::from_be_bytes)
    }

    /// INT32.
    #[inline]
    pub fn read_i32(&mut self) -> Result<i32> {
        self.take_array().map(i32::from_be_bytes)
    }

    /// UINT32.
    #[inline]
    pub fn read_u32(&mut self) -> Result<u32> {
        self.take_array().map(u32::from_be_bytes)
    }

    /// INT64.
    #[inline]
    pub fn read_i64(&mut self) -> Result<i64> {
        self.take_array().map(i64::from_be_bytes)
    }

    /// BOOLEAN: any byte but 0 is true.
    #[inline]
    pub fn read_bool(&mut self) -> Result<bool> {
        Ok(self.read_i8()? != 0)
    }

    /// UUID.
    #[inline]
    pub fn read_uuid(&mut self) -> Result<Uuid> {
        self.take_array().map(Uuid)
    }

    /// `UNSIGNED_VARINT`: up to five bytes of seven bits, the lowest first.
    #[inline]
    pub fn read_unsigned_varint(&mut self) -> Result<u32> {
        if let Some(value) = self.read_short_varint() {
            return Ok(value);
        }
        let value = self.read_long_varint(VARINT_MAX_BYTES)?;
        u32::try_from(value).map_err(|_| WireError::VarintTooLong)
    }

    /// VARINT: zigzag.
    #[inline]
    pub fn read_varint(&mut self) -> Result<i32> {
        let raw = self.read_unsigned_varint()?;
        Ok((raw >> 1) as i32 ^ -((raw & 1) as i32))
    }

    /// VARLONG: zigzag.
    #[inline]
    pub fn read_varlong(&mut self) -> Result<i64> {
        let raw = match self.read_short_varint() {
            Some(value) => u64::from(value),
            None => self.read_long_varint(VARLONG_MAX_BYTES)?,
        };
        Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }

    /// A varint of one byte or two, which nearly every varint of the protocol is.
    #[inline]
    fn read_short_varint(&mut self) -> Option<u32> {
        match *self.rest {
            [low, ref rest @ ..] if low < 0x80 => {
                self.rest = rest;
                Some(u32::from(low))
            }
            [low, high, ref rest @ ..] if high < 0x80 => {
                self.rest = rest;
                Some(u32::from(low & 0x7f) | u32::from(high) << 7)
            }
            _ => None,
        }
    }

    #[inline(never)]
    fn read_long_varint(&mut self, max_bytes: usize) -> Result<u64> {
        let mut value = 0_u64;
        for (index, &byte) in self.rest.iter().take(max_bytes).enumerate() {
            let bits = u64::from(byte & 0x7f);
            let shift = 7 * index as u32;
            if shift == 63 && bits > 1 {
                return Err(WireError::VarintTooLong);
            }
            value |= bits << shift;
            if byte < 0x80 {
                self.rest = &self.rest[index + 1..];
                return Ok(value);
            }
        }
        if self.rest.len() < max_bytes {
            return Err(self.truncated(self.rest.len() + 1));
        }
        Err(WireError::VarintTooLong)
    }

    /// The length of a nullable field: −1, or 0 when compact, is null.
    #[inline]
    fn read_length(&mut self, encoding: Encoding, width: Width) -> Result<Option<usize>> {
        let length = match (encoding, width) {
            (Encoding::Compact, _) => i64::from(self.read_unsigned_varint()?) - 1,
            (Encoding::Classic, Width::Short) => i64::from(self.read_i16()?),
            (Encoding::Classic, Width::Int) => i64::from(self.read_i32()?),
        };
        match length {
            -1 => Ok(None),
            0.. => Ok(Some(length as usize)),
            _ => Err(WireError::InvalidLength(length)),
        }
    }

    /// A string that may be null.
    pub fn read_nullable_string(&mut self, encoding: Encoding) -> Result<Option<&'a str>> {
        let Some(length) = self.read_length(encoding, Width::Short)? else { return Ok(None) };
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).map(Some).map_err(|_| WireError::InvalidUtf8)
    }

    /// A string.
    pub fn read_string(&mut self, encoding: Encoding) -> Result<&'a str> {
        self.read_nullable_string(encoding)?.ok_or(WireError::UnexpectedNull)
    }

    /// Bytes or records that may be null, as the range that they take in the slice.
    pub fn read_nullable_bytes(&mut self, encoding: Encoding) -> Result<Option<Range<usize>>> {
        let Some(length) = self.read_length(encoding, Width::Int)? else { return Ok(None) };
        let start = self.position();
        self.take(length)?;
        Ok(Some(start..self.position()))
    }

    /// The number of elements of an array that may be null, each of which takes `min_element_bytes`
    /// at least.
    pub fn read_nullable_array_length(
        &mut self,
        encoding: Encoding,
        min_element_bytes: usize,
    ) -> Result<Option<usize>> {
        let Some(count) = self.read_length(encoding, Width::Int)? else { return Ok(None) };
        let left = self.remaining();
        if count > left / min_element_bytes.max(1) {
            return Err(WireError::ArrayTooLong { count, left });
        }
        Ok(Some(count))
    }

    /// The number of elements of an array, each of which takes `min_element_bytes` at least.
    pub fn read_array_length(
        &mut self,
        encoding: Encoding,
        min_element_bytes: usize,
    ) -> Result<usize> {
        self.read_nullable_array_length(encoding, min_element_bytes)?
            .ok_or(WireError::UnexpectedNull)
    }

    /// An array of elements that `read_element` reads.
    pub fn read_array<T>(
        &mut self,
        encoding: Encoding,
        min_element_bytes: usize,
        mut read_element: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        let count = self.read_array_length(encoding, min_element_bytes)?;
        let mut elements = Vec::with_capacity(count);
        for _ in 0..count {
            elements.push(read_element(self)?);
        }
        Ok(elements)
    }

    /// The tagged fields at the end of a flexible structure. `read_field` gets each tag with a
    /// reader of its content and says whether it knows it; what it does not know is skipped.
    pub fn read_tagged_fields(
        &mut self,
        mut read_field: impl FnMut(u32, &mut Self) -> Result<TagOutcome>,
    ) -> Result<()> {
        let count = self.read_unsigned_varint()?;
        for _ in 0..count {
            let tag = self.read_unsigned_varint()?;
            let size = self.read_unsigned_varint()? as usize;
            let rest = self.take(size)?;
            let mut content = Self { rest, end: self.position() };
            if matches!(read_field(tag, &mut content)?, TagOutcome::Read) && content.remaining() > 0
            {
                return Err(WireError::TaggedFieldSize(tag));
            }
        }
        Ok(())
    }

    /// The tagged fields of a structure that has none that we know; nothing in versions without
    /// them.
    #[inline]
    pub fn skip_tagged_fields(&mut self, encoding: Encoding) -> Result<()> {
        match encoding {
            Encoding::Classic => Ok(()),
            Encoding::Compact => self.read_tagged_fields(|_, _| Ok(TagOutcome::Skip)),
        }
    }
}

/// Whether a tagged field was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagOutcome {
    /// It was read, whole.
    Read,
    /// It is not known.
    Skip,
}

/// How a version writes lengths, and whether it has tagged fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Fixed-width lengths, no tagged fields.
    Classic,
    /// Flexible versions (KIP-482): varint lengths, tagged fields.
    Compact,
}

impl Encoding {
    /// The encoding of `version` when versions are flexible from `first_flexible` on.
    #[inline]
    pub fn of(version: i16, first_flexible: i16) -> Self {
        if version >= first_flexible { Self::Compact } else { Self::Classic }
    }
}

/// The width of a classic length.
#[derive(Debug, Clone, Copy)]
enum Width {
    Short,
    Int,
}

/// Appends values to a vector.
#[derive(Debug)]
pub struct Writer<'a> {
    bytes: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    /// A writer that appends to `bytes`.
    pub fn new(bytes: &'a mut Vec<u8>) -> Self {
        Self { bytes }
    }

    /// Where in the vector the next value goes.
    pub fn position(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes as they are.
    #[inline]
    pub fn write_raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// INT8.
    #[inline]
    pub fn write_i8(&mut self, value: i8) {
        self.write_raw(&value.to_be_bytes());
    }

    /// INT16.
    #[inline]
    pub fn write_i16(&mut self, value: i16) {
        self.write_raw(&value.to_be_bytes());
    }

    /// INT32.
    #[inline]
    pub fn write_i32(&mut self, value: i32) {
        self.write_raw(&value.to_be_bytes());
    }

    /// UINT32.
    #[inline]
    pub fn write_u32(&mut self, value: u32) {
        self.write_raw(&value.to_be_bytes());
    }

    /// INT64.
    #[inline]
    pub fn write_i64(&mut self, value: i64) {
        self.write_raw(&value.to_be_bytes());
    }

    /// BOOLEAN.
    #[inline]
    pub fn write_bool(&mut self, value: bool) {
        self.write_i8(i8::from(value));
    }

    /// UUID.
    #[inline]
    pub fn write_uuid(&mut self, value: Uuid) {
        self.write_raw(&value.0);
    }

    /// `UNSIGNED_VARINT`.
    #[inline]
    pub fn write_unsigned_varint(&mut self, value: u32) {
        self.write_varint_bits(u64::from(value));
    }

    /// VARINT: zigzag.
    #[inline]
    pub fn write_varint(&mut self, value: i32) {
        self.write_unsigned_varint(((value << 1) ^ (value >> 31)) as u32);
    }

    /// VARLONG: zigzag.
    #[inline]
    pub fn write_varlong(&mut self, value: i64) {
        self.write_varint_bits(((value << 1) ^ (value >> 63)) as u64);
    }

    #[inline]
    fn write_varint_bits(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    #[inline]
    fn write_length(&mut self, encoding: Encoding, width: Width, length: Option<usize>) {
        match (encoding, width) {
            (Encoding::Compact, _) => {
                self.write_unsigned_varint(length.map_or(0, |length| length as u32 + 1));
            }
            (Encoding::Classic, Width::Short) => {
                self.write_i16(length.map_or(-1, |length| length as i16));
            }
            (Encoding::Classic, Width::Int) => {
                self.write_i32(length.map_or(-1, |length| length as i32));
            }
        }
    }

    /// A string that may be null. What a length of 16 bits cannot say is cut off.
    pub fn write_nullable_string(&mut self, encoding: Encoding, value: Option<&str>) {
        let value = match encoding {
            Encoding::Classic => value.map(|value| cut(value, i16::MAX as usize)),
            Encoding::Compact => value,
        };
        self.write_length(encoding, Width::Short, value.map(str::len));
        self.write_raw(value.unwrap_or_default().as_bytes());
    }

    /// A string. What a length of 16 bits cannot say is cut off.
    pub fn write_string(&mut self, encoding: Encoding, value: &str) {
        self.write_nullable_string(encoding, Some(value));
    }

    /// The length of bytes or records that the caller puts behind it; `None` is null.
    pub fn write_bytes_length(&mut self, encoding: Encoding, length: Option<usize>) {
        self.write_length(encoding, Width::Int, length);
    }

    /// The number of elements of an array; `None` is null.
    pub fn write_array_length(&mut self, encoding: Encoding, count: Option<usize>) {
        self.write_length(encoding, Width::Int, count);
    }

    /// The end of a structure without tagged fields; nothing in versions that have none.
    #[inline]
    pub fn write_no_tagged_fields(&mut self, encoding: Encoding) {
        if encoding == Encoding::Compact {
            self.write_unsigned_varint(0);
        }
    }

    /// One tagged field whose content `write_content` appends. Content is short here, so it moves
    /// to fit its length.
    pub fn write_tagged_field(&mut self, tag: u32, write_content: impl FnOnce(&mut Writer<'_>)) {
        let mut content = Vec::new();
        write_content(&mut Writer::new(&mut content));
        self.write_unsigned_varint(tag);
        self.write_unsigned_varint(content.len() as u32);
        self.write_raw(&content);
    }
}

/// The longest prefix of `value` that has at most `max_bytes` bytes.
fn cut(value: &str, max_bytes: usize) -> &str {
    let mut end = value.len().min(max_bytes);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    &value[..end]
}
