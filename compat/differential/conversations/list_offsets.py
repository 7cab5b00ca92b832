"""ListOffsets: the ends, by timestamp, the largest timestamp; and who may not ask."""

from typing import Final

from compat.differential.conversation import Conversation, ask
from compat.differential.record_batches import BASE_TIMESTAMP_MS, Batch
from compat.differential.requests import filled, offsets_at, topic

LATEST, EARLIEST, MAX_TIMESTAMP, EARLIEST_LOCAL, LATEST_TIERED = -1, -2, -3, -4, -5
THREE: Final = (b"a", b"b", b"c")


def _later(step_ms: int, *, timestamp_step_ms: int = 1, gzipped: bool = False) -> Batch:
    return Batch(
        values=THREE,
        timestamp_ms=BASE_TIMESTAMP_MS + step_ms,
        timestamp_step_ms=timestamp_step_ms,
        gzipped=gzipped,
    )


CONVERSATIONS: Final = (
    Conversation(
        "the ends of an empty partition",
        [
            *topic("empty"),
            *offsets_at("empty", LATEST, EARLIEST, MAX_TIMESTAMP, 0, version=7),
        ],
    ),
    Conversation(
        "the ends of a partition with records, every version",
        [*topic("ends"), filled("ends", _later(0), _later(100))]
        + [
            step
            for version in range(1, 12)
            for step in offsets_at("ends", LATEST, EARLIEST, version=version)
        ],
    ),
    Conversation(
        "by timestamp: the record, not its batch",
        [
            *topic("by-time"),
            filled("by-time", _later(0, timestamp_step_ms=10)),
            filled("by-time", _later(100, timestamp_step_ms=10)),
            *offsets_at("by-time", *(BASE_TIMESTAMP_MS + n for n in (-5, 0, 1, 10, 15, 20))),
            *offsets_at("by-time", *(BASE_TIMESTAMP_MS + n for n in (21, 100, 111, 120, 121))),
        ],
    ),
    Conversation(
        "by timestamp in a compressed batch",
        [
            *topic("by-time-gzip"),
            filled("by-time-gzip", _later(0, timestamp_step_ms=10, gzipped=True)),
            *offsets_at("by-time-gzip", BASE_TIMESTAMP_MS + 5, BASE_TIMESTAMP_MS + 20),
        ],
    ),
    Conversation(
        "by timestamp when time goes backwards",
        [
            *topic("backwards"),
            filled("backwards", _later(1000)),
            filled("backwards", _later(0)),
            filled("backwards", _later(2000)),
            *offsets_at("backwards", *(BASE_TIMESTAMP_MS + n for n in (0, 500, 1001, 1500))),
            *offsets_at("backwards", MAX_TIMESTAMP),
        ],
    ),
    Conversation(
        "the largest timestamp is not always the last",
        [
            *topic("max-time"),
            filled("max-time", _later(500)),
            filled("max-time", _later(0)),
            *offsets_at("max-time", MAX_TIMESTAMP),
        ],
    ),
    Conversation(
        "the ends of local and tiered data",
        [
            *topic("tiers"),
            filled("tiers", _later(0)),
            *offsets_at("tiers", EARLIEST_LOCAL, version=8),
            *offsets_at("tiers", LATEST_TIERED, version=9),
            *offsets_at("tiers", -6, version=11),
        ],
    ),
    Conversation(
        "special timestamps need their versions",
        [
            *topic("old-versions"),
            *offsets_at("old-versions", MAX_TIMESTAMP, version=6),
            *offsets_at("old-versions", EARLIEST_LOCAL, version=7),
            *offsets_at("old-versions", -7, version=9),
        ],
    ),
    Conversation(
        "unknown topic and partition",
        [*topic("known"), *offsets_at("unknown", LATEST), *offsets_at("known", -1, partition=9)],
    ),
    Conversation(
        "leader epochs: the present one, a stale one, one to come",
        [*topic("epochs")]
        + [
            step
            for epoch in (0, -1, -2, 5)
            for step in offsets_at("epochs", LATEST, current_leader_epoch=epoch)
        ],
    ),
    Conversation(
        "the same partition twice",
        [
            *topic("asked-twice"),
            ask(
                "list_offsets",
                7,
                topics=[
                    {
                        "name": "asked-twice",
                        "partitions": [{"partition_index": 0, "timestamp": -1}] * 2,
                    }
                ],
            ),
        ],
    ),
    Conversation(
        "read_committed without transactions",
        [
            *topic("committed"),
            filled("committed", _later(0)),
            ask(
                "list_offsets",
                7,
                isolation_level=1,
                topics=[
                    {
                        "name": "committed",
                        "partitions": [{"partition_index": 0, "timestamp": LATEST}],
                    }
                ],
            ),
        ],
    ),
)
