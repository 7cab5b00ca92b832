//! CRC-32C (Castagnoli), which record batches carry; with the processor's instructions where it has them.

/// The checksum of `bytes`.
#[inline]
pub fn crc32c(bytes: &[u8]) -> u32 {
    ::crc32c::crc32c(bytes)
}
