"""DescribeProducers (API key 61), version 0."""

from pybroker.protocol.declare import (
    EMPTY,
    Int16,
    Int32,
    Int64,
    NullableString,
    ProducerId,
    Request,
    Response,
    Struct,
    TopicName,
)


class DescribeProducersRequest(Request, key=61, versions="0", flexible="0+"):
    """DescribeProducersRequest."""

    topics: list["DescribeProducersRequest.TopicRequest"] = EMPTY

    class TopicRequest(Struct):
        """TopicRequest."""

        name: TopicName = ""
        partition_indexes: list[Int32] = EMPTY


class DescribeProducersResponse(Response, key=61, versions="0", flexible="0+"):
    """DescribeProducersResponse."""

    throttle_time_ms: Int32 = 0
    topics: list["DescribeProducersResponse.TopicResponse"] = EMPTY

    class TopicResponse(Struct):
        """TopicResponse."""

        name: TopicName = ""
        partitions: list["DescribeProducersResponse.PartitionResponse"] = EMPTY

    class PartitionResponse(Struct):
        """PartitionResponse."""

        partition_index: Int32 = 0
        error_code: Int16 = 0
        error_message: NullableString = None
        active_producers: list["DescribeProducersResponse.ProducerState"] = EMPTY

    class ProducerState(Struct):
        """ProducerState."""

        producer_id: ProducerId = 0
        producer_epoch: Int32 = 0
        last_sequence: Int32 = -1
        last_timestamp: Int64 = -1
        coordinator_epoch: Int32 = 0
        current_txn_start_offset: Int64 = -1
