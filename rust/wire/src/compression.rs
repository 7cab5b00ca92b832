//! gzip, snappy, lz4 and zstd behind one enum, with a bound on what they may expand to.

mod lz4;
mod snappy;
mod zstd;

use crate::error::{Result, WireError};
use std::io::{Read, Write};

/// Level of gzip when none is asked for, as zlib's own.
const GZIP_DEFAULT_LEVEL: u32 = 6;

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
                read_all(self, flate2::bufread::MultiGzDecoder::new(payload), max_bytes, out)
            }
            Self::Snappy => snappy::decompress(payload, max_bytes, out),
            Self::Lz4 => lz4::decompress(payload, max_bytes, out),
            Self::Zstd => zstd::decompress(payload, max_bytes, out),
        }
    }

    /// Appends `payload` compressed. `level` is that of Kafka's `compression.<codec>.level`; snappy
    /// has none.
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
            Self::Lz4 => lz4::compress(payload, level, out)?,
            Self::Zstd => zstd::compress(payload, level, out)?,
        }
        Ok(())
    }

    fn corrupt(self) -> WireError {
        WireError::CorruptCompression(self.name())
    }
}

/// Appends what `decoder` gives, at most `max_bytes`.
fn read_all(
    compression: Compression,
    decoder: impl Read,
    max_bytes: usize,
    out: &mut Vec<u8>,
) -> Result<()> {
    let mut decoder = decoder.take((max_bytes as u64).saturating_add(1));
    let read = decoder.read_to_end(out).map_err(|_| compression.corrupt())?;
    if read > max_bytes {
        return Err(WireError::DecompressedTooLarge { limit: max_bytes });
    }
    Ok(())
}
