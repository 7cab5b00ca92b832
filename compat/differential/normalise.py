"""Takes out of an answer what no two brokers have in common, and leaves what must be equal.

Made-up identities (uuids, member ids, producer ids, fetch sessions) become numbered symbols, so
that the same value in two places is still the same. Addresses, cluster ids and clock readings
become placeholders. Lists of structs are sorted: Kafka's order is that of its hash tables.
"""

import json
import re
import time
from typing import Any, Final

from compat.differential.record_batches import describe_batches

UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# A member id that the coordinator makes for the consumer protocol, as Kafka writes an id.
SHORT_ID: Final = re.compile(r"[A-Za-z0-9_-]{22}")
NO_UUID: Final = "00000000-0000-0000-0000-000000000000"
MEMBERS: Final = frozenset({"member_id", "leader"})
NUMBERED: Final = frozenset({"producer_id", "session_id"})
SPACE: Final = frozenset({"total_bytes", "usable_bytes"})
DROPPED: Final = frozenset({"throttle_time", "finalized_features_epoch"})
CLOCK_TOLERANCE_MS: Final = 24 * 3_600_000


class Normaliser:
    """Normalises the answers of one conversation; symbols keep their meaning throughout it."""

    def __init__(self, *, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._symbols: dict[tuple[str, Any], str] = {}
        self._now_ms = int(time.time() * 1000)

    def normalise(self, value: Any) -> Any:
        """Give the value in JSON's types."""
        return self._number(self._replace("", value))

    def _replace(self, name: str, value: Any) -> Any:
        match value:
            case dict():
                return {
                    key: self._replace(key, item)
                    for key, item in value.items()
                    if key not in DROPPED
                }
            case bytes() if name == "records" and value:
                return self._replace("batches", describe_batches(value))
            case bytes():
                return _text(value)
            case list() if value and isinstance(value[0], dict) and name != "batches":
                replaced = [self._replace(name, item) for item in value]
                return replaced if name == "records" else sorted(replaced, key=_without_identity)
            case list():
                return [self._replace(name, item) for item in value]
            case int() if self._is_now(value):
                return "<now>"
            case int() if name == "port" and value == self._port:
                return "<port>"
            case str() if name == "host" and value == self._host:
                return "<host>"
            case str() if name == "log_dir":
                return "<log dir>"
            case int() if name in SPACE and value > 0:
                return f"<{name}>"
            case str() if name == "cluster_id":
                return "<cluster id>"
        return value

    def _is_now(self, value: int) -> bool:
        return abs(value - self._now_ms) < CLOCK_TOLERANCE_MS

    def _number(self, value: Any, name: str = "") -> Any:
        match value:
            case dict():
                return {key: self._number(item, key) for key, item in value.items()}
            case list():
                return [self._number(item, name) for item in value]
            case bool():
                return value
            case int() if name in NUMBERED and value > 0:
                return self._symbol(name, value)
            case int() if name == "producer_id" and value == 0:
                return self._symbol(name, value)
            case str() if name in MEMBERS and SHORT_ID.fullmatch(value):
                return self._symbol("short id", value)
            case str():
                return UUID.sub(self._uuid, value)
        return value

    def _uuid(self, found: re.Match[str]) -> str:
        text = found.group()
        return text if text == NO_UUID else self._symbol("uuid", text)

    def _symbol(self, kind: str, value: Any) -> str:
        count = sum(1 for known, _ in self._symbols if known == kind)
        return self._symbols.setdefault((kind, value), f"<{kind} {count + 1}>")


def _without_identity(item: Any) -> str:
    blank = {key: None if key in NUMBERED else value for key, value in item.items()}
    return UUID.sub("", json.dumps(blank, sort_keys=True))


def _text(data: bytes) -> str:
    if len(data) > 200:
        return f"<{len(data)} bytes>"
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return f"hex:{data.hex()}"
    return text if text.isprintable() else f"hex:{data.hex()}"
