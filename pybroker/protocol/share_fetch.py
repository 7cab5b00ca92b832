"""ShareFetch (API key 78), versions 1-2.

Records for a member of a share group, each locked for a while.
"""

from pybroker.protocol.declare import (
    EMPTY,
    ZERO_UUID,
    Bool,
    BrokerId,
    Bytes,
    Int8,
    Int16,
    Int32,
    Int64,
    NullableGroupId,
    NullableString,
    Request,
    Response,
    String,
    Struct,
    Uuid,
    field,
)


class ShareFetchRequest(Request, key=78, versions="1-2", flexible="0+"):
    """Asks for records, and acknowledges earlier ones.

    Versions:
      * 2: share_acquire_mode (KIP-1206), is_renew_ack (KIP-1222)
    """

    group_id: NullableGroupId = None
    member_id: NullableString = ""
    # 0 opens a session, -1 closes it.
    share_session_epoch: Int32 = 0
    max_wait_ms: Int32 = 0
    min_bytes: Int32 = 0
    max_bytes: Int32 = 0x7FFFFFFF
    max_records: Int32 = 0
    # How many records to acquire together, at best.
    batch_size: Int32 = 0
    # 0: whole batches; 1: never more than `max_records`.
    share_acquire_mode: Int8 = field(versions="2+", ignorable=True, default=0)
    # Some acknowledgements prolong locks, so nothing is fetched.
    is_renew_ack: Bool = field(versions="2+", default=False)
    topics: list["ShareFetchRequest.FetchTopic"] = EMPTY
    forgotten_topics_data: list["ShareFetchRequest.ForgottenTopic"] = EMPTY

    class FetchTopic(Struct):
        """What is wanted of one topic."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["ShareFetchRequest.FetchPartition"] = EMPTY

    class FetchPartition(Struct):
        """What is wanted of one partition, and what is done with."""

        partition_index: Int32 = 0
        acknowledgement_batches: list["ShareFetchRequest.AcknowledgementBatch"] = EMPTY

    class AcknowledgementBatch(Struct):
        """What became of records from `first_offset` to `last_offset`."""

        first_offset: Int64 = 0
        last_offset: Int64 = 0
        # 0 gap, 1 accept, 2 release, 3 reject, 4 renew; one for all, or one for each.
        acknowledge_types: list[Int8] = EMPTY

    class ForgottenTopic(Struct):
        """Partitions that leave the session."""

        topic_id: Uuid = ZERO_UUID
        partitions: list[Int32] = EMPTY


class ShareFetchResponse(Response, key=78, versions="1-2", flexible="0+"):
    """Records that the member has acquired."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: NullableString = None
    acquisition_lock_timeout_ms: Int32 = 0
    responses: list["ShareFetchResponse.ShareFetchableTopicResponse"] = EMPTY
    node_endpoints: list["ShareFetchResponse.NodeEndpoint"] = EMPTY

    class ShareFetchableTopicResponse(Struct):
        """One topic's records."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["ShareFetchResponse.PartitionData"] = EMPTY

    class PartitionData(Struct):
        """One partition's records."""

        partition_index: Int32 = 0
        error_code: Int16 = 0
        error_message: NullableString = None
        # Of the acknowledgements; `error_code` is of the fetch.
        acknowledge_error_code: Int16 = 0
        acknowledge_error_message: NullableString = None
        current_leader: "ShareFetchResponse.LeaderIdAndEpoch" = EMPTY
        records: Bytes = b""
        acquired_records: list["ShareFetchResponse.AcquiredRecords"] = EMPTY

    class LeaderIdAndEpoch(Struct):
        """The leader, told with NOT_LEADER_OR_FOLLOWER."""

        leader_id: Int32 = 0
        leader_epoch: Int32 = 0

    class AcquiredRecords(Struct):
        """Offsets that are the member's until it acknowledges them or the lock ends."""

        first_offset: Int64 = 0
        last_offset: Int64 = 0
        delivery_count: Int16 = 0

    class NodeEndpoint(Struct):
        """Where a leader that `current_leader` names is reached."""

        node_id: BrokerId = 0
        host: String = ""
        port: Int32 = 0
        rack: NullableString = None
