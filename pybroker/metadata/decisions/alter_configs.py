"""Alterations of configs decided, for both APIs and every kind of resource.

A resource is changed whole or not at all, and apart from the others of its request.
"""

from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from pybroker.configs.broker_config import validate_broker_configs
from pybroker.configs.client_metrics import validate_client_metrics
from pybroker.configs.group_config import validate_group_configs
from pybroker.configs.group_keys import GROUP_CONFIG_KEYS
from pybroker.configs.keys import CONFIG_KEYS
from pybroker.configs.overrides import Operation, altered, require_well_formed
from pybroker.configs.resources import EVERY_BROKER, ResourceType
from pybroker.configs.topic_config import validate_topic_configs
from pybroker.configs.topic_keys import TOPIC_CONFIG_KEYS
from pybroker.errors import ErrorCode, KafkaError
from pybroker.metadata.validation import invalid_name_message
from pybroker.store.configs import ConfigRemoved, ConfigSet
from pybroker.store.topics import TopicConfigRemoved, TopicConfigSet

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

    from pybroker.configs.config import Config
    from pybroker.configs.keys import ConfigKey
    from pybroker.configs.overrides import IncrementalConfig
    from pybroker.metadata.dynamic_configs import DynamicConfigs
    from pybroker.metadata.topics import Topics
    from pybroker.store.configs import ConfigChange
    from pybroker.store.topics import TopicChange

    Change: TypeAlias = "ConfigChange | TopicChange | LevelSet"
    Texts: TypeAlias = Mapping[str, str]


ROOT_LOGGER: Final = "root"


class AlteredResource(NamedTuple):
    """What a request wants of one resource. When it `replaces`, what it does not name goes."""

    resource_type: int
    resource_name: str
    configs: "Sequence[IncrementalConfig]"
    replaces: bool


class DecidedResource(NamedTuple):
    """What becomes of one resource: changes, none if there is nothing to change, or an error."""

    changes: "list[Change]"
    error: KafkaError | None


class LevelSet(NamedTuple):
    """A logger has another level from now on; None: that of the logger above it. Not stored."""

    logger: str
    level: str | None


class ConfigState(NamedTuple):
    """What the decision looks at: the state, and the node that was asked, with its config."""

    topics: "Topics"
    dynamic: "DynamicConfigs"
    config: "Config"
    node_id: int
    loggers: "Container[str]"
    levels: "Sequence[str]"


def decide_alter_configs(
    state: ConfigState, resources: "Sequence[AlteredResource]"
) -> list[DecidedResource]:
    """Decide every resource, in the order asked for."""
    seen: dict[tuple[int, str], int] = {}
    for resource in resources:
        key = (resource.resource_type, resource.resource_name)
        seen[key] = seen.get(key, 0) + 1
    decided = []
    for resource in resources:
        try:
            if seen[resource.resource_type, resource.resource_name] > 1:
                raise _invalid_request("Each resource must appear at most once.")
            decided.append(DecidedResource(_decide(state, resource), None))
        except KafkaError as error:
            decided.append(DecidedResource([], error))
    return decided


def _decide(state: ConfigState, resource: AlteredResource) -> "list[Change]":
    require_well_formed(resource.configs)
    decide = DECISIONS.get(resource.resource_type)
    is_level = resource.resource_type == ResourceType.BROKER_LOGGER
    # All levels replaced would be the root's removed.
    if decide is None or (is_level and resource.replaces):
        raise _invalid_request(f"Unknown resource type {resource.resource_type}")
    return decide(state, resource)


def _decide_topic(state: ConfigState, resource: AlteredResource) -> "list[Change]":
    name = resource.resource_name
    topic = state.topics.by_name.get(name)
    current = {} if topic is None else topic.configs
    wanted = _wanted(resource, current, TOPIC_CONFIG_KEYS)
    if not name:
        raise _invalid_request("Default topic resources are not allowed.")
    message = invalid_name_message(name)
    if message is not None:
        raise KafkaError(ErrorCode.INVALID_TOPIC_EXCEPTION, message)
    validate_topic_configs(wanted, state.config)
    if topic is None:
        raise KafkaError(
            ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"The topic '{name}' does not exist."
        )
    removed, changed = _difference(current, wanted)
    return [
        *(TopicConfigRemoved(topic.topic_id, key) for key in removed),
        *(TopicConfigSet(topic.topic_id, key, text) for key, text in changed.items()),
    ]


def _decide_group(state: ConfigState, resource: AlteredResource) -> "list[Change]":
    current = state.dynamic.of(ResourceType.GROUP, resource.resource_name)
    wanted = _wanted(resource, current, GROUP_CONFIG_KEYS)
    if not resource.resource_name:
        raise _invalid_request("Default group resources are not allowed.")
    validate_group_configs(wanted, state.config)
    return _stored(resource, current, wanted)


def _decide_broker(state: ConfigState, resource: AlteredResource) -> "list[Change]":
    name = resource.resource_name
    if name != EVERY_BROKER:
        _require_node(
            name,
            state.node_id,
            lambda: f"Unexpected broker id, expected {state.node_id}, but received {name}",
        )
        resource = resource._replace(resource_name=str(state.node_id))
    current = state.dynamic.of(ResourceType.BROKER, resource.resource_name)
    wanted = altered(
        {} if resource.replaces else current, resource.configs, CONFIG_KEYS, _not_a_list_of_broker
    )
    validate_broker_configs(wanted, state.config, is_of_one_node=name != EVERY_BROKER)
    return _stored(resource, current, wanted)


def _decide_loggers(state: ConfigState, resource: AlteredResource) -> "list[Change]":
    name = resource.resource_name
    _require_node(
        name,
        state.node_id,
        lambda: f"Unexpected node id. Expected {state.node_id}, but received {name}",
    )
    changes: list[Change] = []
    for logger, operation, value in resource.configs:
        if operation in {Operation.APPEND, Operation.SUBTRACT}:
            verb = Operation(operation).name
            raise _invalid_request(
                f"{verb} operation is not allowed for the BROKER_LOGGER resource"
            )
        if logger not in state.loggers:
            raise KafkaError(ErrorCode.INVALID_CONFIG, f"Logger {logger} does not exist!")
        if operation == Operation.DELETE:
            if logger == ROOT_LOGGER:
                raise _invalid_request("Removing the log level of the root logger is not allowed")
        elif value not in state.levels:
            raise KafkaError(
                ErrorCode.INVALID_CONFIG,
                f"Cannot set the log level of {logger} to {value} as it is not a supported log"
                f" level. Valid log levels are {', '.join(sorted(state.levels))}",
            )
        changes.append(LevelSet(logger, None if operation == Operation.DELETE else value))
    return changes


def _decide_client_metrics(state: ConfigState, resource: AlteredResource) -> "list[Change]":
    current = state.dynamic.of(ResourceType.CLIENT_METRICS, resource.resource_name)
    # Kafka adds nothing to the lists of a subscription.
    wanted = _wanted(resource, current, {})
    if not resource.resource_name:
        raise _invalid_request("Subscription name can't be empty")
    validate_client_metrics(wanted)
    return _stored(resource, current, wanted)


def _require_node(name: str, node_id: int, unexpected: "Callable[[], str]") -> None:
    try:
        asked = int(name)
    except ValueError:
        raise _invalid_request(f"Node id must be an integer, but it is: {name}") from None
    if asked != node_id:
        raise _invalid_request(unexpected())


def _wanted(
    resource: AlteredResource, current: "Texts", rows: "Mapping[str, ConfigKey]"
) -> dict[str, str]:
    return altered({} if resource.replaces else current, resource.configs, rows, _not_a_list)


def _not_a_list(verb: str, name: str, row: "ConfigKey | None") -> str:
    del row
    return f"Can't {verb} to key {name} because its type is not LIST."


def _not_a_list_of_broker(verb: str, name: str, row: "ConfigKey | None") -> str:
    if row is None:
        return f"Unknown config name: {name}"
    return f"Config value {verb.lower()} is not allowed for config key: {name}"


def _difference(current: "Texts", wanted: "Texts") -> tuple[list[str], dict[str, str]]:
    """Give the keys that go, and those that come or change."""
    removed = [key for key in current if key not in wanted]
    return removed, {key: text for key, text in wanted.items() if current.get(key) != text}


def _stored(resource: AlteredResource, current: "Texts", wanted: "Texts") -> "list[Change]":
    removed, changed = _difference(current, wanted)
    kind, name = resource.resource_type, resource.resource_name
    return [
        *(ConfigRemoved(kind, name, key) for key in removed),
        *(ConfigSet(kind, name, key, text) for key, text in changed.items()),
    ]


def _invalid_request(message: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_REQUEST, message)


DECISIONS: Final["dict[int, Callable[[ConfigState, AlteredResource], list[Change]]]"] = {
    ResourceType.TOPIC: _decide_topic,
    ResourceType.BROKER: _decide_broker,
    ResourceType.BROKER_LOGGER: _decide_loggers,
    ResourceType.CLIENT_METRICS: _decide_client_metrics,
    ResourceType.GROUP: _decide_group,
}
