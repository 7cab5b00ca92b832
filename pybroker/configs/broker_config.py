"""The configs of brokers that change at run time: which may, which values, and what they hide.

Promises:
  * What Kafka changes at run time and pybroker obeys is taken; what is fixed at the start is
    refused in Kafka's words (INVALID_REQUEST).
  * A node obeys its own configs, then those of all nodes, then those of the start, then defaults.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from pybroker.configs.keys import BROKER_SYNONYMS, CONFIG_KEYS
from pybroker.configs.values import ConfigError
from pybroker.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from pybroker.configs.config import Config

# Kafka lets nobody start or end more than half of the threads at once.
THREADS: Final = ("num.network.threads", "num.recovery.threads.per.data.dir", "log.cleaner.threads")


def effective_settings(*layers: Mapping[str, str]) -> dict[str, str]:
    """Put layers over each other, the weakest first.

    A key hides what lower layers have for keys of its meaning, also where those would win within
    one layer: a dynamic log.retention.ms hides the log.retention.hours of the start.
    """
    first, *others = layers
    settings = dict(first)
    for layer in others:
        for name, text in layer.items():
            for synonym in BROKER_SYNONYMS.get(name, (name,)):
                settings.pop(synonym, None)
            if name in CONFIG_KEYS:
                settings[name] = text
    return settings


def validate_broker_configs(
    wanted: Mapping[str, str], config: "Config", *, is_of_one_node: bool
) -> None:
    """Refuse what cannot be changed at run time, and values that a node cannot have."""
    fixed = [name for name in wanted if _is_fixed(name)]
    if fixed:
        raise _refused(f"Cannot update these configs dynamically: {_joined(fixed)}")
    try:
        if is_of_one_node:
            changed = config.with_dynamic(config.dynamic_defaults, wanted)
        else:
            changed = config.with_dynamic(wanted, config.dynamic)
    except ConfigError as error:
        raise _refused(str(error)) from None
    for name in THREADS:
        before, after = config.value(name), changed.value(name)
        assert isinstance(before, int)
        assert isinstance(after, int)
        if after > 2 * before:
            raise _refused(
                f"Dynamic thread count update validation failed for {name}={after},"
                f" value should not be greater than double the current value {before}"
            )
        if after < before // 2 or after < 1:
            raise _refused(
                f"Dynamic thread count update validation failed for {name}={after},"
                f" value should be at least half the current value {before}"
            )


def without_effect(names: Iterable[str]) -> list[str]:
    """Give those of the names that pybroker does not obey."""
    return [name for name in names if name not in CONFIG_KEYS or not CONFIG_KEYS[name].acts]


def _is_fixed(name: str) -> bool:
    row = CONFIG_KEYS.get(name)
    if row is not None:
        return not row.dynamic
    from pybroker.configs import kafka_keys  # noqa: PLC0415 - Rarely needed.

    # A key that is nobody's is a plugin's to Kafka, which takes it.
    return kafka_keys.is_known_to_kafka(name) and name not in kafka_keys.DYNAMIC_KAFKA_KEYS


def _joined(names: Iterable[str]) -> str:
    return f"[{', '.join(names)}]"


def _refused(message: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_REQUEST, message)
