"""Produce (API key 0), versions 3-13.

Record batches for the end of partitions. Answered by the data plane.
"""

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
    """Appends record batches to partitions.

    Versions:
      * 7: zstd is allowed (KIP-110)
      * 9: flexible
      * 10: the answer may tell the new leader (KIP-951)
      * 11: TRANSACTION_ABORTABLE may be answered (KIP-890)
      * 12: a transaction adds the partition by itself (KIP-890)
      * 13: by TopicProduceData.topic_id, without name (KIP-516)
    """

    # None outside of a transaction.
    transactional_id: NullableTransactionalId = None
    # 0: do not answer; 1: answer when the leader has it; -1: when all in-sync replicas have it.
    acks: Int16 = 0
    # How long to wait for `acks`.
    timeout_ms: Int32 = 0
    topic_data: list["ProduceRequest.TopicProduceData"] = EMPTY

    class TopicProduceData(Struct):
        """The batches for one topic."""

        name: TopicName = field(versions="0-12", ignorable=True, default="")
        topic_id: Uuid = field(versions="13+", ignorable=True, default=ZERO_UUID)
        partition_data: list["ProduceRequest.PartitionProduceData"] = EMPTY

    class PartitionProduceData(Struct):
        """The batches for one partition."""

        index: Int32 = 0
        records: Records = None


class ProduceResponse(Response, key=0, versions="3-13", flexible="9+"):
    """Where the batches of each partition went.

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
        """What became of one topic's batches."""

        name: TopicName = field(versions="0-12", ignorable=True, default="")
        topic_id: Uuid = field(versions="13+", ignorable=True, default=ZERO_UUID)
        partition_responses: list["ProduceResponse.PartitionProduceResponse"] = EMPTY

    class PartitionProduceResponse(Struct):
        """What became of one partition's batches."""

        index: Int32 = 0
        error_code: Int16 = 0
        # Offset of the first record; -1 with an error.
        base_offset: Int64 = 0
        # -1 if the topic keeps the producers' timestamps.
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
        """A record that caused its batch to be refused."""

        # The record's place in the batch.
        batch_index: Int32 = 0
        batch_index_error_message: NullableString = None

    class LeaderIdAndEpoch(Struct):
        """The leader, told with NOT_LEADER_OR_FOLLOWER."""

        leader_id: BrokerId = -1
        leader_epoch: Int32 = -1

    class NodeEndpoint(Struct):
        """Where a leader that `current_leader` names is reached."""

        node_id: BrokerId = 0
        host: String = ""
        port: Int32 = 0
        rack: NullableString = None
