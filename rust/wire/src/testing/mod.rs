//! The client's half of Produce and Fetch, for tests, fuzzing and benchmarks.
//!
//! What the broker's half decodes this encodes, and the other way round.

mod fetch;
pub mod invariants;
mod produce;

pub use fetch::DecodedFetchResponse;
pub use produce::{ProducePartitionData, ProduceRequestData, ProduceTopicData};

use crate::error::{Result, WireError};
use crate::error_code::ErrorCode;
use crate::fetch::{LeaderIdAndEpoch, NodeEndpoint};
use crate::primitives::{Encoding, Reader, TopicRef};

fn read_error_code(reader: &mut Reader<'_>) -> Result<ErrorCode> {
    let code = reader.read_i16()?;
    ErrorCode::from_code(code).ok_or(WireError::UnknownErrorCode(code))
}

fn read_topic_ref<'a>(
    reader: &mut Reader<'a>,
    encoding: Encoding,
    by_id: bool,
) -> Result<TopicRef<'a>> {
    if by_id {
        reader.read_uuid().map(TopicRef::Id)
    } else {
        reader.read_string(encoding).map(TopicRef::Name)
    }
}

fn read_leader(reader: &mut Reader<'_>) -> Result<LeaderIdAndEpoch> {
    let leader =
        LeaderIdAndEpoch { leader_id: reader.read_i32()?, leader_epoch: reader.read_i32()? };
    reader.skip_tagged_fields(Encoding::Compact)?;
    Ok(leader)
}

fn read_node_endpoints<'a>(reader: &mut Reader<'a>) -> Result<Vec<NodeEndpoint<'a>>> {
    const MIN_ENDPOINT_BYTES: usize = 11;
    reader.read_array(Encoding::Compact, MIN_ENDPOINT_BYTES, |reader| {
        let endpoint = NodeEndpoint {
            node_id: reader.read_i32()?,
            host: reader.read_string(Encoding::Compact)?,
            port: reader.read_i32()?,
            rack: reader.read_nullable_string(Encoding::Compact)?,
        };
        reader.skip_tagged_fields(Encoding::Compact)?;
        Ok(endpoint)
    })
}
