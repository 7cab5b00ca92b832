"""WriteShareGroupState (API key 85), versions 0-1.

Stores the state of a share group's partitions.
"""

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
    """Gives the share coordinator what changed.

    Versions:
      * 1: PartitionData.delivery_complete_count (KIP-1226)
    """

    group_id: String = ""
    topics: list["WriteShareGroupStateRequest.WriteStateData"] = EMPTY

    class WriteStateData(Struct):
        """One topic's partitions."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["WriteShareGroupStateRequest.PartitionData"] = EMPTY

    class PartitionData(Struct):
        """What changed in one partition."""

        partition: Int32 = 0
        state_epoch: Int32 = 0
        leader_epoch: Int32 = 0
        # -1 when it did not change.
        start_offset: Int64 = 0
        # Offsets after the start whose delivery is over; -1 when unknown.
        delivery_complete_count: Int32 = field(versions="1+", ignorable=True, default=-1)
        state_batches: list["WriteShareGroupStateRequest.StateBatch"] = EMPTY

    class StateBatch(Struct):
        """The same state of offsets from `first_offset` to `last_offset`."""

        first_offset: Int64 = 0
        last_offset: Int64 = 0
        # As in ReadShareGroupState.
        delivery_state: Int8 = 0
        delivery_count: Int16 = 0


class WriteShareGroupStateResponse(Response, key=85, versions="0-1", flexible="0+"):
    """The outcome for each partition."""

    results: list["WriteShareGroupStateResponse.WriteStateResult"] = EMPTY

    class WriteStateResult(Struct):
        """One topic's outcomes."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["WriteShareGroupStateResponse.PartitionResult"] = EMPTY

    class PartitionResult(Struct):
        """The outcome for one partition."""

        partition: Int32 = 0
        error_code: Int16 = 0
        error_message: NullableString = None
