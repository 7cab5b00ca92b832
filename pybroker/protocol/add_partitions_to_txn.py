"""AddPartitionsToTxn (API key 24), versions 0-5: partitions join a transaction."""

from pybroker.protocol.declare import (
    EMPTY,
    Bool,
    Int16,
    Int32,
    ProducerId,
    Request,
    Response,
    Struct,
    TopicName,
    TransactionalId,
    field,
)


class AddPartitionsToTxnRequest(Request, key=24, versions="0-5", flexible="3+"):
    """Adds partitions to transactions, before anything is written to them.

    Version 4 and above is for brokers: several transactions at once, or only a check.

    Versions:
      * 3: flexible
      * 4: transactions, without the fields of a single one (KIP-890)
      * 5: TRANSACTION_ABORTABLE may be answered (KIP-890)
    """

    transactions: list["AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction"] = field(
        versions="4+", default=EMPTY
    )
    v3_and_below_transactional_id: TransactionalId = field(versions="0-3", default="")
    v3_and_below_producer_id: ProducerId = field(versions="0-3", default=0)
    v3_and_below_producer_epoch: Int16 = field(versions="0-3", default=0)
    v3_and_below_topics: list["AddPartitionsToTxnRequest.AddPartitionsToTxnTopic"] = field(
        versions="0-3", default=EMPTY
    )

    class AddPartitionsToTxnTransaction(Struct):
        """One transaction."""

        transactional_id: TransactionalId = ""
        producer_id: ProducerId = 0
        producer_epoch: Int16 = 0
        # Check that the partitions are in it already.
        verify_only: Bool = False
        topics: list["AddPartitionsToTxnRequest.AddPartitionsToTxnTopic"] = EMPTY

    class AddPartitionsToTxnTopic(Struct):
        """Partitions of one topic."""

        name: TopicName = ""
        partitions: list[Int32] = EMPTY


class AddPartitionsToTxnResponse(Response, key=24, versions="0-5", flexible="3+"):
    """The outcome for each partition.

    Versions:
      * 3: flexible
      * 4: error_code, results_by_transaction, without results_by_topic_v3_and_below
    """

    throttle_time_ms: Int32 = 0
    error_code: Int16 = field(versions="4+", ignorable=True, default=0)
    results_by_transaction: list["AddPartitionsToTxnResponse.AddPartitionsToTxnResult"] = field(
        versions="4+", default=EMPTY
    )
    results_by_topic_v3_and_below: list[
        "AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult"
    ] = field(versions="0-3", default=EMPTY)

    class AddPartitionsToTxnResult(Struct):
        """One transaction's outcomes."""

        transactional_id: TransactionalId = ""
        topic_results: list["AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult"] = EMPTY

    class AddPartitionsToTxnTopicResult(Struct):
        """One topic's outcomes."""

        name: TopicName = ""
        results_by_partition: list[
            "AddPartitionsToTxnResponse.AddPartitionsToTxnPartitionResult"
        ] = EMPTY

    class AddPartitionsToTxnPartitionResult(Struct):
        """The outcome for one partition."""

        partition_index: Int32 = 0
        partition_error_code: Int16 = 0
