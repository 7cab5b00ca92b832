"""DeleteShareGroupState (API key 86), version 0."""

from pybroker.protocol.declare import (
    EMPTY,
    ZERO_UUID,
    Int16,
    Int32,
    NullableString,
    Request,
    Response,
    String,
    Struct,
    Uuid,
)


class DeleteShareGroupStateRequest(Request, key=86, versions="0", flexible="0+"):
    """DeleteShareGroupStateRequest."""

    group_id: String = ""
    topics: list["DeleteShareGroupStateRequest.DeleteStateData"] = EMPTY

    class DeleteStateData(Struct):
        """DeleteStateData."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["DeleteShareGroupStateRequest.PartitionData"] = EMPTY

    class PartitionData(Struct):
        """PartitionData."""

        partition: Int32 = 0


class DeleteShareGroupStateResponse(Response, key=86, versions="0", flexible="0+"):
    """DeleteShareGroupStateResponse."""

    results: list["DeleteShareGroupStateResponse.DeleteStateResult"] = EMPTY

    class DeleteStateResult(Struct):
        """DeleteStateResult."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["DeleteShareGroupStateResponse.PartitionResult"] = EMPTY

    class PartitionResult(Struct):
        """PartitionResult."""

        partition: Int32 = 0
        error_code: Int16 = 0
        error_message: NullableString = None
