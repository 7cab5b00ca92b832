//! The operating system's disk: what `disk` offers, by `std::fs`. The only file of this crate that touches it.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;
use std::time::SystemTime;

/// A file that is smaller is read at once; less than a page.
const SMALL_FILE_BYTES: usize = 1024;

/// Whether opening makes a missing file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    Fails,
    IsCreated,
}

pub(super) fn open(path: &Path, missing: Missing) -> io::Result<fs::File> {
    fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(missing == Missing::IsCreated)
        .truncate(false)
        .open(path)
}

pub(super) fn open_to_read(path: &Path) -> io::Result<fs::File> {
    fs::File::open(path)
}

pub(super) fn read_at(file: &fs::File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match read_once_at(file, &mut buffer[filled..], position + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
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
pub(super) fn write_all_at(file: &fs::File, bytes: &[u8], position: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, position)
}

#[cfg(windows)]
pub(super) fn write_all_at(file: &fs::File, mut bytes: &[u8], mut position: u64) -> io::Result<()> {
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

#[cfg(target_os = "linux")]
pub(super) fn is_cached(file: &fs::File, position: u64) -> bool {
    use rustix::io::{Errno, ReadWriteFlags, preadv2};

    let mut byte = [0];
    let mut space = [io::IoSliceMut::new(&mut byte)];
    let read = preadv2(file, &mut space, position, ReadWriteFlags::NOWAIT);
    // A file system that does not know the flag says something else than "it would block".
    read != Err(Errno::AGAIN)
}

/// Other systems do not say.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_cached(_file: &fs::File, _position: u64) -> bool {
    true
}

#[cfg(target_os = "linux")]
pub(super) fn expect_to_be_read_through(file: &fs::File) {
    // Advice: without it, reading is slower.
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::Sequential);
}

/// Other systems find out by themselves.
#[cfg(not(target_os = "linux"))]
pub(super) fn expect_to_be_read_through(_file: &fs::File) {}

#[cfg(target_os = "linux")]
pub(super) fn expect_reads(file: &fs::File, position: u64, len: u64) {
    if let Some(len) = std::num::NonZero::new(len) {
        let _ = rustix::fs::fadvise(file, position, Some(len), rustix::fs::Advice::WillNeed);
    }
}

/// Other systems find out by themselves.
#[cfg(not(target_os = "linux"))]
pub(super) fn expect_reads(_file: &fs::File, _position: u64, _len: u64) {}

pub(super) fn create_folder(path: &Path) -> io::Result<bool> {
    match fs::create_dir(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(false),
        Err(_) => fs::create_dir_all(path).map(|()| true),
    }
}

pub(super) fn file_names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        if let Ok(name) = entry?.file_name().into_string() {
            names.push(name);
        }
    }
    Ok(names)
}

pub(super) fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = fs::File::open(path)?;
    let mut start = [0; SMALL_FILE_BYTES];
    let count = read_once(&mut file, &mut start)?;
    let mut bytes = start[..count].to_vec();
    // Within the first page a read is short at the end of the file only: for a small file, of which there are tens of thousands
    // to read at a start, that is three system calls where `fs::read` takes six.
    if count == SMALL_FILE_BYTES {
        file.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn read_once(file: &mut fs::File, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

pub(super) fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::write(path, bytes)
}

pub(super) fn file_len(path: &Path) -> io::Result<u64> {
    fs::metadata(path).map(|metadata| metadata.len())
}

#[cfg(target_os = "linux")]
pub(super) fn reserve(file: &fs::File, bytes: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};

    Ok(fallocate(file, FallocateFlags::KEEP_SIZE, 0, bytes)?)
}

/// Other systems reserve nothing without changing the size.
#[cfg(not(target_os = "linux"))]
pub(super) fn reserve(_file: &fs::File, _bytes: u64) -> io::Result<()> {
    Ok(())
}

pub(super) fn modified(path: &Path) -> io::Result<SystemTime> {
    fs::metadata(path)?.modified()
}

#[cfg(unix)]
pub(super) fn free_space(folder: &Path) -> io::Result<(u64, u64)> {
    let space = rustix::fs::statvfs(folder)?;
    let bytes = |blocks: u64| blocks.saturating_mul(space.f_frsize);
    Ok((bytes(space.f_blocks), bytes(space.f_bavail)))
}

/// Not known: -1 in the answer of DescribeLogDirs would be as little help.
#[cfg(not(unix))]
pub(super) fn free_space(folder: &Path) -> io::Result<(u64, u64)> {
    fs::metadata(folder).map(|_| (0, 0))
}

pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

pub(super) fn remove_file(path: &Path) -> io::Result<()> {
    fs::remove_file(path)
}

pub(super) fn remove_folder(path: &Path) -> io::Result<()> {
    fs::remove_dir_all(path)
}

#[cfg(unix)]
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    fs::File::open(path).and_then(|folder| folder.sync_all())
}

/// Windows has no fsync of folders; NTFS journals names itself.
#[cfg(not(unix))]
pub(super) fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_whole_whatever_its_size() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        assert_eq!(read_file(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
        for size in [0, 1, SMALL_FILE_BYTES - 1, SMALL_FILE_BYTES, SMALL_FILE_BYTES + 1, 100_000] {
            let bytes: Vec<u8> = (0..size).map(|at| at as u8).collect();
            fs::write(&path, &bytes).unwrap();
            assert_eq!(read_file(&path).unwrap(), bytes, "{size} bytes");
        }
    }
}
