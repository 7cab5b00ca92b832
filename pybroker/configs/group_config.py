"""The configs of one group: its own over the broker's, within what the broker allows.

Promises:
  * `validate_group_configs` takes and refuses what Apache Kafka takes and refuses, in its words
    (INVALID_CONFIG).
  * What is stored stays; where the broker's limits have moved since, `effective_ms` keeps to them.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pybroker.configs.group_keys import (
    GROUP_CONFIG_BOUNDS,
    GROUP_CONFIG_KEYS,
    SESSIONS_AND_HEARTBEATS,
)
from pybroker.configs.keys import CONFIG_KEYS
from pybroker.configs.values import ConfigError, Value
from pybroker.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from pybroker.configs.config import Config


def validate_group_configs(overrides: Mapping[str, str], config: "Config") -> None:
    """Refuse configs that a group cannot have."""
    for name in overrides:
        if name not in GROUP_CONFIG_KEYS:
            raise _refused(f"Unknown group config name: {name}")
    try:
        values = {name: GROUP_CONFIG_KEYS[name].parse(text) for name, text in overrides.items()}
    except ConfigError as error:
        raise _refused(str(error)) from None
    for name, bounds in GROUP_CONFIG_BOUNDS.items():
        value = values.get(name)
        if value is None:
            continue
        assert isinstance(value, int)
        if bounds.at_least is not None and value < _bound(config, bounds.at_least, bounds.least):
            raise _refused(f"{name} must be greater than or equal to {bounds.at_least}")
        if bounds.at_most is not None and value > _bound(config, bounds.at_most, bounds.most):
            raise _refused(f"{name} must be less than or equal to {bounds.at_most}")
    for session, heartbeat in SESSIONS_AND_HEARTBEATS:
        if not _number(config, session, values) > _number(config, heartbeat, values):
            raise _refused(f"{session} must be greater than {heartbeat}")


def group_value(config: "Config", overrides: Mapping[str, str], name: str) -> Value:
    """Give the value in effect of a group's config."""
    row = GROUP_CONFIG_KEYS[name]
    text = overrides.get(name)
    if text is not None:
        return row.parse(text)
    for synonym in row.synonyms:
        if synonym.name in CONFIG_KEYS:
            return config.value(synonym.name)
    default = row.default_text()
    return None if default is None else row.parse(default)


def effective_ms(config: "Config", overrides: Mapping[str, str], name: str) -> int:
    """Give a number that groups obey, kept to the limits of the broker as it is now."""
    bounds = GROUP_CONFIG_BOUNDS[name]
    assert bounds.at_least is not None
    assert bounds.at_most is not None
    value = _number(config, name, {key: group_value(config, overrides, key) for key in (name,)})
    least = _bound(config, bounds.at_least, bounds.least)
    return max(least, min(value, _bound(config, bounds.at_most, bounds.most)))


def _number(config: "Config", name: str, values: Mapping[str, Value]) -> int:
    value = values[name] if name in values else group_value(config, {}, name)
    assert isinstance(value, int)
    return value


def _bound(config: "Config", name: str, default: int) -> int:
    if name not in CONFIG_KEYS:
        return default
    value = config.value(name)
    assert isinstance(value, int)
    return value


def _refused(message: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_CONFIG, message)
