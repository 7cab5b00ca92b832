"""ShareAcknowledge (API key 79), versions 1-2.

What became of the records that a share group's member acquired.
"""

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
    """Acknowledges records without asking for more.

    Versions:
      * 2: is_renew_ack (KIP-1222)
    """

    group_id: NullableGroupId = None
    member_id: NullableString = ""
    # -1 closes the session.
    share_session_epoch: Int32 = 0
    is_renew_ack: Bool = field(versions="2+", default=False)
    topics: list["ShareAcknowledgeRequest.AcknowledgeTopic"] = EMPTY

    class AcknowledgeTopic(Struct):
        """One topic's acknowledgements."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["ShareAcknowledgeRequest.AcknowledgePartition"] = EMPTY

    class AcknowledgePartition(Struct):
        """One partition's acknowledgements."""

        partition_index: Int32 = 0
        acknowledgement_batches: list["ShareAcknowledgeRequest.AcknowledgementBatch"] = EMPTY

    class AcknowledgementBatch(Struct):
        """What became of records from `first_offset` to `last_offset`."""

        first_offset: Int64 = 0
        last_offset: Int64 = 0
        # As in ShareFetch.
        acknowledge_types: list[Int8] = EMPTY


class ShareAcknowledgeResponse(Response, key=79, versions="1-2", flexible="0+"):
    """Whether each partition's acknowledgements were taken.

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
        """One topic's outcomes."""

        topic_id: Uuid = ZERO_UUID
        partitions: list["ShareAcknowledgeResponse.PartitionData"] = EMPTY

    class PartitionData(Struct):
        """The outcome for one partition."""

        partition_index: Int32 = 0
        error_code: Int16 = 0
        error_message: NullableString = None
        current_leader: "ShareAcknowledgeResponse.LeaderIdAndEpoch" = EMPTY

    class LeaderIdAndEpoch(Struct):
        """The leader, told with NOT_LEADER_OR_FOLLOWER."""

        leader_id: Int32 = 0
        leader_epoch: Int32 = 0

    class NodeEndpoint(Struct):
        """Where a leader that `current_leader` names is reached."""

        node_id: BrokerId = 0
        host: String = ""
        port: Int32 = 0
        rack: NullableString = None
