//! Putting a cleaned segment in the place of those that it was made of, so that a crash at any moment leaves the one or the others.
//!
//! The names are Kafka's, and Kafka completes or undoes the same. Between two steps the names are made durable, so that it does not
//! matter in which order a file system writes the changes of one step:
//!
//! 1. The new segment is written as `.cleaned` files. A crash before the end of the next step undoes all: where a `.cleaned` file
//!    is left, nothing has happened yet.
//! 2. They are renamed to `.swap`. From here on, a crash is completed when the log is opened: what a `.swap` segment covers is
//!    removed, and it takes its final name.
//! 3. The log takes the new segment in, and the old ones except the first are set aside as `.deleted` files.
//! 4. The `.swap` files get their final names, which were those of the first old segment.

use std::path::Path;

use crate::disk::{self, File};
use crate::error::LogError;
use crate::scan::{BatchScanner, SCAN_CHUNK_BYTES};
use crate::segment::{
    LOG_SUFFIX, OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX, offset_path,
};

pub(crate) const CLEANED_SUFFIX: &str = ".cleaned";
pub(crate) const SWAP_SUFFIX: &str = ".swap";

/// The files of a segment.
const SEGMENT_SUFFIXES: [&str; 4] =
    [LOG_SUFFIX, OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX];
/// Digits of the offset in the name of a file.
const OFFSET_DIGITS: usize = 20;

/// Renames the files of a segment from one ending to another; those that are missing stay so.
pub(crate) fn rename_segment(
    folder: &Path,
    base_offset: i64,
    from: &str,
    to: &str,
) -> Result<(), LogError> {
    for suffix in SEGMENT_SUFFIXES {
        let path = |ending: &str| offset_path(folder, base_offset, &format!("{suffix}{ending}"));
        disk::rename_if_there(&path(from), &path(to))?;
    }
    Ok(())
}

/// Removes the files of a segment that have an ending.
pub(crate) fn remove_segment(
    folder: &Path,
    base_offset: i64,
    ending: &str,
) -> Result<(), LogError> {
    for suffix in SEGMENT_SUFFIXES {
        disk::remove_file(&offset_path(folder, base_offset, &format!("{suffix}{ending}")))?;
    }
    Ok(())
}

/// Undoes step 2 durably: the names are those of step 1 again. The log comes first, because without a `.cleaned` file what is left
/// would be completed.
pub(crate) fn take_back(folder: &Path, base_offset: i64) -> Result<(), LogError> {
    let path = |ending: &str| offset_path(folder, base_offset, &format!("{LOG_SUFFIX}{ending}"));
    disk::rename_if_there(&path(SWAP_SUFFIX), &path(CLEANED_SUFFIX))?;
    disk::sync_folder(folder)?;
    rename_segment(folder, base_offset, SWAP_SUFFIX, CLEANED_SUFFIX)?;
    disk::sync_folder(folder)
}

/// Removes what earlier passes that were given up have left: beside it, a crash would undo the swaps of this one.
pub(crate) fn remove_cleaned(folder: &Path) -> Result<(), LogError> {
    let names = disk::file_names(folder)?;
    let cleaned = names.iter().filter(|name| name.ends_with(CLEANED_SUFFIX));
    cleaned.map(|name| folder.join(name)).try_for_each(|path| disk::remove_file(&path))
}

/// Completes or undoes what a crash interrupted, by the names in the folder of a log. Says whether there was anything to do.
pub(crate) fn recover(folder: &Path, names: &[String]) -> Result<bool, LogError> {
    let with_ending = |ending: &str| -> Vec<(&str, i64)> {
        let stems = names.iter().filter_map(|name| name.strip_suffix(ending));
        stems.filter_map(|stem| Some((stem, offset_of(stem)?))).collect()
    };
    let (cleaned, swaps) = (with_ending(CLEANED_SUFFIX), with_ending(SWAP_SUFFIX));
    if cleaned.is_empty() && swaps.is_empty() {
        return Ok(false);
    }
    // Which names there are decides. Where a process was killed they may not be durable, and after a crash of the machine within
    // what follows others would decide otherwise, when the old segments are gone.
    disk::sync_folder(folder)?;
    // Kafka splits segments with the same names, the last one first, so what stands behind a `.cleaned` file is not complete.
    let undone_from = cleaned.iter().map(|(_, offset)| *offset).min().unwrap_or(i64::MAX);
    let (undone, decided): (Vec<_>, Vec<_>) =
        swaps.into_iter().partition(|(_, offset)| *offset >= undone_from);
    remove_all(folder, &undone, SWAP_SUFFIX)?;
    remove_all(folder, &cleaned, CLEANED_SUFFIX)?;
    for (stem, offset) in &decided {
        if stem.ends_with(LOG_SUFFIX) {
            remove_covered(folder, names, *offset)?;
        }
    }
    disk::sync_folder(folder)?;
    for (stem, _) in &decided {
        disk::rename(&folder.join(format!("{stem}{SWAP_SUFFIX}")), &folder.join(stem))?;
    }
    disk::sync_folder(folder)?;
    Ok(true)
}

/// Removes files, durably before what follows.
fn remove_all(folder: &Path, stems: &[(&str, i64)], ending: &str) -> Result<(), LogError> {
    if stems.is_empty() {
        return Ok(());
    }
    for (stem, _) in stems {
        disk::remove_file(&folder.join(format!("{stem}{ending}")))?;
    }
    disk::sync_folder(folder)
}

/// Removes the segments whose records a `.swap` segment has.
fn remove_covered(folder: &Path, names: &[String], base_offset: i64) -> Result<(), LogError> {
    let path = offset_path(folder, base_offset, &format!("{LOG_SUFFIX}{SWAP_SUFFIX}"));
    let size = disk::file_len(&path)?.unwrap_or(0);
    let file = File::open(&path)?;
    let mut scanner = BatchScanner::new(&file, 0, size, SCAN_CHUNK_BYTES);
    let mut end_offset = base_offset + 1;
    while let Some(found) =
        scanner.next_header().map_err(|error| LogError::disk("read", &path, error))?
    {
        end_offset = found.header.last_offset() + 1;
    }
    for name in names {
        if offset_of(name).is_some_and(|offset| (base_offset..end_offset).contains(&offset)) {
            disk::remove_file(&folder.join(name))?;
        }
    }
    Ok(())
}

/// The base offset of a segment by the name of one of its files.
fn offset_of(name: &str) -> Option<i64> {
    let digits = SEGMENT_SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix))?;
    let is_offset =
        digits.len() == OFFSET_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_offset.then(|| digits.parse().ok()).flatten()
}
