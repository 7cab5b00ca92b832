"""Produce (API key 0), versions 3-13."""

from pybroker.protocol.declare import (
    EMPTY,
    ZERO_UUID,
    BrokerId,
    Int16,
    Int32,
    Int64,
    NullableString,
    NullableTransactionalId,
    Records,
    Request,
    Response,
    String,
    Struct,
    TopicName,
    Uuid,
    field,
)


class ProduceRequest(Request, key=0, versions="3-13", flexible="9+"):
    """ProduceRequest.

    Versions:
      * 9: flexible
      * 13: without TopicProduceData.name, TopicProduceData.topic_id
    """

    transactional_id: NullableTransactionalId = None
    acks: Int16 = 0
    timeout_ms: Int32 = 0
    topic_data: list["ProduceRequest.TopicProduceData"] = EMPTY

    class TopicProduceData(Struct):
        """TopicProduceData."""

        name: TopicName = field(versions="0-12", ignorable=True, default="")
        topic_id: Uuid = field(versions="13+", ignorable=True, default=ZERO_UUID)
        partition_data: list["ProduceRequest.PartitionProduceData"] = EMPTY

    class PartitionProduceData(Struct):
        """PartitionProduceData."""

        index: Int32 = 0
        records: Records = None


class ProduceResponse(Response, key=0, versions="3-13", flexible="9+"):
    """ProduceResponse.

    Versions:
      * 5: PartitionProduceResponse.log_start_offset
      * 8: PartitionProduceResponse.record_errors, PartitionProduceResponse.error_message
      * 9: flexible
      * 10: node_endpoints, PartitionProduceResponse.current_leader
      * 13: without TopicProduceResponse.name, TopicProduceResponse.topic_id
    """

    responses: list["ProduceResponse.TopicProduceResponse"] = EMPTY
    throttle_time_ms: Int32 = 0
    node_endpoints: list["ProduceResponse.NodeEndpoint"] = field(
        versions="10+", tag=0, default=EMPTY
    )

    class TopicProduceResponse(Struct):
        """TopicProduceResponse."""

        name: TopicName = field(versions="0-12", ignorable=True, default="")
        topic_id: Uuid = field(versions="13+", ignorable=True, default=ZERO_UUID)
        partition_responses: list["ProduceResponse.PartitionProduceResponse"] = EMPTY

    class PartitionProduceResponse(Struct):
        """PartitionProduceResponse."""

        index: Int32 = 0
        error_code: Int16 = 0
        base_offset: Int64 = 0
        log_append_time_ms: Int64 = -1
        log_start_offset: Int64 = field(versions="5+", ignorable=True, default=-1)
        record_errors: list["ProduceResponse.BatchIndexAndErrorMessage"] = field(
            versions="8+", ignorable=True, default=EMPTY
        )
        error_message: NullableString = field(versions="8+", ignorable=True, default=None)
        current_leader: "ProduceResponse.LeaderIdAndEpoch" = field(
            versions="10+", tag=0, default=EMPTY
        )

    class BatchIndexAndErrorMessage(Struct):
        """BatchIndexAndErrorMessage."""

        batch_index: Int32 = 0
        batch_index_error_message: NullableString = None

    class LeaderIdAndEpoch(Struct):
        """LeaderIdAndEpoch."""

        leader_id: BrokerId = -1
        leader_epoch: Int32 = -1

    class NodeEndpoint(Struct):
        """NodeEndpoint."""

        node_id: BrokerId = 0
        host: String = ""
        port: Int32 = 0
        rack: NullableString = None
