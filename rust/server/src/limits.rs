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

/// Requests that a connection has answered before others of its reactor get their turn.
pub(crate) const REQUESTS_PER_TURN: usize = 32;

/// Answers of pipelined requests are collected up to this size before they are written.
pub(crate) const OUTGOING_FLUSH_BYTES: usize = 256 * 1024;

/// A send buffer that grew past this is freed after the write.
pub(crate) const OUTGOING_KEPT_BYTES: usize = 4 * 1024;

/// How long a connection waits for memory that other requests hold.
pub(crate) const MEMORY_WAIT_MAX: Duration = Duration::from_secs(30);

/// Threads that read what is not in memory, so that no reactor waits for a disk.
pub(crate) const COLD_READ_THREADS: usize = 2;

/// Bytes that such a thread reads at once.
pub(crate) const COLD_READ_BYTES: usize = 256 * 1024;

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

/// As many logs as are opened one after the other; more, and those that must be recovered, are opened by several threads.
pub(crate) const LOGS_OPENED_IN_LINE: usize = 8;

/// Partitions that are asked for their open files, at most, when one more was opened than there should be.
pub(crate) const EVICTION_STEPS_MAX: usize = 64;

/// Threads that fsync logs for producers that wait for it; each works at one partition. They wait, and file systems commit together
/// what waits together: 64 files of one disk took 360 fdatasyncs a second from one thread, 5,900 from 4 and 15,800 from 16.
pub(crate) const FLUSHER_THREADS: usize = 16;

/// After so many flushed bytes of a directory its recovery points are written, whatever the schedule says: recovery reads the
/// rest. A fifth of a second's worth, and rare enough for a file that names each of many thousand logs.
pub(crate) const CHECKPOINT_BYTES: u64 = 256 << 20;

/// Threads that flush and close logs at the end, for the same reason, and as many logs as are worth one more thread.
pub(crate) const CLOSING_THREADS_MAX: usize = 16;
/// See [`CLOSING_THREADS_MAX`].
pub(crate) const LOGS_PER_CLOSING_THREAD: usize = 8;

/// A fetch answer never has more bytes of records, save for its first batch: its length must fit 31 bits.
pub(crate) const FETCH_RESPONSE_BYTES_MAX: usize = 1 << 30;

/// Records of a partition up to this size are copied into the answer of a fetch: it costs less than the system calls that
/// sending them from the page cache takes. Measured (`cost_tests.rs`, CPU of the sender): 8 KiB cost 2.8 µs copied and
/// 4.1 µs sent, 16 KiB 5.7 and 4.5.
pub(crate) const FETCH_COPIED_BYTES: usize = 12 * 1024;

/// Records that are copied into one answer, over all its partitions.
pub(crate) const FETCH_COPIED_BYTES_TOTAL: usize = 1024 * 1024;

/// How long a fetch session must be unused, or exist, until others may displace it; Kafka's number.
pub(crate) const FETCH_SESSION_EVICTION_MS: i64 = 120_000;

/// Longest and shortest period at which a reactor looks for idle connections.
pub(crate) const IDLE_SWEEP_MIN: Duration = Duration::from_millis(50);
/// See [`IDLE_SWEEP_MIN`].
pub(crate) const IDLE_SWEEP_MAX: Duration = Duration::from_secs(30);

/// Sockets that a reactor learns about in one look.
pub(crate) const IO_EVENTS_PER_TURN: usize = 1024;

/// How long a read barrier waits for requests that a full mailbox keeps out.
pub(crate) const BARRIER_PATIENCE: Duration = Duration::from_secs(10);
