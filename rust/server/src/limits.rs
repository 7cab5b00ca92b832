//! Every queue, buffer and wait of the data plane that no broker config sets, by name.

use std::time::Duration;

/// First allocation of a receive buffer; most requests fit.
pub(crate) const RECEIVE_BUFFER_BYTES: usize = 64 * 1024;

/// A receive buffer that grew past this goes back to the allocator instead of the pool.
pub(crate) const POOLED_BUFFER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Receive buffers that a reactor keeps for reuse: a reused one is hot in the cache, a fresh one faults its pages in.
pub(crate) const POOLED_BUFFERS_MAX: usize = 8;

/// A connection that waits with fewer unread bytes than this gives its buffer back and keeps a copy.
pub(crate) const PARKED_BYTES_MAX: usize = 4 * 1024;

/// Answers of pipelined requests are collected up to this size before they are written.
pub(crate) const OUTGOING_FLUSH_BYTES: usize = 256 * 1024;

/// A send buffer that grew past this is freed after the write.
pub(crate) const OUTGOING_KEPT_BYTES: usize = 4 * 1024;

/// How long a connection waits for memory that other requests hold.
pub(crate) const MEMORY_WAIT_MAX: Duration = Duration::from_secs(30);

/// Memory for request bodies in flight where `queued.max.request.bytes` sets none.
pub(crate) const REQUEST_MEMORY_BYTES: usize = 512 * 1024 * 1024;

/// A request longer than this is never answered from the kept answers.
pub(crate) const KEPT_REQUEST_BYTES_MAX: usize = 16 * 1024;

/// Connections accepted but not yet taken by their reactor.
pub(crate) const LISTEN_BACKLOG: i32 = 1024;

/// Pause after the operating system refuses an accept (descriptors used up).
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Lines about misbehaving clients that reach the log in one second; the rest are counted.
pub(crate) const FAULT_LINES_PER_SECOND: u32 = 10;

/// How long a stopping reactor waits for requests in flight.
pub(crate) const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

/// Longest and shortest period at which a reactor looks for idle connections.
pub(crate) const IDLE_SWEEP_MIN: Duration = Duration::from_millis(50);
/// See [`IDLE_SWEEP_MIN`].
pub(crate) const IDLE_SWEEP_MAX: Duration = Duration::from_secs(30);
