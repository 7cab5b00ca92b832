"""What the members of a group subscribe to, as far as it exists."""

import json
from typing import TYPE_CHECKING
from zlib import crc32

from pybroker.errors import KafkaError
from pybroker.groups.consumer.regular_expressions import resolve

if TYPE_CHECKING:
    from collections.abc import Collection

    from pybroker.groups.consumer.group import ConsumerGroup
    from pybroker.groups.consumer.member import ConsumerMember
    from pybroker.metadata.topics import Topics


def note_subscriptions(group: "ConsumerGroup", topics: "Topics") -> None:
    """Note what members subscribe to; only regular expressions that are new are looked at."""
    patterns = {member.subscribed_topic_regex for member in group.members.values()} - {""}
    if group.resolved.keys() != patterns:
        group.resolved = {
            pattern: group.resolved[pattern]
            if pattern in group.resolved
            else _resolve_known(pattern, topics.by_name)
            for pattern in patterns
        }
    _note_names(group)
    group.metadata_hash = metadata_hash(group, topics)


def note_topics(group: "ConsumerGroup", topics: "Topics", changed: "Collection[str]") -> bool:
    """Note that topics of these names came, went or grew; says whether that concerns the group."""
    present = [name for name in changed if name in topics.by_name]
    for pattern, names in group.resolved.items():
        matching = _resolve_known(pattern, present)
        if not matching <= names or not names.isdisjoint(changed):
            group.resolved[pattern] = names.difference(changed) | matching
    before = group.subscribed_names
    _note_names(group)
    return not before.isdisjoint(changed) or not group.subscribed_names.isdisjoint(changed)


def topic_ids_of(
    group: "ConsumerGroup", member: "ConsumerMember", topics: "Topics"
) -> frozenset[bytes]:
    """Give the topics that a member subscribes to and that exist."""
    names = {*member.subscribed_topic_names, *group.resolved.get(member.subscribed_topic_regex, ())}
    by_name = topics.by_name
    return frozenset([by_name[name].topic_id for name in names if name in by_name])


def metadata_hash(group: "ConsumerGroup", topics: "Topics") -> int:
    """Boil down the topics that a group subscribes to, with their ids and sizes."""
    facts = [
        [name, topic.topic_id.hex(), len(topic.partitions)]
        for name in sorted(group.subscribed_names)
        if (topic := topics.by_name.get(name)) is not None
    ]
    return crc32(json.dumps(facts).encode())


def _resolve_known(pattern: str, names: "Collection[str]") -> frozenset[str]:
    """Find what a member's pattern means: one that is none any more must not keep a group away."""
    try:
        return resolve(pattern, names)
    except KafkaError:
        return frozenset()


def _note_names(group: "ConsumerGroup") -> None:
    wanted = {member.subscribed_topic_names for member in group.members.values()}
    group.subscribed_names = frozenset().union(*wanted, *group.resolved.values())
