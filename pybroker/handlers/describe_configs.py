"""DescribeConfigs (API key 32), versions 1-4.

Behaviour:
  * Answers for topics, for the node that was asked and for what was set for all nodes (an empty
    name), for its loggers, for groups and for subscriptions of client metrics. The last two need
    not exist.
  * Lists what acts and what was set.
  * Each resource has its own error; a resource type that does not exist refuses the whole request.

Versions:
  * 1: synonyms, and the source of a value
  * 3: documentation and type
  * 4: flexible
"""

from typing import TYPE_CHECKING, Final

from pybroker.api import Kept
from pybroker.configs.describe import (
    DescribedConfig,
    describe_broker,
    describe_brokers,
    describe_client_metrics,
    describe_group,
    describe_loggers,
    describe_topic,
)
from pybroker.configs.resources import EVERY_BROKER, ResourceType
from pybroker.configs.values import ConfigType
from pybroker.errors import ErrorCode, KafkaError
from pybroker.metadata.validation import invalid_name_message
from pybroker.observability import levels
from pybroker.protocol.describe_configs import DescribeConfigsRequest, DescribeConfigsResponse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pybroker.api import RequestContext
    from pybroker.broker import Broker

NO_MESSAGE: Final = ""  # Here, and in few other places, Kafka's is empty instead of null.

Resource = DescribeConfigsRequest.DescribeConfigsResource
Result = DescribeConfigsResponse.DescribeConfigsResult
Entry = DescribeConfigsResponse.DescribeConfigsResourceResult
Synonym = DescribeConfigsResponse.DescribeConfigsSynonym


def describe_configs(
    broker: "Broker", context: "RequestContext", request: DescribeConfigsRequest
) -> Kept[DescribeConfigsResponse] | DescribeConfigsResponse:
    """Answer resource by resource, in the order asked for."""
    unexpected = [one for one in request.resources if one.resource_type not in list(ResourceType)]
    if unexpected:
        message = f"Unexpected resource type UNKNOWN for resource {unexpected[0].resource_name}"
        error = KafkaError(ErrorCode.INVALID_REQUEST, message)
        return Kept(
            DescribeConfigsResponse(results=[_refused(one, error) for one in request.resources])
        )
    results = [_result(broker, context, request, resource) for resource in request.resources]
    response = DescribeConfigsResponse(results=results)
    # The program around a broker may change the levels of loggers too.
    of_loggers = ResourceType.BROKER_LOGGER
    if any(resource.resource_type == of_loggers for resource in request.resources):
        return response
    return Kept(response)


def _result(
    broker: "Broker", context: "RequestContext", request: DescribeConfigsRequest, resource: Resource
) -> Result:
    try:
        described = _describe(broker, context, resource)
    except KafkaError as error:
        return _refused(resource, error)
    wanted = resource.configuration_keys
    if wanted:
        described = [config for config in described if config.name in wanted]
    return Result(
        error_message=NO_MESSAGE,
        resource_type=resource.resource_type,
        resource_name=resource.resource_name,
        configs=[_entry(config, request) for config in described],
    )


def _describe(
    broker: "Broker", context: "RequestContext", resource: Resource
) -> "Sequence[DescribedConfig]":
    name = resource.resource_name
    if resource.resource_type == ResourceType.TOPIC:
        return _describe_topic(broker, context.node_id, name)
    if resource.resource_type == ResourceType.BROKER:
        if name == EVERY_BROKER:
            return describe_brokers(broker.dynamic_configs.of(ResourceType.BROKER, EVERY_BROKER))
        _require_node(name, context.node_id, expected=f"{context.node_id} or empty string,")
        return describe_broker(broker.config_of(context.node_id), context.node_id)
    if not name:
        raise KafkaError(ErrorCode.INVALID_REQUEST, EMPTY_NAMES[resource.resource_type])
    if resource.resource_type == ResourceType.GROUP:
        overrides = broker.dynamic_configs.of(ResourceType.GROUP, name)
        return describe_group(broker.config_of(context.node_id), overrides)
    if resource.resource_type == ResourceType.BROKER_LOGGER:
        _require_node(name, context.node_id, expected=f"{context.node_id}")
        return describe_loggers(levels.levels())
    return describe_client_metrics(broker.dynamic_configs.of(ResourceType.CLIENT_METRICS, name))


EMPTY_NAMES: Final[dict[int, str]] = {
    ResourceType.BROKER_LOGGER: "Broker id must not be empty",
    ResourceType.CLIENT_METRICS: "Client metrics subscription name must not be empty",
    ResourceType.GROUP: "Group name must not be empty",
}


def _describe_topic(broker: "Broker", node_id: int, name: str) -> "Sequence[DescribedConfig]":
    message = invalid_name_message(name)
    if message is not None:
        raise KafkaError(ErrorCode.INVALID_TOPIC_EXCEPTION, message)
    topic = broker.topics.by_name.get(name)
    if topic is None:
        raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    return describe_topic(broker.config_of(node_id), topic.configs)


def _require_node(name: str, node_id: int, *, expected: str) -> None:
    try:
        asked = int(name)
    except ValueError:
        message = f"Broker id must be an integer, but it is: {name}"
        raise KafkaError(ErrorCode.INVALID_REQUEST, message) from None
    if asked != node_id:
        message = f"Unexpected broker id, expected {expected} but received {name}"
        raise KafkaError(ErrorCode.INVALID_REQUEST, message)


def _entry(config: DescribedConfig, request: DescribeConfigsRequest) -> Entry:
    synonyms = config.synonyms if request.include_synonyms else ()
    # Of loggers Kafka always says nothing, in that word.
    has_documentation = request.include_documentation or config.type is ConfigType.UNKNOWN
    return Entry(
        name=config.name,
        value=config.value,
        read_only=config.read_only,
        config_source=config.source,
        is_sensitive=config.sensitive,
        synonyms=[
            Synonym(name=name, value=value, source=source) for name, value, source in synonyms
        ],
        config_type=config.type,
        documentation=config.documentation if has_documentation else None,
    )


def _refused(resource: Resource, error: KafkaError) -> Result:
    return Result(
        error_code=error.code,
        error_message=error.message or NO_MESSAGE,
        resource_type=resource.resource_type,
        resource_name=resource.resource_name,
        configs=[],
    )
