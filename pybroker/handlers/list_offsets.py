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

from asyncio import gather
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pybroker.errors import ErrorCode, KafkaError
from pybroker.metadata.leadership import require_leader, require_replica
from pybroker.protocol.list_offsets import ListOffsetsRequest, ListOffsetsResponse

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from pybroker.api import RequestContext
    from pybroker.broker import Broker
    from pybroker.data_plane import FoundRecord
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


class Search(NamedTuple):
    """A look for a record in the data plane, which counts when it lies before `end_offset`."""

    record: "Coroutine[Any, Any, FoundRecord | None]"
    end_offset: int


async def list_offsets(
    broker: "Broker", context: "RequestContext", request: ListOffsetsRequest
) -> ListOffsetsResponse:
    """Answer every partition once, in the order asked for."""
    counts: dict[tuple[str, int], int] = {}
    for topic in request.topics:
        for partition in topic.partitions:
            key = (topic.name, partition.partition_index)
            counts[key] = counts.get(key, 0) + 1
    response = ListOffsetsResponse()
    searches: list[tuple[PartitionResponse, Search]] = []
    for topic in request.topics:
        answers = []
        for partition in topic.partitions:
            count = counts.pop((topic.name, partition.partition_index), 0)
            if count:
                answer, search = _answer(
                    broker, context, request, topic.name, partition, count=count
                )
                answers.append(answer)
                if search is not None:
                    searches.append((answer, search))
        response.topics.append(
            ListOffsetsResponse.ListOffsetsTopicResponse(name=topic.name, partitions=answers)
        )
    if searches:
        await gather(*(_end(context, answer, search) for answer, search in searches))
    return response


def _answer(
    broker: "Broker",
    context: "RequestContext",
    request: ListOffsetsRequest,
    name: str,
    partition: "Partition",
    *,
    count: int,
) -> "tuple[PartitionResponse, Search | None]":
    """Answer what is known from memory; a search fills in the rest."""
    answer = ListOffsetsResponse.ListOffsetsPartitionResponse(
        partition_index=partition.partition_index
    )
    try:
        _require_valid(context.api_version, partition.timestamp, count)
        found = _find(broker, context, request, name, partition)
    except KafkaError as error:
        answer.error_code = error.code
        return answer, None
    if isinstance(found, Search):
        return answer, found
    _fill(context, answer, found)
    return answer, None


async def _end(context: "RequestContext", answer: "PartitionResponse", search: Search) -> None:
    try:
        record = await search.record
    except KafkaError as error:
        answer.error_code = error.code
        return
    if record is not None and record[0] < search.end_offset:
        _fill(context, answer, Found(*record))


def _fill(context: "RequestContext", answer: "PartitionResponse", found: Found) -> None:
    answer.offset = found.offset
    answer.timestamp = found.timestamp
    if context.api_version >= 4:
        answer.leader_epoch = found.leader_epoch


def _require_valid(version: int, timestamp: int, count: int) -> None:
    if count > 1:
        raise KafkaError(ErrorCode.INVALID_REQUEST)
    if timestamp < 0 and version < FIRST_VERSION.get(timestamp, version + 1):
        raise KafkaError(ErrorCode.UNSUPPORTED_VERSION)


def _find(
    broker: "Broker",
    context: "RequestContext",
    request: ListOffsetsRequest,
    name: str,
    asked: "Partition",
) -> Found | Search:
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
    data_plane, place = broker.data_plane, (topic.topic_id, asked.partition_index)
    match asked.timestamp:
        case -1:
            return Found(end_offset, leader_epoch=partition.leader_epoch)
        case -2 | -4:
            epoch = _earliest_epoch(broker, topic, partition, asked.partition_index)
            return Found(log_start_offset, leader_epoch=epoch)
        case -3:
            return Search(data_plane.find_max_timestamp(*place), end_offset)
        case -5 | -6:
            return Found()
        case timestamp:
            return Search(data_plane.find_offset(*place, timestamp), end_offset)


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
