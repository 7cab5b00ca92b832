"""ListTransactions (API key 66), versions 0-2."""

from pybroker.protocol.declare import (
    EMPTY,
    Int16,
    Int32,
    Int64,
    NullableString,
    ProducerId,
    Request,
    Response,
    String,
    Struct,
    TransactionalId,
    field,
)


class ListTransactionsRequest(Request, key=66, versions="0-2", flexible="0+"):
    """ListTransactionsRequest.

    Versions:
      * 1: duration_filter
      * 2: transactional_id_pattern
    """

    state_filters: list[String] = EMPTY
    producer_id_filters: list[ProducerId] = EMPTY
    duration_filter: Int64 = field(versions="1+", default=-1)
    transactional_id_pattern: NullableString = field(versions="2+", default=None)


class ListTransactionsResponse(Response, key=66, versions="0-2", flexible="0+"):
    """ListTransactionsResponse."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    unknown_state_filters: list[String] = EMPTY
    transaction_states: list["ListTransactionsResponse.TransactionState"] = EMPTY

    class TransactionState(Struct):
        """TransactionState."""

        transactional_id: TransactionalId = ""
        producer_id: ProducerId = 0
        transaction_state: String = ""
