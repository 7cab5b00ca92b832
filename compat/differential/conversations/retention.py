"""Retention: what goes by itself, and what reads see of it. Checks follow each other closely."""

from collections.abc import Callable
from typing import Final

from compat.differential.conversation import Answer, Conversation, Step, ask
from compat.differential.record_batches import Batch
from compat.differential.requests import fetch, filled, offsets_at, produce, topic

LATEST, EARLIEST = -1, -2
OFTEN: Final = {
    "log.retention.check.interval.ms": "200",
    "log.initial.task.delay.ms": "0",
    "log.segment.delete.delay.ms": "0",
}
DAY_MS: Final = "86400000"
THREE: Final = Batch(keys=[b"1", b"2", b"3"], values=[b"a", b"b", b"c"])
HALF_A_SEGMENT: Final = Batch(values=[b"x" * 600_000])


def _offset_is(offset: int) -> Callable[[Answer], bool]:
    def reached(answer: Answer) -> bool:
        found: int = answer["topics"][0]["partitions"][0]["offset"]
        return found == offset

    return reached


def _until_earliest(name: str, offset: int) -> Step:
    return ask(
        "list_offsets",
        7,
        topics=[{"name": name, "partitions": [{"partition_index": 0, "timestamp": EARLIEST}]}],
        until_=_offset_is(offset),
    )


CONVERSATIONS: Final = (
    Conversation(
        "old records go, with the active segment",
        [
            *topic("aged", configs={"retention.ms": DAY_MS}),
            filled("aged", THREE),
            _until_earliest("aged", 3),
            *offsets_at("aged", LATEST, EARLIEST),
            fetch("aged", 0),
            fetch("aged", 3),
        ],
        settings=OFTEN,
    ),
    Conversation(
        "the oldest segments of a large log go",
        [
            *topic("large", configs={"segment.bytes": "1048576", "retention.bytes": "1300000"}),
            *(filled("large", HALF_A_SEGMENT) for _ in range(5)),
            _until_earliest("large", 2),
            fetch("large", 1),
            *offsets_at("large", LATEST, EARLIEST),
        ],
        settings=OFTEN,
    ),
    Conversation(
        "what only compacts stays",
        [
            *topic(
                "stays",
                configs={"retention.ms": "1", "retention.bytes": "1", "cleanup.policy": "compact"},
            ),
            *topic("goes", configs={"retention.ms": "1"}),
            filled("stays", THREE),
            filled("goes", THREE),
            _until_earliest("goes", 3),
            *offsets_at("stays", LATEST, EARLIEST),
            produce("goes", Batch(timestamp_ms=-1, timestamp_step_ms=0)),
        ],
        settings=OFTEN,
    ),
)
