//! What has left the logs and waits to be unlinked: files for `file.delete.delay.ms`, folders of deleted topics too.
//!
//! One thread unlinks, in the order in which things are due; no log's mutex is ever held meanwhile. It starts with the first
//! deletion and ends with the data plane. What is not due by then goes at the next start, by its name.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};
use pybroker_log::DeletedFiles;

/// The queue and its thread.
#[derive(Debug, Default)]
pub(crate) struct Deletions {
    queue: Arc<Queue>,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    // By due time and a number that tells equal times apart. Bounded by what is on the disk: an entry is a few words.
    due: BTreeMap<(Instant, u64), DeletedFiles>,
    next: u64,
    is_over: bool,
    failed: u64,
}

impl Deletions {
    /// Unlink files that are set aside, after their delay.
    pub(crate) fn push(&self, deleted: DeletedFiles) {
        if deleted.is_empty() {
            return;
        }
        {
            let mut waiting = self.queue.waiting.lock();
            let due = Instant::now() + deleted.delay();
            let number = waiting.next;
            waiting.next += 1;
            waiting.due.insert((due, number), deleted);
        }
        self.start_thread();
        self.queue.arrived.notify_one();
    }

    /// How often something could not be unlinked; the next start tries again.
    pub(crate) fn failed(&self) -> u64 {
        self.queue.waiting.lock().failed
    }

    /// How much waits.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.queue.waiting.lock().due.len()
    }

    /// End the thread, and return when it no longer touches the disk.
    pub(crate) fn close(&self) {
        self.queue.waiting.lock().is_over = true;
        self.queue.arrived.notify_all();
        if let Some(thread) = self.thread.lock().take() {
            // A thread that panicked touches nothing any more, which is all that is asked.
            let _ = thread.join();
        }
    }

    fn start_thread(&self) {
        let mut thread = self.thread.lock();
        if thread.is_none() {
            let queue = Arc::clone(&self.queue);
            let builder = thread::Builder::new().name("deletions".to_owned());
            // Without a thread the next deletion tries again.
            *thread = builder.spawn(move || queue.serve()).ok();
        }
    }
}

impl Drop for Deletions {
    fn drop(&mut self) {
        self.queue.waiting.lock().is_over = true;
        self.queue.arrived.notify_all();
    }
}

impl Queue {
    fn serve(&self) {
        while let Some(deleted) = self.next() {
            if deleted.unlink().is_err() {
                self.waiting.lock().failed += 1;
            }
        }
    }

    /// What is due next; none at the end.
    fn next(&self) -> Option<DeletedFiles> {
        let mut waiting = self.waiting.lock();
        loop {
            if waiting.is_over {
                return None;
            }
            match waiting.due.first_key_value().map(|(&(due, _), _)| due) {
                Some(due) if due <= Instant::now() => {
                    return waiting.due.pop_first().map(|(_, deleted)| deleted);
                }
                Some(due) => drop(self.arrived.wait_until(&mut waiting, due)),
                None => self.arrived.wait(&mut waiting),
            }
        }
    }
}
