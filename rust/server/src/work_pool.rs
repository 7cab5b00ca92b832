//! A few threads that wait for disks on Python's behalf. Started with the first job.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread;

use parking_lot::Mutex;

type Job = Box<dyn FnOnce() + Send>;

/// Threads that run jobs in the order in which they came.
#[derive(Debug)]
pub(crate) struct WorkPool {
    threads: usize,
    // Bounded by Python: it awaits what it asks for, so as many jobs wait as requests that need them.
    jobs: OnceLock<Sender<Job>>,
    name: &'static str,
}

impl WorkPool {
    /// A pool that has no threads yet.
    pub(crate) fn new(name: &'static str, threads: usize) -> Self {
        Self { threads: threads.max(1), jobs: OnceLock::new(), name }
    }

    /// Run a job on one of the threads.
    pub(crate) fn run(&self, job: impl FnOnce() + Send + 'static) {
        let jobs = self.jobs.get_or_init(|| {
            let (sender, receiver) = channel();
            let receiver = Arc::new(Mutex::new(receiver));
            for index in 0..self.threads {
                // A thread that cannot start leaves its share to the others; without any, the job runs here.
                let _ = self.start(index, Arc::clone(&receiver));
            }
            sender
        });
        if let Err(refused) = jobs.send(Box::new(job)) {
            (refused.0)();
        }
    }

    fn start(&self, index: usize, jobs: Arc<Mutex<Receiver<Job>>>) -> io::Result<()> {
        let work = move || {
            loop {
                let next = jobs.lock().recv();
                let Ok(job) = next else { return };
                // A job reports its own failures; a panic must not cost the pool a thread.
                let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
            }
        };
        thread::Builder::new().name(format!("{}-{index}", self.name)).spawn(work).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_run_even_after_one_panicked() {
        let pool = WorkPool::new("test", 1);
        let (sender, receiver) = channel();
        pool.run(|| panic!("on purpose"));
        pool.run(move || sender.send(42).unwrap());
        assert_eq!(receiver.recv().unwrap(), 42);
    }
}
