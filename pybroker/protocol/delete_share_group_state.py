"""DeleteShareGroupState (API key 86), version 0.

Deletes the stored state of a share group's partitions.
"""

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
    """Tells the share coordinator to forget partitions."""

    group_id: String = ""
    topics: list["DeleteShareGroupStateRequest.DeleteStateData"] = EMPTY

    class DeleteStateData(Struct):
        """One topic's partitions."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["DeleteShareGroupStateRequest.PartitionData"] = EMPTY

    class PartitionData(Struct):
        """One partition."""

        partition: Int32 = 0


class DeleteShareGroupStateResponse(Response, key=86, versions="0", flexible="0+"):
    """The outcome for each partition."""

    results: list["DeleteShareGroupStateResponse.DeleteStateResult"] = EMPTY

    class DeleteStateResult(Struct):
        """One topic's outcomes."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["DeleteShareGroupStateResponse.PartitionResult"] = EMPTY

    class PartitionResult(Struct):
        """The outcome for one partition."""

        partition: Int32 = 0
        error_code: Int16 = 0
        error_message: NullableString = None
