//! The way out of a damaged log: truncating its folder while no broker uses it.
//!
//! Everything before the offset is read with its checksum first: nothing is changed when there is damage in that, too.

use std::path::Path;
use std::sync::Arc;

use pybroker_wire::Uuid;

use crate::check::{segment_offsets, stored_log_start_offset};
use crate::checkpoints;
use crate::config::LogConfig;
use crate::deletion::SEGMENT_SUFFIXES;
use crate::disk::{self, File};
use crate::error::LogError;
use crate::log::{Log, OpenOptions, Shutdown};
use crate::log_folders;
use crate::partition_metadata::{self, read_topic_id};
use crate::producer_snapshot;
use crate::recovery::offset_of;
use crate::scan::{BatchScanner, SCAN_CHUNK_BYTES};
use crate::segment::{
    LOG_SUFFIX, OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX, offset_path,
};

/// What truncating removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truncated {
    /// The offset after the last record that is left.
    pub log_end_offset: i64,
    /// Bytes of `.log` files that are gone.
    pub removed_bytes: u64,
    /// Files that are gone as a whole, by name.
    pub removed_files: Vec<String>,
}

/// Where to cut.
struct Cut {
    base_offset: i64,
    position: u64,
    size: u64,
}

/// Removes everything at and after `offset` from the folder of a partition, and the whole batch that holds it; then builds the
/// indexes anew. `None` when there is nothing at or after the offset.
pub fn truncate_folder(
    folder: &Path,
    offset: i64,
    now_ms: i64,
) -> Result<Option<Truncated>, LogError> {
    let names = disk::file_names(folder)?;
    let offsets = segment_offsets(&names);
    let Some(cut) = find_cut(folder, &offsets, offset)? else { return Ok(None) };
    let (mut removed_bytes, mut removed_files) = (cut.size - cut.position, Vec::new());
    // From the last one down, so that a crash leaves no gap.
    for &base_offset in offsets.iter().rev().take_while(|base| **base > cut.base_offset) {
        let path = offset_path(folder, base_offset, LOG_SUFFIX);
        removed_bytes += disk::file_len(&path)?.unwrap_or(0);
        // The log last: while it is there, it is clear that the rest belongs to it.
        for suffix in SEGMENT_SUFFIXES.iter().rev() {
            remove(&offset_path(folder, base_offset, suffix), &mut removed_files)?;
        }
    }
    for suffix in [OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX] {
        disk::remove_file(&offset_path(folder, cut.base_offset, suffix))?;
    }
    // What came back with a power loss could follow what is appended next.
    disk::sync_folder(folder)?;
    let path = offset_path(folder, cut.base_offset, LOG_SUFFIX);
    let file = File::open(&path)?;
    file.set_len(cut.position)
        .and_then(|()| file.sync_data())
        .map_err(|error| LogError::disk("truncate", &path, error))?;
    for snapshot in names.iter().filter_map(|name| offset_of(name, producer_snapshot::SUFFIX)) {
        if snapshot > offset {
            let path = offset_path(folder, snapshot, producer_snapshot::SUFFIX);
            remove(&path, &mut removed_files)?;
        }
    }
    let log_end_offset = rebuild(folder, now_ms)?;
    lower_cleaner_checkpoint(folder, log_end_offset)?;
    Ok(Some(Truncated { log_end_offset, removed_bytes, removed_files }))
}

fn remove(path: &Path, removed: &mut Vec<String>) -> Result<(), LogError> {
    if disk::file_len(path)?.is_some() {
        disk::remove_file(path)?;
        removed.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
    }
    Ok(())
}

/// Finds the batch that holds the offset, or the first one behind it, or the damage that stands in its place.
fn find_cut(folder: &Path, offsets: &[i64], offset: i64) -> Result<Option<Cut>, LogError> {
    // What is damaged before the log start offset is nobody's.
    let log_start_offset = stored_log_start_offset(folder)?;
    let mut next_offset = offsets.first().map_or(0, |first| log_start_offset.max(*first));
    for (index, &base_offset) in offsets.iter().enumerate() {
        let path = offset_path(folder, base_offset, LOG_SUFFIX);
        let failed = |error| LogError::disk("read", &path, error);
        let file = File::open_to_read(&path)?;
        let size = file.size().map_err(failed)?;
        let cut = |position| Ok(Some(Cut { base_offset, position, size }));
        // The first segment stays, if empty: the log goes on in it.
        if base_offset >= offset && index == 0 {
            return if size > 0 || offsets.len() > 1 { cut(0) } else { Ok(None) };
        }
        let mut scanner = BatchScanner::new(&file, 0, size, SCAN_CHUNK_BYTES);
        while let Some((found, _)) = scanner.next_whole().map_err(failed)? {
            if found.header.last_offset() >= offset {
                return cut(found.position);
            }
            next_offset = next_offset.max(found.header.last_offset() + 1);
        }
        let position = scanner.position();
        let has_more = offsets.get(index + 1).is_some_and(|next| *next >= offset);
        if position < size && next_offset < offset {
            return Err(LogError::Corrupt {
                path,
                position,
                offset: next_offset,
                reason: "it is damaged before the offset to truncate at; nothing was changed"
                    .to_owned(),
            });
        }
        if position < size || has_more {
            return cut(position);
        }
    }
    Ok(None)
}

/// What is appended from here on was never compacted, whatever the checkpoint says of what stood there before.
fn lower_cleaner_checkpoint(folder: &Path, log_end_offset: i64) -> Result<(), LogError> {
    let name = folder.file_name().and_then(|name| name.to_str()).and_then(log_folders::parse);
    let (Some(log_dir), Some(name)) = (folder.parent(), name) else { return Ok(()) };
    let path = log_dir.join(checkpoints::CLEANER_OFFSET_FILE);
    let mut offsets = checkpoints::read_offsets(&path)?;
    match offsets.get_mut(&name).filter(|offset| **offset > log_end_offset) {
        Some(offset) => *offset = log_end_offset,
        None => return Ok(()),
    }
    checkpoints::write_offsets(&path, &offsets)
}

/// Opens the log as after a crash, which builds everything but the segments anew, and closes it. Gives its end.
fn rebuild(folder: &Path, now_ms: i64) -> Result<i64, LogError> {
    let topic_id = read_topic_id(folder)?;
    // Whether compaction left gaps is not known here; damage was looked for above.
    let config = Arc::new(LogConfig { compacted: true, ..LogConfig::default() });
    let shutdown = Shutdown::Unclean { recovery_point: 0 };
    let options = OpenOptions {
        topic_id: topic_id.unwrap_or(Uuid::ZERO),
        config,
        shutdown,
        log_start_offset: stored_log_start_offset(folder)?,
        now_ms,
    };
    let log = Log::open(folder, options)?;
    let log_end_offset = log.state().log_end_offset;
    log.close(now_ms)?;
    if topic_id.is_none() {
        disk::remove_file(&folder.join(partition_metadata::FILE))?;
    }
    Ok(log_end_offset)
}
