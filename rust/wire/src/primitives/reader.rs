//! Values off a slice.

use super::{Encoding, TagOutcome, Uuid, Width};
use crate::error::{Result, WireError};
use std::ops::Range;

/// Bytes of the longest unsigned varint of 32 bits.
const VARINT_MAX_BYTES: usize = 5;
/// Elements of an array for which room is reserved whatever their size.
const RESERVED_ELEMENTS: usize = 64;
/// Bytes of the longest varint of 64 bits.
const VARLONG_MAX_BYTES: usize = 10;

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
        // What is reserved at once stays within the bytes that the peer really sent.
        let fitting = self.remaining() / size_of::<T>().max(1);
        let mut elements = Vec::with_capacity(count.min(fitting.max(RESERVED_ELEMENTS)));
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
