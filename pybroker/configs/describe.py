"""What DescribeConfigs and CreateTopics tell about configs: value, source, synonyms.

Promises:
  * The rows that act, and every other row that somebody set; never a row that would pretend.
  * Sources and synonyms are worked out as Apache Kafka does: what was set first, then the
    defaults, beginning with the key's own name.
  * A sensitive value is never shown.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

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
    return [
        _described(row, own.get(name, _broker_text(config, name)), _synonyms(config, name))
        for name, row in sorted(CONFIG_KEYS.items())
        if row.acts or name in config.settings
    ]


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
        DescribedSynonym(other, config.settings[other], ConfigSource.STATIC_BROKER_CONFIG)
        for other in names
        if other in config.settings
    ]
    for other in names:
        default = config.defaults[other]
        if default is not None:
            found.append(DescribedSynonym(other, default, ConfigSource.DEFAULT_CONFIG))
    # Kafka leaves out what comes before the key's own name, and then names another source.
    while found and found[0].name != name:
        del found[0]
    return tuple(found)


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
