"""DescribeProducers (API key 61), version 0: the producers that a partition knows."""

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
    """Asks for the producer state of partitions."""

    topics: list["DescribeProducersRequest.TopicRequest"] = EMPTY

    class TopicRequest(Struct):
        """Partitions of one topic."""

        name: TopicName = ""
        partition_indexes: list[Int32] = EMPTY


class DescribeProducersResponse(Response, key=61, versions="0", flexible="0+"):
    """The producers of each partition."""

    throttle_time_ms: Int32 = 0
    topics: list["DescribeProducersResponse.TopicResponse"] = EMPTY

    class TopicResponse(Struct):
        """One topic's producers."""

        name: TopicName = ""
        partitions: list["DescribeProducersResponse.PartitionResponse"] = EMPTY

    class PartitionResponse(Struct):
        """One partition's producers."""

        partition_index: Int32 = 0
        error_code: Int16 = 0
        error_message: NullableString = None
        active_producers: list["DescribeProducersResponse.ProducerState"] = EMPTY

    class ProducerState(Struct):
        """One producer."""

        producer_id: ProducerId = 0
        producer_epoch: Int32 = 0
        last_sequence: Int32 = -1
        last_timestamp: Int64 = -1
        # Of the last marker.
        coordinator_epoch: Int32 = 0
        # -1 without an open transaction.
        current_txn_start_offset: Int64 = -1
