//! Fetch (API key 1), versions 4-18: requests decoded, responses encoded with holes where record
//! bytes go.
//!
//! Versions:
//!   * 5: `log_start_offset`
//!   * 7: fetch sessions (KIP-227), an error code for the whole response
//!   * 9: `current_leader_epoch` (KIP-320)
//!   * 11: `rack_id` and `preferred_read_replica` (KIP-392)
//!   * 12: flexible; `last_fetched_epoch`, `cluster_id`, diverging epoch, current leader, snapshot
//!     id
//!   * 13: topic ids instead of names (KIP-516)
//!   * 15: replica id and epoch in a tagged field (KIP-903)
//!   * 16: node endpoints (KIP-951)
//!   * 17: `replica_directory_id` (KIP-853)
//!   * 18: the replica's high watermark (KIP-1166)

mod request;
mod response;

use crate::error::{Result, WireError};
use crate::header::FETCH;
use std::ops::RangeInclusive;

pub use crate::produce::{LeaderIdAndEpoch, NodeEndpoint};
pub use request::{FetchPartition, FetchRequest, FetchTopic, ForgottenTopic};
pub use response::{
    AbortedTransaction, EpochEndOffset, FetchPartitionResponse, FetchResponse, FetchTopicResponse,
    Hole, SnapshotId,
};

/// Versions that are served.
pub const VERSIONS: RangeInclusive<i16> = 4..=18;
pub(crate) const FIRST_LOG_START_OFFSET: i16 = 5;
pub(crate) const FIRST_SESSION: i16 = 7;
pub(crate) const FIRST_CURRENT_LEADER_EPOCH: i16 = 9;
pub(crate) const FIRST_RACK_ID: i16 = 11;
pub(crate) const FIRST_FLEXIBLE: i16 = 12;
pub(crate) const FIRST_TOPIC_ID: i16 = 13;
pub(crate) const FIRST_REPLICA_STATE: i16 = 15;
pub(crate) const FIRST_NODE_ENDPOINTS: i16 = 16;
pub(crate) const FIRST_REPLICA_DIRECTORY_ID: i16 = 17;
pub(crate) const FIRST_HIGH_WATERMARK: i16 = 18;

/// Tags of a request.
pub(crate) const CLUSTER_ID_TAG: u32 = 0;
pub(crate) const REPLICA_STATE_TAG: u32 = 1;
/// Tags of a partition of a request.
pub(crate) const REPLICA_DIRECTORY_ID_TAG: u32 = 0;
pub(crate) const HIGH_WATERMARK_TAG: u32 = 1;
/// Tags of a response.
pub(crate) const NODE_ENDPOINTS_TAG: u32 = 0;
/// Tags of a partition of a response.
pub(crate) const DIVERGING_EPOCH_TAG: u32 = 0;
pub(crate) const CURRENT_LEADER_TAG: u32 = 1;
pub(crate) const SNAPSHOT_ID_TAG: u32 = 2;

/// The replica id of a consumer.
pub const CONSUMER_REPLICA_ID: i32 = -1;

/// Which records a consumer may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum IsolationLevel {
    /// All of them.
    #[default]
    ReadUncommitted,
    /// Those of committed transactions and of none.
    ReadCommitted,
}

pub(crate) fn check_version(version: i16) -> Result<()> {
    if VERSIONS.contains(&version) {
        Ok(())
    } else {
        Err(WireError::UnsupportedVersion { api_key: FETCH, version })
    }
}
