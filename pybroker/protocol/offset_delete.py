"""OffsetDelete (API key 47), version 0: deletes stored positions of a group."""

from pybroker.protocol.declare import (
    EMPTY,
    GroupId,
    Int16,
    Int32,
    Request,
    Response,
    Struct,
    TopicName,
)


class OffsetDeleteRequest(Request, key=47, versions="0"):
    """Deletes positions in topics that no member subscribes to."""

    group_id: GroupId = ""
    topics: list["OffsetDeleteRequest.Topic"] = EMPTY

    class Topic(Struct):
        """Partitions of one topic."""

        name: TopicName = ""
        partitions: list["OffsetDeleteRequest.Partition"] = EMPTY

    class Partition(Struct):
        """One partition."""

        partition_index: Int32 = 0


class OffsetDeleteResponse(Response, key=47, versions="0"):
    """The outcome for each partition."""

    # Of the group as a whole.
    error_code: Int16 = 0
    throttle_time_ms: Int32 = 0
    topics: list["OffsetDeleteResponse.Topic"] = EMPTY

    class Topic(Struct):
        """One topic's outcomes."""

        name: TopicName = ""
        partitions: list["OffsetDeleteResponse.Partition"] = EMPTY

    class Partition(Struct):
        """The outcome for one partition."""

        partition_index: Int32 = 0
        error_code: Int16 = 0
