"""InitializeShareGroupState (API key 83), version 0."""

from pybroker.protocol.declare import (
    EMPTY,
    ZERO_UUID,
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


class InitializeShareGroupStateRequest(Request, key=83, versions="0", flexible="0+"):
    """InitializeShareGroupStateRequest."""

    group_id: String = ""
    topics: list["InitializeShareGroupStateRequest.InitializeStateData"] = EMPTY

    class InitializeStateData(Struct):
        """InitializeStateData."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["InitializeShareGroupStateRequest.PartitionData"] = EMPTY

    class PartitionData(Struct):
        """PartitionData."""

        partition: Int32 = 0
        state_epoch: Int32 = 0
        start_offset: Int64 = 0


class InitializeShareGroupStateResponse(Response, key=83, versions="0", flexible="0+"):
    """InitializeShareGroupStateResponse."""

    results: list["InitializeShareGroupStateResponse.InitializeStateResult"] = EMPTY

    class InitializeStateResult(Struct):
        """InitializeStateResult."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["InitializeShareGroupStateResponse.PartitionResult"] = EMPTY

    class PartitionResult(Struct):
        """PartitionResult."""

        partition: Int32 = 0
        error_code: Int16 = 0
        error_message: NullableString = None
