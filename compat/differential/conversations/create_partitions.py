"""CreatePartitions: only ever more of them."""

from typing import Any, Final

from compat.differential.conversation import Conversation, Step, ask
from compat.differential.record_batches import Batch
from compat.differential.requests import look, produce, topic


def _grow(*topics: dict[str, Any], version: int = 3, **rest: Any) -> Step:
    whole = [{"assignments": None, **each} for each in topics]
    return ask("create_partitions", version, topics=whole, timeout=30_000, **rest)


CONVERSATIONS: Final = (
    Conversation(
        "more partitions, seen by the next request",
        [
            *topic("growing"),
            _grow({"name": "growing", "count": 3}),
            ask(
                "metadata",
                12,
                topics=[{"name": "growing"}],
                until_=lambda answer: len(answer["topics"][0]["partitions"]) == 3,
            ),
            ask(
                "list_offsets",
                7,
                topics=[
                    {"name": "growing", "partitions": [{"partition_index": 2, "timestamp": -1}]}
                ],
                until_=lambda a: a["topics"][0]["partitions"][0]["error_code"] == "NONE",
            ),
            produce("growing", Batch(), partition=2),
        ],
    ),
    Conversation(
        "every version",
        [*topic("growing-by-version")]
        + [
            _grow({"name": "growing-by-version", "count": 2 + version}, version=version)
            for version in range(4)
        ],
    ),
    Conversation(
        "not more, fewer, none",
        [*topic("not-growing", partitions=3)]
        + [_grow({"name": "not-growing", "count": count}) for count in (3, 2, 0, -1)],
    ),
    Conversation("an unknown topic", [_grow({"name": "not-there", "count": 3})]),
    Conversation(
        "a good one beside an unknown one",
        [
            *topic("growing-too"),
            _grow({"name": "growing-too", "count": 2}, {"name": "not-there-2", "count": 2}),
        ],
    ),
    Conversation(
        "the same topic twice",
        [*topic("growing-twice"), _grow(*[{"name": "growing-twice", "count": 2}] * 2)],
    ),
    Conversation(
        "validate_only changes nothing",
        [
            *topic("growth-checked"),
            _grow({"name": "growth-checked", "count": 5}, validate_only=True),
            look("growth-checked"),
        ],
    ),
    Conversation(
        "replicas named by hand",
        [
            *topic("growing-by-hand"),
            _grow({"name": "growing-by-hand", "count": 2, "assignments": [{"broker_ids": [1]}]}),
            _grow({"name": "growing-by-hand", "count": 4, "assignments": [{"broker_ids": [1]}]}),
            _grow({"name": "growing-by-hand", "count": 3, "assignments": [{"broker_ids": [99]}]}),
            _grow({"name": "growing-by-hand", "count": 3, "assignments": [{"broker_ids": [1, 1]}]}),
        ],
    ),
)
