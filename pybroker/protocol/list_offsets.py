"""ListOffsets (API key 2), versions 1-11: the offset at a time, or at an end of a partition."""

from pybroker.protocol.declare import (
    EMPTY,
    BrokerId,
    Int8,
    Int16,
    Int32,
    Int64,
    Request,
    Response,
    Struct,
    TopicName,
    field,
)


class ListOffsetsRequest(Request, key=2, versions="1-11", flexible="6+"):
    """Asks for the offset of the first record at or after a timestamp.

    Versions:
      * 2: isolation_level
      * 4: ListOffsetsPartition.current_leader_epoch
      * 5: OFFSET_NOT_AVAILABLE may be answered
      * 6: flexible
      * 7: timestamp -3 (KIP-734)
      * 8: timestamp -4 (KIP-405)
      * 9: timestamp -5 (KIP-1005)
      * 10: timeout_ms (KIP-1075)
      * 11: timestamp -6 (KIP-1023)
    """

    # -1 for a consumer.
    replica_id: BrokerId = 0
    # 0: the latest offset is the high watermark; 1: the last stable offset.
    isolation_level: Int8 = field(versions="2+", default=0)
    topics: list["ListOffsetsRequest.ListOffsetsTopic"] = EMPTY
    # How long a lookup in tiered storage may take.
    timeout_ms: Int32 = field(versions="10+", ignorable=True, default=0)

    class ListOffsetsTopic(Struct):
        """The lookups in one topic."""

        name: TopicName = ""
        partitions: list["ListOffsetsRequest.ListOffsetsPartition"] = EMPTY

    class ListOffsetsPartition(Struct):
        """One lookup."""

        partition_index: Int32 = 0
        current_leader_epoch: Int32 = field(versions="4+", ignorable=True, default=-1)
        # -1 latest, -2 earliest, -3 the record with the largest timestamp, -4 earliest on the
        # local disk, -5 last in tiered storage, -6 first that is not yet in tiered storage.
        timestamp: Int64 = 0


class ListOffsetsResponse(Response, key=2, versions="1-11", flexible="6+"):
    """The offset found, with the timestamp and the leader epoch of its record.

    Versions:
      * 2: throttle_time_ms
      * 4: ListOffsetsPartitionResponse.leader_epoch
      * 6: flexible
    """

    throttle_time_ms: Int32 = field(versions="2+", ignorable=True, default=0)
    topics: list["ListOffsetsResponse.ListOffsetsTopicResponse"] = EMPTY

    class ListOffsetsTopicResponse(Struct):
        """What was found in one topic."""

        name: TopicName = ""
        partitions: list["ListOffsetsResponse.ListOffsetsPartitionResponse"] = EMPTY

    class ListOffsetsPartitionResponse(Struct):
        """What one lookup found."""

        partition_index: Int32 = 0
        error_code: Int16 = 0
        # The record's; -1 when an end was asked for.
        timestamp: Int64 = -1
        # -1 when no record is that late.
        offset: Int64 = -1
        leader_epoch: Int32 = field(versions="4+", default=-1)
