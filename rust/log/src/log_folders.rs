//! The folders of a log directory: which logs there are, and how much of one recovery would read.

use std::path::Path;

use crate::disk;
use crate::error::LogError;
use crate::recovery::offset_of;
use crate::segment::{LOG_SUFFIX, offset_path};

/// The topics and partitions that have a folder in a log directory.
pub fn log_folders(log_dir: &Path) -> Result<Vec<(String, i32)>, LogError> {
    Ok(disk::file_names(log_dir)?.iter().filter_map(|name| parse(name)).collect())
}

/// The topic and partition that the name of a folder stands for.
pub(crate) fn parse(name: &str) -> Option<(String, i32)> {
    let (topic, partition) = name.rsplit_once('-')?;
    let is_number = !partition.is_empty() && partition.bytes().all(|byte| byte.is_ascii_digit());
    (!topic.is_empty() && is_number).then_some(())?;
    Some((topic.to_owned(), partition.parse().ok()?))
}

/// The bytes that opening a log reads after an unclean shutdown: the segments from the recovery point on.
pub fn bytes_to_recover(folder: &Path, recovery_point: i64) -> Result<u64, LogError> {
    let names = disk::file_names(folder)?;
    let mut base_offsets: Vec<_> =
        names.iter().filter_map(|name| offset_of(name, LOG_SUFFIX)).collect();
    base_offsets.sort_unstable();
    let last_flushed = recovery_point.saturating_sub(1);
    let first = base_offsets.partition_point(|&base_offset| base_offset <= last_flushed);
    let mut bytes = 0;
    for &base_offset in &base_offsets[first.saturating_sub(1)..] {
        bytes += disk::file_len(&offset_path(folder, base_offset, LOG_SUFFIX))?.unwrap_or(0);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_told_from_other_files_by_their_names() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a-0", "b-c-12", "control.db", "d-0.x-delete", "-1", "e-", "f-99999999999"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        let mut found = log_folders(dir.path()).unwrap();
        found.sort();
        assert_eq!(found, [("a".to_owned(), 0), ("b-c".to_owned(), 12)]);
    }

    #[test]
    fn recovery_reads_from_the_segment_of_the_recovery_point_on() {
        let dir = tempfile::tempdir().unwrap();
        for (base_offset, size) in [(0, 1), (10, 20), (20, 300)] {
            let path = offset_path(dir.path(), base_offset, LOG_SUFFIX);
            disk::write_file(&path, &vec![0; size]).unwrap();
        }
        let bytes = |recovery_point| bytes_to_recover(dir.path(), recovery_point).unwrap();
        assert_eq!([0, 10, 11, 20, 21, 99].map(bytes), [321, 321, 320, 320, 300, 300]);
    }
}
