"""The range strategy: of every topic, each subscriber has a range of partitions, in their order.

Subscribers stand in an order of their own: those with instance ids first, by these, then the others
by member id. So members that subscribe to the same topics have the same partitions of topics of the
same size, which is what joins want, and static members have theirs again after a restart. How few
partitions move is no concern of this strategy.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pybroker.groups.consumer.assignors.subscriber import Subscriber
    from pybroker.groups.consumer.member import Target


def assign(
    subscribers: "Sequence[Subscriber]", partition_counts: "Mapping[bytes, int]"
) -> "dict[str, Target]":
    """Give every subscriber its target."""
    ordered = sorted(subscribers, key=_place)
    targets: dict[str, dict[bytes, frozenset[int]]] = {each.member_id: {} for each in ordered}
    by_topic: dict[bytes, list[str]] = {}
    for subscriber in ordered:
        for topic_id in subscriber.topic_ids:
            by_topic.setdefault(topic_id, []).append(subscriber.member_id)
    for topic_id, member_ids in sorted(by_topic.items()):
        share, extra = divmod(partition_counts[topic_id], len(member_ids))
        start = 0
        for place, member_id in enumerate(member_ids):
            end = start + share + (place < extra)
            if start < end:
                targets[member_id][topic_id] = frozenset(range(start, end))
            start = end
    return dict(targets)


def _place(subscriber: "Subscriber") -> tuple[bool, str]:
    instance_id = subscriber.instance_id
    return (instance_id is None, subscriber.member_id if instance_id is None else instance_id)
