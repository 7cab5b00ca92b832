"""What DescribeConfigs and CreateTopics tell about configs: value, source, synonyms.

Promises:
  * The rows that act, and every other row that somebody set; never a row that would pretend.
  * Sources and synonyms are worked out as Apache Kafka does: what was set first, then the
    defaults, beginning with the key's own name.
  * A sensitive value is never shown.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from pybroker.configs.client_metrics import CLIENT_METRICS_KEYS
from pybroker.configs.group_config import group_value
from pybroker.configs.group_keys import GROUP_CONFIG_KEYS
from pybroker.configs.keys import BROKER_SYNONYMS, CONFIG_KEYS, ConfigKey
from pybroker.configs.topic_config import TopicConfig
from pybroker.configs.topic_keys import TOPIC_CONFIG_KEYS
from pybroker.configs.values import ConfigSource, ConfigType, format_value

if TYPE_CHECKING:
    from pybroker.configs.config import Config


class DescribedSynonym(NamedTuple):
    """A place that a value may come from."""

    name: str
    value: str | None
    source: ConfigSource


class DescribedConfig(NamedTuple):
    """One config as a client sees it. The first synonym is where the value comes from."""

    name: str
    value: str | None
    source: ConfigSource
    type: ConfigType
    read_only: bool
    sensitive: bool
    documentation: str
    synonyms: tuple[DescribedSynonym, ...]


def describe_broker(config: "Config", node_id: int) -> list[DescribedConfig]:
    """Give the configs of a node, by name."""
    own = _values_of_node(config, node_id)
    is_set = {**config.static, **config.dynamic_defaults, **config.dynamic}
    described = [
        _described(row, own.get(name, _broker_text(config, name)), _synonyms(config, name))
        for name, row in CONFIG_KEYS.items()
        if row.acts or name in is_set
    ]
    strange = [
        _described(_strange_row(name), text, _synonyms(config, name))
        for name, text in is_set.items()
        if name not in CONFIG_KEYS
    ]
    return sorted((*described, *strange), key=lambda each: each.name)


def describe_brokers(dynamic_defaults: Mapping[str, str]) -> list[DescribedConfig]:
    """Give the configs that were set at run time for all nodes, by name, as they were set."""
    source = ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG
    return [
        _described(
            CONFIG_KEYS.get(name, _strange_row(name)), text, (DescribedSynonym(name, text, source),)
        )
        for name, text in sorted(dynamic_defaults.items())
    ]


def describe_loggers(levels: Mapping[str, str]) -> list[DescribedConfig]:
    """Give the levels of loggers."""
    return [
        DescribedConfig(
            name=name,
            value=level,
            source=ConfigSource.BROKER_LOGGER_CONFIG,
            type=ConfigType.UNKNOWN,
            read_only=False,
            sensitive=False,
            documentation="",
            synonyms=(),
        )
        for name, level in levels.items()
    ]


def describe_client_metrics(overrides: Mapping[str, str]) -> list[DescribedConfig]:
    """Give the configs of a subscription of client metrics, by name."""
    source = ConfigSource.CLIENT_METRICS_CONFIG
    described = []
    for name, row in CLIENT_METRICS_KEYS.items():
        value = format_value(row.parse(overrides.get(name, row.default_text() or "")))
        synonyms = (DescribedSynonym(name, value, source),) if name in overrides else ()
        described.append(_described(row, value, synonyms))
    return described


def describe_topic(config: "Config", overrides: Mapping[str, str]) -> list[DescribedConfig]:
    """Give the configs of a topic, by name."""
    topic = TopicConfig(config, overrides)
    described = []
    for name, row in sorted(TOPIC_CONFIG_KEYS.items()):
        value = topic.text(name)
        if name not in overrides and (not row.acts or value is None):
            continue
        synonyms = _synonyms(config, row.synonyms[0].name) if row.synonyms else ()
        if name in overrides:
            synonyms = (DescribedSynonym(name, value, ConfigSource.TOPIC_CONFIG), *synonyms)
        described.append(_described(row, value, synonyms))
    return described


def describe_group(config: "Config", overrides: Mapping[str, str]) -> list[DescribedConfig]:
    """Give the configs of a group, by name."""
    described = []
    for name, row in sorted(GROUP_CONFIG_KEYS.items()):
        if name not in overrides and not row.acts:
            continue
        value = format_value(group_value(config, overrides, name))
        synonyms = _group_synonyms(config, row)
        if name in overrides:
            synonyms = (DescribedSynonym(name, value, ConfigSource.GROUP_CONFIG), *synonyms)
        described.append(_described(row, value, synonyms))
    return described


def _group_synonyms(config: "Config", row: ConfigKey) -> tuple[DescribedSynonym, ...]:
    name = row.synonyms[0].name if row.synonyms else row.name
    if name in CONFIG_KEYS:
        return _synonyms(config, name)
    return (DescribedSynonym(name, row.default_text(), ConfigSource.DEFAULT_CONFIG),)


def _described(
    row: ConfigKey, value: str | None, synonyms: tuple[DescribedSynonym, ...]
) -> DescribedConfig:
    if row.sensitive:
        value = None
        synonyms = tuple(synonym._replace(value=None) for synonym in synonyms)
    source = synonyms[0].source if synonyms else ConfigSource.DEFAULT_CONFIG
    return DescribedConfig(
        name=row.name,
        value=value,
        source=source,
        type=row.type,
        read_only=not row.dynamic,
        sensitive=row.sensitive,
        documentation=row.documentation,
        synonyms=synonyms,
    )


def _synonyms(config: "Config", name: str) -> tuple[DescribedSynonym, ...]:
    names = BROKER_SYNONYMS.get(name, (name,))
    found = [
        DescribedSynonym(other, texts[other], source)
        for texts, source in (
            (config.dynamic, ConfigSource.DYNAMIC_BROKER_CONFIG),
            (config.dynamic_defaults, ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG),
            (config.static, ConfigSource.STATIC_BROKER_CONFIG),
        )
        for other in names
        if other in texts
    ]
    for other in names:
        default = config.defaults.get(other)
        if default is not None:
            found.append(DescribedSynonym(other, default, ConfigSource.DEFAULT_CONFIG))
    # Kafka leaves out what comes before the key's own name, and then names another source.
    while found and found[0].name != name:
        del found[0]
    return tuple(found)


def _strange_row(name: str) -> ConfigKey:
    """Stand for a key that has no row; as in Kafka, its value may be a secret."""
    return ConfigKey(name, ConfigType.UNKNOWN, None, "", dynamic=True, acts=False)


def _broker_text(config: "Config", name: str) -> str | None:
    return format_value(config.value(name))


def _values_of_node(config: "Config", node_id: int) -> dict[str, str | None]:
    """Give what was settled from several keys, or differs between the nodes of one process."""
    advertised = config.advertised_listeners_of(node_id)
    return {
        "node.id": str(node_id),
        "broker.id": str(node_id),
        "listeners": ",".join(map(str, config.listeners_of(node_id))),
        "advertised.listeners": None if advertised is None else ",".join(map(str, advertised)),
    }
