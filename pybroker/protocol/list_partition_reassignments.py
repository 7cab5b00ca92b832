"""ListPartitionReassignments (API key 46), version 0."""

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
    """ListPartitionReassignmentsRequest."""

    timeout_ms: Int32 = 60000
    topics: list["ListPartitionReassignmentsRequest.ListPartitionReassignmentsTopics"] | None = None

    class ListPartitionReassignmentsTopics(Struct):
        """ListPartitionReassignmentsTopics."""

        name: TopicName = ""
        partition_indexes: list[Int32] = EMPTY


class ListPartitionReassignmentsResponse(Response, key=46, versions="0", flexible="0+"):
    """ListPartitionReassignmentsResponse."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: NullableString = None
    topics: list["ListPartitionReassignmentsResponse.OngoingTopicReassignment"] = EMPTY

    class OngoingTopicReassignment(Struct):
        """OngoingTopicReassignment."""

        name: TopicName = ""
        partitions: list["ListPartitionReassignmentsResponse.OngoingPartitionReassignment"] = EMPTY

    class OngoingPartitionReassignment(Struct):
        """OngoingPartitionReassignment."""

        partition_index: Int32 = 0
        replicas: list[BrokerId] = EMPTY
        adding_replicas: list[BrokerId] = EMPTY
        removing_replicas: list[BrokerId] = EMPTY
