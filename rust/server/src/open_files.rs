//! The descriptors that all logs share: which partitions have files open, and who gives his up.
//!
//! Partitions stand in a ring. When more segment files are open than the limit allows, the hand moves on: a partition that was
//! used since it last passed is spared once, others close their files (`Log::rest`). Those with unflushed records are asked only
//! when all the others were.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use pybroker_log::{Rest, open_segment_files};

use crate::limits::EVICTION_STEPS_MAX;
use crate::partition::Partition;

/// The partitions that may have open files, and how many such files there should be.
#[derive(Debug)]
pub(crate) struct OpenFiles {
    limit: usize,
    ring: Mutex<VecDeque<Weak<Partition>>>,
}

impl OpenFiles {
    /// For so many files. The limit is one for the process, as is the number that it is compared with.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit: limit.max(1), ring: Mutex::default() }
    }

    /// Note that a partition has an open file. Each partition stands in the ring once.
    pub(crate) fn add(&self, partition: Weak<Partition>) {
        self.ring.lock().push_back(partition);
    }

    /// Whether files should be closed.
    pub(crate) fn is_over(&self) -> bool {
        open_segment_files() > self.limit
    }

    /// Close files until no more are open than should be, as far as a few partitions give theirs up. Waits for nobody: a
    /// partition at work keeps its own, the caller's among them.
    pub(crate) fn shrink(&self) {
        for which in [Rest::Flushed, Rest::All] {
            for _ in 0..EVICTION_STEPS_MAX {
                if !self.is_over() {
                    return;
                }
                // One lock at a time: the partition's is taken when the ring's is not held.
                let Some(next) = self.ring.lock().pop_front() else { return };
                let Some(partition) = next.upgrade() else { continue };
                if !partition.try_rest(which) {
                    self.ring.lock().push_back(Arc::downgrade(&partition));
                }
            }
        }
    }
}
