//! Request and response headers, held to the header versions that Kafka itself uses.

mod support;

use pybroker_wire::header::{
    RequestHeader, api_name, is_flexible, read_response_header, request_header_version,
    response_header_version, write_response_header,
};
use pybroker_wire::{ErrorCode, WireError};
use support::{elements, int, lines, text};

#[test]
fn every_key_of_a_broker_listener_has_the_header_versions_of_kafka() {
    let mut keys = 0;
    for api in lines("api-versions.jsonl") {
        let key: i16 = int(&api, "key");
        if !text(&api, "listeners").expect("listeners").contains("BROKER") {
            assert_eq!(is_flexible(key, 0), None, "{api}");
            continue;
        }
        keys += 1;
        assert_eq!(api_name(key), text(&api, "name"));
        for row in elements(&api, "headers") {
            let version = row[0].as_i64().expect("a version") as i16;
            let request = request_header_version(key, version).map(i64::from);
            let response = response_header_version(key, version).map(i64::from);
            assert_eq!((request, response), (row[1].as_i64(), row[2].as_i64()), "{key} {version}");
        }
    }
    assert!(keys > 70);
}

#[test]
fn an_api_versions_request_of_an_unknown_version_has_a_flexible_header() {
    assert_eq!(request_header_version(18, i16::MAX), Some(2));
    assert_eq!(response_header_version(18, i16::MAX), Some(0));
}

#[test]
fn a_request_header_comes_back_as_it_was_written() {
    for (api_key, api_version) in [(0, 3), (0, 13), (18, 4), (17, 1)] {
        for client_id in [None, Some(""), Some("übung")] {
            let header = RequestHeader {
                api_key,
                api_version,
                correlation_id: -7,
                client_id,
                body_position: 0,
            };
            let mut frame = Vec::new();
            header.encode(&mut frame).expect("the key is known");
            let body_position = frame.len();
            frame.extend_from_slice(b"body");
            let decoded = RequestHeader::decode(&frame);
            assert_eq!(decoded, Ok(RequestHeader { body_position, ..header }));
            for end in 0..body_position {
                assert!(RequestHeader::decode(&frame[..end]).is_err());
            }
        }
    }
}

#[test]
fn tagged_fields_of_a_request_header_are_skipped() {
    let frame = [0, 0, 0, 9, 0, 0, 0, 1, 0xff, 0xff, 1, 77, 2, 0xaa, 0xbb, 1, 2, 3];
    let header = RequestHeader::decode(&frame).expect("the header is whole");
    assert_eq!(header.body_position, 15);
}

#[test]
fn an_unknown_api_key_is_named() {
    for api_key in [-1_i16, 4, 93, i16::MAX, i16::MIN] {
        let mut frame = vec![0; 20];
        frame[..2].copy_from_slice(&api_key.to_be_bytes());
        assert_eq!(RequestHeader::decode(&frame), Err(WireError::UnknownApiKey(api_key)));
    }
}

#[test]
fn a_response_header_comes_back_as_it_was_written() {
    for (api_key, api_version, bytes) in [(0, 8, 4), (0, 9, 5), (18, 4, 4), (3, 13, 5)] {
        let mut frame = Vec::new();
        write_response_header(&mut frame, api_key, api_version, 0x0102_0304);
        assert_eq!(frame.len(), bytes);
        let header = read_response_header(&frame, api_key, api_version);
        assert_eq!(header, Ok((0x0102_0304, bytes)));
    }
}

#[test]
fn error_codes_are_without_a_gap_from_minus_one_on() {
    for (index, error_code) in ErrorCode::ALL.iter().enumerate() {
        assert_eq!(error_code.code(), index as i16 - 1);
        assert_eq!(ErrorCode::from_code(error_code.code()), Some(*error_code));
    }
    assert_eq!(ErrorCode::from_code(ErrorCode::ALL.len() as i16 - 1), None);
    assert_eq!(ErrorCode::NotLeaderOrFollower.name(), "NOT_LEADER_OR_FOLLOWER");
    assert_eq!(ErrorCode::default(), ErrorCode::None);
}
