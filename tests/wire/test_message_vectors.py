"""Kafka's own bytes: read as its JSON converter shows them, and written again."""

import json
from pathlib import Path
from typing import Any

import pytest

from pybroker.protocol.codec import decode, encode
from pybroker.protocol.declare import Message
from tests.wire.messages import MESSAGES, name_of, to_json, versions_of

VECTORS = Path(__file__).parent / "vectors" / "message-vectors.jsonl"


def _vectors() -> dict[str, list[dict[str, Any]]]:
    by_message: dict[str, list[dict[str, Any]]] = {name: [] for name in MESSAGES}
    with VECTORS.open(encoding="utf-8") as lines:
        for line in lines:
            vector = json.loads(line)
            # The messages of controllers are not ours.
            if vector["message"] in MESSAGES:
                by_message[vector["message"]].append(vector)
    return by_message


BY_MESSAGE = _vectors()


def _without_records(value: Any) -> Any:
    """Kafka's converter shows records as empty; their bytes are in the hex only."""
    if isinstance(value, dict):
        return {
            key: "" if key == "records" and item is not None else _without_records(item)
            for key, item in value.items()
        }
    return [_without_records(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("cls", MESSAGES.values(), ids=name_of)
def test_kafkas_bytes_are_read_and_written_again(cls: type[Message]) -> None:
    for vector in BY_MESSAGE[cls.__name__]:
        version, body = vector["version"], bytes.fromhex(vector["hex"])
        message = decode(cls, version, body)
        assert _without_records(to_json(message, version)) == vector["value"], vector
        assert encode(message, version) == body, vector


@pytest.mark.parametrize("cls", MESSAGES.values(), ids=name_of)
def test_kafka_has_bytes_of_every_version(cls: type[Message]) -> None:
    versions = {vector["version"] for vector in BY_MESSAGE[cls.__name__]}
    assert versions == set(versions_of(cls))
