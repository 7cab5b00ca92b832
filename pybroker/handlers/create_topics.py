"""CreateTopics (API key 19), versions 2-7.

Behaviour:
  * Answers every topic by itself: a bad one does not hinder a good one. A name that is asked for
    twice is INVALID_REQUEST.
  * Complete when the answer leaves: the next request, by any client, finds the topic and its
    partitions.
  * validate_only decides the same and changes nothing.
  * Replicas are as assigned, or spread over the nodes; more of them than nodes is
    INVALID_REPLICATION_FACTOR, unless pybroker.replication.factor.cap lowers it.

Versions:
  * 4: num_partitions and replication_factor may be -1, for the broker's default (KIP-464)
  * 5: num_partitions, replication_factor and configs in the response (KIP-525); flexible
  * 6: THROTTLING_QUOTA_EXCEEDED may be answered (KIP-599)
  * 7: topic_id
"""

from functools import partial
from typing import TYPE_CHECKING

from pybroker.configs import validate_topic_configs
from pybroker.configs.describe import describe_topic
from pybroker.metadata.carry_out import create, placement_of
from pybroker.metadata.decisions.create_topics import (
    CreatedTopic,
    RefusedTopic,
    decide_create_topics,
)
from pybroker.protocol.create_topics import CreateTopicsRequest, CreateTopicsResponse

if TYPE_CHECKING:
    from pybroker.api import RequestContext
    from pybroker.broker import Broker
    from pybroker.configs.describe import DescribedConfig

    Result = CreateTopicsResponse.CreatableTopicResult


async def create_topics(
    broker: "Broker", context: "RequestContext", request: CreateTopicsRequest
) -> CreateTopicsResponse:
    """Create what can be created, and answer every topic."""
    results = decide_create_topics(
        broker.topics,
        request.topics,
        placement=placement_of(broker),
        validate_configs=partial(validate_topic_configs, config=broker.config),
        new_uuid=broker.new_uuid,
    )
    if not request.validate_only:
        await create(broker, [result for result in results if isinstance(result, CreatedTopic)])
    return CreateTopicsResponse(topics=[_result(broker, result) for result in results])


def _result(broker: "Broker", result: CreatedTopic | RefusedTopic) -> "Result":
    if isinstance(result, RefusedTopic):
        return CreateTopicsResponse.CreatableTopicResult(
            name=result.name,
            error_code=result.error.code,
            error_message=result.error.message,
        )
    return CreateTopicsResponse.CreatableTopicResult(
        name=result.name,
        topic_id=result.topic_id,
        num_partitions=len(result.replicas),
        replication_factor=len(result.replicas[0]),
        configs=_configs(describe_topic(broker.config, result.configs)),
    )


def _configs(
    described: "list[DescribedConfig]",
) -> list[CreateTopicsResponse.CreatableTopicConfigs]:
    return [
        CreateTopicsResponse.CreatableTopicConfigs(
            name=config.name,
            value=config.value,
            read_only=config.read_only,
            config_source=config.source,
            is_sensitive=config.sensitive,
        )
        for config in described
    ]
