"""InitializeShareGroupState (API key 83), version 0.

Begins the stored state of a share group's partitions.
"""

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
    """Tells the share coordinator where partitions begin."""

    group_id: String = ""
    topics: list["InitializeShareGroupStateRequest.InitializeStateData"] = EMPTY

    class InitializeStateData(Struct):
        """One topic's partitions."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["InitializeShareGroupStateRequest.PartitionData"] = EMPTY

    class PartitionData(Struct):
        """The beginning of one partition."""

        partition: Int32 = 0
        # Raised whenever the state begins anew.
        state_epoch: Int32 = 0
        # -1 when it is not known yet.
        start_offset: Int64 = 0


class InitializeShareGroupStateResponse(Response, key=83, versions="0", flexible="0+"):
    """The outcome for each partition."""

    results: list["InitializeShareGroupStateResponse.InitializeStateResult"] = EMPTY

    class InitializeStateResult(Struct):
        """One topic's outcomes."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["InitializeShareGroupStateResponse.PartitionResult"] = EMPTY

    class PartitionResult(Struct):
        """The outcome for one partition."""

        partition: Int32 = 0
        error_code: Int16 = 0
        error_message: NullableString = None
