"""Fetch (API key 1), versions 4-18."""

from pybroker.protocol.declare import (
    EMPTY,
    ZERO_UUID,
    BrokerId,
    Int8,
    Int16,
    Int32,
    Int64,
    NullableString,
    ProducerId,
    Records,
    Request,
    Response,
    String,
    Struct,
    TopicName,
    Uuid,
    field,
)


class FetchRequest(Request, key=1, versions="4-18", flexible="12+"):
    """FetchRequest.

    Versions:
      * 5: FetchPartition.log_start_offset
      * 7: session_id, session_epoch, forgotten_topics_data
      * 9: FetchPartition.current_leader_epoch
      * 11: rack_id
      * 12: cluster_id, FetchPartition.last_fetched_epoch, flexible
      * 13: without FetchTopic.topic, FetchTopic.topic_id, without ForgottenTopic.topic,
        ForgottenTopic.topic_id
      * 15: without replica_id, replica_state
      * 17: FetchPartition.replica_directory_id
      * 18: FetchPartition.high_watermark
    """

    cluster_id: NullableString = field(versions="12+", tag=0, ignorable=True, default=None)
    replica_id: BrokerId = field(versions="0-14", default=-1)
    replica_state: "FetchRequest.ReplicaState" = field(versions="15+", tag=1, default=EMPTY)
    max_wait_ms: Int32 = 0
    min_bytes: Int32 = 0
    max_bytes: Int32 = 0x7FFFFFFF
    isolation_level: Int8 = 0
    session_id: Int32 = field(versions="7+", ignorable=True, default=0)
    session_epoch: Int32 = field(versions="7+", ignorable=True, default=-1)
    topics: list["FetchRequest.FetchTopic"] = EMPTY
    forgotten_topics_data: list["FetchRequest.ForgottenTopic"] = field(versions="7+", default=EMPTY)
    rack_id: String = field(versions="11+", ignorable=True, default="")

    class ReplicaState(Struct):
        """ReplicaState."""

        replica_id: BrokerId = -1
        replica_epoch: Int64 = -1

    class FetchTopic(Struct):
        """FetchTopic."""

        topic: TopicName = field(versions="0-12", ignorable=True, default="")
        topic_id: Uuid = field(versions="13+", ignorable=True, default=ZERO_UUID)
        partitions: list["FetchRequest.FetchPartition"] = EMPTY

    class FetchPartition(Struct):
        """FetchPartition."""

        partition: Int32 = 0
        current_leader_epoch: Int32 = field(versions="9+", ignorable=True, default=-1)
        fetch_offset: Int64 = 0
        last_fetched_epoch: Int32 = field(versions="12+", default=-1)
        log_start_offset: Int64 = field(versions="5+", ignorable=True, default=-1)
        partition_max_bytes: Int32 = 0
        replica_directory_id: Uuid = field(versions="17+", tag=0, ignorable=True, default=ZERO_UUID)
        high_watermark: Int64 = field(
            versions="18+", tag=1, ignorable=True, default=0x7FFFFFFFFFFFFFFF
        )

    class ForgottenTopic(Struct):
        """ForgottenTopic."""

        topic: TopicName = field(versions="7-12", ignorable=True, default="")
        topic_id: Uuid = field(versions="13+", ignorable=True, default=ZERO_UUID)
        partitions: list[Int32] = EMPTY


class FetchResponse(Response, key=1, versions="4-18", flexible="12+"):
    """FetchResponse.

    Versions:
      * 5: PartitionData.log_start_offset
      * 7: error_code, session_id
      * 11: PartitionData.preferred_read_replica
      * 12: PartitionData.diverging_epoch, PartitionData.current_leader,
        PartitionData.snapshot_id, flexible
      * 13: without FetchableTopicResponse.topic, FetchableTopicResponse.topic_id
      * 16: node_endpoints
    """

    throttle_time_ms: Int32 = 0
    error_code: Int16 = field(versions="7+", ignorable=True, default=0)
    session_id: Int32 = field(versions="7+", default=0)
    responses: list["FetchResponse.FetchableTopicResponse"] = EMPTY
    node_endpoints: list["FetchResponse.NodeEndpoint"] = field(versions="16+", tag=0, default=EMPTY)

    class FetchableTopicResponse(Struct):
        """FetchableTopicResponse."""

        topic: TopicName = field(versions="0-12", ignorable=True, default="")
        topic_id: Uuid = field(versions="13+", ignorable=True, default=ZERO_UUID)
        partitions: list["FetchResponse.PartitionData"] = EMPTY

    class PartitionData(Struct):
        """PartitionData."""

        partition_index: Int32 = 0
        error_code: Int16 = 0
        high_watermark: Int64 = 0
        last_stable_offset: Int64 = -1
        log_start_offset: Int64 = field(versions="5+", ignorable=True, default=-1)
        diverging_epoch: "FetchResponse.EpochEndOffset" = field(
            versions="12+", tag=0, default=EMPTY
        )
        current_leader: "FetchResponse.LeaderIdAndEpoch" = field(
            versions="12+", tag=1, default=EMPTY
        )
        snapshot_id: "FetchResponse.SnapshotId" = field(versions="12+", tag=2, default=EMPTY)
        aborted_transactions: list["FetchResponse.AbortedTransaction"] | None = EMPTY
        preferred_read_replica: BrokerId = field(versions="11+", default=-1)
        records: Records = None

    class EpochEndOffset(Struct):
        """EpochEndOffset."""

        epoch: Int32 = -1
        end_offset: Int64 = -1

    class LeaderIdAndEpoch(Struct):
        """LeaderIdAndEpoch."""

        leader_id: BrokerId = -1
        leader_epoch: Int32 = -1

    class SnapshotId(Struct):
        """SnapshotId."""

        end_offset: Int64 = -1
        epoch: Int32 = -1

    class AbortedTransaction(Struct):
        """AbortedTransaction."""

        producer_id: ProducerId = 0
        first_offset: Int64 = 0

    class NodeEndpoint(Struct):
        """NodeEndpoint."""

        node_id: BrokerId = 0
        host: String = ""
        port: Int32 = 0
        rack: NullableString = None
