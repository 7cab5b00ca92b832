"""DescribeQuorum (API key 55), versions 0-2: leader and voters of the metadata quorum."""

from pybroker.protocol.declare import (
    EMPTY,
    ZERO_UUID,
    BrokerId,
    Int16,
    Int32,
    Int64,
    NullableString,
    Request,
    Response,
    String,
    Struct,
    TopicName,
    UInt16,
    Uuid,
    field,
)


class DescribeQuorumRequest(Request, key=55, versions="0-2", flexible="0+"):
    """Asks for the quorum of partitions, which is that of the metadata log."""

    topics: list["DescribeQuorumRequest.TopicData"] = EMPTY

    class TopicData(Struct):
        """Partitions of one topic."""

        topic_name: TopicName = ""
        partitions: list["DescribeQuorumRequest.PartitionData"] = EMPTY

    class PartitionData(Struct):
        """One partition."""

        partition_index: Int32 = 0


class DescribeQuorumResponse(Response, key=55, versions="0-2", flexible="0+"):
    """The quorum, and how far its replicas are.

    Versions:
      * 1: ReplicaState.last_fetch_timestamp, ReplicaState.last_caught_up_timestamp
        (KIP-836)
      * 2: error_message, nodes, PartitionData.error_message,
        ReplicaState.replica_directory_id, of dynamic quorums (KIP-853)
    """

    error_code: Int16 = 0
    error_message: NullableString = field(versions="2+", ignorable=True, default=None)
    topics: list["DescribeQuorumResponse.TopicData"] = EMPTY
    nodes: list["DescribeQuorumResponse.Node"] = field(versions="2+", default=EMPTY)

    class TopicData(Struct):
        """One topic's quorums."""

        topic_name: TopicName = ""
        partitions: list["DescribeQuorumResponse.PartitionData"] = EMPTY

    class PartitionData(Struct):
        """The quorum of one partition."""

        partition_index: Int32 = 0
        error_code: Int16 = 0
        error_message: NullableString = field(versions="2+", ignorable=True, default=None)
        leader_id: BrokerId = 0
        leader_epoch: Int32 = 0
        high_watermark: Int64 = 0
        current_voters: list["DescribeQuorumResponse.ReplicaState"] = EMPTY
        observers: list["DescribeQuorumResponse.ReplicaState"] = EMPTY

    class ReplicaState(Struct):
        """How far one replica is."""

        replica_id: BrokerId = 0
        replica_directory_id: Uuid = field(versions="2+", default=ZERO_UUID)
        log_end_offset: Int64 = 0
        last_fetch_timestamp: Int64 = field(versions="1+", ignorable=True, default=-1)
        # When it last had everything that the leader had.
        last_caught_up_timestamp: Int64 = field(versions="1+", ignorable=True, default=-1)

    class Node(Struct):
        """Where a voter is reached."""

        node_id: BrokerId = 0
        listeners: list["DescribeQuorumResponse.Listener"] = EMPTY

    class Listener(Struct):
        """One of its listeners."""

        name: String = ""
        host: String = ""
        port: UInt16 = 0
