"""What the members of a classic group of consumers read, as they told each other in JoinGroup.

The broker reads it for the sake of committed offsets: those that members read by must not go.
"""

from typing import TYPE_CHECKING

from pybroker.errors import ProtocolError
from pybroker.groups.classic.state import GroupState
from pybroker.groups.group import CONSUMER_PROTOCOL_TYPE
from pybroker.protocol.codec import codec
from pybroker.protocol.consumer_protocol import VERSION_BYTES, ConsumerProtocolSubscription

if TYPE_CHECKING:
    from pybroker.groups.classic.group import ClassicGroup
    from pybroker.store.groups import OffsetCommitted


def subscribes_to(group: "ClassicGroup", topic: str) -> bool:
    """Whether a member may read the topic; consumers that cannot be understood may read all."""
    topics = subscribed_topics(group)
    if topics is None:
        return group.protocol_type == CONSUMER_PROTOCOL_TYPE
    return topic in topics


def subscribed_topics(group: "ClassicGroup") -> frozenset[str] | None:
    """Give the topics of all members; None when that is not known."""
    if not group.members:
        return frozenset()
    if group.protocol_type != CONSUMER_PROTOCOL_TYPE or group.protocol_name is None:
        return None
    topics: set[str] = set()
    for member in group.members.values():
        for name, metadata in member.protocols:
            if name == group.protocol_name:
                try:
                    topics.update(_topics_of(metadata))
                except ProtocolError:
                    return None
    return frozenset(topics)


def _topics_of(metadata: bytes) -> list[str]:
    """Read a subscription by its beginning: all versions share that of version 0."""
    if len(metadata) < VERSION_BYTES or metadata[0] & 0x80:
        raise ProtocolError("a subscription begins with its version")
    read = codec(ConsumerProtocolSubscription, 0).decode_prefix(metadata[VERSION_BYTES:])
    topics: list[str] = read.topics
    return topics


def retention_begins_ms(group: "ClassicGroup", position: "OffsetCommitted") -> int | None:
    """Say since when a position ages, on the wall clock; None: it does not (KIP-211).

    Positions of simple users age by themselves, those of a group since its last member left. While
    there are members, only a stable group of consumers says what is read by nobody any more.
    """
    if group.protocol_type is None:
        return position.commit_timestamp_ms
    if group.state is GroupState.EMPTY:
        return group.state_timestamp_ms
    is_known = group.state is GroupState.STABLE and subscribed_topics(group) is not None
    return position.commit_timestamp_ms if is_known else None
