"""AddPartitionsToTxn (API key 24), versions 0-5."""

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
    """AddPartitionsToTxnRequest.

    Versions:
      * 3: flexible
      * 4: transactions, without v3_and_below_transactional_id, without
        v3_and_below_producer_id, without v3_and_below_producer_epoch, without
        v3_and_below_topics
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
        """AddPartitionsToTxnTransaction."""

        transactional_id: TransactionalId = ""
        producer_id: ProducerId = 0
        producer_epoch: Int16 = 0
        verify_only: Bool = False
        topics: list["AddPartitionsToTxnRequest.AddPartitionsToTxnTopic"] = EMPTY

    class AddPartitionsToTxnTopic(Struct):
        """AddPartitionsToTxnTopic."""

        name: TopicName = ""
        partitions: list[Int32] = EMPTY


class AddPartitionsToTxnResponse(Response, key=24, versions="0-5", flexible="3+"):
    """AddPartitionsToTxnResponse.

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
        """AddPartitionsToTxnResult."""

        transactional_id: TransactionalId = ""
        topic_results: list["AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult"] = EMPTY

    class AddPartitionsToTxnTopicResult(Struct):
        """AddPartitionsToTxnTopicResult."""

        name: TopicName = ""
        results_by_partition: list[
            "AddPartitionsToTxnResponse.AddPartitionsToTxnPartitionResult"
        ] = EMPTY

    class AddPartitionsToTxnPartitionResult(Struct):
        """AddPartitionsToTxnPartitionResult."""

        partition_index: Int32 = 0
        partition_error_code: Int16 = 0
