"""Fetch sessions (KIP-227): only what changed is asked for and answered."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from compat.differential.conversation import Conversation, Ref, Step, ask
from compat.differential.record_batches import Batch
from compat.differential.requests import filled, topic, topic_id


def _session(
    session_epoch: int,
    wanted: Mapping[Any, Mapping[int, int]] | None = None,
    *,
    session_id: Any = None,
    version: int = 12,
    forgotten: Sequence[tuple[Any, list[int]]] = (),
    **rest: Any,
) -> Step:
    name = "topic_id" if version >= 13 else "topic"
    topics = [
        {
            name: each,
            "partitions": [
                {"partition": index, "fetch_offset": offset, "partition_max_bytes": 1 << 20}
                | ({"current_leader_epoch": -1} if version >= 9 else {})
                for index, offset in partitions.items()
            ],
        }
        for each, partitions in (wanted or {}).items()
    ]
    opens = session_id is None and session_epoch == 0
    return ask(
        "fetch",
        version,
        max_wait=0,
        min_bytes=1,
        max_bytes=1 << 20,
        isolation_level=0,
        session_id=(0 if opens else Ref("session")) if session_id is None else session_id,
        session_epoch=session_epoch,
        topics=topics,
        forgotten_topics_data=[
            {name: each, "partitions": partitions} for each, partitions in forgotten
        ],
        save_={"session": "session_id"} if opens else {},
        **rest,
    )


def _open_by_id(name: str) -> Step:
    wanted = {"partition": 0, "fetch_offset": 0, "partition_max_bytes": 1 << 20}
    return ask(
        "fetch",
        13,
        max_wait=0,
        min_bytes=1,
        max_bytes=1 << 20,
        isolation_level=0,
        session_id=0,
        session_epoch=0,
        topics=[{"topic_id": topic_id(name), "partitions": [wanted]}],
        save_={"session": "session_id"},
    )


CONVERSATIONS: Final = (
    Conversation(
        "what did not change is left out",
        [
            *topic("quiet", partitions=2),
            filled("quiet", Batch(values=[b"a"])),
            _session(0, {"quiet": {0: 0, 1: 0}}),
            _session(1, {"quiet": {0: 1}}),
            _session(2),
            filled("quiet", Batch(values=[b"b"]), partition=1),
            _session(3),
            _session(4, {"quiet": {1: 1}}),
            _session(5),
        ],
    ),
    Conversation(
        "a session by topic ids",
        [
            *topic("by-id"),
            filled("by-id", Batch(values=[b"a"])),
            _open_by_id("by-id"),
            _session(1, version=13),
            filled("by-id", Batch(values=[b"b"])),
            _session(2, version=17),
        ],
    ),
    Conversation(
        "an unknown session and a wrong epoch",
        [
            *topic("strict"),
            _session(1, {"strict": {0: 0}}, session_id=123_456),
            _session(0, {"strict": {0: 0}}),
            _session(5),
            _session(1),
            _session(1),
            _session(2),
        ],
    ),
    Conversation(
        "a partition is forgotten",
        [
            *topic("partly", partitions=2),
            _session(0, {"partly": {0: 0, 1: 0}}),
            _session(1, forgotten=[("partly", [0])]),
            filled("partly", Batch(values=[b"unseen"])),
            filled("partly", Batch(values=[b"seen"]), partition=1),
            _session(2),
        ],
    ),
    Conversation(
        "a partition is added",
        [
            *topic("growing", partitions=2),
            filled("growing", Batch(values=[b"there"]), partition=1),
            _session(0, {"growing": {0: 0}}),
            _session(1, {"growing": {1: 0}}),
            _session(2),
        ],
    ),
    Conversation(
        "a session is closed",
        [
            *topic("closing"),
            _session(0, {"closing": {0: 0}}),
            _session(-1),
            _session(1),
        ],
    ),
    Conversation(
        "a session is closed and another opened in one request",
        [
            *topic("renewed"),
            filled("renewed", Batch()),
            _session(0, {"renewed": {0: 0}}),
            _session(0, {"renewed": {0: 0}}, session_id=Ref("session")),
        ],
    ),
    Conversation(
        "errors are told again and again",
        [
            *topic("broken"),
            _session(0, {"broken": {0: 9}}),
            _session(1),
            _session(2, {"broken": {0: 0}}),
            _session(3),
        ],
    ),
    Conversation(
        "a session over an unknown topic",
        [
            _session(0, {"not-here": {0: 0}}),
            _session(1),
        ],
    ),
    Conversation("a session over nothing", [_session(0, {})]),
    Conversation(
        "a high watermark that moves is told",
        [
            *topic("moving"),
            _session(0, {"moving": {0: 0}}),
            filled("moving", Batch()),
            _session(1, {"moving": {0: 1}}),
            _session(2),
        ],
    ),
)
