"""What the members of a group subscribe to, as far as it exists."""

import json
from typing import TYPE_CHECKING
from zlib import crc32

from pybroker.groups.consumer.regular_expressions import resolve

if TYPE_CHECKING:
    from pybroker.groups.consumer.group import ConsumerGroup
    from pybroker.groups.consumer.member import ConsumerMember
    from pybroker.metadata.topics import Topics


def resolve_all(group: "ConsumerGroup", topics: "Topics") -> None:
    """Find anew what every regular expression of a member means."""
    patterns = {member.subscribed_topic_regex for member in group.members.values()} - {""}
    group.resolved = {pattern: resolve(pattern, topics.by_name) for pattern in patterns}


def resolve_new(group: "ConsumerGroup", topics: "Topics") -> None:
    """Find what new regular expressions mean, and forget those that nobody has any more."""
    patterns = {member.subscribed_topic_regex for member in group.members.values()} - {""}
    if group.resolved.keys() != patterns:
        group.resolved = {
            pattern: group.resolved[pattern]
            if pattern in group.resolved
            else resolve(pattern, topics.by_name)
            for pattern in patterns
        }


def topic_ids_of(
    group: "ConsumerGroup", member: "ConsumerMember", topics: "Topics"
) -> frozenset[bytes]:
    """Give the topics that a member subscribes to and that exist."""
    names = {*member.subscribed_topic_names, *group.resolved.get(member.subscribed_topic_regex, ())}
    by_name = topics.by_name
    return frozenset([by_name[name].topic_id for name in names if name in by_name])


def metadata_hash(group: "ConsumerGroup", topics: "Topics") -> int:
    """Boil down the topics that a group subscribes to, with their ids and sizes."""
    names = {name for member in group.members.values() for name in member.subscribed_topic_names}
    names.update(*group.resolved.values())
    facts = [
        [name, topic.topic_id.hex(), len(topic.partitions)]
        for name in sorted(names)
        if (topic := topics.by_name.get(name)) is not None
    ]
    return crc32(json.dumps(facts).encode())
