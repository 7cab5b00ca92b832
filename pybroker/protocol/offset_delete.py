"""OffsetDelete (API key 47), version 0."""

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
    """OffsetDeleteRequest."""

    group_id: GroupId = ""
    topics: list["OffsetDeleteRequest.Topic"] = EMPTY

    class Topic(Struct):
        """Topic."""

        name: TopicName = ""
        partitions: list["OffsetDeleteRequest.Partition"] = EMPTY

    class Partition(Struct):
        """Partition."""

        partition_index: Int32 = 0


class OffsetDeleteResponse(Response, key=47, versions="0"):
    """OffsetDeleteResponse."""

    error_code: Int16 = 0
    throttle_time_ms: Int32 = 0
    topics: list["OffsetDeleteResponse.Topic"] = EMPTY

    class Topic(Struct):
        """Topic."""

        name: TopicName = ""
        partitions: list["OffsetDeleteResponse.Partition"] = EMPTY

    class Partition(Struct):
        """Partition."""

        partition_index: Int32 = 0
        error_code: Int16 = 0
