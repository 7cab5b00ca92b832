//! The records of a payload as compaction needs them: where each stands, and the hash of its key.
//!
//! Values and headers are passed over. They were checked when the batch was appended, and its checksum says that they are the same.

use pybroker_wire::{Reader, WireError, Writer};

use super::offset_map::{KeyHash, OffsetMap};

/// One record of a payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordPlace {
    /// Where it starts and ends in the payload, its length included.
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Where what follows its timestamp starts.
    pub(crate) rest: u32,
    pub(crate) offset_delta: i32,
    pub(crate) timestamp_delta: i64,
    /// `None` without a key.
    pub(crate) hash: Option<KeyHash>,
    pub(crate) has_value: bool,
}

/// Finds the records of an uncompressed payload, of which its batch claims that it holds `count`. `places` is emptied first.
pub(crate) fn find_records(
    payload: &[u8],
    count: i32,
    map: &OffsetMap,
    places: &mut Vec<RecordPlace>,
) -> Result<(), WireError> {
    places.clear();
    let mut reader = Reader::new(payload);
    while reader.remaining() > 0 {
        places.push(find_record(payload, &mut reader, map)?);
    }
    if usize::try_from(count) != Ok(places.len()) {
        return Err(WireError::RecordCount { claimed: count, found: places.len() as i32 });
    }
    Ok(())
}

#[inline]
fn find_record(
    payload: &[u8],
    reader: &mut Reader<'_>,
    map: &OffsetMap,
) -> Result<RecordPlace, WireError> {
    let start = payload.len() - reader.remaining();
    let length = reader.read_varint()?;
    let length = usize::try_from(length).map_err(|_| WireError::InvalidLength(length.into()))?;
    let mut body = Reader::new(reader.take(length)?);
    let end = payload.len() - reader.remaining();
    // Attributes, of which the format uses none.
    body.read_i8()?;
    let timestamp_delta = body.read_varlong()?;
    let rest = end - body.remaining();
    let offset_delta = body.read_varint()?;
    let hash = match body.read_varint()? {
        length @ 0.. => Some(map.hash(body.take(length as usize)?)),
        _ => None,
    };
    let has_value = body.read_varint()? >= 0;
    Ok(RecordPlace {
        start: start as u32,
        end: end as u32,
        rest: rest as u32,
        offset_delta,
        timestamp_delta,
        hash,
        has_value,
    })
}

/// Appends a record with another timestamp.
pub(crate) fn write_with_timestamp(
    payload: &[u8],
    place: &RecordPlace,
    timestamp_delta: i64,
    out: &mut Vec<u8>,
) {
    let rest = &payload[place.rest as usize..place.end as usize];
    let mut delta = [0_u8; 10];
    let delta_bytes = zigzag(timestamp_delta, &mut delta);
    let mut writer = Writer::new(out);
    writer.write_varint((1 + delta_bytes + rest.len()) as i32);
    writer.write_i8(0);
    writer.write_raw(&delta[..delta_bytes]);
    writer.write_raw(rest);
}

/// Writes a varlong and gives the number of its bytes.
fn zigzag(value: i64, out: &mut [u8; 10]) -> usize {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    let mut at = 0;
    while rest >= 0x80 {
        out[at] = rest as u8 | 0x80;
        rest >>= 7;
        at += 1;
    }
    out[at] = rest as u8;
    at + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use pybroker_wire::record::{Header, Records, write_record};

    fn payload() -> Vec<u8> {
        let mut payload = Vec::new();
        let headers = [Header { key: b"h", value: None }];
        write_record(&mut payload, 0, 0, Some(b"first"), Some(b"value"), &headers);
        write_record(&mut payload, 3, 1_000_000, Some(b"second"), None, &[]);
        write_record(&mut payload, 4, -7, None, Some(&[9; 300]), &[]);
        payload
    }

    #[test]
    fn records_are_found_with_what_compaction_asks() {
        let (payload, map, mut places) = (payload(), OffsetMap::new(0, 0.0), Vec::new());
        find_records(&payload, 3, &map, &mut places).unwrap();
        let found: Vec<_> = places
            .iter()
            .map(|place| (place.offset_delta, place.timestamp_delta, place.hash, place.has_value))
            .collect();
        assert_eq!(
            found,
            [
                (0, 0, Some(map.hash(b"first")), true),
                (3, 1_000_000, Some(map.hash(b"second")), false),
                (4, -7, None, true),
            ]
        );
        assert_eq!(places[0].start, 0);
        assert_eq!(places[2].end as usize, payload.len());
    }

    #[test]
    fn a_record_is_the_same_but_for_its_timestamp() {
        let (payload, map, mut places) = (payload(), OffsetMap::new(0, 0.0), Vec::new());
        find_records(&payload, 3, &map, &mut places).unwrap();
        for delta in [0, -1, 1, 63, 64, -65, i64::MAX, i64::MIN, -1_700_000_000_000] {
            let mut out = Vec::new();
            for place in &places {
                write_with_timestamp(&payload, place, delta, &mut out);
            }
            let before = Records::new(&payload, 3).map(Result::unwrap);
            let after = Records::new(&out, 3).map(Result::unwrap);
            for (before, after) in before.zip(after) {
                assert_eq!(after.timestamp_delta, delta);
                assert_eq!((after.key, after.value), (before.key, before.value));
                assert_eq!(after.offset_delta, before.offset_delta);
                assert_eq!(after.headers.len(), before.headers.len());
            }
        }
    }

    #[test]
    fn damaged_records_are_an_error() {
        let (payload, map, mut places) = (payload(), OffsetMap::new(0, 0.0), Vec::new());
        assert!(find_records(&payload, 2, &map, &mut places).is_err());
        assert!(find_records(&payload, -1, &map, &mut places).is_err());
        for len in 1..payload.len() {
            assert!(find_records(&payload[..len], 3, &map, &mut places).is_err(), "cut at {len}");
        }
    }
}
