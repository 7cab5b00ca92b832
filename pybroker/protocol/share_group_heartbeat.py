"""ShareGroupHeartbeat (API key 76), version 1.

A member of a share group (KIP-932) joins, lives and leaves.
"""

from pybroker.protocol.declare import (
    EMPTY,
    ZERO_UUID,
    GroupId,
    Int16,
    Int32,
    NullableString,
    Request,
    Response,
    String,
    Struct,
    TopicName,
    Uuid,
)


class ShareGroupHeartbeatRequest(Request, key=76, versions="1", flexible="0+"):
    """Keeps a member in its group and tells what changed. What did not change is None."""

    group_id: GroupId = ""
    member_id: String = ""
    # 0 joins, -1 leaves.
    member_epoch: Int32 = 0
    rack_id: NullableString = None
    subscribed_topic_names: list[TopicName] | None = None


class ShareGroupHeartbeatResponse(Response, key=76, versions="1", flexible="0+"):
    """What the member is assigned, if that changed."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: NullableString = None
    member_id: NullableString = None
    member_epoch: Int32 = 0
    heartbeat_interval_ms: Int32 = 0
    assignment: "ShareGroupHeartbeatResponse.Assignment | None" = None

    class Assignment(Struct):
        """Everything that the member is assigned."""

        topic_partitions: list["ShareGroupHeartbeatResponse.TopicPartitions"] = EMPTY

    class TopicPartitions(Struct):
        """Partitions of one topic."""

        topic_id: Uuid = ZERO_UUID
        partitions: list[Int32] = EMPTY
