"""DeleteRecords (API key 21), versions 0-2.

Behaviour:
  * Moves the log start offset of a partition forward to an offset; -1 is the high watermark. An
    offset before the log start offset changes nothing. The answer has the log start offset.
  * The new log start offset is on the disk when the answer leaves.
  * An offset after the high watermark, or a negative one, is OFFSET_OUT_OF_RANGE. A topic without
    delete in its cleanup.policy is POLICY_VIOLATION, an internal one INVALID_TOPIC_EXCEPTION. Only
    the leader deletes.
  * Each partition is answered by itself, -1 with an error; of one that is named twice the last
    mention counts.

Versions:
  * 2: flexible
"""

from asyncio import gather
from typing import TYPE_CHECKING, Final

from pybroker.configs import TopicConfig
from pybroker.errors import ErrorCode, KafkaError
from pybroker.metadata.leadership import require_leader
from pybroker.protocol.delete_records import DeleteRecordsRequest, DeleteRecordsResponse

if TYPE_CHECKING:
    from pybroker.api import RequestContext
    from pybroker.broker import Broker

HIGH_WATERMARK: Final = -1
NO_LOW_WATERMARK: Final = -1


async def delete_records(
    broker: "Broker", context: "RequestContext", request: DeleteRecordsRequest
) -> DeleteRecordsResponse:
    """Delete in all partitions at once, and answer each."""
    asked: dict[str, dict[int, int]] = {}
    for topic in request.topics:
        offsets = asked.setdefault(topic.name, {})
        offsets.update(
            (partition.partition_index, partition.offset) for partition in topic.partitions
        )
    results = await gather(
        *(
            _delete(broker, context, name, index, offset)
            for name, offsets in asked.items()
            for index, offset in offsets.items()
        )
    )
    in_order = iter(results)
    return DeleteRecordsResponse(
        topics=[
            DeleteRecordsResponse.DeleteRecordsTopicResult(
                name=name, partitions=[next(in_order) for _ in offsets]
            )
            for name, offsets in asked.items()
            if offsets
        ]
    )


async def _delete(
    broker: "Broker", context: "RequestContext", name: str, index: int, offset: int
) -> DeleteRecordsResponse.DeleteRecordsPartitionResult:
    result = DeleteRecordsResponse.DeleteRecordsPartitionResult(
        partition_index=index, low_watermark=NO_LOW_WATERMARK
    )
    try:
        result.low_watermark = await _delete_before(broker, context.node_id, name, index, offset)
    except KafkaError as error:
        result.error_code = error.code
    return result


async def _delete_before(broker: "Broker", node_id: int, name: str, index: int, offset: int) -> int:
    found = broker.topics.partition(name, index)
    if found is None:
        raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    if found[0].is_internal:
        raise KafkaError(ErrorCode.INVALID_TOPIC_EXCEPTION)
    topic, _ = require_leader(broker.topics, name, index, node_id=node_id)
    policies = TopicConfig(broker.config_of(node_id), topic.configs).value("cleanup.policy")
    assert isinstance(policies, tuple)
    if "delete" not in policies:
        raise KafkaError(ErrorCode.POLICY_VIOLATION)
    if offset < HIGH_WATERMARK:
        raise KafkaError(ErrorCode.OFFSET_OUT_OF_RANGE)
    return await broker.data_plane.delete_records(topic.topic_id, index, offset)
