"""OffsetDelete: which positions may go, and whose."""

import struct
from collections.abc import Sequence
from typing import Any, Final

from compat.differential.conversation import Conversation, Step, ask
from compat.differential.requests import join, member, sync, topic

PARTITIONS: Final = 2


def _subscription(*topics: str, version: int = 0) -> bytes:
    names = b"".join(struct.pack(">h", len(name)) + name.encode() for name in topics)
    return struct.pack(">hi", version, len(topics)) + names + struct.pack(">i", -1)


def _stable(group_id: str, metadata: bytes, protocol_type: str = "consumer") -> list[Step]:
    joining: dict[str, Any] = {
        "protocols": {"range": metadata},
        "protocol_type": protocol_type,
        "recorded_": False,
    }
    synced = sync(group_id, assignments={"main": b""}, protocol_type=protocol_type, recorded_=False)
    return [join(group_id, **joining), join(group_id, member("main"), **joining), synced]


def _commit(group_id: str, *topics: str, by_member: bool = False) -> Step:
    partitions = [
        {"partition_index": index, "committed_offset": 5, "committed_metadata": ""}
        for index in range(PARTITIONS)
    ]
    return ask(
        "offset_commit",
        8,
        group_id=group_id,
        generation_id_or_member_epoch=1 if by_member else -1,
        member_id=member("main") if by_member else "",
        topics=[{"name": name, "partitions": partitions} for name in topics],
        recorded_=False,
    )


def _delete(group_id: str, **partitions: Sequence[int]) -> Step:
    topics = [
        {"name": name, "partitions": [{"partition_index": index} for index in indexes]}
        for name, indexes in partitions.items()
    ]
    return ask("offset_delete", 0, group_id=group_id, topics=topics)


def _leave(group_id: str) -> Step:
    members = [{"member_id": member("main")}]
    return ask("leave_group", 5, group_id=group_id, members=members, recorded_=False)


def _committed(group_id: str) -> Step:
    return ask("offset_fetch", 7, group_id=group_id, topics=None)


CONVERSATIONS: Final = (
    Conversation(
        "positions without a group",
        [
            *topic("forgotten", partitions=PARTITIONS),
            _commit("unled", "forgotten"),
            _delete("unled", forgotten=[0]),
            _committed("unled"),
            _delete("unled", forgotten=[0, 1, 2], nowhere=[0]),
            _delete("unled"),
            _committed("unled"),
            ask("describe_groups", 5, groups=["unled"]),
        ],
    ),
    Conversation(
        "a group that nobody knows",
        [
            *topic("unknown", partitions=PARTITIONS),
            _delete("nobody", unknown=[0, 7], nowhere=[0]),
            _delete("", unknown=[0]),
        ],
    ),
    Conversation(
        "members that read the topic, or do not",
        [
            *topic("read", partitions=PARTITIONS),
            *topic("unread", partitions=PARTITIONS),
            *_stable("readers", _subscription("read")),
            _commit("readers", "read", "unread", by_member=True),
            _delete("readers", read=[0, 7], unread=[0, 7]),
            _committed("readers"),
            _leave("readers"),
            _delete("readers", read=[0, 1]),
            _committed("readers"),
        ],
    ),
    Conversation(
        "subscriptions that cannot be read, and of the future",
        [
            *topic("guarded", partitions=PARTITIONS),
            *_stable("unreadable", b"\0"),
            _commit("unreadable", "guarded", by_member=True),
            _delete("unreadable", guarded=[0]),
            *_stable("futuristic", _subscription("elsewhere", version=99) + b"more"),
            _commit("futuristic", "guarded", by_member=True),
            _delete("futuristic", guarded=[0]),
        ],
    ),
    Conversation(
        "members of another kind",
        [
            *topic("connected", partitions=PARTITIONS),
            *_stable("workers", b"whatever", "connect"),
            _commit("workers", "connected", by_member=True),
            _delete("workers", connected=[0, 7], nowhere=[0]),
            _leave("workers"),
            _delete("workers", connected=[0]),
            _committed("workers"),
        ],
    ),
)
