"""DescribeLogDirs (API key 35), versions 1-5.

Behaviour:
  * Answers every log dir with the replicas in it that are asked for: all, when no topics are named.
  * A dir that is offline is KAFKA_STORAGE_ERROR, without replicas and sizes.
  * A replica is never behind and never on its way to another dir; a log that is offline is left
    out.

Versions:
  * 2: flexible
  * 3: error_code of the whole answer
  * 4: total_bytes, usable_bytes (KIP-827)
  * 5: is_cordoned: no dir is ever closed to new replicas (KIP-1066)
"""

from typing import TYPE_CHECKING

from pybroker.errors import ErrorCode
from pybroker.protocol.describe_log_dirs import DescribeLogDirsRequest, DescribeLogDirsResponse

if TYPE_CHECKING:
    from pybroker.api import RequestContext
    from pybroker.broker import Broker

    Partition = DescribeLogDirsResponse.DescribeLogDirsPartition


def describe_log_dirs(
    broker: "Broker",
    context: "RequestContext",
    request: DescribeLogDirsRequest,
) -> DescribeLogDirsResponse:
    """Answer from memory, and from what the file systems say of themselves."""
    dirs = broker.data_plane.log_dirs()
    replicas = _replicas(broker, request, len(dirs))
    results = []
    for (path, reason, total_bytes, usable_bytes), topics in zip(dirs, replicas, strict=True):
        result = DescribeLogDirsResponse.DescribeLogDirsResult(log_dir=path)
        if reason is None:
            result.total_bytes, result.usable_bytes = total_bytes, usable_bytes
            result.topics = [
                DescribeLogDirsResponse.DescribeLogDirsTopic(name=name, partitions=partitions)
                for name, partitions in topics.items()
            ]
        else:
            result.error_code = ErrorCode.KAFKA_STORAGE_ERROR
        results.append(result)
    return DescribeLogDirsResponse(results=results)


def _replicas(
    broker: "Broker", request: DescribeLogDirsRequest, dirs: int
) -> "list[dict[str, list[Partition]]]":
    """Collect the replicas that are asked for, by dir and topic."""
    asked = None
    if request.topics is not None:
        asked = {(topic.topic, index) for topic in request.topics for index in topic.partitions}
    replicas: list[dict[str, list[Partition]]] = [{} for _ in range(dirs)]
    for topic_id, index, place, size_bytes in sorted(broker.data_plane.log_sizes()):
        topic = broker.topics.by_id.get(topic_id)
        if topic is None or (asked is not None and (topic.name, index) not in asked):
            continue
        replicas[place].setdefault(topic.name, []).append(
            DescribeLogDirsResponse.DescribeLogDirsPartition(
                partition_index=index, partition_size=size_bytes
            )
        )
    return replicas
