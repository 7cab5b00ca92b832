"""ElectLeaders (API key 43), versions 0-2."""

from pybroker.protocol.declare import (
    EMPTY,
    Int8,
    Int16,
    Int32,
    NullableString,
    Request,
    Response,
    Struct,
    TopicName,
    field,
)


class ElectLeadersRequest(Request, key=43, versions="0-2", flexible="2+"):
    """ElectLeadersRequest.

    Versions:
      * 1: election_type
      * 2: flexible
    """

    election_type: Int8 = field(versions="1+", default=0)
    topic_partitions: list["ElectLeadersRequest.TopicPartitions"] | None = EMPTY
    timeout_ms: Int32 = 60000

    class TopicPartitions(Struct):
        """TopicPartitions."""

        topic: TopicName = ""
        partitions: list[Int32] = EMPTY


class ElectLeadersResponse(Response, key=43, versions="0-2", flexible="2+"):
    """ElectLeadersResponse.

    Versions:
      * 1: error_code
      * 2: flexible
    """

    throttle_time_ms: Int32 = 0
    error_code: Int16 = field(versions="1+", default=0)
    replica_election_results: list["ElectLeadersResponse.ReplicaElectionResult"] = EMPTY

    class ReplicaElectionResult(Struct):
        """ReplicaElectionResult."""

        topic: TopicName = ""
        partition_result: list["ElectLeadersResponse.PartitionResult"] = EMPTY

    class PartitionResult(Struct):
        """PartitionResult."""

        partition_id: Int32 = 0
        error_code: Int16 = 0
        error_message: NullableString = None
