//! Receive buffers, and the memory that requests in flight may take.
//!
//! A connection owns a buffer only while bytes of it are unread. A buffer grows as bytes arrive, never by what a length
//! prefix claims, so that a client which announces a huge frame and sends nothing costs nothing.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

use crate::limits::{POOLED_BUFFER_BYTES_MAX, POOLED_BUFFERS_MAX, RECEIVE_BUFFER_BYTES};

/// The receive buffers of one reactor, most recently used first: those are hot in the cache.
#[derive(Debug, Default)]
pub(crate) struct BufferPool(RefCell<Vec<Vec<u8>>>);

impl BufferPool {
    /// A zeroed or reused buffer; its content is garbage.
    pub(crate) fn get(&self) -> Vec<u8> {
        self.0.borrow_mut().pop().unwrap_or_else(|| vec![0; RECEIVE_BUFFER_BYTES])
    }

    /// Give a buffer back.
    pub(crate) fn put(&self, buffer: Vec<u8>) {
        let mut pool = self.0.borrow_mut();
        if pool.len() < POOLED_BUFFERS_MAX
            && (RECEIVE_BUFFER_BYTES..=POOLED_BUFFER_BYTES_MAX).contains(&buffer.len())
        {
            pool.push(buffer);
        }
    }
}

/// How many bytes of large requests may be in memory at once, over all connections.
#[derive(Debug)]
pub(crate) struct MemoryBudget {
    free: AtomicUsize,
    total: usize,
    released: Notify,
}

impl MemoryBudget {
    pub(crate) fn new(total: usize) -> Self {
        Self { free: AtomicUsize::new(total), total, released: Notify::new() }
    }

    /// Reserve bytes, waiting until there are enough. A request larger than the whole budget takes all of it.
    pub(crate) async fn reserve(&self, bytes: usize) -> usize {
        let bytes = bytes.min(self.total);
        loop {
            if self.try_reserve(bytes) {
                return bytes;
            }
            let released = self.released.notified();
            tokio::pin!(released);
            released.as_mut().enable();
            if self.try_reserve(bytes) {
                return bytes;
            }
            released.await;
        }
    }

    /// Give reserved bytes back.
    pub(crate) fn release(&self, bytes: usize) {
        if bytes > 0 {
            self.free.fetch_add(bytes, Ordering::AcqRel);
            self.released.notify_waiters();
        }
    }

    fn try_reserve(&self, bytes: usize) -> bool {
        self.free
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |free| free.checked_sub(bytes))
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_that_grew_too_far_is_not_pooled() {
        let pool = BufferPool::default();
        pool.put(vec![0; POOLED_BUFFER_BYTES_MAX + 1]);
        assert_eq!(pool.get().len(), RECEIVE_BUFFER_BYTES);
        pool.put(vec![0; RECEIVE_BUFFER_BYTES * 2]);
        assert_eq!(pool.get().len(), RECEIVE_BUFFER_BYTES * 2);
    }

    #[tokio::test]
    async fn a_reservation_waits_until_memory_is_released() {
        let budget = std::sync::Arc::new(MemoryBudget::new(100));
        assert_eq!(budget.reserve(80).await, 80);
        let waiting = tokio::spawn({
            let budget = std::sync::Arc::clone(&budget);
            async move { budget.reserve(50).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        budget.release(80);
        assert_eq!(waiting.await.unwrap(), 50);
    }

    #[tokio::test]
    async fn a_request_above_the_budget_takes_all_of_it() {
        let budget = MemoryBudget::new(100);
        assert_eq!(budget.reserve(1000).await, 100);
    }
}
