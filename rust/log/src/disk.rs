//! The disk: the only file of this crate that touches `std::fs`.
//!
//! Everything that a log does to files goes through these functions, so that another disk can stand in for this one
//! and so that every error names the operation and the path. Nothing here retries: a failed write or fsync is the
//! caller's to judge.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::LogError;

/// Ends the name of a file that is not complete yet.
pub(crate) const TEMPORARY_SUFFIX: &str = ".tmp";

/// An open file that is read and written at positions, never through a cursor.
#[derive(Debug)]
pub struct File {
    file: fs::File,
}

impl File {
    /// Opens an existing file for reading and writing.
    pub fn open(path: &Path) -> Result<Self, LogError> {
        fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map(|file| Self { file })
            .map_err(|error| LogError::disk("open", path, error))
    }

    /// Opens a file for reading and writing, made empty when it is missing.
    pub fn open_or_create(path: &Path) -> Result<Self, LogError> {
        fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map(|file| Self { file })
            .map_err(|error| LogError::disk("create", path, error))
    }

    /// Reads at most `buffer.len()` bytes; fewer at the end of the file.
    pub fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match read_once_at(&self.file, &mut buffer[filled..], position + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    /// Writes all of `bytes` at `position`.
    pub fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        #[cfg(test)]
        if let Some(allowed) = faults::take_write_fault() {
            write_all_at(&self.file, &bytes[..allowed.min(bytes.len())], position)?;
            return Err(io::Error::other("injected write failure"));
        }
        write_all_at(&self.file, bytes, position)
    }

    /// Cuts or extends the file.
    pub fn set_len(&self, len: u64) -> io::Result<()> {
        #[cfg(test)]
        if faults::take_set_len_fault() {
            return Err(io::Error::other("injected truncation failure"));
        }
        self.file.set_len(len)
    }

    /// The size of the file.
    pub fn size(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Makes the bytes durable, and of the metadata what is needed to read them.
    pub fn sync_data(&self) -> io::Result<()> {
        #[cfg(test)]
        if faults::take_sync_fault() {
            return Err(io::Error::other("injected fsync failure"));
        }
        self.file.sync_data()
    }

    /// Whether a read at `position` is answered from memory, as far as the operating system can say.
    #[cfg(target_os = "linux")]
    pub fn is_cached(&self, position: u64) -> bool {
        use rustix::io::{Errno, ReadWriteFlags, preadv2};

        let mut byte = [0];
        let mut space = [io::IoSliceMut::new(&mut byte)];
        let read = preadv2(&self.file, &mut space, position, ReadWriteFlags::NOWAIT);
        // A file system that does not know the flag says something else than "it would block".
        read != Err(Errno::AGAIN)
    }

    /// Other systems do not say.
    #[cfg(not(target_os = "linux"))]
    pub fn is_cached(&self, _position: u64) -> bool {
        true
    }

    /// The operating system's file, for `sendfile` and the like.
    pub fn as_std(&self) -> &fs::File {
        &self.file
    }
}

#[cfg(unix)]
fn read_once_at(file: &fs::File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, position)
}

#[cfg(windows)]
fn read_once_at(file: &fs::File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, position)
}

#[cfg(unix)]
fn write_all_at(file: &fs::File, bytes: &[u8], position: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, position)
}

#[cfg(windows)]
fn write_all_at(file: &fs::File, mut bytes: &[u8], mut position: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_write(file, bytes, position) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => {
                bytes = &bytes[count..];
                position += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Makes a folder and its parents; says whether it was missing.
pub(crate) fn create_folder(path: &Path) -> Result<bool, LogError> {
    match fs::create_dir(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(false),
        Err(_) => fs::create_dir_all(path)
            .map(|()| true)
            .map_err(|error| LogError::disk("create", path, error)),
    }
}

/// The names of the files in a folder that are valid UTF-8; others are no file of a log.
pub(crate) fn file_names(folder: &Path) -> Result<Vec<String>, LogError> {
    let list = || -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        Ok(names)
    };
    list().map_err(|error| LogError::disk("list", folder, error))
}

/// The whole file, or `None` when it is missing.
pub(crate) fn read_file(path: &Path) -> Result<Option<Vec<u8>>, LogError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LogError::disk("read", path, error)),
    }
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
    fs::write(path, bytes).map_err(|error| LogError::disk("write", path, error))
}

/// The size of a file, or `None` when it is missing.
pub(crate) fn file_len(path: &Path) -> Result<Option<u64>, LogError> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LogError::disk("stat", path, error)),
    }
}

/// Replaces a file as a whole, as other processes see it; what a crash of the machine leaves is not said.
pub(crate) fn swap_file(path: &Path, bytes: &[u8]) -> Result<(), LogError> {
    let temporary = with_suffix(path, TEMPORARY_SUFFIX);
    write_file(&temporary, bytes)?;
    rename(&temporary, path)
}

/// Replaces a file as a whole: after a crash it holds the old or the new bytes, never a mixture.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), LogError> {
    let temporary = with_suffix(path, TEMPORARY_SUFFIX);
    write_file(&temporary, bytes)?;
    let file = File::open(&temporary)?;
    file.sync_data().map_err(|error| LogError::disk("fsync", &temporary, error))?;
    rename(&temporary, path)?;
    match path.parent() {
        Some(folder) => sync_folder(folder),
        None => Ok(()),
    }
}

/// Renames a file or folder.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), LogError> {
    fs::rename(from, to).map_err(|error| LogError::disk("rename", from, error))
}

/// Removes a file; a missing one is fine.
pub(crate) fn remove_file(path: &Path) -> Result<(), LogError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(LogError::disk("delete", path, error))
        }
        _ => Ok(()),
    }
}

/// Removes a folder with all that is in it; a missing one is fine.
pub(crate) fn remove_folder(path: &Path) -> Result<(), LogError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(LogError::disk("delete", path, error))
        }
        _ => Ok(()),
    }
}

/// Makes the names in a folder durable.
#[cfg(unix)]
pub(crate) fn sync_folder(path: &Path) -> Result<(), LogError> {
    fs::File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| LogError::disk("fsync", path, error))
}

/// Windows has no fsync of folders; NTFS journals names itself.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_path: &Path) -> Result<(), LogError> {
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Failures that a test asks for, each once and in the test's own thread.
#[cfg(test)]
pub(crate) mod faults {
    use std::cell::Cell;

    thread_local! {
        static WRITE: Cell<Option<usize>> = const { Cell::new(None) };
        static SET_LEN: Cell<bool> = const { Cell::new(false) };
        static SYNC: Cell<bool> = const { Cell::new(false) };
    }

    /// The next write stores so many bytes and fails.
    pub(crate) fn fail_next_write_after(bytes: usize) {
        WRITE.set(Some(bytes));
    }

    pub(crate) fn fail_next_set_len() {
        SET_LEN.set(true);
    }

    pub(crate) fn fail_next_sync() {
        SYNC.set(true);
    }

    /// Takes back what was asked for and did not happen.
    pub(crate) fn clear() {
        WRITE.set(None);
        SET_LEN.set(false);
        SYNC.set(false);
    }

    pub(super) fn take_write_fault() -> Option<usize> {
        WRITE.take()
    }

    pub(super) fn take_set_len_fault() -> bool {
        SET_LEN.take()
    }

    pub(super) fn take_sync_fault() -> bool {
        SYNC.take()
    }
}
