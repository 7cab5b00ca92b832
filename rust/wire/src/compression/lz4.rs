//! LZ4 as Kafka uses it: one frame. What clients sent is read by safe code; liblz4 writes, because it has levels.

use super::{Compression, read_all};
use crate::error::{Result, WireError};
use crate::primitives::Reader;
use ::lz4::{BlockMode, BlockSize, ContentChecksum, EncoderBuilder};
use lz4_flex::frame::FrameDecoder;
use std::io::Write;

const MAGIC: [u8; 4] = 0x184D_2204_u32.to_le_bytes();
/// Flags of a frame's descriptor.
const BLOCK_CHECKSUM: u8 = 1 << 4;
const CONTENT_SIZE: u8 = 1 << 3;
const CONTENT_CHECKSUM: u8 = 1 << 2;
const DICTIONARY_ID: u8 = 1;
/// The bit of a block's size that says that the block is not compressed.
const STORED: u32 = 1 << 31;
const CHECKSUM_BYTES: usize = 4;
/// `compression.lz4.level` when nobody sets it.
const DEFAULT_LEVEL: i32 = 9;
/// liblz4's fast compressor, and the hardest that it searches.
const FAST_LEVEL: u32 = 1;
const MAX_LEVEL: u32 = 12;
const CORRUPT: WireError = WireError::CorruptCompression("lz4");

pub(super) fn decompress(payload: &[u8], max_bytes: usize, out: &mut Vec<u8>) -> Result<()> {
    // The decoder takes bytes that end between two blocks for a whole frame.
    let frame = &payload[..frame_bytes(payload).map_err(|_| CORRUPT)?];
    read_all(Compression::Lz4, FrameDecoder::new(frame), max_bytes, out)
}

/// Bytes of the frame at the start of `payload`. What follows it is ignored, as Java's reader does.
fn frame_bytes(payload: &[u8]) -> Result<usize> {
    let mut reader = Reader::new(payload);
    if reader.take(MAGIC.len())? != MAGIC {
        return Err(CORRUPT);
    }
    let flags = reader.take(2)?[0];
    let optional = |flag: u8, bytes: usize| if flags & flag == 0 { 0 } else { bytes };
    // The last byte is the descriptor's own checksum.
    reader.take(optional(CONTENT_SIZE, 8) + optional(DICTIONARY_ID, 4) + 1)?;
    loop {
        let size = reader.read_u32()?.swap_bytes();
        if size == 0 {
            break;
        }
        reader.take((size & !STORED) as usize)?;
        reader.take(optional(BLOCK_CHECKSUM, CHECKSUM_BYTES))?;
    }
    reader.take(optional(CONTENT_CHECKSUM, CHECKSUM_BYTES))?;
    Ok(reader.position())
}

pub(super) fn compress(payload: &[u8], level: Option<i32>, out: &mut Vec<u8>) -> Result<()> {
    let failed = |_| WireError::CompressionFailed("lz4");
    // Java's reader refuses blocks that depend on each other.
    let mut encoder = EncoderBuilder::new()
        .block_mode(BlockMode::Independent)
        .block_size(BlockSize::Max64KB)
        .checksum(ContentChecksum::NoChecksum)
        .level(frame_level(level))
        .build(out)
        .map_err(failed)?;
    encoder.write_all(payload).map_err(failed)?;
    encoder.finish().1.map_err(failed)
}

/// The library's level of one of Kafka's. Kafka's default stands for the fast compressor, and all others for the one that
/// searches harder.
fn frame_level(level: Option<i32>) -> u32 {
    match level.unwrap_or(DEFAULT_LEVEL) {
        DEFAULT_LEVEL => FAST_LEVEL,
        level => u32::try_from(level).unwrap_or_default().clamp(FAST_LEVEL + 1, MAX_LEVEL),
    }
}
