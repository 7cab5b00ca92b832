//! Kafka's small text files: the checkpoints of a log dir, and the marker of a clean shutdown.
//!
//! A checkpoint of format 0 is a line `0`, a line with the number of entries, and a line per entry with fields between blanks.
//! A missing file is empty. So is a malformed one: what it would have said is then found out by reading more of the logs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::str::FromStr;

use crate::disk;
use crate::error::LogError;

/// Up to which offset each log of a log dir is flushed.
pub const RECOVERY_POINT_FILE: &str = "recovery-point-offset-checkpoint";
/// From which offset on each log of a log dir is readable, where that is not its first segment's base offset.
pub const LOG_START_OFFSET_FILE: &str = "log-start-offset-checkpoint";
/// Up to which offset each compacted log of a log dir is clean.
pub const CLEANER_OFFSET_FILE: &str = "cleaner-offset-checkpoint";
const CLEAN_SHUTDOWN_FILE: &str = ".kafka_cleanshutdown";
/// What Kafka writes into the marker when there is no broker epoch to remember.
const CLEAN_SHUTDOWN_CONTENT: &[u8] = b"{\"version\":0,\"brokerEpoch\":-1}";
const VERSION: &str = "0";

/// Offsets by topic and partition.
pub type Offsets = BTreeMap<(String, i32), i64>;

/// Reads a checkpoint of offsets.
pub fn read_offsets(path: &Path) -> Result<Offsets, LogError> {
    let Some(rows) = read_rows(path, |fields| match fields {
        [topic, partition, offset] => {
            Some((((*topic).to_owned(), number(partition)?), number(offset)?))
        }
        _ => None,
    })?
    else {
        return Ok(Offsets::new());
    };
    Ok(rows.into_iter().collect())
}

/// Replaces a checkpoint of offsets; after a crash it is the old or the new one.
pub fn write_offsets(path: &Path, offsets: &Offsets) -> Result<(), LogError> {
    let rows =
        offsets.iter().map(|((topic, partition), offset)| format!("{topic} {partition} {offset}"));
    disk::replace_file(path, encode_rows(rows).as_bytes())
}

/// Writes the marker that lets the next start trust the files.
pub fn write_clean_shutdown_marker(log_dir: &Path) -> Result<(), LogError> {
    disk::replace_file(&log_dir.join(CLEAN_SHUTDOWN_FILE), CLEAN_SHUTDOWN_CONTENT)
}

/// Removes the marker, durably, and says whether it was there.
pub fn take_clean_shutdown_marker(log_dir: &Path) -> Result<bool, LogError> {
    let path = log_dir.join(CLEAN_SHUTDOWN_FILE);
    if disk::file_len(&path)?.is_none() {
        return Ok(false);
    }
    disk::remove_file(&path)?;
    disk::sync_folder(log_dir)?;
    Ok(true)
}

/// Reads the rows of a checkpoint; `None` when it is missing or malformed.
pub(crate) fn read_rows<T>(
    path: &Path,
    parse: impl Fn(&[&str]) -> Option<T>,
) -> Result<Option<Vec<T>>, LogError> {
    let Some(bytes) = disk::read_file(path)? else {
        return Ok(None);
    };
    Ok(str::from_utf8(&bytes).ok().and_then(|text| parse_rows(text, parse)))
}

fn parse_rows<T>(text: &str, parse: impl Fn(&[&str]) -> Option<T>) -> Option<Vec<T>> {
    // Without its end a last number may be cut short, and look like another.
    let mut lines = text.strip_suffix('\n')?.lines();
    if lines.next()?.trim() != VERSION {
        return None;
    }
    let expected: usize = number(lines.next()?.trim())?;
    let mut rows = Vec::new();
    for line in lines.filter(|line| !line.trim().is_empty()) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        rows.push(parse(&fields)?);
    }
    (rows.len() == expected).then_some(rows)
}

pub(crate) fn encode_rows(rows: impl ExactSizeIterator<Item = String>) -> String {
    let mut text = format!("{VERSION}\n{}\n", rows.len());
    for row in rows {
        let _ = writeln!(text, "{row}");
    }
    text
}

/// A number of at least 0, as all numbers in checkpoints are.
pub(crate) fn number<T: FromStr + PartialOrd + Default>(text: &str) -> Option<T> {
    text.parse().ok().filter(|number| *number >= T::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_written_in_kafkas_format_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(RECOVERY_POINT_FILE);
        let mut offsets = Offsets::new();
        offsets.insert(("payments".into(), 0), 12);
        offsets.insert(("payments".into(), 11), 0);
        write_offsets(&path, &offsets).unwrap();
        let text = disk::read_file(&path).unwrap().unwrap();
        assert_eq!(str::from_utf8(&text).unwrap(), "0\n2\npayments 0 12\npayments 11 0\n");
        assert_eq!(read_offsets(&path).unwrap(), offsets);
    }

    #[test]
    fn a_missing_or_malformed_checkpoint_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(LOG_START_OFFSET_FILE);
        assert!(read_offsets(&path).unwrap().is_empty());
        for text in [
            "",
            "1\n0\n",
            "0\n",
            "0\n2\na 0 1\n",
            "0\n1\na 0 12",
            "0\n1\na 0\n",
            "0\n1\na 0 -5\n",
            "0\nx\n",
        ] {
            disk::write_file(&path, text.as_bytes()).unwrap();
            assert!(read_offsets(&path).unwrap().is_empty(), "{text:?}");
        }
        disk::write_file(&path, &[0xff, 0xfe]).unwrap();
        assert!(read_offsets(&path).unwrap().is_empty());
    }

    #[test]
    fn the_clean_shutdown_marker_is_taken_once() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!take_clean_shutdown_marker(folder.path()).unwrap());
        write_clean_shutdown_marker(folder.path()).unwrap();
        assert!(take_clean_shutdown_marker(folder.path()).unwrap());
        assert!(!take_clean_shutdown_marker(folder.path()).unwrap());
    }
}
