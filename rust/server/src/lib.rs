//! The data plane: sockets, framing, memory limits, Produce and Fetch, and the mailbox to the control plane.
//!
//! One thread per core, each with a single-threaded runtime; the thread that reads a request answers it. Nothing here
//! knows Python: what it must decide comes as immutable images, what it cannot decide goes to the mailbox.

mod barrier;
mod buffers;
mod cleaner;
mod cleaner_state;
#[cfg(test)]
mod cleaner_tests;
mod cleaner_throttle;
mod clock;
mod cold_reads;
mod connection;
#[cfg(test)]
mod cost_tests;
mod counters;
mod data_plane;
mod deletions;
mod fetch;
mod fetch_answer;
mod fetch_read;
mod fetch_session;
mod fetch_sessions;
#[cfg(test)]
mod fetch_sessions_tests;
mod fetch_target;
#[cfg(test)]
mod fetch_tests;
mod flusher;
#[cfg(test)]
mod flusher_tests;
mod images;
mod inbox;
mod kept_answers;
mod limits;
mod listener;
mod log_dir;
#[cfg(test)]
mod log_dir_tests;
mod log_opening;
mod logs;
mod mailbox;
mod open_files;
mod outgoing;
mod partition;
mod produce;
mod produce_answer;
#[cfg(test)]
mod produce_tests;
mod purgatory;
#[cfg(test)]
mod purgatory_tests;
mod reactor;
mod replies;
mod retention;
#[cfg(test)]
mod retention_tests;
mod scheduling;
mod sendfile;
mod shared;
#[cfg(test)]
mod stress_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod transaction_tests;
mod wake;
mod work_pool;

pub use cleaner::CleanerOptions;
pub use cleaner_state::{CleanedLog, CleanerNumbers};
pub use data_plane::{DataPlane, Options, Reply, TopicSpec};
pub use images::NodeImage;
pub use log_opening::RecoveryProgress;
pub use logs::{LogDirInfo, LogSpec};
pub use mailbox::{Completed, ControlRequest, LogDirState, Mail};
