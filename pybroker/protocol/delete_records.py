"""DeleteRecords (API key 21), versions 0-2: moves the log start offset of partitions."""

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
    """Deletes all records before an offset.

    Versions:
      * 2: flexible
    """

    topics: list["DeleteRecordsRequest.DeleteRecordsTopic"] = EMPTY
    timeout_ms: Int32 = 0

    class DeleteRecordsTopic(Struct):
        """The partitions of one topic."""

        name: TopicName = ""
        partitions: list["DeleteRecordsRequest.DeleteRecordsPartition"] = EMPTY

    class DeleteRecordsPartition(Struct):
        """One partition."""

        partition_index: Int32 = 0
        # First to keep; -1 for the high watermark.
        offset: Int64 = 0


class DeleteRecordsResponse(Response, key=21, versions="0-2", flexible="2+"):
    """The log start offset of each partition after that.

    Versions:
      * 2: flexible
    """

    throttle_time_ms: Int32 = 0
    topics: list["DeleteRecordsResponse.DeleteRecordsTopicResult"] = EMPTY

    class DeleteRecordsTopicResult(Struct):
        """One topic's outcomes."""

        name: TopicName = ""
        partitions: list["DeleteRecordsResponse.DeleteRecordsPartitionResult"] = EMPTY

    class DeleteRecordsPartitionResult(Struct):
        """The outcome for one partition."""

        partition_index: Int32 = 0
        # The smallest log start offset of all replicas.
        low_watermark: Int64 = 0
        error_code: Int16 = 0
