"""AddOffsetsToTxn (API key 25), versions 0-4: a group's positions join a transaction."""

from pybroker.protocol.declare import (
    GroupId,
    Int16,
    Int32,
    ProducerId,
    Request,
    Response,
    TransactionalId,
)


class AddOffsetsToTxnRequest(Request, key=25, versions="0-4", flexible="3+"):
    """Adds the positions of a group to the transaction, before TxnOffsetCommit.

    Versions:
      * 2: PRODUCER_FENCED may be answered
      * 3: flexible
      * 4: TRANSACTION_ABORTABLE may be answered (KIP-890)
    """

    transactional_id: TransactionalId = ""
    producer_id: ProducerId = 0
    producer_epoch: Int16 = 0
    group_id: GroupId = ""


class AddOffsetsToTxnResponse(Response, key=25, versions="0-4", flexible="3+"):
    """Whether the group was added.

    Versions:
      * 3: flexible
    """

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
