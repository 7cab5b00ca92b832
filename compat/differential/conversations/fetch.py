"""Fetch without sessions: offsets, limits, long polls, epochs."""

from typing import Any, Final

from compat.differential.conversation import Collect, Conversation, Step, ask
from compat.differential.record_batches import Batch
from compat.differential.requests import fetch, filled, produce, topic, topic_id

UNKNOWN_ID: Final = "12345678-1234-1234-1234-123456789abc"
LONG_MS: Final = 15_000
SHORT_MS: Final = 50


def _both(name: str, limit: int, *, partition_limit: int = 1 << 20) -> Step:
    asked: list[dict[str, Any]] = [
        {
            "partition": index,
            "fetch_offset": 0,
            "partition_max_bytes": partition_limit,
            "current_leader_epoch": -1,
        }
        for index in (0, 1)
    ]
    return ask(
        "fetch",
        12,
        max_wait=0,
        min_bytes=1,
        max_bytes=limit,
        isolation_level=0,
        session_id=0,
        session_epoch=-1,
        topics=[{"topic": name, "partitions": asked}],
    )


CONVERSATIONS: Final = (
    Conversation(
        "every version",
        [
            *topic("by-version"),
            filled("by-version", Batch(values=[b"a", b"b"])),
            *[fetch("by-version", version=version) for version in range(4, 13)],
            *[fetch(topic_id("by-version"), version=version) for version in range(13, 19)],
        ],
    ),
    Conversation(
        "an empty partition, at its end and beyond",
        [*topic("empty"), fetch("empty"), fetch("empty", 1), fetch("empty", -1)],
    ),
    Conversation(
        "an offset inside a batch gives the batch; the end gives nothing; beyond is out of range",
        [
            *topic("middle"),
            filled("middle", Batch(values=[b"a", b"b", b"c"])),
            filled("middle", Batch(values=[b"d"])),
            *[fetch("middle", offset) for offset in (1, 3, 4, 5, -1, 2**62)],
        ],
    ),
    Conversation(
        "unknown topic, partition and id",
        [
            *topic("present"),
            fetch("absent"),
            fetch("present", partition=6),
            fetch(UNKNOWN_ID, version=13),
            fetch(topic_id("present"), partition=6, version=13),
        ],
    ),
    Conversation(
        "leader epochs: the present one, a stale one, one to come",
        [*topic("epochs"), filled("epochs", Batch())]
        + [fetch("epochs", leader_epoch=epoch) for epoch in (0, -2, 4)],
    ),
    Conversation(
        "one whole batch comes whatever the limits",
        [
            *topic("limits", partitions=2),
            filled("limits", Batch(values=[b"x" * 500])),
            filled("limits", Batch(values=[b"y" * 500])),
            filled("limits", Batch(values=[b"z" * 500]), partition=1),
            fetch("limits", max_bytes=1),
            fetch("limits", partition_max_bytes=1),
            fetch("limits", version=4, max_bytes=1),
            fetch("limits", partition_max_bytes=700),
            fetch("limits", max_bytes=0, partition_max_bytes=0),
            _both("limits", 1),
            _both("limits", 700),
            _both("limits", 1 << 20, partition_limit=10),
        ],
    ),
    Conversation(
        "a long poll wakes on the append",
        [
            *topic("awaited"),
            fetch("awaited", max_wait=LONG_MS, on_="waiter", awaited_=False),
            produce("awaited", Batch(values=[b"now"])),
            Collect("waiter"),
        ],
    ),
    Conversation(
        "a long poll that waits for more bytes",
        [
            *topic("thresholds"),
            fetch("thresholds", max_wait=LONG_MS, min_bytes=150, on_="waiter", awaited_=False),
            produce("thresholds", Batch(values=[b"not enough"])),
            produce("thresholds", Batch(values=[b"enough by now"])),
            Collect("waiter"),
        ],
    ),
    Conversation(
        "a long poll that nobody satisfies",
        [*topic("timeout"), fetch("timeout", max_wait=SHORT_MS)],
    ),
    Conversation(
        "an error does not wait",
        [
            *topic("impatient"),
            fetch("impatient", 10, max_wait=LONG_MS),
            fetch("impatient", partition=5, max_wait=LONG_MS),
        ],
    ),
    Conversation(
        "no partitions asked for do not wait",
        [
            ask(
                "fetch",
                12,
                max_wait=LONG_MS,
                min_bytes=1,
                max_bytes=1000,
                isolation_level=0,
                session_id=0,
                session_epoch=-1,
                topics=[],
            )
        ],
    ),
    Conversation(
        "read_committed without transactions",
        [
            *topic("committed"),
            filled("committed", Batch()),
            fetch("committed", isolation_level=1),
            fetch("committed", isolation_level=1, version=4),
        ],
    ),
    Conversation(
        "a topic deleted under a long poll",
        [
            *topic("vanishing"),
            fetch(topic_id("vanishing"), version=13, max_wait=2_000, on_="waiter", awaited_=False),
            ask(
                "delete_topics",
                6,
                topics=[{"name": "vanishing"}],
                timeout=30_000,
                recorded_=False,
            ),
            Collect("waiter"),
            fetch(topic_id("vanishing"), version=13),
        ],
    ),
    Conversation(
        "the last fetched epoch diverges",
        [
            *topic("diverging"),
            filled("diverging", Batch()),
            ask(
                "fetch",
                12,
                max_wait=0,
                min_bytes=1,
                max_bytes=1000,
                isolation_level=0,
                session_id=0,
                session_epoch=-1,
                topics=[
                    {
                        "topic": "diverging",
                        "partitions": [
                            {
                                "partition": 0,
                                "fetch_offset": 0,
                                "current_leader_epoch": 0,
                                "last_fetched_epoch": 0,
                                "partition_max_bytes": 1000,
                            }
                        ],
                    }
                ],
            ),
        ],
    ),
)
