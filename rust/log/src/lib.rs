//! One partition's log on disk, byte-compatible with Apache Kafka's.
//!
//! A [`Log`] owns one `topic-partition` folder: segments (`.log`) of record batches with their sparse indexes (`.index`,
//! `.timeindex`) and aborted transactions (`.txnindex`), `leader-epoch-checkpoint`, `partition.metadata` and producer snapshots.
//! Kafka's own `DumpLogSegments` reads them.
//!
//! * [`Log`] is synchronous and has no threads, locks or clock of its own: the caller holds a mutex around it and passes
//!   the time. Nothing here panics on what is in a file or a request.
//! * Reading is in two steps: [`Log::read`] finds a position under the mutex, in microseconds; the [`FileSlice`] that it
//!   gives owns its file, and its bytes are sent outside of the mutex. Searches by timestamp and flushes are split the same way:
//!   [`TimestampSearch::run`] and [`FlushJob::run`] touch the disk, outside of the mutex.
//! * A disk that fails takes the log offline: every call answers [`LogError::Offline`] until it is opened again.

mod check;
pub mod checkpoints;
mod compaction;
mod config;
mod deletion;
mod disk;
mod error;
mod failure;
#[cfg(all(test, feature = "simulated-disk"))]
mod fault_tests;
mod flush;
mod import;
mod index;
mod leader_epochs;
mod log;
mod log_folders;
mod open_files;
mod partition_metadata;
mod producer_recovery;
mod producer_snapshot;
mod producer_state;
mod read;
mod recovery;
mod repair;
mod retention;
mod rolling;
mod scan;
mod segment;
mod timestamps;
mod transaction_index;
mod transactions;
mod truncate;
mod validate;

pub use check::{CheckReport, Finding, check_partition, is_partition_folder};
pub use compaction::{
    Compacted, CompactionError, CompactionJob, CompactionStep, Dirtiness, FullSpeed, OffsetMap,
    Throttle,
};
pub use config::LogConfig;
pub use deletion::{DeletedFiles, delete_unopened, find_deleted, set_folders_aside};
#[cfg(feature = "simulated-disk")]
pub use disk::simulated;
pub use disk::{File, free_space};
pub use error::{AppendError, Fault, LogError, ReadError, Refusal};
pub use failure::FailureScope;
pub use flush::FlushJob;
pub use import::{StagedLog, is_unused, place_import, stage_import};
pub use log::{Appended, FlushDemand, Log, LogState, OpenOptions, Origin, SegmentInfo, Shutdown};
pub use log_folders::{bytes_to_recover, log_folders};
pub use open_files::{Rest, open_segment_files};
pub use partition_metadata::read_topic_id;
pub use read::{CommittedRead, FileSlice};
pub use repair::{Truncated, truncate_folder};
pub use retention::StartMove;
pub use timestamps::{FoundTimestamp, TimestampSearch};
pub use transaction_index::AbortedTransaction;
pub use truncate::set_stray_aside;
