"""ReadShareGroupState (API key 84), version 0."""

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
)


class ReadShareGroupStateRequest(Request, key=84, versions="0", flexible="0+"):
    """ReadShareGroupStateRequest."""

    group_id: String = ""
    topics: list["ReadShareGroupStateRequest.ReadStateData"] = EMPTY

    class ReadStateData(Struct):
        """ReadStateData."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["ReadShareGroupStateRequest.PartitionData"] = EMPTY

    class PartitionData(Struct):
        """PartitionData."""

        partition: Int32 = 0
        leader_epoch: Int32 = 0


class ReadShareGroupStateResponse(Response, key=84, versions="0", flexible="0+"):
    """ReadShareGroupStateResponse."""

    results: list["ReadShareGroupStateResponse.ReadStateResult"] = EMPTY

    class ReadStateResult(Struct):
        """ReadStateResult."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["ReadShareGroupStateResponse.PartitionResult"] = EMPTY

    class PartitionResult(Struct):
        """PartitionResult."""

        partition: Int32 = 0
        error_code: Int16 = 0
        error_message: NullableString = None
        state_epoch: Int32 = 0
        start_offset: Int64 = 0
        state_batches: list["ReadShareGroupStateResponse.StateBatch"] = EMPTY

    class StateBatch(Struct):
        """StateBatch."""

        first_offset: Int64 = 0
        last_offset: Int64 = 0
        delivery_state: Int8 = 0
        delivery_count: Int16 = 0
