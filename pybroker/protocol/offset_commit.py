"""OffsetCommit (API key 8), versions 2-10."""

from pybroker.protocol.declare import (
    EMPTY,
    ZERO_UUID,
    GroupId,
    Int16,
    Int32,
    Int64,
    NullableString,
    Request,
    Response,
    String,
    Struct,
    TopicName,
    Uuid,
    field,
)


class OffsetCommitRequest(Request, key=8, versions="2-10", flexible="8+"):
    """OffsetCommitRequest.

    Versions:
      * 5: without retention_time_ms
      * 6: Partition.committed_leader_epoch
      * 7: group_instance_id
      * 8: flexible
      * 10: without Topic.name, Topic.topic_id
    """

    group_id: GroupId = ""
    generation_id_or_member_epoch: Int32 = -1
    member_id: String = ""
    group_instance_id: NullableString = field(versions="7+", default=None)
    retention_time_ms: Int64 = field(versions="2-4", ignorable=True, default=-1)
    topics: list["OffsetCommitRequest.Topic"] = EMPTY

    class Topic(Struct):
        """Topic."""

        name: TopicName = field(versions="0-9", ignorable=True, default="")
        topic_id: Uuid = field(versions="10+", ignorable=True, default=ZERO_UUID)
        partitions: list["OffsetCommitRequest.Partition"] = EMPTY

    class Partition(Struct):
        """Partition."""

        partition_index: Int32 = 0
        committed_offset: Int64 = 0
        committed_leader_epoch: Int32 = field(versions="6+", ignorable=True, default=-1)
        committed_metadata: NullableString = ""


class OffsetCommitResponse(Response, key=8, versions="2-10", flexible="8+"):
    """OffsetCommitResponse.

    Versions:
      * 3: throttle_time_ms
      * 8: flexible
      * 10: without Topic.name, Topic.topic_id
    """

    throttle_time_ms: Int32 = field(versions="3+", ignorable=True, default=0)
    topics: list["OffsetCommitResponse.Topic"] = EMPTY

    class Topic(Struct):
        """Topic."""

        name: TopicName = field(versions="0-9", ignorable=True, default="")
        topic_id: Uuid = field(versions="10+", ignorable=True, default=ZERO_UUID)
        partitions: list["OffsetCommitResponse.Partition"] = EMPTY

    class Partition(Struct):
        """Partition."""

        partition_index: Int32 = 0
        error_code: Int16 = 0
