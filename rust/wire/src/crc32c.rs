//! CRC-32C (Castagnoli), which record batches carry; with the processor's instructions where it has
//! them.

/// The checksum of `bytes`.
#[inline]
pub fn crc32c(bytes: &[u8]) -> u32 {
    crc_fast::crc32_iscsi(bytes)
}

#[cfg(test)]
mod tests {
    use super::crc32c;

    /// The definition, bit by bit: polynomial 0x1EDC6F41, reflected.
    fn bit_by_bit(bytes: &[u8]) -> u32 {
        let mut crc = u32::MAX;
        for byte in bytes {
            crc ^= u32::from(*byte);
            for _ in 0..8 {
                crc = (crc >> 1) ^ if crc & 1 == 1 { 0x82F6_3B78 } else { 0 };
            }
        }
        !crc
    }

    #[test]
    fn the_check_value_is_that_of_the_catalogue() {
        assert_eq!(crc32c(b"123456789"), 0xE306_9283);
    }

    #[test]
    fn every_length_and_alignment_gives_what_the_definition_gives() {
        let bytes: Vec<u8> = (0..5_000_u32).map(|index| (index * 31 + index / 251) as u8).collect();
        for start in 0..17 {
            for end in (start..600).chain([1_024, 2_048, 4_096, 4_999, 5_000]) {
                let bytes = &bytes[start..end];
                assert_eq!(crc32c(bytes), bit_by_bit(bytes), "{start}..{end}");
            }
        }
    }
}
