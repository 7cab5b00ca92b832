"""Changes of a resource's configs worked out: single ones in turn, or all replaced.

Promises:
  * Nothing is stored here; the result is what the resource would have, to be validated whole.
  * Lists are added to and taken from as Apache Kafka does: from the resource's own value, else from
    the default of the key.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple

from pybroker.configs.keys import CONFIG_KEYS, ConfigKey
from pybroker.configs.values import ConfigType
from pybroker.errors import ErrorCode, KafkaError


class Operation(IntEnum):
    """What IncrementalAlterConfigs does to a config."""

    SET = 0
    DELETE = 1
    APPEND = 2
    SUBTRACT = 3


class IncrementalConfig(NamedTuple):
    """One change of a config."""

    name: str
    operation: int
    value: str | None


def require_well_formed(configs: Sequence[IncrementalConfig]) -> None:
    """Refuse keys that occur twice, values that are missing, operations that there are not."""
    if len({config.name for config in configs}) < len(configs):
        raise KafkaError(ErrorCode.INVALID_REQUEST, "Error due to duplicate config keys")
    nulls = [
        config.name
        for config in configs
        if config.operation != Operation.DELETE and config.value is None
    ]
    if nulls:
        raise KafkaError(
            ErrorCode.INVALID_REQUEST, f"Null value not supported for : {', '.join(nulls)}"
        )
    for config in configs:
        if config.operation not in list(Operation):
            raise KafkaError(
                ErrorCode.INVALID_REQUEST, f"Unknown operations type {config.operation}"
            )


def altered(
    current: Mapping[str, str],
    configs: Sequence[IncrementalConfig],
    rows: Mapping[str, ConfigKey],
    not_a_list: Callable[[str, str, ConfigKey | None], str],
) -> dict[str, str]:
    """Give what a resource has after changes that are well formed.

    `not_a_list(verb, name, row)` says why nothing can be added to a config or taken from it.
    """
    result = dict(current)
    for name, operation, value in configs:
        if operation == Operation.DELETE:
            result.pop(name, None)
            continue
        assert value is not None
        if operation == Operation.SET:
            result[name] = value
            continue
        row = rows.get(name)
        if row is None or row.type is not ConfigType.LIST:
            verb = Operation(operation).name
            raise KafkaError(ErrorCode.INVALID_CONFIG, not_a_list(verb, name, row))
        result[name] = _with_items(result.get(name, _default_list(row)), operation, value)
    return result


def _with_items(text: str, operation: int, value: str) -> str:
    items = [item.strip() for item in text.split(",") if item.strip()]
    for item in value.split(","):
        if operation == Operation.APPEND:
            if item.strip() not in items:
                items.append(item.strip())
        elif item.strip() in items:
            items.remove(item.strip())
    return ",".join(items)


def _default_list(row: ConfigKey) -> str:
    if row.synonyms:
        row = CONFIG_KEYS[row.synonyms[0].name]
    return row.default_text() or ""
