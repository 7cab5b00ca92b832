//! Request and response headers, and which (API key, version) uses which.
//!
//! Served are request headers 1 and 2 and response headers 0 and 1: version 0 of the request header
//! existed for `ControlledShutdown` 0 only.

use crate::error::{Result, WireError};
use crate::primitives::{Encoding, Reader, Writer};

/// Produce.
pub const PRODUCE: i16 = 0;
/// Fetch.
pub const FETCH: i16 = 1;
/// `ApiVersions`, whose response header is never flexible: a client that asks does not know yet
/// what we speak.
pub const API_VERSIONS: i16 = 18;

/// First flexible version of an API key that has none.
const NEVER: i16 = i16::MAX;

/// API key, name, first flexible version: every key of a broker's listener.
const API_KEYS: &[(i16, &str, i16)] = &[
    (0, "Produce", 9),
    (1, "Fetch", 12),
    (2, "ListOffsets", 6),
    (3, "Metadata", 9),
    (8, "OffsetCommit", 8),
    (9, "OffsetFetch", 6),
    (10, "FindCoordinator", 3),
    (11, "JoinGroup", 6),
    (12, "Heartbeat", 4),
    (13, "LeaveGroup", 4),
    (14, "SyncGroup", 4),
    (15, "DescribeGroups", 5),
    (16, "ListGroups", 3),
    (17, "SaslHandshake", NEVER),
    (18, "ApiVersions", 3),
    (19, "CreateTopics", 5),
    (20, "DeleteTopics", 4),
    (21, "DeleteRecords", 2),
    (22, "InitProducerId", 2),
    (23, "OffsetForLeaderEpoch", 4),
    (24, "AddPartitionsToTxn", 3),
    (25, "AddOffsetsToTxn", 3),
    (26, "EndTxn", 3),
    (27, "WriteTxnMarkers", 1),
    (28, "TxnOffsetCommit", 3),
    (29, "DescribeAcls", 2),
    (30, "CreateAcls", 2),
    (31, "DeleteAcls", 2),
    (32, "DescribeConfigs", 4),
    (33, "AlterConfigs", 2),
    (34, "AlterReplicaLogDirs", 2),
    (35, "DescribeLogDirs", 2),
    (36, "SaslAuthenticate", 2),
    (37, "CreatePartitions", 2),
    (38, "CreateDelegationToken", 2),
    (39, "RenewDelegationToken", 2),
    (40, "ExpireDelegationToken", 2),
    (41, "DescribeDelegationToken", 2),
    (42, "DeleteGroups", 2),
    (43, "ElectLeaders", 2),
    (44, "IncrementalAlterConfigs", 1),
    (45, "AlterPartitionReassignments", 0),
    (46, "ListPartitionReassignments", 0),
    (47, "OffsetDelete", NEVER),
    (48, "DescribeClientQuotas", 1),
    (49, "AlterClientQuotas", 1),
    (50, "DescribeUserScramCredentials", 0),
    (51, "AlterUserScramCredentials", 0),
    (55, "DescribeQuorum", 0),
    (57, "UpdateFeatures", 0),
    (60, "DescribeCluster", 0),
    (61, "DescribeProducers", 0),
    (64, "UnregisterBroker", 0),
    (65, "DescribeTransactions", 0),
    (66, "ListTransactions", 0),
    (68, "ConsumerGroupHeartbeat", 0),
    (69, "ConsumerGroupDescribe", 0),
    (71, "GetTelemetrySubscriptions", 0),
    (72, "PushTelemetry", 0),
    (74, "ListConfigResources", 0),
    (75, "DescribeTopicPartitions", 0),
    (76, "ShareGroupHeartbeat", 1),
    (77, "ShareGroupDescribe", 1),
    (78, "ShareFetch", 1),
    (79, "ShareAcknowledge", 1),
    (80, "AddRaftVoter", 0),
    (81, "RemoveRaftVoter", 0),
    (83, "InitializeShareGroupState", 0),
    (84, "ReadShareGroupState", 0),
    (85, "WriteShareGroupState", 0),
    (86, "DeleteShareGroupState", 0),
    (87, "ReadShareGroupStateSummary", 0),
    (88, "StreamsGroupHeartbeat", 0),
    (89, "StreamsGroupDescribe", 0),
    (90, "DescribeShareGroupOffsets", 0),
    (91, "AlterShareGroupOffsets", 0),
    (92, "DeleteShareGroupOffsets", 0),
];

const KEY_LIMIT: usize = API_KEYS[API_KEYS.len() - 1].0 as usize + 1;

/// Row of `API_KEYS` by API key.
static ROW_BY_KEY: [Option<u8>; KEY_LIMIT] = {
    let mut rows = [None; KEY_LIMIT];
    let mut row = 0;
    while row < API_KEYS.len() {
        rows[API_KEYS[row].0 as usize] = Some(row as u8);
        row += 1;
    }
    rows
};

fn row(api_key: i16) -> Option<&'static (i16, &'static str, i16)> {
    let row = (*ROW_BY_KEY.get(usize::try_from(api_key).ok()?)?)?;
    API_KEYS.get(usize::from(row))
}

/// Kafka's name of an API key.
pub fn api_name(api_key: i16) -> Option<&'static str> {
    row(api_key).map(|row| row.1)
}

/// Whether a version of an API key is flexible (KIP-482). `None` when the key is unknown.
pub fn is_flexible(api_key: i16, api_version: i16) -> Option<bool> {
    row(api_key).map(|row| api_version >= row.2)
}

/// The version of the request header. Versions above those that are served count as the newest.
pub fn request_header_version(api_key: i16, api_version: i16) -> Option<i16> {
    is_flexible(api_key, api_version).map(|flexible| if flexible { 2 } else { 1 })
}

/// The version of the response header.
pub fn response_header_version(api_key: i16, api_version: i16) -> Option<i16> {
    is_flexible(api_key, api_version).map(|flexible| i16::from(flexible && api_key != API_VERSIONS))
}

/// What stands before every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestHeader<'a> {
    /// What is asked.
    pub api_key: i16,
    /// In which version; not checked here.
    pub api_version: i16,
    /// What the response must carry.
    pub correlation_id: i32,
    /// The client's name for itself.
    pub client_id: Option<&'a str>,
    /// Where in the frame the body starts.
    pub body_position: usize,
}

impl<'a> RequestHeader<'a> {
    /// Reads the header at the start of a frame.
    pub fn decode(frame: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(frame);
        let api_key = reader.read_i16()?;
        let api_version = reader.read_i16()?;
        let flexible =
            is_flexible(api_key, api_version).ok_or(WireError::UnknownApiKey(api_key))?;
        let correlation_id = reader.read_i32()?;
        // The client id kept its 16-bit length in flexible versions.
        let client_id = reader.read_nullable_string(Encoding::Classic)?;
        if flexible {
            reader.skip_tagged_fields(Encoding::Compact)?;
        }
        Ok(Self {
            api_key,
            api_version,
            correlation_id,
            client_id,
            body_position: reader.position(),
        })
    }

    /// Appends the header; `body_position` is not used.
    pub fn encode(&self, bytes: &mut Vec<u8>) -> Result<()> {
        let flexible = is_flexible(self.api_key, self.api_version)
            .ok_or(WireError::UnknownApiKey(self.api_key))?;
        let mut writer = Writer::new(bytes);
        writer.write_i16(self.api_key);
        writer.write_i16(self.api_version);
        writer.write_i32(self.correlation_id);
        writer.write_nullable_string(Encoding::Classic, self.client_id);
        if flexible {
            writer.write_no_tagged_fields(Encoding::Compact);
        }
        Ok(())
    }
}

/// Appends the header of a response. A key that is unknown gets header version 0.
pub fn write_response_header(
    bytes: &mut Vec<u8>,
    api_key: i16,
    api_version: i16,
    correlation_id: i32,
) {
    let mut writer = Writer::new(bytes);
    writer.write_i32(correlation_id);
    if response_header_version(api_key, api_version) == Some(1) {
        writer.write_no_tagged_fields(Encoding::Compact);
    }
}

/// Reads the header of a response: the correlation id and where the body starts.
pub fn read_response_header(frame: &[u8], api_key: i16, api_version: i16) -> Result<(i32, usize)> {
    let mut reader = Reader::new(frame);
    let correlation_id = reader.read_i32()?;
    if response_header_version(api_key, api_version) == Some(1) {
        reader.skip_tagged_fields(Encoding::Compact)?;
    }
    Ok((correlation_id, reader.position()))
}
