"""DescribeShareGroupOffsets (API key 90), versions 0-1.

Where share groups stand in their partitions.
"""

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
    """Asks for the start offsets of groups."""

    groups: list["DescribeShareGroupOffsetsRequest.Group"] = EMPTY

    class Group(Struct):
        """What is asked of one group."""

        group_id: GroupId = ""
        # None for all.
        topics: list["DescribeShareGroupOffsetsRequest.Topic"] | None = EMPTY

    class Topic(Struct):
        """Partitions of one topic."""

        topic_name: TopicName = ""
        partitions: list[Int32] = EMPTY


class DescribeShareGroupOffsetsResponse(Response, key=90, versions="0-1", flexible="0+"):
    """The start offsets, and how far they lag.

    Versions:
      * 1: Partition.lag (KIP-1226)
    """

    throttle_time_ms: Int32 = 0
    groups: list["DescribeShareGroupOffsetsResponse.Group"] = EMPTY

    class Group(Struct):
        """One group's offsets."""

        group_id: GroupId = ""
        topics: list["DescribeShareGroupOffsetsResponse.Topic"] = EMPTY
        error_code: Int16 = 0
        error_message: NullableString = None

    class Topic(Struct):
        """One topic's offsets."""

        topic_name: TopicName = ""
        topic_id: Uuid = ZERO_UUID
        partitions: list["DescribeShareGroupOffsetsResponse.Partition"] = EMPTY

    class Partition(Struct):
        """One partition's offset."""

        partition_index: Int32 = 0
        start_offset: Int64 = 0
        leader_epoch: Int32 = 0
        # Records yet to be delivered; -1 when unknown.
        lag: Int64 = field(versions="1+", ignorable=True, default=-1)
        error_code: Int16 = 0
        error_message: NullableString = None
