//! The disk: everything that a log does to files goes through these functions.
//!
//! * Every error names the operation and the path. Nothing here retries: a failed write or fsync is the caller's to judge.
//! * Behind the functions stands the operating system (`real.rs`), or the simulated disk that a path is on (`simulated/`, feature
//!   `simulated-disk`, for tests). Without the feature there is nothing to choose, and no cost.

mod real;
#[cfg(feature = "simulated-disk")]
pub mod simulated;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use crate::error::LogError;
use real::Missing;

/// Ends the name of a file that is not complete yet.
pub(crate) const TEMPORARY_SUFFIX: &str = ".tmp";

/// Calls a function of the disk that a path is on.
macro_rules! on_disk {
    ($function:ident($path:expr $(, $argument:expr)*)) => {{
        #[cfg(feature = "simulated-disk")]
        let outcome = match simulated::mounted_at($path) {
            Some(disk) => disk.$function($path $(, $argument)*),
            None => real::$function($path $(, $argument)*),
        };
        #[cfg(not(feature = "simulated-disk"))]
        let outcome = real::$function($path $(, $argument)*);
        outcome
    }};
}

/// An open file that is read and written at positions, never through a cursor.
#[derive(Debug)]
pub struct File {
    inner: Inner,
}

#[derive(Debug)]
enum Inner {
    Real(fs::File),
    #[cfg(feature = "simulated-disk")]
    Simulated(simulated::SimulatedFile),
}

impl File {
    /// Opens an existing file for reading and writing.
    pub fn open(path: &Path) -> Result<Self, LogError> {
        Self::open_with(path, Missing::Fails).map_err(|error| LogError::disk("open", path, error))
    }

    /// Opens an existing file for reading alone, because it must not change.
    pub fn open_to_read(path: &Path) -> Result<Self, LogError> {
        #[cfg(feature = "simulated-disk")]
        if simulated::mounted_at(path).is_some() {
            return Self::open(path);
        }
        let opened = real::open_to_read(path).map(|file| Self { inner: Inner::Real(file) });
        opened.map_err(|error| LogError::disk("open", path, error))
    }

    /// Opens a file for reading and writing, made empty when it is missing.
    pub fn open_or_create(path: &Path) -> Result<Self, LogError> {
        Self::open_with(path, Missing::IsCreated)
            .map_err(|error| LogError::disk("create", path, error))
    }

    fn open_with(path: &Path, missing: Missing) -> io::Result<Self> {
        #[cfg(feature = "simulated-disk")]
        if let Some(disk) = simulated::mounted_at(path) {
            return disk.open(path, missing).map(|file| Self { inner: Inner::Simulated(file) });
        }
        real::open(path, missing).map(|file| Self { inner: Inner::Real(file) })
    }

    /// Reads at most `buffer.len()` bytes; fewer at the end of the file.
    pub fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        match &self.inner {
            Inner::Real(file) => real::read_at(file, buffer, position),
            #[cfg(feature = "simulated-disk")]
            Inner::Simulated(file) => file.read_at(buffer, position),
        }
    }

    /// Writes all of `bytes` at `position`. When it fails, any part of them may stand there.
    pub fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        match &self.inner {
            Inner::Real(file) => real::write_all_at(file, bytes, position),
            #[cfg(feature = "simulated-disk")]
            Inner::Simulated(file) => file.write_all_at(bytes, position),
        }
    }

    /// Cuts or extends the file.
    pub fn set_len(&self, len: u64) -> io::Result<()> {
        match &self.inner {
            Inner::Real(file) => file.set_len(len),
            #[cfg(feature = "simulated-disk")]
            Inner::Simulated(file) => file.set_len(len),
        }
    }

    /// Reserves space up to `bytes` without changing the size.
    pub fn reserve(&self, bytes: u64) -> io::Result<()> {
        match &self.inner {
            Inner::Real(file) => real::reserve(file, bytes),
            #[cfg(feature = "simulated-disk")]
            Inner::Simulated(_) => Ok(()),
        }
    }

    /// The size of the file.
    pub fn size(&self) -> io::Result<u64> {
        match &self.inner {
            Inner::Real(file) => file.metadata().map(|metadata| metadata.len()),
            #[cfg(feature = "simulated-disk")]
            Inner::Simulated(file) => Ok(file.size()),
        }
    }

    /// Makes the bytes durable, and of the metadata what is needed to read them.
    pub fn sync_data(&self) -> io::Result<()> {
        match &self.inner {
            Inner::Real(file) => file.sync_data(),
            #[cfg(feature = "simulated-disk")]
            Inner::Simulated(file) => file.sync_data(),
        }
    }

    /// Says that the file will be read from its start to its end, so that more is read ahead.
    pub(crate) fn expect_to_be_read_through(&self) {
        match &self.inner {
            Inner::Real(file) => real::expect_to_be_read_through(file),
            #[cfg(feature = "simulated-disk")]
            Inner::Simulated(_) => {}
        }
    }

    /// Says that a part of the file is about to be read, so that the disk begins now.
    pub(crate) fn expect_reads(&self, position: u64, len: u64) {
        match &self.inner {
            Inner::Real(file) => real::expect_reads(file, position, len),
            #[cfg(feature = "simulated-disk")]
            Inner::Simulated(_) => {}
        }
    }

    /// Gives the file the age of another. It is not worth a failure.
    pub(crate) fn set_modified_ms(&self, modified_ms: i64) {
        let since_epoch = Duration::from_millis(modified_ms.max(0) as u64);
        match &self.inner {
            Inner::Real(file) => {
                let _ = file.set_modified(UNIX_EPOCH + since_epoch);
            }
            #[cfg(feature = "simulated-disk")]
            Inner::Simulated(_) => {}
        }
    }

    /// Whether a read at `position` is answered from memory, as far as the operating system can say.
    pub fn is_cached(&self, position: u64) -> bool {
        match &self.inner {
            Inner::Real(file) => real::is_cached(file, position),
            #[cfg(feature = "simulated-disk")]
            Inner::Simulated(_) => true,
        }
    }

    /// The operating system's file, for `sendfile` and the like.
    ///
    /// # Panics
    /// On a simulated disk, which has none; only tests of this crate have such a disk.
    pub fn as_std(&self) -> &fs::File {
        match &self.inner {
            Inner::Real(file) => file,
            #[cfg(feature = "simulated-disk")]
            Inner::Simulated(_) => panic!("a simulated file is no file of the operating system"),
        }
    }
}

/// Makes a folder and its parents; says whether it was missing.
pub(crate) fn create_folder(path: &Path) -> Result<bool, LogError> {
    on_disk!(create_folder(path)).map_err(|error| LogError::disk("create", path, error))
}

/// The names of the files in a folder that are valid UTF-8; others are no file of a log.
pub(crate) fn file_names(folder: &Path) -> Result<Vec<String>, LogError> {
    on_disk!(file_names(folder)).map_err(|error| LogError::disk("list", folder, error))
}

/// As above, or `None` when the folder is missing.
pub(crate) fn file_names_if_there(folder: &Path) -> Result<Option<Vec<String>>, LogError> {
    unless_missing(on_disk!(file_names(folder)), "list", folder)
}

/// The whole file, or `None` when it is missing.
pub(crate) fn read_file(path: &Path) -> Result<Option<Vec<u8>>, LogError> {
    unless_missing(on_disk!(read_file(path)), "read", path)
}

/// The last `count` bytes of a file, or `None` when it is missing or has no whole number of such pieces.
pub(crate) fn read_end(path: &Path, count: usize) -> Result<Option<Vec<u8>>, LogError> {
    let len = file_len(path)?.unwrap_or(0);
    if len == 0 || len % count as u64 != 0 {
        return Ok(None);
    }
    let mut bytes = vec![0; count];
    let read = File::open(path)?
        .read_at(&mut bytes, len - count as u64)
        .map_err(|error| LogError::disk("read", path, error))?;
    Ok((read == count).then_some(bytes))
}

/// Writes a file that needs no more durability than the page cache gives.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), LogError> {
    on_disk!(write_file(path, bytes)).map_err(|error| LogError::disk("write", path, error))
}

/// The size of a file, or `None` when it is missing.
pub(crate) fn file_len(path: &Path) -> Result<Option<u64>, LogError> {
    unless_missing(on_disk!(file_len(path)), "stat", path)
}

/// Replaces a file as a whole, as other processes see it; what a crash of the machine leaves is not said.
pub(crate) fn swap_file(path: &Path, bytes: &[u8]) -> Result<(), LogError> {
    let temporary = with_suffix(path, TEMPORARY_SUFFIX);
    write_file(&temporary, bytes)?;
    rename(&temporary, path)
}

/// Replaces a file as a whole: after a crash it holds the old or the new bytes, never a mixture.
pub(crate) fn swap_synced_file(path: &Path, bytes: &[u8]) -> Result<(), LogError> {
    let temporary = with_suffix(path, TEMPORARY_SUFFIX);
    write_file(&temporary, bytes)?;
    let file = File::open(&temporary)?;
    file.sync_data().map_err(|error| LogError::disk("fsync", &temporary, error))?;
    rename(&temporary, path)
}

/// Replaces a file as a whole, durably: after a crash it holds the new bytes.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), LogError> {
    swap_synced_file(path, bytes)?;
    match path.parent() {
        Some(folder) => sync_folder(folder),
        None => Ok(()),
    }
}

/// Renames a file or folder.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), LogError> {
    on_disk!(rename(from, to)).map_err(|error| LogError::disk("rename", from, error))
}

/// Renames a file; a missing one is fine.
pub(crate) fn rename_if_there(from: &Path, to: &Path) -> Result<(), LogError> {
    unless_missing(on_disk!(rename(from, to)), "rename", from).map(|_| ())
}

/// When a file was last written to, in milliseconds of the wall clock.
pub(crate) fn modified_ms(path: &Path) -> Result<i64, LogError> {
    let modified = on_disk!(modified(path)).map_err(|error| LogError::disk("stat", path, error))?;
    let since_epoch = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// The size of the file system that a folder is on, and what is free of it for this process, in bytes.
pub fn free_space(folder: &Path) -> Result<(u64, u64), LogError> {
    real::free_space(folder).map_err(|error| LogError::disk("stat", folder, error))
}

/// Removes a file; a missing one is fine.
pub(crate) fn remove_file(path: &Path) -> Result<(), LogError> {
    unless_missing(on_disk!(remove_file(path)), "delete", path).map(|_| ())
}

/// Removes a folder with all that is in it; a missing one is fine.
pub(crate) fn remove_folder(path: &Path) -> Result<(), LogError> {
    unless_missing(on_disk!(remove_folder(path)), "delete", path).map(|_| ())
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(path: &Path) -> Result<(), LogError> {
    on_disk!(sync_folder(path)).map_err(|error| LogError::disk("fsync", path, error))
}

fn unless_missing<T>(
    outcome: io::Result<T>,
    operation: &'static str,
    path: &Path,
) -> Result<Option<T>, LogError> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LogError::disk(operation, path, error)),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
