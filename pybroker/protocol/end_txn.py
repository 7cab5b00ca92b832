"""EndTxn (API key 26), versions 0-5."""

from pybroker.protocol.declare import (
    Bool,
    Int16,
    Int32,
    ProducerId,
    Request,
    Response,
    TransactionalId,
    field,
)


class EndTxnRequest(Request, key=26, versions="0-5", flexible="3+"):
    """EndTxnRequest.

    Versions:
      * 3: flexible
    """

    transactional_id: TransactionalId = ""
    producer_id: ProducerId = 0
    producer_epoch: Int16 = 0
    committed: Bool = False


class EndTxnResponse(Response, key=26, versions="0-5", flexible="3+"):
    """EndTxnResponse.

    Versions:
      * 3: flexible
      * 5: producer_id, producer_epoch
    """

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    producer_id: ProducerId = field(versions="5+", ignorable=True, default=-1)
    producer_epoch: Int16 = field(versions="5+", ignorable=True, default=-1)
