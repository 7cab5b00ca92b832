"""ListOffsets (API key 2), versions 1-11.

Behaviour:
  * latest (-1) is the high watermark; with read_committed it is the last stable offset, for a
    replica the log end offset.
  * earliest (-2) and earliest local (-4) are the log start offset; the tiered ones (-5, -6) are -1,
    as nothing is tiered.
  * max timestamp (-3) and a time answer the record's own offset and timestamp, or -1 and -1 when
    there is none below the offset that latest would answer.
  * Only the leader answers; replica id -2 asks any replica. A stale current_leader_epoch is
    FENCED_LEADER_EPOCH, one that is ahead is UNKNOWN_LEADER_EPOCH.
  * A partition that is asked for twice is answered once, with INVALID_REQUEST.

Versions:
  * 2: isolation_level
  * 4: leader epochs
  * 6: flexible
  * 7: max timestamp (KIP-734)
  * 8: earliest local (KIP-405)
  * 9: latest tiered (KIP-1005)
  * 10: timeout_ms (KIP-1075)
  * 11: earliest pending upload (KIP-1023)
"""

from typing import TYPE_CHECKING, Final, NamedTuple

from pybroker.errors import ErrorCode, KafkaError
from pybroker.metadata.leadership import require_leader, require_replica
from pybroker.protocol.list_offsets import ListOffsetsRequest, ListOffsetsResponse

if TYPE_CHECKING:
    from pybroker.broker import Broker

    from pybroker.api import RequestContext
    from pybroker.metadata.topics import PartitionState, TopicState

    Partition = ListOffsetsRequest.ListOffsetsPartition
    PartitionResponse = ListOffsetsResponse.ListOffsetsPartitionResponse

LATEST: Final = -1
EARLIEST: Final = -2
MAX_TIMESTAMP: Final = -3
EARLIEST_LOCAL: Final = -4
LATEST_TIERED: Final = -5
EARLIEST_PENDING_UPLOAD: Final = -6

# The first version that may ask for each of them; every other negative timestamp is unknown.
FIRST_VERSION: Final = {
    LATEST: 1,
    EARLIEST: 1,
    MAX_TIMESTAMP: 7,
    EARLIEST_LOCAL: 8,
    LATEST_TIERED: 9,
    EARLIEST_PENDING_UPLOAD: 11,
}

CONSUMER_REPLICA_ID: Final = -1
DEBUGGING_REPLICA_ID: Final = -2
READ_COMMITTED: Final = 1


class Found(NamedTuple):
    """What is answered for a partition; all -1 when there is no such record."""

    offset: int = -1
    timestamp: int = -1
    leader_epoch: int = -1


async def list_offsets(
    broker: "Broker", context: "RequestContext", request: ListOffsetsRequest
) -> ListOffsetsResponse:
    """Answer every partition once, in the order asked for."""
    counts: dict[tuple[str, int], int] = {}
    for topic in request.topics:
        for partition in topic.partitions:
            key = (topic.name, partition.partition_index)
            counts[key] = counts.get(key, 0) + 1
    topics = []
    for topic in request.topics:
        answers = []
        for partition in topic.partitions:
            count = counts.pop((topic.name, partition.partition_index), 0)
            if count:
                answers.append(
                    await _answer(broker, context, request, topic.name, partition, asked=count)
                )
        topics.append(
            ListOffsetsResponse.ListOffsetsTopicResponse(name=topic.name, partitions=answers)
        )
    return ListOffsetsResponse(topics=topics)


async def _answer(
    broker: "Broker",
    context: "RequestContext",
    request: ListOffsetsRequest,
    name: str,
    partition: "Partition",
    *,
    asked: int,
) -> "PartitionResponse":
    answer = ListOffsetsResponse.ListOffsetsPartitionResponse(
        partition_index=partition.partition_index
    )
    try:
        _require_valid(context.api_version, partition.timestamp, asked)
        found = await _find(broker, context, request, name, partition)
    except KafkaError as error:
        answer.error_code = error.code
        return answer
    answer.offset = found.offset
    answer.timestamp = found.timestamp
    if context.api_version >= 4:
        answer.leader_epoch = found.leader_epoch
    return answer


def _require_valid(version: int, timestamp: int, asked: int) -> None:
    if asked > 1:
        raise KafkaError(ErrorCode.INVALID_REQUEST)
    if timestamp < 0 and version < FIRST_VERSION.get(timestamp, version + 1):
        raise KafkaError(ErrorCode.UNSUPPORTED_VERSION)


async def _find(
    broker: "Broker",
    context: "RequestContext",
    request: ListOffsetsRequest,
    name: str,
    asked: "Partition",
) -> Found:
    require = require_replica if request.replica_id == DEBUGGING_REPLICA_ID else require_leader
    topic, partition = require(
        broker.topics,
        name,
        asked.partition_index,
        node_id=context.node_id,
        current_leader_epoch=asked.current_leader_epoch,
    )
    state = broker.data_plane.log_state(topic.topic_id, asked.partition_index)
    if state is None:
        raise KafkaError(ErrorCode.KAFKA_STORAGE_ERROR)
    log_start_offset, last_stable_offset, high_watermark, log_end_offset = state
    end_offset = log_end_offset
    if request.replica_id == CONSUMER_REPLICA_ID:
        read_committed = request.isolation_level == READ_COMMITTED
        end_offset = last_stable_offset if read_committed else high_watermark
    match asked.timestamp:
        case -1:
            return Found(end_offset, leader_epoch=partition.leader_epoch)
        case -2 | -4:
            epoch = _earliest_epoch(broker, topic, partition, asked.partition_index)
            return Found(log_start_offset, leader_epoch=epoch)
        case -5 | -6:
            return Found()
    return await _find_by_time(broker, topic, asked, end_offset)


async def _find_by_time(
    broker: "Broker", topic: "TopicState", asked: "Partition", end_offset: int
) -> Found:
    if asked.timestamp == MAX_TIMESTAMP:
        record = await broker.data_plane.find_max_timestamp(topic.topic_id, asked.partition_index)
    else:
        record = await broker.data_plane.find_offset(
            topic.topic_id, asked.partition_index, asked.timestamp
        )
    if record is None or record[0] >= end_offset:
        return Found()
    return Found(*record)


def _earliest_epoch(
    broker: "Broker", topic: "TopicState", partition: "PartitionState", partition_index: int
) -> int:
    """Find the first term that the log knows: the terms below it have no end in the log."""
    first, last = 0, partition.leader_epoch
    while first < last:
        middle = (first + last) // 2
        found = broker.data_plane.end_offset_for_epoch(topic.topic_id, partition_index, middle)
        if found is None or found[0] == -1:
            first = middle + 1
        else:
            last = middle
    return first
