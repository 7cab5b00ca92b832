"""WriteTxnMarkers (API key 27), versions 1-2."""

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
    """WriteTxnMarkersRequest.

    Versions:
      * 2: WritableTxnMarker.transaction_version
    """

    markers: list["WriteTxnMarkersRequest.WritableTxnMarker"] = EMPTY

    class WritableTxnMarker(Struct):
        """WritableTxnMarker."""

        producer_id: ProducerId = 0
        producer_epoch: Int16 = 0
        transaction_result: Bool = False
        topics: list["WriteTxnMarkersRequest.WritableTxnMarkerTopic"] = EMPTY
        coordinator_epoch: Int32 = 0
        transaction_version: Int8 = field(versions="2+", ignorable=True, default=0)

    class WritableTxnMarkerTopic(Struct):
        """WritableTxnMarkerTopic."""

        name: TopicName = ""
        partition_indexes: list[Int32] = EMPTY


class WriteTxnMarkersResponse(Response, key=27, versions="1-2", flexible="1+"):
    """WriteTxnMarkersResponse."""

    markers: list["WriteTxnMarkersResponse.WritableTxnMarkerResult"] = EMPTY

    class WritableTxnMarkerResult(Struct):
        """WritableTxnMarkerResult."""

        producer_id: ProducerId = 0
        topics: list["WriteTxnMarkersResponse.WritableTxnMarkerTopicResult"] = EMPTY

    class WritableTxnMarkerTopicResult(Struct):
        """WritableTxnMarkerTopicResult."""

        name: TopicName = ""
        partitions: list["WriteTxnMarkersResponse.WritableTxnMarkerPartitionResult"] = EMPTY

    class WritableTxnMarkerPartitionResult(Struct):
        """WritableTxnMarkerPartitionResult."""

        partition_index: Int32 = 0
        error_code: Int16 = 0
