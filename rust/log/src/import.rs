//! Taking a partition's folder over from another data directory, of Kafka or of pybroker, while no broker uses either.
//!
//! The folder is copied beside its place, under a name that the next start removes, and opened there as after a crash: every
//! batch is read with its checksum, and what is not a segment is built anew. Then it is renamed. The source is never changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pybroker_wire::Uuid;

use crate::check::{segment_offsets, stored_log_start_offset};
use crate::checkpoints;
use crate::compaction::swap::SWAP_SUFFIX;
use crate::config::LogConfig;
use crate::deletion::{DELETED_FOLDER_SUFFIX, with_suffix};
use crate::disk::{self, File};
use crate::error::{LogError, ReadError};
use crate::leader_epochs;
use crate::log::{Log, LogState, OpenOptions, Shutdown};
use crate::producer_snapshot;
use crate::recovery::offset_of;
use crate::segment::LOG_SUFFIX;
use crate::truncate;

/// Bytes that are copied at once.
const COPY_CHUNK_BYTES: usize = 1024 * 1024;

/// A copy that waits for its place.
#[derive(Clone, Debug)]
pub struct StagedLog {
    /// Where it waits.
    pub folder: PathBuf,
    /// Its numbers.
    pub state: LogState,
    /// Bytes at the end of the source that are no batch, and are not in the copy.
    pub torn_bytes: u64,
}

/// Copies the folder of a partition to the side of `target`, and checks it there. What is damaged is named by its place in the source.
pub fn stage_import(
    source: &Path,
    target: &Path,
    topic_id: Uuid,
    config: Arc<LogConfig>,
    now_ms: i64,
) -> Result<StagedLog, LogError> {
    require_partition(source)?;
    let folder = with_suffix(target, topic_id, DELETED_FOLDER_SUFFIX);
    disk::remove_folder(&folder)?;
    disk::create_folder(&folder)?;
    let staged = copy(source, &folder)
        .and_then(|size_bytes| validate(source, &folder, size_bytes, topic_id, config, now_ms));
    if staged.is_err() {
        // Whatever is left of it goes at the next start.
        let _ = disk::remove_folder(&folder);
    }
    staged
}

/// Puts a copy into its place, durably, and notes in the log dir's checkpoints that it is flushed. There must be nothing in that
/// place, save for a log without records.
pub fn place_import(
    staged: &Path,
    log_dir: &Path,
    topic: &str,
    partition: i32,
    log_end_offset: i64,
) -> Result<(), LogError> {
    let target = log_dir.join(format!("{topic}-{partition}"));
    disk::remove_folder(&target)?;
    disk::rename(staged, &target)?;
    disk::sync_folder(log_dir)?;
    let path = log_dir.join(checkpoints::RECOVERY_POINT_FILE);
    let mut recovery_points = checkpoints::read_offsets(&path)?;
    recovery_points.insert((topic.to_owned(), partition), log_end_offset);
    checkpoints::write_offsets(&path, &recovery_points)
}

/// Whether a folder of a partition has never held a record, or is not there at all.
pub fn is_unused(folder: &Path) -> Result<bool, LogError> {
    let Some(parent) = folder.parent() else { return Ok(false) };
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if !disk::file_names(parent)?.iter().any(|found| found == name) {
        return Ok(true);
    }
    let names = disk::file_names(folder)?;
    let mut logs = names.iter().filter(|name| offset_of(name, LOG_SUFFIX).is_some());
    logs.try_fold(true, |is_unused, name| {
        let size = disk::file_len(&folder.join(name))?;
        Ok(is_unused && size == Some(0) && offset_of(name, LOG_SUFFIX) == Some(0))
    })
}

fn require_partition(source: &Path) -> Result<(), LogError> {
    let names = disk::file_names(source)?;
    if segment_offsets(&names).is_empty() {
        let reason = "there is no segment in it: it is not the folder of a partition";
        return Err(unusable(source, reason));
    }
    Ok(())
}

/// Copies what belongs to the log. Gives the bytes of its segments.
fn copy(source: &Path, folder: &Path) -> Result<u64, LogError> {
    let names = disk::file_names(source)?;
    let has_swap = names.iter().any(|name| name.ends_with(SWAP_SUFFIX));
    let mut size_bytes = 0;
    for name in names.iter().filter(|name| is_of_log(name)) {
        let copied = copy_file(&source.join(name), &folder.join(name))?;
        // Segments that were about to take the place of others would count twice.
        size_bytes += if offset_of(name, LOG_SUFFIX).is_some() && !has_swap { copied } else { 0 };
    }
    Ok(size_bytes)
}

/// What opening a log does not build anew.
fn is_of_log(name: &str) -> bool {
    [LOG_SUFFIX, producer_snapshot::SUFFIX].iter().any(|suffix| offset_of(name, suffix).is_some())
        || name == leader_epochs::FILE
        || name == truncate::LOG_START_OFFSET_FILE
        // Compaction was cut short; opening brings it to its end.
        || name.ends_with(SWAP_SUFFIX)
}

fn copy_file(source: &Path, target: &Path) -> Result<u64, LogError> {
    let from = File::open_to_read(source)?;
    let to = File::open_or_create(target)?;
    let mut chunk = vec![0; COPY_CHUNK_BYTES];
    let mut position = 0;
    loop {
        let read = from
            .read_at(&mut chunk, position)
            .map_err(|error| LogError::disk("read", source, error))?;
        if read == 0 {
            return Ok(position);
        }
        to.write_all_at(&chunk[..read], position)
            .map_err(|error| LogError::disk("write", target, error))?;
        position += read as u64;
    }
}

fn validate(
    source: &Path,
    folder: &Path,
    size_bytes: u64,
    topic_id: Uuid,
    config: Arc<LogConfig>,
    now_ms: i64,
) -> Result<StagedLog, LogError> {
    let start_offset = stored_log_start_offset(source)?;
    let shutdown = Shutdown::Unclean { recovery_point: 0 };
    let options = OpenOptions { topic_id, config, shutdown, log_start_offset: 0, now_ms };
    let mut log = Log::open(folder, options).map_err(|error| in_source(error, source))?;
    let torn_bytes = size_bytes.saturating_sub(log.state().size_bytes);
    let start_offset = start_offset.min(log.state().log_end_offset);
    log.delete_before(start_offset).map_err(|error| match error {
        ReadError::Log(error) => error,
        ReadError::OffsetOutOfRange { .. } => {
            unusable(source, "its log start offset is behind its end")
        }
    })?;
    let state = log.state();
    log.close(now_ms)?;
    Ok(StagedLog { folder: folder.to_path_buf(), state, torn_bytes })
}

/// The same damage where the user finds it.
fn in_source(error: LogError, source: &Path) -> LogError {
    match error {
        LogError::Corrupt { path, position, offset, reason } => {
            let path = path.file_name().map_or_else(|| path.clone(), |name| source.join(name));
            LogError::Corrupt { path, position, offset, reason }
        }
        other => other,
    }
}

fn unusable(path: &Path, reason: &str) -> LogError {
    LogError::Unusable { path: path.to_path_buf(), reason: reason.to_owned() }
}
