"""Fetch (API key 1), versions 4-18.

Record batches from an offset on. Answered by the data plane.
"""

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
    """Asks for record batches, and waits for them if there are too few.

    In a session (KIP-227) a request names what changed since the last one, and the answer has
    what is new.

    Versions:
      * 5: FetchPartition.log_start_offset
      * 7: session_id, session_epoch, forgotten_topics_data
      * 9: FetchPartition.current_leader_epoch
      * 10: zstd is allowed (KIP-110)
      * 11: rack_id
      * 12: cluster_id, FetchPartition.last_fetched_epoch, flexible
      * 13: by topic_id, without topic (KIP-516)
      * 14: OFFSET_MOVED_TO_TIERED_STORAGE may be answered (KIP-405)
      * 15: without replica_id, replica_state
      * 16: the answer may tell the new leader (KIP-951)
      * 17: FetchPartition.replica_directory_id
      * 18: FetchPartition.high_watermark
    """

    cluster_id: NullableString = field(versions="12+", tag=0, ignorable=True, default=None)
    # -1 for a consumer.
    replica_id: BrokerId = field(versions="0-14", default=-1)
    replica_state: "FetchRequest.ReplicaState" = field(versions="15+", tag=1, default=EMPTY)
    # How long to wait for `min_bytes`.
    max_wait_ms: Int32 = 0
    min_bytes: Int32 = 0
    # Exceeded only if the first batch is larger.
    max_bytes: Int32 = 0x7FFFFFFF
    # 0: up to the high watermark; 1: up to the last stable offset.
    isolation_level: Int8 = 0
    # 0 when there is no session yet.
    session_id: Int32 = field(versions="7+", ignorable=True, default=0)
    # 0: open a session; -1: no session, or the last request of one; else the next number.
    session_epoch: Int32 = field(versions="7+", ignorable=True, default=-1)
    topics: list["FetchRequest.FetchTopic"] = EMPTY
    forgotten_topics_data: list["FetchRequest.ForgottenTopic"] = field(versions="7+", default=EMPTY)
    rack_id: String = field(versions="11+", ignorable=True, default="")

    class ReplicaState(Struct):
        """Which replica asks, and since which registration of its broker."""

        replica_id: BrokerId = -1
        replica_epoch: Int64 = -1

    class FetchTopic(Struct):
        """What is wanted of one topic."""

        topic: TopicName = field(versions="0-12", ignorable=True, default="")
        topic_id: Uuid = field(versions="13+", ignorable=True, default=ZERO_UUID)
        partitions: list["FetchRequest.FetchPartition"] = EMPTY

    class FetchPartition(Struct):
        """What is wanted of one partition."""

        partition: Int32 = 0
        # The epoch that the client knows of; -1 skips the check.
        current_leader_epoch: Int32 = field(versions="9+", ignorable=True, default=-1)
        fetch_offset: Int64 = 0
        # Epoch of the record before `fetch_offset`; finds out divergence.
        last_fetched_epoch: Int32 = field(versions="12+", default=-1)
        # A follower's; -1 for a consumer.
        log_start_offset: Int64 = field(versions="5+", ignorable=True, default=-1)
        partition_max_bytes: Int32 = 0
        replica_directory_id: Uuid = field(versions="17+", tag=0, ignorable=True, default=ZERO_UUID)
        high_watermark: Int64 = field(
            versions="18+", tag=1, ignorable=True, default=0x7FFFFFFFFFFFFFFF
        )

    class ForgottenTopic(Struct):
        """Partitions that leave the session."""

        topic: TopicName = field(versions="7-12", ignorable=True, default="")
        topic_id: Uuid = field(versions="13+", ignorable=True, default=ZERO_UUID)
        partitions: list[Int32] = EMPTY


class FetchResponse(Response, key=1, versions="4-18", flexible="12+"):
    """Record batches of each partition, whole, the first of them holding the offset asked for.

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
    # 0 when no session was made.
    session_id: Int32 = field(versions="7+", default=0)
    responses: list["FetchResponse.FetchableTopicResponse"] = EMPTY
    node_endpoints: list["FetchResponse.NodeEndpoint"] = field(versions="16+", tag=0, default=EMPTY)

    class FetchableTopicResponse(Struct):
        """One topic's records."""

        topic: TopicName = field(versions="0-12", ignorable=True, default="")
        topic_id: Uuid = field(versions="13+", ignorable=True, default=ZERO_UUID)
        partitions: list["FetchResponse.PartitionData"] = EMPTY

    class PartitionData(Struct):
        """One partition's records."""

        partition_index: Int32 = 0
        error_code: Int16 = 0
        high_watermark: Int64 = 0
        # First offset that a read_committed consumer may not see yet.
        last_stable_offset: Int64 = -1
        log_start_offset: Int64 = field(versions="5+", ignorable=True, default=-1)
        diverging_epoch: "FetchResponse.EpochEndOffset" = field(
            versions="12+", tag=0, default=EMPTY
        )
        current_leader: "FetchResponse.LeaderIdAndEpoch" = field(
            versions="12+", tag=1, default=EMPTY
        )
        snapshot_id: "FetchResponse.SnapshotId" = field(versions="12+", tag=2, default=EMPTY)
        # None unless read_committed was asked for.
        aborted_transactions: list["FetchResponse.AbortedTransaction"] | None = EMPTY
        # Where the consumer should rather read (KIP-392); -1 for here.
        preferred_read_replica: BrokerId = field(versions="11+", default=-1)
        records: Records = None

    class EpochEndOffset(Struct):
        """The last offset that both sides agree on."""

        epoch: Int32 = -1
        end_offset: Int64 = -1

    class LeaderIdAndEpoch(Struct):
        """The leader, told with NOT_LEADER_OR_FOLLOWER."""

        leader_id: BrokerId = -1
        leader_epoch: Int32 = -1

    class SnapshotId(Struct):
        """The snapshot that a follower needs first; KRaft only."""

        end_offset: Int64 = -1
        epoch: Int32 = -1

    class AbortedTransaction(Struct):
        """A transaction whose records, from `first_offset` on, are to be skipped."""

        producer_id: ProducerId = 0
        first_offset: Int64 = 0

    class NodeEndpoint(Struct):
        """Where a leader that `current_leader` names is reached."""

        node_id: BrokerId = 0
        host: String = ""
        port: Int32 = 0
        rack: NullableString = None
