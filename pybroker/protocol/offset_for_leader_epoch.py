"""OffsetForLeaderEpoch (API key 23), versions 2-4."""

from pybroker.protocol.declare import (
    EMPTY,
    BrokerId,
    Int16,
    Int32,
    Int64,
    Request,
    Response,
    Struct,
    TopicName,
    field,
)


class OffsetForLeaderEpochRequest(Request, key=23, versions="2-4", flexible="4+"):
    """OffsetForLeaderEpochRequest.

    Versions:
      * 3: replica_id
      * 4: flexible
    """

    replica_id: BrokerId = field(versions="3+", ignorable=True, default=-2)
    topics: list["OffsetForLeaderEpochRequest.OffsetForLeaderTopic"] = EMPTY

    class OffsetForLeaderTopic(Struct):
        """OffsetForLeaderTopic."""

        topic: TopicName = ""
        partitions: list["OffsetForLeaderEpochRequest.OffsetForLeaderPartition"] = EMPTY

    class OffsetForLeaderPartition(Struct):
        """OffsetForLeaderPartition."""

        partition: Int32 = 0
        current_leader_epoch: Int32 = -1
        leader_epoch: Int32 = 0


class OffsetForLeaderEpochResponse(Response, key=23, versions="2-4", flexible="4+"):
    """OffsetForLeaderEpochResponse.

    Versions:
      * 4: flexible
    """

    throttle_time_ms: Int32 = 0
    topics: list["OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult"] = EMPTY

    class OffsetForLeaderTopicResult(Struct):
        """OffsetForLeaderTopicResult."""

        topic: TopicName = ""
        partitions: list["OffsetForLeaderEpochResponse.EpochEndOffset"] = EMPTY

    class EpochEndOffset(Struct):
        """EpochEndOffset."""

        error_code: Int16 = 0
        partition: Int32 = 0
        leader_epoch: Int32 = -1
        end_offset: Int64 = -1
