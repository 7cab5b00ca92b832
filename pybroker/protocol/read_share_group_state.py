"""ReadShareGroupState (API key 84), version 0: the stored state of a share group's partitions."""

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
    """Asks the share coordinator for state."""

    group_id: String = ""
    topics: list["ReadShareGroupStateRequest.ReadStateData"] = EMPTY

    class ReadStateData(Struct):
        """One topic's partitions."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["ReadShareGroupStateRequest.PartitionData"] = EMPTY

    class PartitionData(Struct):
        """One partition."""

        partition: Int32 = 0
        # Of the asking leader; an older one is fenced.
        leader_epoch: Int32 = 0


class ReadShareGroupStateResponse(Response, key=84, versions="0", flexible="0+"):
    """The state of each partition."""

    results: list["ReadShareGroupStateResponse.ReadStateResult"] = EMPTY

    class ReadStateResult(Struct):
        """One topic's state."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["ReadShareGroupStateResponse.PartitionResult"] = EMPTY

    class PartitionResult(Struct):
        """The state of one partition."""

        partition: Int32 = 0
        error_code: Int16 = 0
        error_message: NullableString = None
        state_epoch: Int32 = 0
        start_offset: Int64 = 0
        state_batches: list["ReadShareGroupStateResponse.StateBatch"] = EMPTY

    class StateBatch(Struct):
        """The same state of offsets from `first_offset` to `last_offset`."""

        first_offset: Int64 = 0
        last_offset: Int64 = 0
        # 0 available, 2 acknowledged, 4 archived.
        delivery_state: Int8 = 0
        delivery_count: Int16 = 0
