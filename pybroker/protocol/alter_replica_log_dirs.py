"""AlterReplicaLogDirs (API key 34), versions 1-2."""

from pybroker.protocol.declare import (
    EMPTY,
    Int16,
    Int32,
    Request,
    Response,
    String,
    Struct,
    TopicName,
)


class AlterReplicaLogDirsRequest(Request, key=34, versions="1-2", flexible="2+"):
    """AlterReplicaLogDirsRequest.

    Versions:
      * 2: flexible
    """

    dirs: list["AlterReplicaLogDirsRequest.AlterReplicaLogDir"] = EMPTY

    class AlterReplicaLogDir(Struct):
        """AlterReplicaLogDir."""

        path: String = ""
        topics: list["AlterReplicaLogDirsRequest.AlterReplicaLogDirTopic"] = EMPTY

    class AlterReplicaLogDirTopic(Struct):
        """AlterReplicaLogDirTopic."""

        name: TopicName = ""
        partitions: list[Int32] = EMPTY


class AlterReplicaLogDirsResponse(Response, key=34, versions="1-2", flexible="2+"):
    """AlterReplicaLogDirsResponse.

    Versions:
      * 2: flexible
    """

    throttle_time_ms: Int32 = 0
    results: list["AlterReplicaLogDirsResponse.AlterReplicaLogDirTopicResult"] = EMPTY

    class AlterReplicaLogDirTopicResult(Struct):
        """AlterReplicaLogDirTopicResult."""

        topic_name: TopicName = ""
        partitions: list["AlterReplicaLogDirsResponse.AlterReplicaLogDirPartitionResult"] = EMPTY

    class AlterReplicaLogDirPartitionResult(Struct):
        """AlterReplicaLogDirPartitionResult."""

        partition_index: Int32 = 0
        error_code: Int16 = 0
