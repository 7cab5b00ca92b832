//! Reads that would wait for a disk, on a small pool: the reactor goes on meanwhile.
//!
//! `sendfile` from a part of a file that is not in memory blocks its thread, and every connection of the reactor with it.
//! So such a part is read into the page cache first, by a thread that may wait.

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

impl ColdReads {
    /// Returns once the slice can be sent from memory. A part that cannot be read is left to whoever sends it.
    pub(crate) async fn warm(&self, slice: &FileSlice) {
        if slice.is_cached() {
            return;
        }
        let (done, is_done) = oneshot::channel();
        let slice = slice.clone();
        self.0.run(move || {
            read_through(&slice);
            let _ = done.send(());
        });
        // A job that panicked has dropped its sender, which ends the wait as well.
        let _ = is_done.await;
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

    #[tokio::test]
    async fn a_slice_that_was_dropped_from_memory_is_read_back_into_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("00000000000000000000.log");
        let content: Vec<u8> = (0..3_000_000_u32).map(|index| index as u8).collect();
        std::fs::write(&path, &content).unwrap();
        let file = Arc::new(pybroker_log::File::open(&path).unwrap());
        file.sync_data().unwrap();
        drop_from_memory(file.as_std());
        let slice = FileSlice { file: Some(file), position: 1_000, len: 2_500_000 };

        ColdReads::default().warm(&slice).await;

        assert!(slice.is_cached());
        assert_eq!(slice.to_vec().unwrap(), content[1_000..2_501_000]);
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
