"""DescribeTopicPartitions (API key 75), version 0."""

from pybroker.protocol.declare import (
    EMPTY,
    ZERO_UUID,
    Bool,
    BrokerId,
    Int16,
    Int32,
    NullableTopicName,
    Request,
    Response,
    Struct,
    TopicName,
    Uuid,
)


class DescribeTopicPartitionsRequest(Request, key=75, versions="0", flexible="0+"):
    """DescribeTopicPartitionsRequest."""

    topics: list["DescribeTopicPartitionsRequest.TopicRequest"] = EMPTY
    response_partition_limit: Int32 = 2000
    cursor: "DescribeTopicPartitionsRequest.Cursor | None" = None

    class TopicRequest(Struct):
        """TopicRequest."""

        name: TopicName = ""

    class Cursor(Struct):
        """Cursor."""

        topic_name: TopicName = ""
        partition_index: Int32 = 0


class DescribeTopicPartitionsResponse(Response, key=75, versions="0", flexible="0+"):
    """DescribeTopicPartitionsResponse."""

    throttle_time_ms: Int32 = 0
    topics: list["DescribeTopicPartitionsResponse.Topic"] = EMPTY
    next_cursor: "DescribeTopicPartitionsResponse.Cursor | None" = None

    class Topic(Struct):
        """Topic."""

        error_code: Int16 = 0
        name: NullableTopicName = ""
        topic_id: Uuid = ZERO_UUID
        is_internal: Bool = False
        partitions: list["DescribeTopicPartitionsResponse.Partition"] = EMPTY
        topic_authorized_operations: Int32 = -0x80000000

    class Partition(Struct):
        """Partition."""

        error_code: Int16 = 0
        partition_index: Int32 = 0
        leader_id: BrokerId = 0
        leader_epoch: Int32 = -1
        replica_nodes: list[BrokerId] = EMPTY
        isr_nodes: list[BrokerId] = EMPTY
        eligible_leader_replicas: list[BrokerId] | None = None
        last_known_elr: list[BrokerId] | None = None
        offline_replicas: list[BrokerId] = EMPTY

    class Cursor(Struct):
        """Cursor."""

        topic_name: TopicName = ""
        partition_index: Int32 = 0
