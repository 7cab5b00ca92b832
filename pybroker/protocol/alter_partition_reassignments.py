"""AlterPartitionReassignments (API key 45), versions 0-1.

Moves partitions to other brokers, or stops that.
"""

from pybroker.protocol.declare import (
    EMPTY,
    Bool,
    BrokerId,
    Int16,
    Int32,
    NullableString,
    Request,
    Response,
    Struct,
    TopicName,
    field,
)


class AlterPartitionReassignmentsRequest(Request, key=45, versions="0-1", flexible="0+"):
    """Starts, replaces or cancels reassignments.

    Versions:
      * 1: allow_replication_factor_change
    """

    timeout_ms: Int32 = 60000
    # Refuse what would change the number of replicas if False.
    allow_replication_factor_change: Bool = field(versions="1+", default=True)
    topics: list["AlterPartitionReassignmentsRequest.ReassignableTopic"] = EMPTY

    class ReassignableTopic(Struct):
        """Partitions of one topic."""

        name: TopicName = ""
        partitions: list["AlterPartitionReassignmentsRequest.ReassignablePartition"] = EMPTY

    class ReassignablePartition(Struct):
        """One reassignment."""

        partition_index: Int32 = 0
        # None cancels the one under way.
        replicas: list[BrokerId] | None = None


class AlterPartitionReassignmentsResponse(Response, key=45, versions="0-1", flexible="0+"):
    """The outcome for each partition.

    Versions:
      * 1: allow_replication_factor_change
    """

    throttle_time_ms: Int32 = 0
    allow_replication_factor_change: Bool = field(versions="1+", ignorable=True, default=True)
    error_code: Int16 = 0
    error_message: NullableString = None
    responses: list["AlterPartitionReassignmentsResponse.ReassignableTopicResponse"] = EMPTY

    class ReassignableTopicResponse(Struct):
        """One topic's outcomes."""

        name: TopicName = ""
        partitions: list["AlterPartitionReassignmentsResponse.ReassignablePartitionResponse"] = (
            EMPTY
        )

    class ReassignablePartitionResponse(Struct):
        """The outcome for one partition."""

        partition_index: Int32 = 0
        error_code: Int16 = 0
        error_message: NullableString = None
