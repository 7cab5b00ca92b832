"""Loading: what was said in several places becomes one Config.

Promises:
  * Defaults < file < environment < overrides (`--set`) < flags.
  * A key that nobody knows is told once, with the key that was perhaps meant; Kafka's keys
    without a meaning here are told in one line; neither stops the broker. A bad value does.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pybroker.configs.config import Config
from pybroker.configs.environment import read_environment
from pybroker.configs.keys import CONFIG_KEYS
from pybroker.configs.listeners import ADVERTISED_LISTENERS, LISTENERS, MAX_PORT
from pybroker.configs.properties import read_properties
from pybroker.configs.values import ConfigError


class Loaded(NamedTuple):
    """A config, and the lines that the user should see about it."""

    config: Config
    notices: tuple[str, ...]


def load_config(
    *,
    file: str | None = None,
    environment: Mapping[str, str] | None = None,
    overrides: Sequence[str] = (),
    port: int | None = None,
    where: Mapping[str, str] | None = None,
    brokers: int | None = None,
) -> Loaded:
    """Read and merge. `overrides` are texts `key=value`. Raises ConfigError."""
    said: dict[str, str] = {}
    if file is not None:
        said.update(read_properties(file))
    said.update(read_environment(environment or {}))
    said.update(_parse_override(text) for text in overrides)
    for name, text in (where or {}).items():
        if name == "log.dirs":
            said[name] = text
        else:
            said.setdefault(name, text)
    if brokers is not None:
        said["pybroker.brokers"] = str(brokers)
    if port is not None:
        _move_port(said, port)
    settings = {name: text for name, text in said.items() if name in CONFIG_KEYS}
    return Loaded(Config(settings), tuple(_notices(said)))


def _parse_override(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"--set expects key=value, not {text}")
    return key.strip(), value


def _move_port(said: dict[str, str], port: int) -> None:
    """Give the first listener another port, and the advertised one if it named the old port."""
    if not 0 <= port <= MAX_PORT:
        raise ConfigError(f"--port must be 0 to {MAX_PORT}, not {port}")
    config = Config({name: text for name, text in said.items() if name in CONFIG_KEYS})
    first, *others = config.listeners
    said[LISTENERS] = ",".join(map(str, (first._replace(port=port), *others)))
    if config.advertised_listeners is not None and port:
        moved = (
            one._replace(port=port) if (one.name, one.port) == (first.name, first.port) else one
            for one in config.advertised_listeners
        )
        said[ADVERTISED_LISTENERS] = ",".join(map(str, moved))


def _notices(said: Mapping[str, str]) -> Iterable[str]:
    without_effect = [name for name in said if name in CONFIG_KEYS and not CONFIG_KEYS[name].acts]
    strange = sorted(name for name in said if name not in CONFIG_KEYS)
    if strange:
        from pybroker.configs import kafka_keys  # noqa: PLC0415 - Rarely needed.

        without_effect += filter(kafka_keys.is_known_to_kafka, strange)
        for name in strange:
            if not kafka_keys.is_known_to_kafka(name):
                yield f"{kafka_keys.describe_unknown(name)} It was ignored."
    if without_effect:
        names = ", ".join(sorted(without_effect))
        yield f"Configs of Kafka that were accepted and have no effect here: {names}"
