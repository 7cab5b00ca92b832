//! gzip, snappy, lz4 and zstd behind one enum, with a bound on what they may expand to.

use crate::error::{Result, WireError};
use std::io::{Read, Write};

/// Level of gzip when none is asked for, as zlib's own.
const GZIP_DEFAULT_LEVEL: u32 = 6;
/// Level of zstd when none is asked for, as zstd's own.
const ZSTD_DEFAULT_LEVEL: i32 = 3;

/// How the records of a batch are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip.
    Gzip,
    /// snappy, in the framing of the Java library or as one raw block.
    Snappy,
    /// LZ4 frames.
    Lz4,
    /// Zstandard frames.
    Zstd,
}

impl Compression {
    /// The codec of the attribute bits.
    pub fn from_id(id: u8) -> Result<Self> {
        match id {
            0 => Ok(Self::None),
            1 => Ok(Self::Gzip),
            2 => Ok(Self::Snappy),
            3 => Ok(Self::Lz4),
            4 => Ok(Self::Zstd),
            _ => Err(WireError::UnknownCompression(id)),
        }
    }

    /// The attribute bits.
    pub fn id(self) -> u8 {
        self as u8
    }

    /// Kafka's name, as `compression.type` writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// The codec that `compression.type` names; `uncompressed` is Kafka's other word for none.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "none" | "uncompressed" => Some(Self::None),
            "gzip" => Some(Self::Gzip),
            "snappy" => Some(Self::Snappy),
            "lz4" => Some(Self::Lz4),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// Appends what `payload` decompresses to, at most `max_bytes`.
    pub fn decompress(self, payload: &[u8], max_bytes: usize, out: &mut Vec<u8>) -> Result<()> {
        match self {
            Self::None => {
                if payload.len() > max_bytes {
                    return Err(WireError::DecompressedTooLarge { limit: max_bytes });
                }
                out.extend_from_slice(payload);
                Ok(())
            }
            Self::Gzip => {
                self.read_all(flate2::bufread::MultiGzDecoder::new(payload), max_bytes, out)
            }
            Self::Snappy => snappy::decompress(payload, max_bytes, out),
            Self::Lz4 => self.read_all(lz4_flex::frame::FrameDecoder::new(payload), max_bytes, out),
            Self::Zstd => {
                let decoder = zstd::stream::read::Decoder::with_buffer(payload)
                    .map_err(|_| self.corrupt())?;
                self.read_all(decoder, max_bytes, out)
            }
        }
    }

    /// Appends `payload` compressed. `level` is the codec's own scale; snappy and lz4 have none here.
    pub fn compress(self, payload: &[u8], level: Option<i32>, out: &mut Vec<u8>) -> Result<()> {
        let failed = |_| WireError::CompressionFailed(self.name());
        match self {
            Self::None => out.extend_from_slice(payload),
            Self::Gzip => {
                let level =
                    level.and_then(|level| u32::try_from(level).ok()).unwrap_or(GZIP_DEFAULT_LEVEL);
                let mut encoder =
                    flate2::write::GzEncoder::new(out, flate2::Compression::new(level.min(9)));
                encoder.write_all(payload).map_err(failed)?;
                encoder.finish().map_err(failed)?;
            }
            Self::Snappy => snappy::compress(payload, out)?,
            Self::Lz4 => {
                // Java's reader refuses blocks that depend on each other.
                let frame = lz4_flex::frame::FrameInfo::new()
                    .block_mode(lz4_flex::frame::BlockMode::Independent)
                    .block_size(lz4_flex::frame::BlockSize::Max64KB);
                let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(frame, out);
                encoder.write_all(payload).map_err(failed)?;
                encoder.finish().map_err(|_| WireError::CompressionFailed(self.name()))?;
            }
            Self::Zstd => {
                zstd::stream::copy_encode(payload, out, level.unwrap_or(ZSTD_DEFAULT_LEVEL))
                    .map_err(failed)?;
            }
        }
        Ok(())
    }

    fn corrupt(self) -> WireError {
        WireError::CorruptCompression(self.name())
    }

    fn read_all(self, decoder: impl Read, max_bytes: usize, out: &mut Vec<u8>) -> Result<()> {
        let read =
            decoder.take(max_bytes as u64 + 1).read_to_end(out).map_err(|_| self.corrupt())?;
        if read > max_bytes {
            return Err(WireError::DecompressedTooLarge { limit: max_bytes });
        }
        Ok(())
    }
}

/// The two ways in which clients write snappy: blocks in the framing of the Java library, or one raw block.
mod snappy {
    use super::Compression;
    use crate::error::{Result, WireError};
    use crate::primitives::Reader;

    /// What the Java library's framing starts with: magic, version, oldest compatible version.
    const MAGIC: &[u8; 8] = b"\x82SNAPPY\0";
    const VERSIONS: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];
    const FRAMING_BYTES: usize = MAGIC.len() + VERSIONS.len();
    /// Uncompressed bytes of a block, as the Java library's default.
    const BLOCK_BYTES: usize = 32 * 1024;

    pub(super) fn decompress(payload: &[u8], max_bytes: usize, out: &mut Vec<u8>) -> Result<()> {
        if !payload.starts_with(MAGIC) {
            return decompress_block(payload, max_bytes, out).map(|_| ());
        }
        let mut reader = Reader::new(payload);
        reader.take(FRAMING_BYTES)?;
        let mut left = max_bytes;
        while reader.remaining() > 0 {
            let size = reader.read_i32()?;
            let size =
                usize::try_from(size).map_err(|_| WireError::InvalidLength(i64::from(size)))?;
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
        let corrupt = |_| WireError::CorruptCompression(Compression::Snappy.name());
        let size = snap::raw::decompress_len(block).map_err(corrupt)?;
        if size > max_bytes {
            return Err(WireError::DecompressedTooLarge { limit: max_bytes });
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
}
