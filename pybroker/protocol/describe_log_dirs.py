"""DescribeLogDirs (API key 35), versions 1-5: what the log directories hold."""

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
    """Asks for log directories and the sizes of replicas in them.

    Versions:
      * 2: flexible
    """

    # None for all.
    topics: list["DescribeLogDirsRequest.DescribableLogDirTopic"] | None = EMPTY

    class DescribableLogDirTopic(Struct):
        """Partitions of one topic."""

        topic: TopicName = ""
        partitions: list[Int32] = EMPTY


class DescribeLogDirsResponse(Response, key=35, versions="1-5", flexible="2+"):
    """The log directories of this broker.

    Versions:
      * 2: flexible
      * 3: error_code
      * 4: DescribeLogDirsResult.total_bytes, DescribeLogDirsResult.usable_bytes (KIP-827)
      * 5: DescribeLogDirsResult.is_cordoned
    """

    throttle_time_ms: Int32 = 0
    error_code: Int16 = field(versions="3+", ignorable=True, default=0)
    results: list["DescribeLogDirsResponse.DescribeLogDirsResult"] = EMPTY

    class DescribeLogDirsResult(Struct):
        """One directory."""

        error_code: Int16 = 0
        log_dir: String = ""
        topics: list["DescribeLogDirsResponse.DescribeLogDirsTopic"] = EMPTY
        # Of the volume; -1 when unknown.
        total_bytes: Int64 = field(versions="4+", ignorable=True, default=-1)
        usable_bytes: Int64 = field(versions="4+", ignorable=True, default=-1)
        # Takes no new replicas.
        is_cordoned: Bool = field(versions="5+", ignorable=True, default=False)

    class DescribeLogDirsTopic(Struct):
        """One topic's replicas in the directory."""

        name: TopicName = ""
        partitions: list["DescribeLogDirsResponse.DescribeLogDirsPartition"] = EMPTY

    class DescribeLogDirsPartition(Struct):
        """One replica."""

        partition_index: Int32 = 0
        partition_size: Int64 = 0
        # How far it is behind the high watermark, or behind the replica that it will replace.
        offset_lag: Int64 = 0
        # It is being moved here.
        is_future_key: Bool = False
