"""TxnOffsetCommit (API key 28), versions 0-5.

Stores positions of a group as part of a transaction.
"""

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
    """Stores positions that count when the transaction commits.

    Versions:
      * 2: Partition.committed_leader_epoch
      * 3: generation_id, member_id, group_instance_id: only members may commit (KIP-447),
        flexible
      * 4: TRANSACTION_ABORTABLE may be answered (KIP-890)
      * 5: adds the group to the transaction by itself (KIP-890)
    """

    transactional_id: TransactionalId = ""
    group_id: GroupId = ""
    producer_id: ProducerId = 0
    producer_epoch: Int16 = 0
    # -1 when the producer does not know the group's members.
    generation_id: Int32 = field(versions="3+", default=-1)
    member_id: String = field(versions="3+", default="")
    group_instance_id: NullableString = field(versions="3+", default=None)
    topics: list["TxnOffsetCommitRequest.Topic"] = EMPTY

    class Topic(Struct):
        """Positions in one topic."""

        name: TopicName = ""
        partitions: list["TxnOffsetCommitRequest.Partition"] = EMPTY

    class Partition(Struct):
        """A position in one partition."""

        partition_index: Int32 = 0
        committed_offset: Int64 = 0
        # Of the last record read; -1 when unknown.
        committed_leader_epoch: Int32 = field(versions="2+", ignorable=True, default=-1)
        committed_metadata: NullableString = ""


class TxnOffsetCommitResponse(Response, key=28, versions="0-5", flexible="3+"):
    """Whether each position was stored.

    Versions:
      * 3: flexible
    """

    throttle_time_ms: Int32 = 0
    topics: list["TxnOffsetCommitResponse.Topic"] = EMPTY

    class Topic(Struct):
        """One topic's outcomes."""

        name: TopicName = ""
        partitions: list["TxnOffsetCommitResponse.Partition"] = EMPTY

    class Partition(Struct):
        """The outcome for one partition."""

        partition_index: Int32 = 0
        error_code: Int16 = 0
