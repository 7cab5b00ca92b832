"""OffsetForLeaderEpoch (API key 23), versions 2-4.

Behaviour:
  * Gives where a leadership term ended, by which a consumer finds out whether its position was
    truncated (KIP-320).
  * Only the leader answers; a stale current_leader_epoch is FENCED_LEADER_EPOCH, one that is ahead
    is UNKNOWN_LEADER_EPOCH.
  * A term that the log does not know answers -1 and -1 without an error.

Versions:
  * 3: replica_id
  * 4: flexible
"""

from typing import TYPE_CHECKING, Final

from pybroker.errors import ErrorCode, KafkaError
from pybroker.metadata.leadership import require_leader
from pybroker.protocol.offset_for_leader_epoch import (
    OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
)

if TYPE_CHECKING:
    from pybroker.api import RequestContext
    from pybroker.broker import Broker
    from pybroker.metadata.topics import PartitionState, TopicState

    Partition = OffsetForLeaderEpochRequest.OffsetForLeaderPartition

UNKNOWN: Final = (-1, -1)


def offset_for_leader_epoch(
    broker: "Broker", context: "RequestContext", request: OffsetForLeaderEpochRequest
) -> OffsetForLeaderEpochResponse:
    """Answer every partition, in the order asked for."""
    return OffsetForLeaderEpochResponse(
        topics=[
            OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult(
                topic=topic.topic,
                partitions=[
                    _end_offset(broker, context, topic.topic, partition)
                    for partition in topic.partitions
                ],
            )
            for topic in request.topics
        ]
    )


def _end_offset(
    broker: "Broker",
    context: "RequestContext",
    name: str,
    asked: "Partition",
) -> OffsetForLeaderEpochResponse.EpochEndOffset:
    answer = OffsetForLeaderEpochResponse.EpochEndOffset(partition=asked.partition)
    try:
        topic, partition = require_leader(
            broker.topics,
            name,
            asked.partition,
            node_id=context.node_id,
            current_leader_epoch=asked.current_leader_epoch,
        )
        answer.leader_epoch, answer.end_offset = _find(broker, topic, partition, asked)
    except KafkaError as error:
        answer.error_code = error.code
    return answer


def _find(
    broker: "Broker", topic: "TopicState", partition: "PartitionState", asked: "Partition"
) -> tuple[int, int]:
    state = broker.data_plane.log_state(topic.topic_id, asked.partition)
    if state is None:
        raise KafkaError(ErrorCode.KAFKA_STORAGE_ERROR)
    log_start_offset, _, _, log_end_offset = state
    if not 0 <= asked.leader_epoch <= partition.leader_epoch:
        return UNKNOWN
    if asked.leader_epoch == partition.leader_epoch:
        # The present term has not ended: it ends where the log does.
        return partition.leader_epoch, log_end_offset
    found = broker.data_plane.end_offset_for_epoch(
        topic.topic_id, asked.partition, asked.leader_epoch
    )
    if found is None:
        raise KafkaError(ErrorCode.KAFKA_STORAGE_ERROR)
    # A term before the first that the log knows ended where the log starts.
    return (asked.leader_epoch, log_start_offset) if found == UNKNOWN else found
