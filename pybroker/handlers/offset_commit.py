"""OffsetCommit (API key 8), versions 2-10.

Behaviour:
  * Stores the positions of a group with their metadata and leader epochs; answered when they are
    durable.
  * A member commits in its present generation, which also extends its session; it is
    REBALANCE_IN_PROGRESS while the group waits for its leader. Without member and generation, the
    group must be empty.
  * Each partition has its own error: UNKNOWN_TOPIC_OR_PARTITION, OFFSET_METADATA_TOO_LARGE.

Versions:
  * 2-4: retention_time_ms
  * 3: throttle_time_ms in the response
  * 6: committed_leader_epoch (KIP-320)
  * 7: group_instance_id (static membership, KIP-345)
  * 8: flexible
  * 9: a group that nobody knows is GROUP_ID_NOT_FOUND, and no more ILLEGAL_GENERATION (KIP-848)
  * 10: topic_id instead of the name; UNKNOWN_TOPIC_ID (KIP-848)
"""

from typing import TYPE_CHECKING

from pybroker.protocol.offset_commit import OffsetCommitRequest, OffsetCommitResponse

if TYPE_CHECKING:
    from pybroker.api import RequestContext
    from pybroker.broker import Broker


def offset_commit(
    broker: "Broker", context: "RequestContext", request: OffsetCommitRequest
) -> OffsetCommitResponse:
    """Store positions."""
    return broker.groups.commit_offsets(request, context)
