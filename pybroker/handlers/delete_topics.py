"""DeleteTopics (API key 20), versions 1-6.

Behaviour:
  * Answers every name and id by itself; what is asked for twice, or by name and by id, is
    INVALID_REQUEST and stays.
  * Complete when the answer leaves: the name can be used again at once, and gets another topic id.
  * With delete.topic.enable=false everything is refused: TOPIC_DELETION_DISABLED, before version 3
    INVALID_REQUEST.

Versions:
  * 3: TOPIC_DELETION_DISABLED may be answered
  * 4: flexible
  * 5: error_message (KIP-599)
  * 6: by topic id (KIP-516)
"""

from typing import TYPE_CHECKING

from pybroker.errors import ErrorCode, KafkaError
from pybroker.metadata.carry_out import delete
from pybroker.metadata.decisions.delete_topics import (
    NO_TOPIC_ID,
    DeletionResult,
    decide_delete_topics,
)
from pybroker.protocol.delete_topics import DeleteTopicsRequest, DeleteTopicsResponse

if TYPE_CHECKING:
    from pybroker.api import RequestContext
    from pybroker.broker import Broker


async def delete_topics(
    broker: "Broker", context: "RequestContext", request: DeleteTopicsRequest
) -> DeleteTopicsResponse:
    """Delete what can be deleted, and answer every topic."""
    requested = _requested(context, request)
    if not broker.config.delete_topic_enable:
        error = _deletion_disabled(context.api_version)
        return _response([DeletionResult(name, id_, error, None) for name, id_ in requested])
    results = decide_delete_topics(broker.topics, requested)
    await delete(broker, [result.topic for result in results if result.topic is not None])
    return _response(results)


def _requested(
    context: "RequestContext", request: DeleteTopicsRequest
) -> list[tuple[str | None, bytes]]:
    if context.api_version < 6:
        return [(name, NO_TOPIC_ID) for name in request.topic_names]
    return [(topic.name, topic.topic_id) for topic in request.topics]


def _deletion_disabled(version: int) -> KafkaError:
    if version < 3:
        return KafkaError(ErrorCode.INVALID_REQUEST, "Topic deletion is disabled.")
    return KafkaError(ErrorCode.TOPIC_DELETION_DISABLED, "Topic deletion is disabled.")


def _response(results: list[DeletionResult]) -> DeleteTopicsResponse:
    return DeleteTopicsResponse(
        responses=[
            DeleteTopicsResponse.DeletableTopicResult(
                name=result.name,
                topic_id=result.topic_id,
                error_code=ErrorCode.NONE if result.error is None else result.error.code,
                error_message=None if result.error is None else result.error.message,
            )
            for result in results
        ]
    )
