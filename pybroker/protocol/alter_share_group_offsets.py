"""AlterShareGroupOffsets (API key 91), version 0.

Sets where a share group starts; it must be empty.
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
)


class AlterShareGroupOffsetsRequest(Request, key=91, versions="0", flexible="0+"):
    """Sets start offsets of a group."""

    group_id: GroupId = ""
    topics: list["AlterShareGroupOffsetsRequest.Topic"] = EMPTY

    class Topic(Struct):
        """Partitions of one topic."""

        topic_name: TopicName = ""
        partitions: list["AlterShareGroupOffsetsRequest.Partition"] = EMPTY

    class Partition(Struct):
        """The new start of one partition."""

        partition_index: Int32 = 0
        start_offset: Int64 = 0


class AlterShareGroupOffsetsResponse(Response, key=91, versions="0", flexible="0+"):
    """The outcome for each partition."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: NullableString = None
    responses: list["AlterShareGroupOffsetsResponse.Topic"] = EMPTY

    class Topic(Struct):
        """One topic's outcomes."""

        topic_name: TopicName = ""
        topic_id: Uuid = ZERO_UUID
        partitions: list["AlterShareGroupOffsetsResponse.Partition"] = EMPTY

    class Partition(Struct):
        """The outcome for one partition."""

        partition_index: Int32 = 0
        error_code: Int16 = 0
        error_message: NullableString = None
