"""The uniform strategy: members have equally many partitions, and as few as possible move.

Balance goes before stickiness. Where all members want the same topics, no two of them differ by
more than one partition. Where they do not, partitions go to whoever may have them and has least,
and move on from there as long as that makes two members more equal.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pybroker.groups.consumer.assignors.subscriber import Subscriber
    from pybroker.groups.consumer.member import Target

# Balancing one topic may unbalance another; Kafka stops after as many rounds.
BALANCING_ROUNDS: Final = 16


def assign(
    subscribers: "Sequence[Subscriber]", partition_counts: "Mapping[bytes, int]"
) -> "dict[str, Target]":
    """Give every subscriber its target."""
    if not subscribers:
        return {}
    ordered = sorted(subscribers, key=lambda each: each.member_id)
    first = ordered[0].topic_ids
    if all(each.topic_ids == first for each in ordered):
        return _assign_homogeneous(ordered, partition_counts)
    return _Heterogeneous(ordered, partition_counts).assign()


def _assign_homogeneous(
    subscribers: "Sequence[Subscriber]", partition_counts: "Mapping[bytes, int]"
) -> "dict[str, Target]":
    topic_ids = sorted(subscribers[0].topic_ids)
    share, extra = divmod(sum(partition_counts[each] for each in topic_ids), len(subscribers))
    kept = {each.member_id: _kept(each, partition_counts) for each in subscribers}
    # Who has most may have one more than the others: to move it would serve nothing.
    ranked = sorted(kept, key=lambda member_id: -len(kept[member_id]))
    limits = {member_id: share + (place < extra) for place, member_id in enumerate(ranked)}
    unassigned = {
        (topic_id, partition)
        for topic_id in topic_ids
        for partition in range(partition_counts[topic_id])
    }
    for member_id, partitions in kept.items():
        del partitions[limits[member_id] :]
        unassigned.difference_update(partitions)
    _deal(sorted(unassigned), kept, limits)
    return {member_id: _as_target(partitions) for member_id, partitions in kept.items()}


def _kept(
    subscriber: "Subscriber", partition_counts: "Mapping[bytes, int]"
) -> list[tuple[bytes, int]]:
    """Give what it had, and may still have, in a fixed order."""
    return [
        (topic_id, partition)
        for topic_id in sorted(subscriber.target.keys() & subscriber.topic_ids)
        for partition in sorted(subscriber.target[topic_id])
        if partition < partition_counts[topic_id]
    ]


def _deal(
    partitions: "Iterable[tuple[bytes, int]]",
    kept: dict[str, list[tuple[bytes, int]]],
    limits: dict[str, int],
) -> None:
    """Deal partitions round those who have less than their limit."""
    takers = [member_id for member_id in kept if len(kept[member_id]) < limits[member_id]]
    place = 0
    for partition in partitions:
        if place >= len(takers):
            takers = [each for each in takers if len(kept[each]) < limits[each]]
            place = 0
        kept[takers[place]].append(partition)
        place += 1


def _as_target(partitions: "Iterable[tuple[bytes, int]]") -> "Target":
    by_topic: dict[bytes, set[int]] = {}
    for topic_id, partition in partitions:
        by_topic.setdefault(topic_id, set()).add(partition)
    return {topic_id: frozenset(by_topic[topic_id]) for topic_id in sorted(by_topic)}


class _Heterogeneous:
    """The work on members that want different topics."""

    def __init__(
        self, subscribers: "Sequence[Subscriber]", partition_counts: "Mapping[bytes, int]"
    ) -> None:
        self.subscribers = subscribers
        self.partition_counts = partition_counts
        self.loads = dict.fromkeys((each.member_id for each in subscribers), 0)
        self.owners: dict[bytes, dict[int, str]] = {}
        self.members_of: dict[bytes, list[str]] = {}
        for subscriber in subscribers:
            for topic_id in subscriber.topic_ids:
                self.members_of.setdefault(topic_id, []).append(subscriber.member_id)
                self.owners.setdefault(topic_id, {})

    def assign(self) -> "dict[str, Target]":
        for subscriber in self.subscribers:
            for topic_id, partition in _kept(subscriber, self.partition_counts):
                self._give(topic_id, partition, subscriber.member_id)
        # The fuller its subscribers get by it, the earlier a topic has its turn.
        topic_ids = sorted(
            self.members_of,
            key=lambda each: (
                -self.partition_counts[each] / len(self.members_of[each]),
                len(self.members_of[each]),
                each,
            ),
        )
        for topic_id in topic_ids:
            self._assign_rest(topic_id)
        shared = [each for each in topic_ids if len(self.members_of[each]) > 1]
        for _ in range(BALANCING_ROUNDS):
            if not sum(self._balance(topic_id) for topic_id in shared):
                break
        pairs: dict[str, list[tuple[bytes, int]]] = {member_id: [] for member_id in self.loads}
        for topic_id, owners in self.owners.items():
            for partition, member_id in owners.items():
                pairs[member_id].append((topic_id, partition))
        return {member_id: _as_target(partitions) for member_id, partitions in pairs.items()}

    def _give(self, topic_id: bytes, partition: int, member_id: str) -> None:
        owners = self.owners[topic_id]
        previous = owners.get(partition)
        if previous is not None:
            self.loads[previous] -= 1
        owners[partition] = member_id
        self.loads[member_id] += 1

    def _assign_rest(self, topic_id: bytes) -> None:
        owners = self.owners[topic_id]
        member_ids = self.members_of[topic_id]
        for partition in range(self.partition_counts[topic_id]):
            if partition not in owners:
                self._give(topic_id, partition, min(member_ids, key=self.loads.__getitem__))

    def _balance(self, topic_id: bytes) -> int:
        """Move partitions of a topic from who has most to who has least; give how many."""
        member_ids = self.members_of[topic_id]
        owned: dict[str, list[int]] = {}
        for partition, member_id in sorted(self.owners[topic_id].items()):
            owned.setdefault(member_id, []).append(partition)
        moved = 0
        while True:
            givers = [member_id for member_id in member_ids if owned.get(member_id)]
            if not givers:
                return moved
            giver = max(givers, key=self.loads.__getitem__)
            taker = min(member_ids, key=self.loads.__getitem__)
            if self.loads[giver] - self.loads[taker] <= 1:
                return moved
            partition = owned[giver].pop()
            self._give(topic_id, partition, taker)
            owned.setdefault(taker, []).append(partition)
            moved += 1
