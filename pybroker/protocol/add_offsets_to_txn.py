"""AddOffsetsToTxn (API key 25), versions 0-4."""

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
    """AddOffsetsToTxnRequest.

    Versions:
      * 3: flexible
    """

    transactional_id: TransactionalId = ""
    producer_id: ProducerId = 0
    producer_epoch: Int16 = 0
    group_id: GroupId = ""


class AddOffsetsToTxnResponse(Response, key=25, versions="0-4", flexible="3+"):
    """AddOffsetsToTxnResponse.

    Versions:
      * 3: flexible
    """

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
