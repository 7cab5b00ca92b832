"""ConsumerGroupHeartbeat (API key 68), versions 0-1."""

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
    field,
)


class ConsumerGroupHeartbeatRequest(Request, key=68, versions="0-1", flexible="0+"):
    """ConsumerGroupHeartbeatRequest.

    Versions:
      * 1: subscribed_topic_regex
    """

    group_id: GroupId = ""
    member_id: String = ""
    member_epoch: Int32 = 0
    instance_id: NullableString = None
    rack_id: NullableString = None
    rebalance_timeout_ms: Int32 = -1
    subscribed_topic_names: list[TopicName] | None = None
    subscribed_topic_regex: NullableString = field(versions="1+", default=None)
    server_assignor: NullableString = None
    topic_partitions: list["ConsumerGroupHeartbeatRequest.TopicPartitions"] | None = None

    class TopicPartitions(Struct):
        """TopicPartitions."""

        topic_id: Uuid = ZERO_UUID
        partitions: list[Int32] = EMPTY


class ConsumerGroupHeartbeatResponse(Response, key=68, versions="0-1", flexible="0+"):
    """ConsumerGroupHeartbeatResponse."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: NullableString = None
    member_id: NullableString = None
    member_epoch: Int32 = 0
    heartbeat_interval_ms: Int32 = 0
    assignment: "ConsumerGroupHeartbeatResponse.Assignment | None" = None

    class Assignment(Struct):
        """Assignment."""

        topic_partitions: list["ConsumerGroupHeartbeatResponse.TopicPartitions"] = EMPTY

    class TopicPartitions(Struct):
        """TopicPartitions."""

        topic_id: Uuid = ZERO_UUID
        partitions: list[Int32] = EMPTY
