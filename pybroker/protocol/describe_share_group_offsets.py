"""DescribeShareGroupOffsets (API key 90), versions 0-1."""

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
    Struct,
    TopicName,
    Uuid,
    field,
)


class DescribeShareGroupOffsetsRequest(Request, key=90, versions="0-1", flexible="0+"):
    """DescribeShareGroupOffsetsRequest."""

    groups: list["DescribeShareGroupOffsetsRequest.Group"] = EMPTY

    class Group(Struct):
        """Group."""

        group_id: GroupId = ""
        topics: list["DescribeShareGroupOffsetsRequest.Topic"] | None = EMPTY

    class Topic(Struct):
        """Topic."""

        topic_name: TopicName = ""
        partitions: list[Int32] = EMPTY


class DescribeShareGroupOffsetsResponse(Response, key=90, versions="0-1", flexible="0+"):
    """DescribeShareGroupOffsetsResponse.

    Versions:
      * 1: Partition.lag
    """

    throttle_time_ms: Int32 = 0
    groups: list["DescribeShareGroupOffsetsResponse.Group"] = EMPTY

    class Group(Struct):
        """Group."""

        group_id: GroupId = ""
        topics: list["DescribeShareGroupOffsetsResponse.Topic"] = EMPTY
        error_code: Int16 = 0
        error_message: NullableString = None

    class Topic(Struct):
        """Topic."""

        topic_name: TopicName = ""
        topic_id: Uuid = ZERO_UUID
        partitions: list["DescribeShareGroupOffsetsResponse.Partition"] = EMPTY

    class Partition(Struct):
        """Partition."""

        partition_index: Int32 = 0
        start_offset: Int64 = 0
        leader_epoch: Int32 = 0
        lag: Int64 = field(versions="1+", ignorable=True, default=-1)
        error_code: Int16 = 0
        error_message: NullableString = None
