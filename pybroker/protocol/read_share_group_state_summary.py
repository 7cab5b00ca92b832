"""ReadShareGroupStateSummary (API key 87), versions 0-1."""

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
    field,
)


class ReadShareGroupStateSummaryRequest(Request, key=87, versions="0-1", flexible="0+"):
    """ReadShareGroupStateSummaryRequest."""

    group_id: String = ""
    topics: list["ReadShareGroupStateSummaryRequest.ReadStateSummaryData"] = EMPTY

    class ReadStateSummaryData(Struct):
        """ReadStateSummaryData."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["ReadShareGroupStateSummaryRequest.PartitionData"] = EMPTY

    class PartitionData(Struct):
        """PartitionData."""

        partition: Int32 = 0
        leader_epoch: Int32 = 0


class ReadShareGroupStateSummaryResponse(Response, key=87, versions="0-1", flexible="0+"):
    """ReadShareGroupStateSummaryResponse.

    Versions:
      * 1: PartitionResult.delivery_complete_count
    """

    results: list["ReadShareGroupStateSummaryResponse.ReadStateSummaryResult"] = EMPTY

    class ReadStateSummaryResult(Struct):
        """ReadStateSummaryResult."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["ReadShareGroupStateSummaryResponse.PartitionResult"] = EMPTY

    class PartitionResult(Struct):
        """PartitionResult."""

        partition: Int32 = 0
        error_code: Int16 = 0
        error_message: NullableString = None
        state_epoch: Int32 = 0
        leader_epoch: Int32 = 0
        start_offset: Int64 = 0
        delivery_complete_count: Int32 = field(versions="1+", ignorable=True, default=-1)
