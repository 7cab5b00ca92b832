"""TxnOffsetCommit (API key 28), versions 0-5."""

from pybroker.protocol.declare import (
    EMPTY,
    GroupId,
    Int16,
    Int32,
    Int64,
    NullableString,
    ProducerId,
    Request,
    Response,
    String,
    Struct,
    TopicName,
    TransactionalId,
    field,
)


class TxnOffsetCommitRequest(Request, key=28, versions="0-5", flexible="3+"):
    """TxnOffsetCommitRequest.

    Versions:
      * 2: Partition.committed_leader_epoch
      * 3: generation_id, member_id, group_instance_id, flexible
    """

    transactional_id: TransactionalId = ""
    group_id: GroupId = ""
    producer_id: ProducerId = 0
    producer_epoch: Int16 = 0
    generation_id: Int32 = field(versions="3+", default=-1)
    member_id: String = field(versions="3+", default="")
    group_instance_id: NullableString = field(versions="3+", default=None)
    topics: list["TxnOffsetCommitRequest.Topic"] = EMPTY

    class Topic(Struct):
        """Topic."""

        name: TopicName = ""
        partitions: list["TxnOffsetCommitRequest.Partition"] = EMPTY

    class Partition(Struct):
        """Partition."""

        partition_index: Int32 = 0
        committed_offset: Int64 = 0
        committed_leader_epoch: Int32 = field(versions="2+", ignorable=True, default=-1)
        committed_metadata: NullableString = ""


class TxnOffsetCommitResponse(Response, key=28, versions="0-5", flexible="3+"):
    """TxnOffsetCommitResponse.

    Versions:
      * 3: flexible
    """

    throttle_time_ms: Int32 = 0
    topics: list["TxnOffsetCommitResponse.Topic"] = EMPTY

    class Topic(Struct):
        """Topic."""

        name: TopicName = ""
        partitions: list["TxnOffsetCommitResponse.Partition"] = EMPTY

    class Partition(Struct):
        """Partition."""

        partition_index: Int32 = 0
        error_code: Int16 = 0
