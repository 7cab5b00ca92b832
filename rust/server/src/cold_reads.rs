//! Reads that would wait for a disk, on a small pool: the reactor goes on meanwhile.
//!
//! `sendfile` from a part of a file that is not in memory blocks its thread, and every connection of the reactor with it.
//! So such a part is read into the page cache first, by a thread that may wait.

use std::collections::VecDeque;

use pybroker_log::FileSlice;
use tokio::sync::oneshot;

use crate::limits::{COLD_READ_BYTES, COLD_READ_THREADS};
use crate::work_pool::WorkPool;

/// The pool.
#[derive(Debug)]
pub(crate) struct ColdReads(WorkPool);

impl Default for ColdReads {
    fn default() -> Self {
        Self(WorkPool::new("cold-reads", COLD_READ_THREADS))
    }
}

/// The parts of one answer that are on their way into memory, in the order in which they are sent.
#[derive(Debug)]
pub(crate) struct Warming(VecDeque<(usize, oneshot::Receiver<()>)>);

impl ColdReads {
    /// Begin to read all slices that are not in memory: the disk works on the next while the first is sent.
    pub(crate) fn begin<'a>(&self, slices: impl Iterator<Item = &'a FileSlice>) -> Warming {
        let cold = slices.enumerate().filter(|(_, slice)| !slice.is_cached());
        Warming(cold.map(|(index, slice)| (index, self.read(slice.clone()))).collect())
    }

    fn read(&self, slice: FileSlice) -> oneshot::Receiver<()> {
        let (done, is_done) = oneshot::channel();
        self.0.run(move || {
            read_through(&slice);
            let _ = done.send(());
        });
        is_done
    }
}

impl Warming {
    /// Returns once the slice with this index can be sent from memory. A part that cannot be read is left to whoever
    /// sends it.
    pub(crate) async fn wait(&mut self, index: usize) {
        if self.0.front().is_none_or(|(cold, _)| *cold != index) {
            return;
        }
        if let Some((_, is_done)) = self.0.pop_front() {
            // A job that panicked has dropped its sender, which ends the wait as well.
            let _ = is_done.await;
        }
    }
}

fn read_through(slice: &FileSlice) {
    let mut buffer = vec![0; COLD_READ_BYTES.min(slice.len)];
    let mut left = slice.clone();
    while left.len > 0 {
        match left.read_into(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(count) => {
                left.position += count as u64;
                left.len -= count;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;
    use std::sync::Arc;

    use super::*;

    const FILE_BYTES: u32 = 3_000_000;

    fn cold_slice(folder: &tempfile::TempDir, name: &str, position: u64) -> FileSlice {
        let path = folder.path().join(name);
        let content: Vec<u8> = (0..FILE_BYTES).map(|index| index as u8).collect();
        std::fs::write(&path, &content).unwrap();
        let file = Arc::new(pybroker_log::File::open(&path).unwrap());
        file.sync_data().unwrap();
        drop_from_memory(file.as_std());
        FileSlice { file: Some(file), position, len: 2_500_000 }
    }

    #[tokio::test]
    async fn slices_that_were_dropped_from_memory_are_read_back_into_it() {
        let folder = tempfile::tempdir().unwrap();
        let first = cold_slice(&folder, "00000000000000000000.log", 1_000);
        let second = cold_slice(&folder, "00000000000000000042.log", 0);
        let slices = [first, FileSlice { file: None, position: 0, len: 0 }, second];

        let mut warming = ColdReads::default().begin(slices.iter());
        for (index, slice) in slices.iter().enumerate() {
            warming.wait(index).await;
            assert!(slice.is_cached());
        }

        let expected: Vec<u8> = (1_000..2_501_000_u32).map(|index| index as u8).collect();
        assert_eq!(slices[0].to_vec().unwrap(), expected);
    }

    /// Some file systems are memory, and keep it all.
    fn drop_from_memory(file: &std::fs::File) {
        #[cfg(target_os = "linux")]
        // SAFETY: advice on an open descriptor; no memory of ours is involved.
        unsafe {
            libc::posix_fadvise(file.as_raw_fd(), 0, 0, libc::POSIX_FADV_DONTNEED);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = file.as_raw_fd();
    }
}
