"""ListTransactions (API key 66), versions 0-2: the transactions that a broker coordinates."""

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
    """Asks for transactions by state, producer, age or name.

    Versions:
      * 1: duration_filter (KIP-994)
      * 2: transactional_id_pattern (KIP-1152)
    """

    state_filters: list[String] = EMPTY
    producer_id_filters: list[ProducerId] = EMPTY
    # Only those that run longer, in ms; -1 for all.
    duration_filter: Int64 = field(versions="1+", default=-1)
    # A regular expression; None for all.
    transactional_id_pattern: NullableString = field(versions="2+", default=None)


class ListTransactionsResponse(Response, key=66, versions="0-2", flexible="0+"):
    """The transactions that match all filters."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    # States asked for that do not exist.
    unknown_state_filters: list[String] = EMPTY
    transaction_states: list["ListTransactionsResponse.TransactionState"] = EMPTY

    class TransactionState(Struct):
        """One transaction."""

        transactional_id: TransactionalId = ""
        producer_id: ProducerId = 0
        transaction_state: String = ""
