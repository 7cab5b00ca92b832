"""DescribeLogDirs: the replicas of a dir and their sizes."""

from typing import Any, Final

from compat.differential.conversation import Conversation, Step, ask
from compat.differential.record_batches import Batch
from compat.differential.requests import filled, topic


def _describe(topics: dict[str, list[int]] | None, version: int = 5) -> Step:
    named: list[dict[str, Any]] | None = None
    if topics is not None:
        named = [{"topic": name, "partitions": partitions} for name, partitions in topics.items()]
    return ask("describe_log_dirs", version, topics=named)


CONVERSATIONS: Final = (
    Conversation(
        "all replicas, every version",
        [
            *topic("sized", partitions=2),
            *topic("also-sized"),
            filled("sized", Batch(values=[b"a", b"b"])),
            filled("sized", Batch(), partition=1),
            *(_describe(None, version) for version in range(1, 6)),
        ],
        fresh_broker=True,
    ),
    Conversation(
        "some replicas, unknown ones, none",
        [
            *topic("named", partitions=3),
            filled("named", Batch()),
            _describe({"named": [0, 2, 7], "unnamed": [0]}),
            _describe({"named": []}),
            _describe({}),
        ],
    ),
)
