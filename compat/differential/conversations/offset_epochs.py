"""OffsetForLeaderEpoch: where a term ended, which clients ask after a change of leader."""

from typing import Any, Final

from compat.differential.conversation import Conversation, Step, ask
from compat.differential.record_batches import Batch
from compat.differential.requests import filled, topic


def _end_of(
    name: str, epoch: int, *, current: int = -1, partition: int = 0, version: int = 4, **rest: Any
) -> Step:
    asked = {"partition": partition, "leader_epoch": epoch, "current_leader_epoch": current}
    return ask(
        "offset_for_leader_epoch",
        version,
        topics=[{"topic": name, "partitions": [asked]}],
        **rest,
    )


CONVERSATIONS: Final = (
    Conversation(
        "the present term, every version",
        [*topic("term"), filled("term", Batch(values=[b"a", b"b"]))]
        + [_end_of("term", 0, version=version) for version in (2, 3, 4)],
    ),
    Conversation("a term of an empty log", [*topic("empty-term"), _end_of("empty-term", 0)]),
    Conversation(
        "terms that never were",
        [
            *topic("no-term"),
            filled("no-term", Batch()),
            _end_of("no-term", 7),
            _end_of("no-term", -1),
        ],
    ),
    Conversation(
        "the asker's epoch is stale or ahead",
        [
            *topic("fenced-term"),
            _end_of("fenced-term", 0, current=0),
            _end_of("fenced-term", 0, current=3),
            _end_of("fenced-term", 0, current=-2),
        ],
    ),
    Conversation(
        "unknown topic and partition",
        [*topic("known-term"), _end_of("unknown-term", 0), _end_of("known-term", 0, partition=4)],
    ),
)
