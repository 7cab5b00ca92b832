"""InitProducerId (API key 22), versions 0-6.

An id and an epoch for an idempotent or transactional producer.
"""

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
    """Asks for a producer id; for a transactional id, also fences its earlier producers.

    Versions:
      * 2: flexible
      * 3: producer_id, producer_epoch
      * 4: PRODUCER_FENCED may be answered
      * 5: TRANSACTION_ABORTABLE may be answered (KIP-890)
      * 6: enable2_pc, keep_prepared_txn (KIP-939); not yet stable
    """

    # None for a producer that is idempotent only.
    transactional_id: NullableTransactionalId = ""
    transaction_timeout_ms: Int32 = 0
    # The present one, to bump its epoch (KIP-360); -1 for a new one.
    producer_id: ProducerId = field(versions="3+", default=-1)
    producer_epoch: Int16 = field(versions="3+", default=-1)
    # Take part in two-phase commits of an outside coordinator (KIP-939).
    enable2_pc: Bool = field(versions="6+", default=False)
    # Do not abort the transaction that is prepared (KIP-939).
    keep_prepared_txn: Bool = field(versions="6+", default=False)


class InitProducerIdResponse(Response, key=22, versions="0-6", flexible="2+"):
    """The producer id and epoch to write with.

    Versions:
      * 2: flexible
      * 6: ongoing_txn_producer_id, ongoing_txn_producer_epoch
    """

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    producer_id: ProducerId = -1
    producer_epoch: Int16 = 0
    # Of the prepared transaction that was kept; -1 when there is none.
    ongoing_txn_producer_id: ProducerId = field(versions="6+", default=-1)
    ongoing_txn_producer_epoch: Int16 = field(versions="6+", default=-1)
