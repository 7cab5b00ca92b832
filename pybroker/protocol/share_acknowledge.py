"""ShareAcknowledge (API key 79), versions 1-2."""

from pybroker.protocol.declare import (
    EMPTY,
    ZERO_UUID,
    Bool,
    BrokerId,
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


class ShareAcknowledgeRequest(Request, key=79, versions="1-2", flexible="0+"):
    """ShareAcknowledgeRequest.

    Versions:
      * 2: is_renew_ack
    """

    group_id: NullableGroupId = None
    member_id: NullableString = ""
    share_session_epoch: Int32 = 0
    is_renew_ack: Bool = field(versions="2+", default=False)
    topics: list["ShareAcknowledgeRequest.AcknowledgeTopic"] = EMPTY

    class AcknowledgeTopic(Struct):
        """AcknowledgeTopic."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["ShareAcknowledgeRequest.AcknowledgePartition"] = EMPTY

    class AcknowledgePartition(Struct):
        """AcknowledgePartition."""

        partition_index: Int32 = 0
        acknowledgement_batches: list["ShareAcknowledgeRequest.AcknowledgementBatch"] = EMPTY

    class AcknowledgementBatch(Struct):
        """AcknowledgementBatch."""

        first_offset: Int64 = 0
        last_offset: Int64 = 0
        acknowledge_types: list[Int8] = EMPTY


class ShareAcknowledgeResponse(Response, key=79, versions="1-2", flexible="0+"):
    """ShareAcknowledgeResponse.

    Versions:
      * 2: acquisition_lock_timeout_ms
    """

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: NullableString = None
    acquisition_lock_timeout_ms: Int32 = field(versions="2+", ignorable=True, default=0)
    responses: list["ShareAcknowledgeResponse.ShareAcknowledgeTopicResponse"] = EMPTY
    node_endpoints: list["ShareAcknowledgeResponse.NodeEndpoint"] = EMPTY

    class ShareAcknowledgeTopicResponse(Struct):
        """ShareAcknowledgeTopicResponse."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["ShareAcknowledgeResponse.PartitionData"] = EMPTY

    class PartitionData(Struct):
        """PartitionData."""

        partition_index: Int32 = 0
        error_code: Int16 = 0
        error_message: NullableString = None
        current_leader: "ShareAcknowledgeResponse.LeaderIdAndEpoch" = EMPTY

    class LeaderIdAndEpoch(Struct):
        """LeaderIdAndEpoch."""

        leader_id: Int32 = 0
        leader_epoch: Int32 = 0

    class NodeEndpoint(Struct):
        """NodeEndpoint."""

        node_id: BrokerId = 0
        host: String = ""
        port: Int32 = 0
        rack: NullableString = None
