//! LZ4 as Kafka uses it: one frame.

use super::{Compression, read_all};
use crate::error::{Result, WireError};
use crate::primitives::Reader;
use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};
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

pub(super) fn compress(payload: &[u8], out: &mut Vec<u8>) -> Result<()> {
    // Java's reader refuses blocks that depend on each other.
    let frame = FrameInfo::new().block_mode(BlockMode::Independent).block_size(BlockSize::Max64KB);
    let mut encoder = FrameEncoder::with_frame_info(frame, out);
    let failed = WireError::CompressionFailed("lz4");
    encoder.write_all(payload).map_err(|_| failed)?;
    encoder.finish().map_err(|_| failed)?;
    Ok(())
}
