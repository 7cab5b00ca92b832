//! Codecs: round trips, bounds, and what clients other than Java's send.

use pybroker_wire::{Compression, WireError};
use std::io::Write;

const CODECS: [Compression; 4] =
    [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

fn compressed(codec: Compression, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    codec.compress(payload, None, &mut bytes).expect("memory does not fail");
    bytes
}

fn decompressed(codec: Compression, bytes: &[u8], max_bytes: usize) -> Result<Vec<u8>, WireError> {
    let mut out = Vec::new();
    codec.decompress(bytes, max_bytes, &mut out).map(|()| out)
}

/// Bytes that compress by about a half.
fn text(size: usize) -> Vec<u8> {
    let mut seed = 1_u32;
    let mut bytes = Vec::with_capacity(size);
    while bytes.len() < size {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        bytes.extend_from_slice(format!("word{} ", seed >> 22).as_bytes());
    }
    bytes.truncate(size);
    bytes
}

#[test]
fn every_codec_gives_back_what_it_was_given() {
    for codec in CODECS {
        for size in [0, 1, 100, 32 * 1024, 32 * 1024 + 1, 64 * 1024, 1_000_000] {
            let payload = text(size);
            let bytes = compressed(codec, &payload);
            assert_eq!(decompressed(codec, &bytes, size), Ok(payload), "{codec:?} {size}");
        }
    }
}

#[test]
fn a_level_is_obeyed() {
    let payload = text(100_000);
    for (codec, hard) in [(Compression::Gzip, 9), (Compression::Zstd, 19), (Compression::Lz4, 17)] {
        let [fast, small] = [1, hard].map(|level| {
            let mut bytes = Vec::new();
            codec.compress(&payload, Some(level), &mut bytes).expect("memory does not fail");
            assert_eq!(decompressed(codec, &bytes, payload.len()).as_ref(), Ok(&payload));
            bytes.len()
        });
        assert!(small < fast, "{codec:?}");
    }
}

#[test]
fn every_level_of_kafkas_is_taken() {
    let payload = text(20_000);
    let levels = [
        (Compression::Gzip, -1, 9),
        (Compression::Lz4, 1, 17),
        (Compression::Zstd, -131_072, -131_070),
        (Compression::Zstd, -3, 22),
    ];
    for (codec, first, last) in levels {
        for level in first..=last {
            let mut bytes = Vec::new();
            codec.compress(&payload, Some(level), &mut bytes).expect("memory does not fail");
            assert_eq!(decompressed(codec, &bytes, payload.len()).as_ref(), Ok(&payload));
        }
    }
}

#[test]
fn the_default_level_of_lz4_is_the_fast_one_as_in_kafka() {
    let payload = text(100_000);
    let [default, nine, eight] = [None, Some(9), Some(8)].map(|level| {
        let mut bytes = Vec::new();
        Compression::Lz4.compress(&payload, level, &mut bytes).expect("memory does not fail");
        bytes
    });
    assert_eq!(default, nine);
    assert!(eight.len() < nine.len());
}

#[test]
fn what_expands_beyond_the_limit_is_refused_and_takes_no_more_than_the_limit() {
    let limit = 1_000_000;
    for codec in CODECS {
        let bomb = compressed(codec, &vec![0; 50 * limit]);
        let mut out = Vec::new();
        let refusal = codec.decompress(&bomb, limit, &mut out);
        assert_eq!(refusal, Err(WireError::DecompressedTooLarge { limit }), "{codec:?}");
        assert!(out.capacity() <= 3 * limit, "{codec:?} {}", out.capacity());
    }
    let refusal = decompressed(Compression::None, &[0; 3], 2);
    assert_eq!(refusal, Err(WireError::DecompressedTooLarge { limit: 2 }));
}

#[test]
fn a_snappy_block_that_claims_more_than_it_can_hold_allocates_nothing() {
    // A length of 2^30 before three bytes.
    let mut out = Vec::new();
    let block = [0x80, 0x80, 0x80, 0x80, 0x04, 1, 2, 3];
    let refusal = Compression::Snappy.decompress(&block, 1 << 31, &mut out);
    assert_eq!(refusal, Err(WireError::CorruptCompression("snappy")));
    assert_eq!(out.capacity(), 0);
}

#[test]
fn what_was_in_the_vector_stays() {
    for codec in CODECS {
        let mut out = b"before".to_vec();
        let bytes = compressed(codec, b"after");
        codec.decompress(&bytes, 5, &mut out).expect("the bytes are whole");
        assert_eq!(out, b"beforeafter", "{codec:?}");
    }
}

#[test]
fn garbage_and_cut_off_bytes_are_refused() {
    let payload = text(100_000);
    for codec in CODECS {
        let refusal = Err(WireError::CorruptCompression(codec.name()));
        assert_eq!(decompressed(codec, &[0x55; 100], 1 << 20), refusal, "{codec:?}");
        let bytes = compressed(codec, &payload);
        for end in [1, 10, bytes.len() / 2, bytes.len() - 1] {
            let refusal = decompressed(codec, &bytes[..end], 1 << 20);
            assert!(refusal.is_err(), "{codec:?} {end}");
        }
    }
}

#[test]
fn one_raw_block_of_snappy_is_read_too() {
    let payload = text(50_000);
    let block = snap::raw::Encoder::new().compress_vec(&payload).expect("memory does not fail");
    assert_eq!(decompressed(Compression::Snappy, &block, payload.len()), Ok(payload));
}

#[test]
fn gzip_members_and_zstd_frames_follow_each_other() {
    for codec in [Compression::Gzip, Compression::Zstd] {
        let mut bytes = compressed(codec, b"one");
        bytes.extend_from_slice(&compressed(codec, b"two"));
        assert_eq!(decompressed(codec, &bytes, 6), Ok(b"onetwo".to_vec()), "{codec:?}");
    }
}

#[test]
fn lz4_frames_with_checksums_and_dependent_blocks_are_read() {
    let payload = text(300_000);
    let frame = lz4_flex::frame::FrameInfo::new()
        .block_mode(lz4_flex::frame::BlockMode::Linked)
        .block_checksums(true)
        .content_checksum(true);
    let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(frame, Vec::new());
    encoder.write_all(&payload).expect("memory does not fail");
    let bytes = encoder.finish().expect("memory does not fail");
    assert_eq!(decompressed(Compression::Lz4, &bytes, payload.len()), Ok(payload));
}

#[test]
fn a_codec_has_the_number_and_the_name_that_kafka_gives_it() {
    for (id, name) in ["none", "gzip", "snappy", "lz4", "zstd"].into_iter().enumerate() {
        let codec = Compression::from_id(id as u8).expect("the codec is known");
        assert_eq!((codec.id(), codec.name()), (id as u8, name));
        assert_eq!(Compression::from_name(name), Some(codec));
    }
    assert_eq!(Compression::from_name("uncompressed"), Some(Compression::None));
    assert_eq!(Compression::from_name("producer"), None);
    assert_eq!(Compression::from_id(5), Err(WireError::UnknownCompression(5)));
}

#[test]
fn an_lz4_frame_without_its_end_is_refused_and_bytes_behind_its_end_are_ignored() {
    let mut bytes = compressed(Compression::Lz4, &text(100_000));
    bytes.extend_from_slice(b"behind");
    assert!(decompressed(Compression::Lz4, &bytes, 100_000).is_ok());
    bytes.truncate(bytes.len() - 6 - 4);
    let refusal = decompressed(Compression::Lz4, &bytes, 100_000);
    assert_eq!(refusal, Err(WireError::CorruptCompression("lz4")));
}

#[test]
fn a_codec_works_after_it_has_failed() {
    let payload = text(10_000);
    for codec in CODECS {
        let bytes = compressed(codec, &payload);
        for end in [bytes.len() - 1, bytes.len() / 2] {
            assert!(decompressed(codec, &bytes[..end], 1 << 20).is_err(), "{codec:?}");
            assert_eq!(decompressed(codec, &bytes, 10_000).as_ref(), Ok(&payload), "{codec:?}");
            assert!(decompressed(codec, &bytes, 100).is_err(), "{codec:?}");
        }
    }
}
