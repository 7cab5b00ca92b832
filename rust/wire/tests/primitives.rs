//! Primitive types and frames at their edges.

use pybroker_wire::frame::{begin_frame, end_frame, first_frame, frame_size};
use pybroker_wire::primitives::{Encoding, TagOutcome};
use pybroker_wire::{Reader, Uuid, WireError, Writer};

const ENCODINGS: [Encoding; 2] = [Encoding::Classic, Encoding::Compact];

fn written(write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut Writer::new(&mut bytes));
    bytes
}

#[test]
fn varints_take_the_bytes_that_the_protocol_says() {
    let vectors: [(i64, &[u8]); 9] = [
        (0, &[0]),
        (-1, &[1]),
        (1, &[2]),
        (63, &[0x7e]),
        (-64, &[0x7f]),
        (64, &[0x80, 1]),
        (-65, &[0x81, 1]),
        (i64::from(i32::MAX), &[0xfe, 0xff, 0xff, 0xff, 0x0f]),
        (i64::from(i32::MIN), &[0xff, 0xff, 0xff, 0xff, 0x0f]),
    ];
    for (value, bytes) in vectors {
        assert_eq!(written(|writer| writer.write_varint(value as i32)), bytes);
        assert_eq!(written(|writer| writer.write_varlong(value)), bytes);
        assert_eq!(Reader::new(bytes).read_varint(), Ok(value as i32));
        assert_eq!(Reader::new(bytes).read_varlong(), Ok(value));
    }
    for value in [i64::MAX, i64::MIN] {
        let bytes = written(|writer| writer.write_varlong(value));
        assert_eq!(bytes.len(), 10);
        assert_eq!(Reader::new(&bytes).read_varlong(), Ok(value));
    }
}

#[test]
fn a_varint_that_does_not_fit_its_type_is_refused() {
    let too_long = Err(WireError::VarintTooLong);
    assert_eq!(Reader::new(&[0xff; 5]).read_unsigned_varint(), too_long);
    assert_eq!(Reader::new(&[0x80, 0x80, 0x80, 0x80, 0x10]).read_unsigned_varint(), too_long);
    assert_eq!(Reader::new(&[0xff; 10]).read_varlong(), Err(WireError::VarintTooLong));
    let mut eleven_bits_too_many = [0x80; 10];
    eleven_bits_too_many[9] = 2;
    assert_eq!(Reader::new(&eleven_bits_too_many).read_varlong(), Err(WireError::VarintTooLong));
    let truncated = Err(WireError::Truncated { needed: 3, left: 2 });
    assert_eq!(Reader::new(&[0x80, 0x80]).read_unsigned_varint(), truncated);
}

#[test]
fn numbers_come_back_as_they_were_written() {
    let bytes = written(|writer| {
        writer.write_i8(-2);
        writer.write_i16(-3);
        writer.write_i32(-4);
        writer.write_u32(u32::MAX);
        writer.write_i64(i64::MIN);
        writer.write_bool(true);
        writer.write_uuid(Uuid([7; 16]));
    });
    let mut reader = Reader::new(&bytes);
    assert_eq!(reader.read_i8(), Ok(-2));
    assert_eq!(reader.read_i16(), Ok(-3));
    assert_eq!(reader.read_i32(), Ok(-4));
    assert_eq!(reader.read_u32(), Ok(u32::MAX));
    assert_eq!(reader.read_i64(), Ok(i64::MIN));
    assert_eq!(reader.read_bool(), Ok(true));
    assert_eq!(reader.read_uuid(), Ok(Uuid([7; 16])));
    assert_eq!(reader.finish(), Ok(()));
    assert_eq!(reader.read_i64(), Err(WireError::Truncated { needed: 8, left: 0 }));
}

#[test]
fn strings_come_back_as_they_were_written() {
    for encoding in ENCODINGS {
        for value in [None, Some(""), Some("übung"), Some(&*"x".repeat(300))] {
            let bytes = written(|writer| writer.write_nullable_string(encoding, value));
            assert_eq!(Reader::new(&bytes).read_nullable_string(encoding), Ok(value));
            let string = Reader::new(&bytes).read_string(encoding);
            assert_eq!(string, value.ok_or(WireError::UnexpectedNull));
        }
    }
}

#[test]
fn a_string_that_a_short_length_cannot_say_is_cut_between_two_characters() {
    let long = "ü".repeat(20_000);
    let bytes = written(|writer| writer.write_string(Encoding::Classic, &long));
    let cut = Reader::new(&bytes).read_string(Encoding::Classic).expect("the string is whole");
    assert_eq!(cut.len(), 32_766);
    let bytes = written(|writer| writer.write_string(Encoding::Compact, &long));
    assert_eq!(Reader::new(&bytes).read_string(Encoding::Compact), Ok(&*long));
}

#[test]
fn strings_that_are_not_strings_are_refused() {
    let refused = |bytes: &[u8], error| {
        assert_eq!(Reader::new(bytes).read_nullable_string(Encoding::Classic), Err(error));
    };
    refused(&[0, 2, 0xc3, 0x28], WireError::InvalidUtf8);
    refused(&[0xff, 0xfe], WireError::InvalidLength(-2));
    refused(&[0, 3, b'a'], WireError::Truncated { needed: 3, left: 1 });
}

#[test]
fn bytes_are_given_as_the_range_that_they_take() {
    for (encoding, prefix) in [(Encoding::Classic, 4), (Encoding::Compact, 1)] {
        let bytes = written(|writer| {
            writer.write_bytes_length(encoding, Some(3));
            writer.write_raw(b"abc");
            writer.write_bytes_length(encoding, None);
        });
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.read_nullable_bytes(encoding), Ok(Some(prefix..prefix + 3)));
        assert_eq!(reader.read_nullable_bytes(encoding), Ok(None));
    }
}

#[test]
fn an_array_longer_than_its_bytes_is_refused_before_anything_is_allocated() {
    let bytes = written(|writer| writer.write_i32(i32::MAX));
    let refusal = Reader::new(&bytes).read_array(Encoding::Classic, 1, Reader::read_i8);
    let count = i32::MAX as usize;
    assert_eq!(refusal, Err(WireError::ArrayTooLong { count, left: 0 }));
    let refusal = Reader::new(&[3, 0, 0, 0]).read_array(Encoding::Compact, 2, Reader::read_i8);
    assert_eq!(refusal, Err(WireError::ArrayTooLong { count: 2, left: 3 }));
    let null = Reader::new(&[0]).read_array(Encoding::Compact, 1, Reader::read_i8);
    assert_eq!(null, Err(WireError::UnexpectedNull));
    let negative = Reader::new(&[0xff, 0xff, 0xff, 0xfe]).read_array_length(Encoding::Classic, 1);
    assert_eq!(negative, Err(WireError::InvalidLength(-2)));
}

#[test]
fn tagged_fields_are_read_when_known_and_skipped_when_not() {
    let bytes = written(|writer| {
        writer.write_unsigned_varint(2);
        writer.write_tagged_field(5, |content| content.write_i32(1));
        writer.write_tagged_field(300, |content| content.write_i64(2));
    });
    let mut found = None;
    let mut reader = Reader::new(&bytes);
    let outcome = reader.read_tagged_fields(|tag, content| {
        if tag == 300 {
            found = Some(content.read_i64()?);
            return Ok(TagOutcome::Read);
        }
        Ok(TagOutcome::Skip)
    });
    assert_eq!((outcome, found, reader.remaining()), (Ok(()), Some(2), 0));
    let mut reader = Reader::new(&bytes);
    assert_eq!(reader.skip_tagged_fields(Encoding::Classic), Ok(()));
    assert_eq!(reader.position(), 0);
}

#[test]
fn tagged_fields_stay_within_their_size() {
    let beyond = Reader::new(&[1, 0, 2, 9, 9, 9, 9]).read_tagged_fields(|_, content| {
        content.read_i32()?;
        Ok(TagOutcome::Read)
    });
    assert_eq!(beyond, Err(WireError::Truncated { needed: 4, left: 2 }));
    let count = Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x0f]).skip_tagged_fields(Encoding::Compact);
    assert_eq!(count, Err(WireError::Truncated { needed: 1, left: 0 }));
}

#[test]
fn a_frame_is_found_when_it_is_whole() {
    let mut bytes = b"before".to_vec();
    let position = begin_frame(&mut bytes);
    bytes.extend_from_slice(b"content");
    end_frame(&mut bytes, position, 0).expect("the frame is small");
    let frame = &bytes[position..];
    for end in 0..frame.len() {
        assert_eq!(first_frame(&frame[..end], 100), Ok(None));
    }
    assert_eq!(first_frame(frame, 100), Ok(Some(4..11)));
    end_frame(&mut bytes, position, 1000).expect("the frame is small");
    assert_eq!(bytes[position..position + 4], 1007_i32.to_be_bytes());
}

#[test]
fn a_frame_size_outside_the_limit_is_named() {
    assert_eq!(frame_size([0, 0, 0, 100], 100), Ok(100));
    let too_large = WireError::FrameTooLarge { size: 101, limit: 100 };
    assert_eq!(frame_size([0, 0, 0, 101], 100), Err(too_large));
    assert_eq!(frame_size([0xff; 4], 100), Err(WireError::NegativeFrameSize(-1)));
    // "GET " as a length.
    let http = WireError::FrameTooLarge { size: 0x4745_5420, limit: 100 << 20 };
    assert_eq!(first_frame(b"GET / HTTP/1.1\r\n", 100 << 20), Err(http));
    assert_eq!(http.to_string(), "a frame of 1195725856 bytes, more than 104857600");
    let mut bytes = vec![0; 4];
    assert!(end_frame(&mut bytes, 0, i32::MAX as usize + 1).is_err());
}
