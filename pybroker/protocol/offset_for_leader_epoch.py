"""OffsetForLeaderEpoch (API key 23), versions 2-4: where a leader epoch ended."""

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
    """Asks for the end offset of epochs, to find where logs diverged.

    Versions:
      * 3: replica_id
      * 4: flexible
    """

    # -1 for a consumer, -2 for a client that does not say.
    replica_id: BrokerId = field(versions="3+", ignorable=True, default=-2)
    topics: list["OffsetForLeaderEpochRequest.OffsetForLeaderTopic"] = EMPTY

    class OffsetForLeaderTopic(Struct):
        """The partitions of one topic."""

        topic: TopicName = ""
        partitions: list["OffsetForLeaderEpochRequest.OffsetForLeaderPartition"] = EMPTY

    class OffsetForLeaderPartition(Struct):
        """The epoch asked for in one partition."""

        partition: Int32 = 0
        # The epoch that the client knows of; -1 skips the check.
        current_leader_epoch: Int32 = -1
        leader_epoch: Int32 = 0


class OffsetForLeaderEpochResponse(Response, key=23, versions="2-4", flexible="4+"):
    """The end offset of the largest epoch that is not above the one asked for.

    Versions:
      * 4: flexible
    """

    throttle_time_ms: Int32 = 0
    topics: list["OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult"] = EMPTY

    class OffsetForLeaderTopicResult(Struct):
        """One topic's answers."""

        topic: TopicName = ""
        partitions: list["OffsetForLeaderEpochResponse.EpochEndOffset"] = EMPTY

    class EpochEndOffset(Struct):
        """One partition's answer."""

        error_code: Int16 = 0
        partition: Int32 = 0
        # -1 when no epoch is that old.
        leader_epoch: Int32 = -1
        end_offset: Int64 = -1
