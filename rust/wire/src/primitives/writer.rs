//! Values into a vector.

use super::{Encoding, Uuid, Width};

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
