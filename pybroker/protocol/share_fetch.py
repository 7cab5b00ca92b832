"""ShareFetch (API key 78), versions 1-2."""

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
    """ShareFetchRequest.

    Versions:
      * 2: share_acquire_mode, is_renew_ack
    """

    group_id: NullableGroupId = None
    member_id: NullableString = ""
    share_session_epoch: Int32 = 0
    max_wait_ms: Int32 = 0
    min_bytes: Int32 = 0
    max_bytes: Int32 = 0x7FFFFFFF
    max_records: Int32 = 0
    batch_size: Int32 = 0
    share_acquire_mode: Int8 = field(versions="2+", ignorable=True, default=0)
    is_renew_ack: Bool = field(versions="2+", default=False)
    topics: list["ShareFetchRequest.FetchTopic"] = EMPTY
    forgotten_topics_data: list["ShareFetchRequest.ForgottenTopic"] = EMPTY

    class FetchTopic(Struct):
        """FetchTopic."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["ShareFetchRequest.FetchPartition"] = EMPTY

    class FetchPartition(Struct):
        """FetchPartition."""

        partition_index: Int32 = 0
        acknowledgement_batches: list["ShareFetchRequest.AcknowledgementBatch"] = EMPTY

    class AcknowledgementBatch(Struct):
        """AcknowledgementBatch."""

        first_offset: Int64 = 0
        last_offset: Int64 = 0
        acknowledge_types: list[Int8] = EMPTY

    class ForgottenTopic(Struct):
        """ForgottenTopic."""

        topic_id: Uuid = ZERO_UUID
        partitions: list[Int32] = EMPTY


class ShareFetchResponse(Response, key=78, versions="1-2", flexible="0+"):
    """ShareFetchResponse."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: NullableString = None
    acquisition_lock_timeout_ms: Int32 = 0
    responses: list["ShareFetchResponse.ShareFetchableTopicResponse"] = EMPTY
    node_endpoints: list["ShareFetchResponse.NodeEndpoint"] = EMPTY

    class ShareFetchableTopicResponse(Struct):
        """ShareFetchableTopicResponse."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["ShareFetchResponse.PartitionData"] = EMPTY

    class PartitionData(Struct):
        """PartitionData."""

        partition_index: Int32 = 0
        error_code: Int16 = 0
        error_message: NullableString = None
        acknowledge_error_code: Int16 = 0
        acknowledge_error_message: NullableString = None
        current_leader: "ShareFetchResponse.LeaderIdAndEpoch" = EMPTY
        records: Bytes = b""
        acquired_records: list["ShareFetchResponse.AcquiredRecords"] = EMPTY

    class LeaderIdAndEpoch(Struct):
        """LeaderIdAndEpoch."""

        leader_id: Int32 = 0
        leader_epoch: Int32 = 0

    class AcquiredRecords(Struct):
        """AcquiredRecords."""

        first_offset: Int64 = 0
        last_offset: Int64 = 0
        delivery_count: Int16 = 0

    class NodeEndpoint(Struct):
        """NodeEndpoint."""

        node_id: BrokerId = 0
        host: String = ""
        port: Int32 = 0
        rack: NullableString = None
