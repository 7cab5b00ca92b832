//! The two ways in which clients write snappy: blocks in the framing of the Java library, or one
//! raw block.

use super::Compression;
use crate::error::{Result, WireError};
use crate::primitives::Reader;

/// What the Java library's framing starts with: magic, version, oldest compatible version.
const MAGIC: &[u8; 8] = b"\x82SNAPPY\0";
const VERSIONS: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];
const FRAMING_BYTES: usize = MAGIC.len() + VERSIONS.len();
/// Uncompressed bytes of a block, as the Java library's default.
const BLOCK_BYTES: usize = 32 * 1024;
/// No block expands more: its densest element makes 64 bytes of three.
const MAX_RATIO: usize = 22;
const CORRUPT: WireError = WireError::CorruptCompression("snappy");

pub(super) fn decompress(payload: &[u8], max_bytes: usize, out: &mut Vec<u8>) -> Result<()> {
    if !payload.starts_with(MAGIC) {
        return decompress_block(payload, max_bytes, out).map(|_| ());
    }
    let mut reader = Reader::new(payload);
    reader.take(FRAMING_BYTES)?;
    let mut left = max_bytes;
    while reader.remaining() > 0 {
        let size = reader.read_i32()?;
        let size = usize::try_from(size).map_err(|_| WireError::InvalidLength(i64::from(size)))?;
        let block = reader.take(size)?;
        left -= decompress_block(block, left, out).map_err(|error| match error {
            WireError::DecompressedTooLarge { .. } => {
                WireError::DecompressedTooLarge { limit: max_bytes }
            }
            other => other,
        })?;
    }
    Ok(())
}

fn decompress_block(block: &[u8], max_bytes: usize, out: &mut Vec<u8>) -> Result<usize> {
    let corrupt = |_| CORRUPT;
    let size = snap::raw::decompress_len(block).map_err(corrupt)?;
    if size > max_bytes {
        return Err(WireError::DecompressedTooLarge { limit: max_bytes });
    }
    if size / MAX_RATIO > block.len() {
        return Err(CORRUPT);
    }
    let start = out.len();
    out.resize(start + size, 0);
    snap::raw::Decoder::new().decompress(block, &mut out[start..]).map_err(corrupt)
}

pub(super) fn compress(payload: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let failed = |_| WireError::CompressionFailed(Compression::Snappy.name());
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSIONS);
    let mut encoder = snap::raw::Encoder::new();
    for block in payload.chunks(BLOCK_BYTES) {
        let prefix_at = out.len();
        let start = prefix_at + 4;
        out.resize(start + snap::raw::max_compress_len(block.len()), 0);
        let size = encoder.compress(block, &mut out[start..]).map_err(failed)?;
        out[prefix_at..start].copy_from_slice(&(size as i32).to_be_bytes());
        out.truncate(start + size);
    }
    Ok(())
}
