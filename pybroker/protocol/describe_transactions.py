"""DescribeTransactions (API key 65), version 0: the state of transactional ids."""

from pybroker.protocol.declare import (
    EMPTY,
    Int16,
    Int32,
    Int64,
    ProducerId,
    Request,
    Response,
    String,
    Struct,
    TopicName,
    TransactionalId,
)


class DescribeTransactionsRequest(Request, key=65, versions="0", flexible="0+"):
    """Asks a coordinator for transactional ids."""

    transactional_ids: list[TransactionalId] = EMPTY


class DescribeTransactionsResponse(Response, key=65, versions="0", flexible="0+"):
    """The state of each."""

    throttle_time_ms: Int32 = 0
    transaction_states: list["DescribeTransactionsResponse.TransactionState"] = EMPTY

    class TransactionState(Struct):
        """One transactional id."""

        error_code: Int16 = 0
        transactional_id: TransactionalId = ""
        # Empty, Ongoing, PrepareCommit, PrepareAbort, CompleteCommit or CompleteAbort, among
        # others.
        transaction_state: String = ""
        transaction_timeout_ms: Int32 = 0
        # -1 without an open transaction.
        transaction_start_time_ms: Int64 = 0
        producer_id: ProducerId = 0
        producer_epoch: Int16 = 0
        topics: list["DescribeTransactionsResponse.TopicData"] = EMPTY

    class TopicData(Struct):
        """Partitions of one topic in the transaction."""

        topic: TopicName = ""
        partitions: list[Int32] = EMPTY
