"""EndTxn (API key 26), versions 0-5: commits or aborts a transaction."""

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
    """Ends the transaction of a producer.

    Versions:
      * 2: PRODUCER_FENCED may be answered
      * 3: flexible
      * 4: TRANSACTION_ABORTABLE may be answered (KIP-890)
      * 5: the epoch is bumped with each transaction (KIP-890)
    """

    transactional_id: TransactionalId = ""
    producer_id: ProducerId = 0
    producer_epoch: Int16 = 0
    # False aborts.
    committed: Bool = False


class EndTxnResponse(Response, key=26, versions="0-5", flexible="3+"):
    """Whether the end was decided; markers may follow later.

    Versions:
      * 3: flexible
      * 5: producer_id, producer_epoch
    """

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    # To use from now on; it changes when the epochs are used up.
    producer_id: ProducerId = field(versions="5+", ignorable=True, default=-1)
    producer_epoch: Int16 = field(versions="5+", ignorable=True, default=-1)
