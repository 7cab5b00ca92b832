//! What the data plane counts. Read by `DataPlane.counters`.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Monotonic counts since the start.
        #[derive(Debug, Default)]
        pub(crate) struct Counters { $($(#[$doc])* pub(crate) $name: AtomicU64,)* }

        impl Counters {
            /// Every counter by name.
            pub(crate) fn read(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name.load(Ordering::Relaxed)),)*]
            }
        }
    };
}

counters! {
    /// Connections accepted.
    connections_accepted,
    /// Connections closed because they were idle.
    connections_idle_closed,
    /// Connections closed because they did not speak the protocol.
    protocol_errors,
    /// Panics that were caught at a connection or a partition.
    bugs,
    /// Requests read, whoever answers them.
    requests,
    /// Produce requests.
    produce_requests,
    /// Fetch requests.
    fetch_requests,
    /// Flushes of partition logs that their configs asked for; one may serve many producers.
    flushes,
    /// Requests given to the control plane.
    control_requests,
    /// Requests answered from kept answers.
    kept_answers,
    /// Bytes received in frames.
    received_bytes,
    /// Bytes sent in frames.
    sent_bytes,
}

/// Count one.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Count many.
pub(crate) fn add(counter: &AtomicU64, amount: usize) {
    counter.fetch_add(amount as u64, Ordering::Relaxed);
}
