//! What has left a log and is removed from the disk later.
//!
//! As in Kafka, files are renamed to `*.deleted` and unlinked after `file.delete.delay.ms`: whoever reads them has them open and
//! goes on. A whole log's folder is renamed to `*-delete`. Nothing here needs the mutex of the log, but renaming goes by
//! path: the caller keeps whoever else renames files of this folder away until `set_aside` has returned.
//!
//! What a crash leaves of it goes when the log, or the log dir, is opened again.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pybroker_wire::Uuid;

use crate::disk;
use crate::error::LogError;
use crate::failure::FailureScope;
use crate::partition_metadata::read_topic_id;
use crate::producer_snapshot;
use crate::segment::{
    LOG_SUFFIX, OFFSET_INDEX_SUFFIX, Segment, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX,
    offset_path,
};

/// Ends the name of a file that is to be unlinked.
pub(crate) const DELETED_FILE_SUFFIX: &str = ".deleted";
/// Ends the name of a folder whose log is being deleted.
pub(crate) const DELETED_FOLDER_SUFFIX: &str = "-delete";
/// The longest name of a file that common file systems take.
const NAME_MAX_BYTES: usize = 255;

/// The files of a segment. The log first: without it the others are not looked at.
pub(crate) const SEGMENT_SUFFIXES: [&str; 4] =
    [LOG_SUFFIX, OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX];

/// Files that have left a log. `set_aside` at once, outside of the mutex; `unlink` after `delay`.
#[derive(Clone, Debug)]
#[must_use]
pub struct DeletedFiles {
    what: What,
    delay: Duration,
    size_bytes: u64,
}

#[derive(Clone, Debug)]
enum What {
    /// Segments by base offset, ascending.
    Segments { folder: PathBuf, base_offsets: Vec<i64>, snapshots: Snapshots },
    /// A folder that bears its new name already.
    Folder(PathBuf),
}

/// What becomes of the producer snapshots at the base offsets of deleted segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Snapshots {
    /// They go with their segments.
    Go,
    /// They stay, because another segment starts there.
    Stay,
}

impl DeletedFiles {
    /// The files of segments that are not in the log's list any more, by ascending base offset.
    pub(crate) fn segments(
        folder: &Path,
        segments: &[Segment],
        snapshots: Snapshots,
        delay_ms: i64,
    ) -> Self {
        Self {
            size_bytes: segments.iter().map(|segment| segment.size).sum(),
            what: What::Segments {
                folder: folder.to_path_buf(),
                base_offsets: segments.iter().map(|segment| segment.base_offset).collect(),
                snapshots,
            },
            delay: Duration::from_millis(delay_ms.max(0) as u64),
        }
    }

    /// Renames the folder of a log, so that a topic of the same name can have its own at once.
    pub(crate) fn folder(
        folder: &Path,
        topic_id: Uuid,
        size_bytes: u64,
        delay_ms: i64,
    ) -> Result<Self, LogError> {
        let renamed = with_suffix(folder, topic_id, DELETED_FOLDER_SUFFIX);
        disk::rename(folder, &renamed)?;
        let delay = Duration::from_millis(delay_ms.max(0) as u64);
        Ok(Self { what: What::Folder(renamed), delay, size_bytes })
    }

    /// Whether there is nothing to remove.
    pub fn is_empty(&self) -> bool {
        matches!(&self.what, What::Segments { base_offsets, .. } if base_offsets.is_empty())
    }

    /// How many segments they are; 0 when it is a whole folder.
    pub fn segment_count(&self) -> usize {
        match &self.what {
            What::Segments { base_offsets, .. } => base_offsets.len(),
            What::Folder(_) => 0,
        }
    }

    /// How much space of segments becomes free.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// How long to wait before they are unlinked: `file.delete.delay.ms`.
    pub fn delay(&self) -> Duration {
        self.delay
    }

    /// Renames the files, durably and from the first segment up, so that a crash leaves no gap. Files that are not there are
    /// passed over; one whose new name finds no space on the disk goes at once.
    pub fn set_aside(&self) -> Result<(), LogError> {
        match &self.what {
            What::Segments { base_offsets, .. } if base_offsets.is_empty() => Ok(()),
            What::Segments { folder, .. } => {
                for path in self.paths() {
                    match disk::rename_if_there(&path, &deleted_path(&path)) {
                        // Deleting is what makes space. Whoever reads the file has it open.
                        Err(error) if error.scope() == FailureScope::Passing => {
                            disk::remove_file(&path)?;
                        }
                        renamed => renamed?,
                    }
                }
                disk::sync_folder(folder)
            }
            What::Folder(_) => set_folders_aside(std::slice::from_ref(self)),
        }
    }

    fn log_dir(&self) -> Option<&Path> {
        match &self.what {
            What::Segments { folder, .. } => folder.parent(),
            What::Folder(renamed) => renamed.parent(),
        }
    }

    /// Removes them from the disk. What is gone already is fine.
    pub fn unlink(&self) -> Result<(), LogError> {
        match &self.what {
            What::Segments { .. } => {
                self.paths().try_for_each(|path| disk::remove_file(&deleted_path(&path)))
            }
            What::Folder(renamed) => disk::remove_folder(renamed),
        }
    }

    /// The files by the names that they had in the log.
    fn paths(&self) -> impl Iterator<Item = PathBuf> + '_ {
        let (folder, base_offsets, snapshots) = match &self.what {
            What::Segments { folder, base_offsets, snapshots } => {
                (folder.as_path(), base_offsets.as_slice(), *snapshots)
            }
            What::Folder(renamed) => (renamed.as_path(), [].as_slice(), Snapshots::Stay),
        };
        let snapshot = (snapshots == Snapshots::Go).then_some(producer_snapshot::SUFFIX);
        base_offsets.iter().flat_map(move |&base_offset| {
            let suffixes = SEGMENT_SUFFIXES.into_iter().chain(snapshot);
            suffixes.map(move |suffix| offset_path(folder, base_offset, suffix))
        })
    }
}

/// Sets the folder of a log that is not open aside, as `Log::delete` does. One of another topic, or none, is left alone.
pub fn delete_unopened(folder: &Path, topic_id: Uuid) -> Result<Option<DeletedFiles>, LogError> {
    if read_topic_id(folder)? != Some(topic_id) {
        return Ok(None);
    }
    // Nobody reads it, so there is nothing to wait for.
    DeletedFiles::folder(folder, topic_id, 0, 0).map(Some)
}

/// Makes the new names of folders durable, with one fsync of each log dir.
pub fn set_folders_aside(deleted: &[DeletedFiles]) -> Result<(), LogError> {
    let parents: BTreeSet<&Path> = deleted.iter().filter_map(DeletedFiles::log_dir).collect();
    parents.into_iter().try_for_each(disk::sync_folder)
}

/// The folders of a log dir whose deletion did not come to its end, to be unlinked at once.
pub fn find_deleted(log_dir: &Path) -> Result<Vec<DeletedFiles>, LogError> {
    let names = disk::file_names(log_dir)?;
    let deleted = names.iter().filter(|name| name.ends_with(DELETED_FOLDER_SUFFIX));
    Ok(deleted
        .map(|name| DeletedFiles {
            what: What::Folder(log_dir.join(name)),
            delay: Duration::ZERO,
            size_bytes: 0,
        })
        .collect())
}

/// The name of a folder set aside: `<topic>-<partition>.<topic id><suffix>`, the topic cut short where the name gets too long.
pub(crate) fn with_suffix(folder: &Path, topic_id: Uuid, suffix: &str) -> PathBuf {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let (topic, partition) = name.rsplit_once('-').unwrap_or((&name, "0"));
    let end = format!("-{partition}.{topic_id:?}{suffix}");
    let mut kept = topic.len().min(NAME_MAX_BYTES.saturating_sub(end.len()));
    while !topic.is_char_boundary(kept) {
        kept -= 1;
    }
    folder.with_file_name(format!("{}{end}", &topic[..kept]))
}

fn deleted_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(DELETED_FILE_SUFFIX);
    PathBuf::from(name)
}
