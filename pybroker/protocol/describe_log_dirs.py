"""DescribeLogDirs (API key 35), versions 1-5."""

from pybroker.protocol.declare import (
    EMPTY,
    Bool,
    Int16,
    Int32,
    Int64,
    Request,
    Response,
    String,
    Struct,
    TopicName,
    field,
)


class DescribeLogDirsRequest(Request, key=35, versions="1-5", flexible="2+"):
    """DescribeLogDirsRequest.

    Versions:
      * 2: flexible
    """

    topics: list["DescribeLogDirsRequest.DescribableLogDirTopic"] | None = EMPTY

    class DescribableLogDirTopic(Struct):
        """DescribableLogDirTopic."""

        topic: TopicName = ""
        partitions: list[Int32] = EMPTY


class DescribeLogDirsResponse(Response, key=35, versions="1-5", flexible="2+"):
    """DescribeLogDirsResponse.

    Versions:
      * 2: flexible
      * 3: error_code
      * 4: DescribeLogDirsResult.total_bytes, DescribeLogDirsResult.usable_bytes
      * 5: DescribeLogDirsResult.is_cordoned
    """

    throttle_time_ms: Int32 = 0
    error_code: Int16 = field(versions="3+", ignorable=True, default=0)
    results: list["DescribeLogDirsResponse.DescribeLogDirsResult"] = EMPTY

    class DescribeLogDirsResult(Struct):
        """DescribeLogDirsResult."""

        error_code: Int16 = 0
        log_dir: String = ""
        topics: list["DescribeLogDirsResponse.DescribeLogDirsTopic"] = EMPTY
        total_bytes: Int64 = field(versions="4+", ignorable=True, default=-1)
        usable_bytes: Int64 = field(versions="4+", ignorable=True, default=-1)
        is_cordoned: Bool = field(versions="5+", ignorable=True, default=False)

    class DescribeLogDirsTopic(Struct):
        """DescribeLogDirsTopic."""

        name: TopicName = ""
        partitions: list["DescribeLogDirsResponse.DescribeLogDirsPartition"] = EMPTY

    class DescribeLogDirsPartition(Struct):
        """DescribeLogDirsPartition."""

        partition_index: Int32 = 0
        partition_size: Int64 = 0
        offset_lag: Int64 = 0
        is_future_key: Bool = False
