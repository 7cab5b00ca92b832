"""ListPartitionReassignments (API key 46), version 0: the reassignments under way."""

from pybroker.protocol.declare import (
    EMPTY,
    BrokerId,
    Int16,
    Int32,
    NullableString,
    Request,
    Response,
    Struct,
    TopicName,
)


class ListPartitionReassignmentsRequest(Request, key=46, versions="0", flexible="0+"):
    """Asks for reassignments."""

    timeout_ms: Int32 = 60000
    # None for all.
    topics: list["ListPartitionReassignmentsRequest.ListPartitionReassignmentsTopics"] | None = None

    class ListPartitionReassignmentsTopics(Struct):
        """Partitions of one topic."""

        name: TopicName = ""
        partition_indexes: list[Int32] = EMPTY


class ListPartitionReassignmentsResponse(Response, key=46, versions="0", flexible="0+"):
    """The reassignments under way."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: NullableString = None
    topics: list["ListPartitionReassignmentsResponse.OngoingTopicReassignment"] = EMPTY

    class OngoingTopicReassignment(Struct):
        """One topic's reassignments."""

        name: TopicName = ""
        partitions: list["ListPartitionReassignmentsResponse.OngoingPartitionReassignment"] = EMPTY

    class OngoingPartitionReassignment(Struct):
        """One reassignment."""

        partition_index: Int32 = 0
        # Old and new ones.
        replicas: list[BrokerId] = EMPTY
        adding_replicas: list[BrokerId] = EMPTY
        removing_replicas: list[BrokerId] = EMPTY
