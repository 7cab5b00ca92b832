"""Stable groups in which no client leads: the broker watches their topics instead.

The consumer that leads a classic group watches the topics of all, and joins again when they came,
went or grew. Two ways of coming back leave a group whose members all believe that they follow: a
static member takes the place of the last one that spoke the consumer protocol, and a static leader
comes back by a version of JoinGroup that cannot tell it to lead without assigning (before KIP-814).
Kafka leaves the new partitions to nobody until something else begins a rebalance.
"""

from typing import TYPE_CHECKING

from pybroker.errors import ProtocolError
from pybroker.groups.classic import rebalance
from pybroker.groups.classic.consumer_data import read_assignment
from pybroker.groups.classic.state import GroupState
from pybroker.groups.classic.subscription import subscribed_topics
from pybroker.groups.rebalances import RebalanceReason

if TYPE_CHECKING:
    from collections.abc import Collection

    from pybroker.groups.classic.group import ClassicGroup
    from pybroker.groups.decision import Decision
    from pybroker.metadata.topics import Topics


def notice_topics(
    group: "ClassicGroup",
    topics: "Topics",
    decision: "Decision",
    changed: "Collection[str] | None" = None,
) -> None:
    """Rebalance if nobody leads, and what is assigned is not what there is.

    `changed` names the topics to look at; without it all are.
    """
    if group.state is not GroupState.STABLE or group.is_led or _is_right(group, topics, changed):
        return
    why = "topics that it reads came, went or grew, and nobody leads it"
    rebalance.prepare(group, RebalanceReason.TOPICS_CHANGED, why, decision)


def _is_right(group: "ClassicGroup", topics: "Topics", changed: "Collection[str] | None") -> bool:
    """Whether the partitions that are subscribed to are assigned, as far as that can be read."""
    subscribed = subscribed_topics(group)
    if subscribed is None:
        return True
    try:
        assignments = [read_assignment(member.assignment) for member in group.members.values()]
    except ProtocolError:
        return True
    names = subscribed if changed is None else subscribed.intersection(changed)
    assigned = {
        (each.topic, partition)
        for assignment in assignments
        for each in assignment.assigned_partitions
        if each.topic in names
        for partition in each.partitions
    }
    return assigned == {
        (name, partition)
        for name in names
        if name in topics.by_name
        for partition in range(len(topics.by_name[name].partitions))
    }
