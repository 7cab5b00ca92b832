"""DeleteRecords: where a log starts then, what reads and writes see of it, and who may not."""

from typing import Any, Final

from compat.differential.conversation import Conversation, Step, ask
from compat.differential.record_batches import Batch
from compat.differential.requests import fetch, filled, offsets_at, produce, topic

LATEST, EARLIEST, MAX_TIMESTAMP, EARLIEST_LOCAL = -1, -2, -3, -4
FIVE: Final = Batch(values=[b"a", b"b", b"c", b"d", b"e"])


def _delete(*asked: tuple[str, int, int], version: int = 2) -> Step:
    """Delete before (topic, partition, offset)."""
    topics: dict[str, list[dict[str, Any]]] = {}
    for name, partition, offset in asked:
        topics.setdefault(name, []).append({"partition_index": partition, "offset": offset})
    return ask(
        "delete_records",
        version,
        timeout=10_000,
        topics=[{"name": name, "partitions": partitions} for name, partitions in topics.items()],
    )


CONVERSATIONS: Final = (
    Conversation(
        "every version, and what it leaves",
        [*topic("shorter"), filled("shorter", FIVE)]
        + [_delete(("shorter", 0, offset), version=offset) for offset in range(3)]
        + [
            *offsets_at("shorter", LATEST, EARLIEST, MAX_TIMESTAMP),
            *offsets_at("shorter", EARLIEST_LOCAL, version=8),
            fetch("shorter", 1),
            fetch("shorter", 2),
            produce("shorter", Batch()),
        ],
    ),
    Conversation(
        "up to the high watermark",
        [
            *topic("emptied"),
            filled("emptied", FIVE),
            _delete(("emptied", 0, -1)),
            *offsets_at("emptied", LATEST, EARLIEST, MAX_TIMESTAMP, 0),
            fetch("emptied", 4),
            fetch("emptied", 5),
            _delete(("emptied", 0, -1)),
            produce("emptied", Batch()),
            *offsets_at("emptied", LATEST, EARLIEST),
        ],
    ),
    Conversation(
        "offsets that are before the start, behind the end, or none",
        [
            *topic("edges"),
            filled("edges", FIVE),
            _delete(("edges", 0, 3)),
            _delete(("edges", 0, 3)),
            _delete(("edges", 0, 1)),
            _delete(("edges", 0, 6)),
            _delete(("edges", 0, -2)),
            _delete(("edges", 0, 5)),
            *offsets_at("edges", LATEST, EARLIEST),
        ],
    ),
    Conversation(
        "an empty log",
        [
            *topic("blank"),
            _delete(("blank", 0, 0)),
            _delete(("blank", 0, -1)),
            _delete(("blank", 0, 1)),
        ],
    ),
    Conversation(
        "topics that only compact, or do both",
        [
            *topic("compacted-only", configs={"cleanup.policy": "compact"}),
            *topic("compacted-too", configs={"cleanup.policy": "compact,delete"}),
            *(
                filled(name, Batch(keys=[b"k"], values=[b"v"]))
                for name in ("compacted-only", "compacted-too")
            ),
            _delete(("compacted-only", 0, 1)),
            _delete(("compacted-only", 0, -5)),
            _delete(("compacted-too", 0, 1)),
        ],
    ),
    Conversation(
        "each partition is answered by itself",
        [
            *topic("several", partitions=2),
            filled("several", FIVE),
            _delete(("several", 0, 2), ("several", 1, 7), ("several", 2, 0), ("absent", 0, 0)),
        ],
    ),
    Conversation(
        "the same partition twice",
        [
            *topic("repeated"),
            filled("repeated", FIVE),
            _delete(("repeated", 0, 4), ("repeated", 0, 2)),
            *offsets_at("repeated", EARLIEST),
        ],
    ),
    Conversation("nothing at all", [_delete()]),
)
