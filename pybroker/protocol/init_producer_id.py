"""InitProducerId (API key 22), versions 0-6."""

from pybroker.protocol.declare import (
    Bool,
    Int16,
    Int32,
    NullableTransactionalId,
    ProducerId,
    Request,
    Response,
    field,
)


class InitProducerIdRequest(Request, key=22, versions="0-6", flexible="2+"):
    """InitProducerIdRequest.

    Versions:
      * 2: flexible
      * 3: producer_id, producer_epoch
      * 6: enable2_pc, keep_prepared_txn
    """

    transactional_id: NullableTransactionalId = ""
    transaction_timeout_ms: Int32 = 0
    producer_id: ProducerId = field(versions="3+", default=-1)
    producer_epoch: Int16 = field(versions="3+", default=-1)
    enable2_pc: Bool = field(versions="6+", default=False)
    keep_prepared_txn: Bool = field(versions="6+", default=False)


class InitProducerIdResponse(Response, key=22, versions="0-6", flexible="2+"):
    """InitProducerIdResponse.

    Versions:
      * 2: flexible
      * 6: ongoing_txn_producer_id, ongoing_txn_producer_epoch
    """

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    producer_id: ProducerId = -1
    producer_epoch: Int16 = 0
    ongoing_txn_producer_id: ProducerId = field(versions="6+", default=-1)
    ongoing_txn_producer_epoch: Int16 = field(versions="6+", default=-1)
