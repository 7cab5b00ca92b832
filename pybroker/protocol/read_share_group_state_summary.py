"""ReadShareGroupStateSummary (API key 87), versions 0-1.

The stored state of a share group's partitions, without the offsets in flight.
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
    field,
)


class ReadShareGroupStateSummaryRequest(Request, key=87, versions="0-1", flexible="0+"):
    """Asks the share coordinator for where partitions stand."""

    group_id: String = ""
    topics: list["ReadShareGroupStateSummaryRequest.ReadStateSummaryData"] = EMPTY

    class ReadStateSummaryData(Struct):
        """One topic's partitions."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["ReadShareGroupStateSummaryRequest.PartitionData"] = EMPTY

    class PartitionData(Struct):
        """One partition."""

        partition: Int32 = 0
        leader_epoch: Int32 = 0


class ReadShareGroupStateSummaryResponse(Response, key=87, versions="0-1", flexible="0+"):
    """Where each partition stands.

    Versions:
      * 1: PartitionResult.delivery_complete_count (KIP-1226)
    """

    results: list["ReadShareGroupStateSummaryResponse.ReadStateSummaryResult"] = EMPTY

    class ReadStateSummaryResult(Struct):
        """One topic's partitions."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["ReadShareGroupStateSummaryResponse.PartitionResult"] = EMPTY

    class PartitionResult(Struct):
        """Where one partition stands."""

        partition: Int32 = 0
        error_code: Int16 = 0
        error_message: NullableString = None
        state_epoch: Int32 = 0
        leader_epoch: Int32 = 0
        start_offset: Int64 = 0
        # As in WriteShareGroupState.
        delivery_complete_count: Int32 = field(versions="1+", ignorable=True, default=-1)
