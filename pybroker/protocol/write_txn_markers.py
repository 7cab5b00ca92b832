"""WriteTxnMarkers (API key 27), versions 1-2.

The end of transactions, written into their partitions. For brokers.
"""

from pybroker.protocol.declare import (
    EMPTY,
    Bool,
    Int8,
    Int16,
    Int32,
    ProducerId,
    Request,
    Response,
    Struct,
    TopicName,
    field,
)


class WriteTxnMarkersRequest(Request, key=27, versions="1-2", flexible="1+"):
    """Writes COMMIT or ABORT markers.

    Versions:
      * 2: WritableTxnMarker.transaction_version
    """

    markers: list["WriteTxnMarkersRequest.WritableTxnMarker"] = EMPTY

    class WritableTxnMarker(Struct):
        """The end of one transaction."""

        producer_id: ProducerId = 0
        producer_epoch: Int16 = 0
        # True commits.
        transaction_result: Bool = False
        topics: list["WriteTxnMarkersRequest.WritableTxnMarkerTopic"] = EMPTY
        coordinator_epoch: Int32 = 0
        # 2 demands that the epoch is above the records' (KIP-1228).
        transaction_version: Int8 = field(versions="2+", ignorable=True, default=0)

    class WritableTxnMarkerTopic(Struct):
        """Partitions of one topic."""

        name: TopicName = ""
        partition_indexes: list[Int32] = EMPTY


class WriteTxnMarkersResponse(Response, key=27, versions="1-2", flexible="1+"):
    """The outcome for each marker and partition."""

    markers: list["WriteTxnMarkersResponse.WritableTxnMarkerResult"] = EMPTY

    class WritableTxnMarkerResult(Struct):
        """One marker's outcomes."""

        producer_id: ProducerId = 0
        topics: list["WriteTxnMarkersResponse.WritableTxnMarkerTopicResult"] = EMPTY

    class WritableTxnMarkerTopicResult(Struct):
        """One topic's outcomes."""

        name: TopicName = ""
        partitions: list["WriteTxnMarkersResponse.WritableTxnMarkerPartitionResult"] = EMPTY

    class WritableTxnMarkerPartitionResult(Struct):
        """The outcome for one partition."""

        partition_index: Int32 = 0
        error_code: Int16 = 0
