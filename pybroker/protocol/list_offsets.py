"""ListOffsets (API key 2), versions 1-11."""

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
    """ListOffsetsRequest.

    Versions:
      * 2: isolation_level
      * 4: ListOffsetsPartition.current_leader_epoch
      * 6: flexible
      * 10: timeout_ms
    """

    replica_id: BrokerId = 0
    isolation_level: Int8 = field(versions="2+", default=0)
    topics: list["ListOffsetsRequest.ListOffsetsTopic"] = EMPTY
    timeout_ms: Int32 = field(versions="10+", ignorable=True, default=0)

    class ListOffsetsTopic(Struct):
        """ListOffsetsTopic."""

        name: TopicName = ""
        partitions: list["ListOffsetsRequest.ListOffsetsPartition"] = EMPTY

    class ListOffsetsPartition(Struct):
        """ListOffsetsPartition."""

        partition_index: Int32 = 0
        current_leader_epoch: Int32 = field(versions="4+", ignorable=True, default=-1)
        timestamp: Int64 = 0


class ListOffsetsResponse(Response, key=2, versions="1-11", flexible="6+"):
    """ListOffsetsResponse.

    Versions:
      * 2: throttle_time_ms
      * 4: ListOffsetsPartitionResponse.leader_epoch
      * 6: flexible
    """

    throttle_time_ms: Int32 = field(versions="2+", ignorable=True, default=0)
    topics: list["ListOffsetsResponse.ListOffsetsTopicResponse"] = EMPTY

    class ListOffsetsTopicResponse(Struct):
        """ListOffsetsTopicResponse."""

        name: TopicName = ""
        partitions: list["ListOffsetsResponse.ListOffsetsPartitionResponse"] = EMPTY

    class ListOffsetsPartitionResponse(Struct):
        """ListOffsetsPartitionResponse."""

        partition_index: Int32 = 0
        error_code: Int16 = 0
        timestamp: Int64 = -1
        offset: Int64 = -1
        leader_epoch: Int32 = field(versions="4+", default=-1)
