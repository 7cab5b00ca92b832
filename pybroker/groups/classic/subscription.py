"""What the members of a classic group of consumers read, as they told each other in JoinGroup."""

from typing import TYPE_CHECKING, Final

from pybroker.errors import ProtocolError
from pybroker.protocol.consumer_protocol import ConsumerProtocolSubscription, decode_versioned

if TYPE_CHECKING:
    from pybroker.groups.classic.group import ClassicGroup

CONSUMER_PROTOCOL_TYPE: Final = "consumer"


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
                    topics.update(decode_versioned(ConsumerProtocolSubscription, metadata).topics)
                except ProtocolError:
                    return None
    return frozenset(topics)
