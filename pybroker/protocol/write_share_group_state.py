"""WriteShareGroupState (API key 85), versions 0-1."""

from pybroker.protocol.declare import (
    EMPTY,
    ZERO_UUID,
    Int8,
    Int16,
    Int32,
    Int64,
    NullableString,
    Request,
    Response,
    String,
    Struct,
    Uuid,
    field,
)


class WriteShareGroupStateRequest(Request, key=85, versions="0-1", flexible="0+"):
    """WriteShareGroupStateRequest.

    Versions:
      * 1: PartitionData.delivery_complete_count
    """

    group_id: String = ""
    topics: list["WriteShareGroupStateRequest.WriteStateData"] = EMPTY

    class WriteStateData(Struct):
        """WriteStateData."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["WriteShareGroupStateRequest.PartitionData"] = EMPTY

    class PartitionData(Struct):
        """PartitionData."""

        partition: Int32 = 0
        state_epoch: Int32 = 0
        leader_epoch: Int32 = 0
        start_offset: Int64 = 0
        delivery_complete_count: Int32 = field(versions="1+", ignorable=True, default=-1)
        state_batches: list["WriteShareGroupStateRequest.StateBatch"] = EMPTY

    class StateBatch(Struct):
        """StateBatch."""

        first_offset: Int64 = 0
        last_offset: Int64 = 0
        delivery_state: Int8 = 0
        delivery_count: Int16 = 0


class WriteShareGroupStateResponse(Response, key=85, versions="0-1", flexible="0+"):
    """WriteShareGroupStateResponse."""

    results: list["WriteShareGroupStateResponse.WriteStateResult"] = EMPTY

    class WriteStateResult(Struct):
        """WriteStateResult."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["WriteShareGroupStateResponse.PartitionResult"] = EMPTY

    class PartitionResult(Struct):
        """PartitionResult."""

        partition: Int32 = 0
        error_code: Int16 = 0
        error_message: NullableString = None
