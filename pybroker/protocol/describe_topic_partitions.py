"""DescribeTopicPartitions (API key 75), version 0.

Topics and partitions, page by page (KIP-966).
"""

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
    """Asks for topics from a cursor on."""

    # Empty for all.
    topics: list["DescribeTopicPartitionsRequest.TopicRequest"] = EMPTY
    response_partition_limit: Int32 = 2000
    cursor: "DescribeTopicPartitionsRequest.Cursor | None" = None

    class TopicRequest(Struct):
        """One topic."""

        name: TopicName = ""

    class Cursor(Struct):
        """Where a page begins."""

        topic_name: TopicName = ""
        partition_index: Int32 = 0


class DescribeTopicPartitionsResponse(Response, key=75, versions="0", flexible="0+"):
    """A page of partitions."""

    throttle_time_ms: Int32 = 0
    topics: list["DescribeTopicPartitionsResponse.Topic"] = EMPTY
    # None when this was the last page.
    next_cursor: "DescribeTopicPartitionsResponse.Cursor | None" = None

    class Topic(Struct):
        """One topic."""

        error_code: Int16 = 0
        name: NullableTopicName = ""
        topic_id: Uuid = ZERO_UUID
        is_internal: Bool = False
        partitions: list["DescribeTopicPartitionsResponse.Partition"] = EMPTY
        topic_authorized_operations: Int32 = -0x80000000

    class Partition(Struct):
        """One partition."""

        error_code: Int16 = 0
        partition_index: Int32 = 0
        leader_id: BrokerId = 0
        leader_epoch: Int32 = -1
        replica_nodes: list[BrokerId] = EMPTY
        isr_nodes: list[BrokerId] = EMPTY
        # Out of sync, but without a loss of committed records.
        eligible_leader_replicas: list[BrokerId] | None = None
        # Those before the last unclean end.
        last_known_elr: list[BrokerId] | None = None
        offline_replicas: list[BrokerId] = EMPTY

    class Cursor(Struct):
        """Where the next page begins."""

        topic_name: TopicName = ""
        partition_index: Int32 = 0
