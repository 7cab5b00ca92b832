"""The group epoch and the target assignment: when they change, and what the target is.

The target of an epoch is computed in the first heartbeat after it was raised, but no sooner after
the last computation than `pace_ms` says: what takes long to compute is computed rarely, and members
that come in a crowd are assigned together.
"""

from typing import TYPE_CHECKING, Final

from pybroker.groups.consumer import snapshot
from pybroker.groups.consumer.assignors import ASSIGNORS
from pybroker.groups.consumer.assignors.subscriber import Subscriber
from pybroker.groups.consumer.subscription import note_subscriptions, topic_ids_of

if TYPE_CHECKING:
    from pybroker.groups.consumer.group import ConsumerGroup
    from pybroker.groups.decision import Decision
    from pybroker.groups.rebalances import RebalanceReason
    from pybroker.metadata.topics import Topics

# A target costs some microseconds for each member and each partition. With this many of them to a
# millisecond of waiting, a tenth of the time is spent on it at most.
ASSIGNED_PER_MS: Final = 20


def raise_epoch(
    group: "ConsumerGroup",
    topics: "Topics",
    reason: "RebalanceReason",
    why: str,
    decision: "Decision",
) -> None:
    """Begin a rebalance: members or topics are not what they were; `why` is for the log."""
    note_subscriptions(group, topics)
    group.group_epoch += 1
    group.changed_at_ms = decision.now_ms
    group.state_timestamp_ms = decision.wall_ms
    decision.changes.append(snapshot.group_set(group))
    decision.rebalance(
        reason,
        f"Group {group.group_id} is raised to epoch {group.group_epoch} (reason: {why})",
    )


def assign_if_due(group: "ConsumerGroup", topics: "Topics", decision: "Decision") -> None:
    """Compute the target of the present epoch, unless the last one was computed just now."""
    if group.group_epoch == group.target_epoch:
        return
    assigned_at_ms = group.assigned_at_ms
    if assigned_at_ms is None or decision.now_ms - assigned_at_ms >= pace_ms(group):
        assign(group, topics, decision)


def pace_ms(group: "ConsumerGroup") -> int:
    """Give the least time between two computations of the target."""
    size = len(group.members) + sum(
        len(partitions) for target in group.targets.values() for partitions in target.values()
    )
    at_most_ms = group.configs.consumer_assignment_interval_ms(group.group_id)
    return min(size // ASSIGNED_PER_MS, at_most_ms)


def assign(group: "ConsumerGroup", topics: "Topics", decision: "Decision") -> None:
    """Compute the target of the present epoch."""
    name = preferred_assignor(group)
    subscribers = _subscribers(group, topics)
    subscribed = frozenset().union(*(each.topic_ids for each in subscribers))
    partition_counts = {each: len(topics.by_id[each].partitions) for each in subscribed}
    before = group.targets
    group.targets = {
        member_id: target
        for member_id, target in ASSIGNORS[name](subscribers, partition_counts).items()
        if target
    }
    group.target_epoch = group.group_epoch
    group.assigned_at_ms = decision.now_ms
    decision.changes.extend(
        snapshot.target_set(group, member_id)
        for member_id in group.members
        if before.get(member_id) != group.targets.get(member_id)
    )
    decision.changes.append(snapshot.group_set(group))
    for member in group.members.values():
        group.note_progress(member)
    decision.note(
        f"Group {group.group_id} has a new target for epoch {group.target_epoch} by {name}"
    )


def preferred_assignor(group: "ConsumerGroup") -> str:
    """Give the strategy that most members ask for, or the default."""
    names = group.configs.group_consumer_assignors
    votes = dict.fromkeys(names, 0)
    for member in group.members.values():
        if member.server_assignor in votes:
            votes[member.server_assignor] += 1
    return max(names, key=votes.__getitem__)


def _subscribers(group: "ConsumerGroup", topics: "Topics") -> list[Subscriber]:
    known: dict[tuple[tuple[str, ...], str], frozenset[bytes]] = {}
    subscribers = []
    for member in group.members.values():
        wanted = (member.subscribed_topic_names, member.subscribed_topic_regex)
        topic_ids = known.get(wanted)
        if topic_ids is None:
            topic_ids = known[wanted] = topic_ids_of(group, member, topics)
        subscribers.append(
            Subscriber(
                member.member_id, member.instance_id, topic_ids, group.target_of(member.member_id)
            )
        )
    return subscribers
