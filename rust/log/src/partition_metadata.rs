//! `partition.metadata`: which topic id the folder belongs to, in Kafka's format.
//!
//! The id decides whether a folder is the topic's own or one of an earlier topic of the same name.

use std::path::Path;

use pybroker_wire::Uuid;

use crate::disk;
use crate::error::LogError;

pub(crate) const FILE: &str = "partition.metadata";
/// URL-safe base64 without padding, as Kafka prints ids.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Checks the file against the topic's id, or writes it when it is missing. One that a crash left empty or torn is written
/// anew: it had no other content.
pub(crate) fn check_or_write(folder: &Path, topic_id: Uuid) -> Result<(), LogError> {
    let path = folder.join(FILE);
    let expected = encode_id(topic_id);
    if let Some(found) = disk::read_file(&path)?.as_deref().and_then(parse) {
        return if found == expected {
            Ok(())
        } else {
            Err(LogError::TopicId { path, found: found.to_owned(), expected })
        };
    }
    disk::write_file(&path, format!("version: 0\ntopic_id: {expected}").as_bytes())
}

/// The id in a partition's folder, if it has one: which topic a folder found at start belongs to.
pub fn read_topic_id(folder: &Path) -> Result<Option<Uuid>, LogError> {
    let bytes = disk::read_file(&folder.join(FILE))?;
    Ok(bytes.as_deref().and_then(parse).and_then(decode_id))
}

fn parse(bytes: &[u8]) -> Option<&str> {
    let mut lines = str::from_utf8(bytes).ok()?.lines();
    lines.next()?.strip_prefix("version:").filter(|version| version.trim() == "0")?;
    let id = lines.next()?.strip_prefix("topic_id:")?.trim();
    decode_id(id).map(|_| id)
}

fn encode_id(id: Uuid) -> String {
    let value = u128::from_be_bytes(id.0);
    // 128 bits are 21 digits of six bits and one of two, which stand at the upper end of the last digit.
    let digits = (0..21).map(|digit| (value >> (122 - 6 * digit)) & 63).chain([(value & 3) << 4]);
    digits.map(|digit| ALPHABET[digit as usize] as char).collect()
}

fn decode_id(text: &str) -> Option<Uuid> {
    let text = text.trim_end_matches('=');
    if text.len() != 22 {
        return None;
    }
    let mut value: u128 = 0;
    for (place, byte) in text.bytes().enumerate() {
        let digit = ALPHABET.iter().position(|&letter| letter == byte)? as u128;
        if place == 21 && digit & 15 != 0 {
            // Nobody writes the last digit so: it is a torn file's.
            return None;
        }
        value = if place < 21 { value << 6 | digit } else { value << 2 | digit >> 4 };
    }
    Some(Uuid(value.to_be_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Uuid = Uuid([
        0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0x0f, 0xed, 0xcb, 0xa9, 0x87, 0x65, 0x43,
        0xff,
    ]);

    #[test]
    fn an_id_is_written_as_kafka_prints_it() {
        assert_eq!(encode_id(Uuid::ZERO), "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(encode_id(ID), "EjRWeJq83vAP7cuph2VD_w");
        assert_eq!(decode_id("EjRWeJq83vAP7cuph2VD_w"), Some(ID));
        assert_eq!(decode_id("EjRWeJq83vAP7cuph2VD*w"), None);
    }

    #[test]
    fn a_folder_of_another_topic_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read_topic_id(folder.path()).unwrap(), None);
        check_or_write(folder.path(), ID).unwrap();
        check_or_write(folder.path(), ID).unwrap();
        assert_eq!(read_topic_id(folder.path()).unwrap(), Some(ID));
        let refused = check_or_write(folder.path(), Uuid([1; 16]));
        assert!(matches!(refused, Err(LogError::TopicId { .. })), "{refused:?}");
    }

    #[test]
    fn a_torn_file_is_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        for torn in [
            "",
            "version: 0\n",
            "version: 0\ntopic_id: EjRW",
            "version: 0\ntopic_id: EjRWeJq83vAP7cuph2VD_x",
        ] {
            disk::write_file(&folder.path().join(FILE), torn.as_bytes()).unwrap();
            check_or_write(folder.path(), ID).unwrap();
            assert_eq!(read_topic_id(folder.path()).unwrap(), Some(ID));
        }
    }
}
