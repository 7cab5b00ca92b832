"""ShareGroupHeartbeat (API key 76), version 1."""

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
    """ShareGroupHeartbeatRequest."""

    group_id: GroupId = ""
    member_id: String = ""
    member_epoch: Int32 = 0
    rack_id: NullableString = None
    subscribed_topic_names: list[TopicName] | None = None


class ShareGroupHeartbeatResponse(Response, key=76, versions="1", flexible="0+"):
    """ShareGroupHeartbeatResponse."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: NullableString = None
    member_id: NullableString = None
    member_epoch: Int32 = 0
    heartbeat_interval_ms: Int32 = 0
    assignment: "ShareGroupHeartbeatResponse.Assignment | None" = None

    class Assignment(Struct):
        """Assignment."""

        topic_partitions: list["ShareGroupHeartbeatResponse.TopicPartitions"] = EMPTY

    class TopicPartitions(Struct):
        """TopicPartitions."""

        topic_id: Uuid = ZERO_UUID
        partitions: list[Int32] = EMPTY
