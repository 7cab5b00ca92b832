"""ElectLeaders (API key 43), versions 0-2: makes replicas lead."""

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
    """Elects leaders: the preferred ones, or, if none is in sync, any.

    Versions:
      * 1: election_type (KIP-460)
      * 2: flexible
    """

    # 0: the preferred replica; 1: any replica, even one that lacks records.
    election_type: Int8 = field(versions="1+", default=0)
    # None for all.
    topic_partitions: list["ElectLeadersRequest.TopicPartitions"] | None = EMPTY
    timeout_ms: Int32 = 60000

    class TopicPartitions(Struct):
        """Partitions of one topic."""

        topic: TopicName = ""
        partitions: list[Int32] = EMPTY


class ElectLeadersResponse(Response, key=43, versions="0-2", flexible="2+"):
    """The outcome for each partition.

    Versions:
      * 1: error_code
      * 2: flexible
    """

    throttle_time_ms: Int32 = 0
    error_code: Int16 = field(versions="1+", default=0)
    replica_election_results: list["ElectLeadersResponse.ReplicaElectionResult"] = EMPTY

    class ReplicaElectionResult(Struct):
        """One topic's outcomes."""

        topic: TopicName = ""
        partition_result: list["ElectLeadersResponse.PartitionResult"] = EMPTY

    class PartitionResult(Struct):
        """The outcome for one partition; ELECTION_NOT_NEEDED is none to worry about."""

        partition_id: Int32 = 0
        error_code: Int16 = 0
        error_message: NullableString = None
