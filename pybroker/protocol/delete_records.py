"""DeleteRecords (API key 21), versions 0-2."""

from pybroker.protocol.declare import (
    EMPTY,
    Int16,
    Int32,
    Int64,
    Request,
    Response,
    Struct,
    TopicName,
)


class DeleteRecordsRequest(Request, key=21, versions="0-2", flexible="2+"):
    """DeleteRecordsRequest.

    Versions:
      * 2: flexible
    """

    topics: list["DeleteRecordsRequest.DeleteRecordsTopic"] = EMPTY
    timeout_ms: Int32 = 0

    class DeleteRecordsTopic(Struct):
        """DeleteRecordsTopic."""

        name: TopicName = ""
        partitions: list["DeleteRecordsRequest.DeleteRecordsPartition"] = EMPTY

    class DeleteRecordsPartition(Struct):
        """DeleteRecordsPartition."""

        partition_index: Int32 = 0
        offset: Int64 = 0


class DeleteRecordsResponse(Response, key=21, versions="0-2", flexible="2+"):
    """DeleteRecordsResponse.

    Versions:
      * 2: flexible
    """

    throttle_time_ms: Int32 = 0
    topics: list["DeleteRecordsResponse.DeleteRecordsTopicResult"] = EMPTY

    class DeleteRecordsTopicResult(Struct):
        """DeleteRecordsTopicResult."""

        name: TopicName = ""
        partitions: list["DeleteRecordsResponse.DeleteRecordsPartitionResult"] = EMPTY

    class DeleteRecordsPartitionResult(Struct):
        """DeleteRecordsPartitionResult."""

        partition_index: Int32 = 0
        low_watermark: Int64 = 0
        error_code: Int16 = 0
