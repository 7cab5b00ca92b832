"""OffsetCommit (API key 8), versions 2-10: stores the positions of a group."""

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
    """Stores positions of a group. Answered when they are durable.

    Versions:
      * 5: without retention_time_ms
      * 6: Partition.committed_leader_epoch
      * 7: group_instance_id
      * 8: flexible
      * 9: for the consumer group protocol too (KIP-848)
      * 10: Topic.topic_id, without Topic.name (KIP-848)
    """

    group_id: GroupId = ""
    # -1 for a consumer that assigns its partitions itself.
    generation_id_or_member_epoch: Int32 = -1
    member_id: String = ""
    group_instance_id: NullableString = field(versions="7+", default=None)
    # -1 for the broker's `offsets.retention.minutes`.
    retention_time_ms: Int64 = field(versions="2-4", ignorable=True, default=-1)
    topics: list["OffsetCommitRequest.Topic"] = EMPTY

    class Topic(Struct):
        """Positions in one topic."""

        name: TopicName = field(versions="0-9", ignorable=True, default="")
        topic_id: Uuid = field(versions="10+", ignorable=True, default=ZERO_UUID)
        partitions: list["OffsetCommitRequest.Partition"] = EMPTY

    class Partition(Struct):
        """A position in one partition."""

        partition_index: Int32 = 0
        # Of the next record to read.
        committed_offset: Int64 = 0
        # Of the last record read; -1 when unknown.
        committed_leader_epoch: Int32 = field(versions="6+", ignorable=True, default=-1)
        # Any text of the client's; given back by OffsetFetch.
        committed_metadata: NullableString = ""


class OffsetCommitResponse(Response, key=8, versions="2-10", flexible="8+"):
    """Whether each position was stored.

    Versions:
      * 3: throttle_time_ms
      * 8: flexible
      * 10: without Topic.name, Topic.topic_id
    """

    throttle_time_ms: Int32 = field(versions="3+", ignorable=True, default=0)
    topics: list["OffsetCommitResponse.Topic"] = EMPTY

    class Topic(Struct):
        """One topic's outcomes."""

        name: TopicName = field(versions="0-9", ignorable=True, default="")
        topic_id: Uuid = field(versions="10+", ignorable=True, default=ZERO_UUID)
        partitions: list["OffsetCommitResponse.Partition"] = EMPTY

    class Partition(Struct):
        """The outcome for one partition."""

        partition_index: Int32 = 0
        error_code: Int16 = 0
