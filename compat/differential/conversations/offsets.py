"""OffsetCommit and OffsetFetch: what a group remembers, and whose word counts."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from compat.differential.conversation import Conversation, Step, ask
from compat.differential.requests import commit, joined_alone, member, topic, topic_id

_commit = partial(commit, metadata="note")


def _fetch(group_id: str, topics: Sequence[Any] | None, *, version: int = 9, **rest: Any) -> Step:
    asked = topics
    if topics is not None:
        name = "topic_id" if version >= 10 else "name"
        asked = [{name: each, "partition_indexes": [0, 1]} for each in topics]
    if version < 8:
        return ask("offset_fetch", version, group_id=group_id, topics=asked, **rest)
    group = {"group_id": group_id, "topics": asked}
    if version >= 9 and "member_id" in rest:
        group |= {"member_id": rest.pop("member_id"), "member_epoch": rest.pop("member_epoch")}
    return ask("offset_fetch", version, groups=[group], **rest)


CONVERSATIONS: Final = (
    Conversation(
        "committed without a group, fetched in every version",
        [
            *topic("kept", partitions=2),
            _commit("simple", "kept", leader_epoch=0),
            *[_fetch("simple", ["kept"], version=version) for version in range(1, 10)],
            _fetch("simple", [topic_id("kept")], version=10),
            *[_fetch("simple", None, version=version) for version in (2, 7, 8, 9)],
        ],
    ),
    Conversation(
        "committed in every version",
        [
            *topic("kept-by-version"),
            *[
                _commit("versions", "kept-by-version", version, version=version)
                for version in range(2, 10)
            ],
            _commit("versions", topic_id("kept-by-version"), 10, version=10),
            _fetch("versions", ["kept-by-version"]),
        ],
    ),
    Conversation(
        "a later commit wins, even if it goes back",
        [
            *topic("rewound"),
            _commit("rewinder", "rewound", 50, metadata=None),
            _commit("rewinder", "rewound", 7, metadata=""),
            _fetch("rewinder", ["rewound"]),
        ],
    ),
    Conversation(
        "a group that is not known has no offsets and no error",
        [
            *topic("unread"),
            _fetch("never-seen", ["unread"]),
            _fetch("never-seen", ["no-such-topic"]),
            _fetch("never-seen", None),
        ],
    ),
    Conversation(
        "unknown topics and partitions",
        [
            *topic("narrow"),
            _commit("careless", "no-such-topic"),
            _commit("careless", "narrow", first_partition=7),
            _commit("careless", "12345678-1234-1234-1234-123456789abc", version=10),
            _fetch("careless", ["12345678-1234-1234-1234-123456789abc"], version=10),
        ],
    ),
    Conversation(
        "the metadata is too long",
        [
            *topic("chatty"),
            _commit("talker", "chatty", metadata="x" * 4096),
            _commit("talker", "chatty", metadata="x" * 4097),
        ],
    ),
    Conversation("a negative offset", [*topic("negative"), _commit("below", "negative", -5)]),
    Conversation(
        "members commit with their generation",
        [
            *topic("membered"),
            *joined_alone("team"),
            _commit("team", "membered", epoch=1, member_id=member("main")),
            _commit("team", "membered", epoch=2, member_id=member("main")),
            _commit("team", "membered", epoch=0, member_id=member("main")),
            _commit("team", "membered", epoch=1, member_id="stranger"),
            _commit("team", "membered"),
            _commit("team", "membered", version=2, epoch=9, member_id="stranger"),
            _fetch("team", ["membered"]),
        ],
    ),
    Conversation(
        "a generation of a group that is not there",
        [
            *topic("ghostly"),
            _commit("ghosts", "ghostly", epoch=3, member_id="ghost"),
            _commit("", "ghostly"),
            _fetch("", ["ghostly"]),
        ],
    ),
    Conversation(
        "fetching as a member",
        [
            *topic("asked"),
            *joined_alone("askers"),
            _fetch("askers", ["asked"], member_id="stranger", member_epoch=1),
            _fetch("askers", ["asked"], member_id=member("main"), member_epoch=1),
            _fetch("askers", ["asked"], require_stable=True),
        ],
    ),
    Conversation(
        "several groups in one fetch",
        [
            *topic("shared", partitions=2),
            _commit("first-group", "shared", 1),
            _commit("second-group", "shared", 2, first_partition=1),
            ask(
                "offset_fetch",
                8,
                groups=[
                    {"group_id": "first-group", "topics": None},
                    {"group_id": "second-group", "topics": None},
                    {"group_id": "third-group", "topics": None},
                ],
            ),
        ],
    ),
)
