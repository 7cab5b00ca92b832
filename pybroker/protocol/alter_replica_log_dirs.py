"""AlterReplicaLogDirs (API key 34), versions 1-2: moves replicas between log directories."""

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
    """Names the directory that replicas shall be in.

    Versions:
      * 2: flexible
    """

    dirs: list["AlterReplicaLogDirsRequest.AlterReplicaLogDir"] = EMPTY

    class AlterReplicaLogDir(Struct):
        """One directory, and what shall be in it."""

        path: String = ""
        topics: list["AlterReplicaLogDirsRequest.AlterReplicaLogDirTopic"] = EMPTY

    class AlterReplicaLogDirTopic(Struct):
        """Partitions of one topic."""

        name: TopicName = ""
        partitions: list[Int32] = EMPTY


class AlterReplicaLogDirsResponse(Response, key=34, versions="1-2", flexible="2+"):
    """The outcome for each replica.

    Versions:
      * 2: flexible
    """

    throttle_time_ms: Int32 = 0
    results: list["AlterReplicaLogDirsResponse.AlterReplicaLogDirTopicResult"] = EMPTY

    class AlterReplicaLogDirTopicResult(Struct):
        """One topic's outcomes."""

        topic_name: TopicName = ""
        partitions: list["AlterReplicaLogDirsResponse.AlterReplicaLogDirPartitionResult"] = EMPTY

    class AlterReplicaLogDirPartitionResult(Struct):
        """The outcome for one replica."""

        partition_index: Int32 = 0
        error_code: Int16 = 0
