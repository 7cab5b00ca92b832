"""ConsumerGroupHeartbeat (API key 68), versions 0-1.

A member of a consumer group (KIP-848) joins, lives and leaves.
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
    field,
)


class ConsumerGroupHeartbeatRequest(Request, key=68, versions="0-1", flexible="0+"):
    """Keeps a member in its group and tells what changed. What did not change is None.

    Versions:
      * 1: subscribed_topic_regex; the member makes its own id (KIP-1082)
    """

    group_id: GroupId = ""
    member_id: String = ""
    # 0 joins, -1 leaves, -2 leaves for a while as a static member.
    member_epoch: Int32 = 0
    instance_id: NullableString = None
    rack_id: NullableString = None
    # How long the member may take to give up partitions; -1 when unchanged.
    rebalance_timeout_ms: Int32 = -1
    subscribed_topic_names: list[TopicName] | None = None
    subscribed_topic_regex: NullableString = field(versions="1+", default=None)
    # The strategy that the broker shall use; None for its default.
    server_assignor: NullableString = None
    # What the member owns at present.
    topic_partitions: list["ConsumerGroupHeartbeatRequest.TopicPartitions"] | None = None

    class TopicPartitions(Struct):
        """Partitions of one topic."""

        topic_id: Uuid = ZERO_UUID
        partitions: list[Int32] = EMPTY


class ConsumerGroupHeartbeatResponse(Response, key=68, versions="0-1", flexible="0+"):
    """What the member is assigned, if that changed."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: NullableString = None
    member_id: NullableString = None
    # To send from now on.
    member_epoch: Int32 = 0
    heartbeat_interval_ms: Int32 = 0
    # None when it did not change.
    assignment: "ConsumerGroupHeartbeatResponse.Assignment | None" = None

    class Assignment(Struct):
        """Everything that the member is assigned."""

        topic_partitions: list["ConsumerGroupHeartbeatResponse.TopicPartitions"] = EMPTY

    class TopicPartitions(Struct):
        """Partitions of one topic."""

        topic_id: Uuid = ZERO_UUID
        partitions: list[Int32] = EMPTY
