"""One step of a member towards its target. docs/groups.md draws the steps.

What a member has and shall not have, it gives up first, and stays at its epoch until it says that
it did. Then it goes to the target epoch, with what is free of its target; the rest follows step by
step, as others give it up.
"""

from typing import TYPE_CHECKING, Final

from pybroker.groups.consumer import snapshot
from pybroker.groups.consumer.member import NOTHING
from pybroker.groups.consumer.state import MemberState
from pybroker.groups.consumer.subscription import topic_ids_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pybroker.groups.consumer.group import ConsumerGroup
    from pybroker.groups.consumer.member import Assigned, ConsumerMember
    from pybroker.groups.decision import Decision
    from pybroker.metadata.topics import Topics

    Owned = dict[bytes, set[int]]

NOTHING_OF_A_TOPIC: "Final[Mapping[int, int]]" = {}


def owned_of(pairs: "Iterable[tuple[bytes, Iterable[int]]]") -> "Owned":
    """Sort what a member says that it owns."""
    owned: Owned = {}
    for topic_id, partitions in pairs:
        owned.setdefault(topic_id, set()).update(partitions)
    return owned


def reconcile(
    group: "ConsumerGroup",
    member: "ConsumerMember",
    owned: "Owned | None",
    topics: "Topics",
    decision: "Decision",
) -> None:
    """Let a member take its next step, if there is one.

    `owned` is what the member says that it owns; None when it says nothing.
    """
    if member.member_id not in group.unsettled:
        return
    if member.state is MemberState.UNREVOKED_PARTITIONS and _owns_any(
        owned, member.pending_revocation
    ):
        return
    _step(group, member, owned, topic_ids_of(group, member, topics), decision)


def drop_unsubscribed(
    group: "ConsumerGroup", member: "ConsumerMember", topics: "Topics", decision: "Decision"
) -> None:
    """Let a member give up topics that it does not want any more before there is a new target."""
    topic_ids = topic_ids_of(group, member, topics)
    unwanted = {
        topic_id: partitions
        for topic_id, partitions in member.assigned.items()
        if topic_id not in topic_ids
    }
    if not unwanted:
        return
    kept = {
        topic_id: partitions
        for topic_id, partitions in member.assigned.items()
        if topic_id in topic_ids
    }
    pending = {
        topic_id: {
            **member.pending_revocation.get(topic_id, NOTHING_OF_A_TOPIC),
            **unwanted.get(topic_id, NOTHING_OF_A_TOPIC),
        }
        for topic_id in [*member.pending_revocation, *unwanted]
    }
    state = MemberState.UNREVOKED_PARTITIONS
    _take(group, member, (state, member.member_epoch, kept, pending), decision)


def _owns_any(owned: "Owned | None", assigned: "Assigned") -> bool:
    """Whether a member still has some of it; who says nothing has."""
    if owned is None:
        return True
    return any(
        not owned[topic_id].isdisjoint(partitions)
        for topic_id, partitions in assigned.items()
        if topic_id in owned
    )


def _step(
    group: "ConsumerGroup",
    member: "ConsumerMember",
    owned: "Owned | None",
    subscribed: frozenset[bytes],
    decision: "Decision",
) -> None:
    target = group.target_of(member.member_id)
    kept: dict[bytes, dict[int, int]] = {}
    revoked: dict[bytes, dict[int, int]] = {}
    for topic_id, partitions in member.assigned.items():
        wanted = target.get(topic_id, frozenset()) if topic_id in subscribed else frozenset()
        for partition, epoch in partitions.items():
            place = kept if partition in wanted else revoked
            place.setdefault(topic_id, {})[partition] = epoch
    if revoked and _owns_any(owned, revoked):
        step = (MemberState.UNREVOKED_PARTITIONS, member.member_epoch, kept, revoked)
        _take(group, member, step, decision)
        return
    is_waiting = False
    for topic_id in sorted(target.keys() & subscribed):
        owners = group.owners.get(topic_id, {})
        for partition in target[topic_id] - kept.get(topic_id, NOTHING_OF_A_TOPIC).keys():
            if owners.get(partition, member.member_id) == member.member_id:
                kept.setdefault(topic_id, {})[partition] = group.target_epoch
            else:
                is_waiting = True
    state = MemberState.UNRELEASED_PARTITIONS if is_waiting else MemberState.STABLE
    _take(group, member, (state, group.target_epoch, kept, NOTHING), decision)


def _take(
    group: "ConsumerGroup",
    member: "ConsumerMember",
    step: "tuple[MemberState, int, Assigned, Assigned]",
    decision: "Decision",
) -> None:
    """Take a step, if it is one, and see to the deadline for giving up partitions."""
    present = (member.state, member.member_epoch, member.assigned, member.pending_revocation)
    if step == present:
        return
    group.assign(member, *step)
    decision.changes.append(snapshot.assignment_set(group, member))
    member.rebalance_deadline_ms = None
    if member.state is MemberState.UNREVOKED_PARTITIONS and member.classic is None:
        member.rebalance_deadline_ms = decision.now_ms + member.rebalance_timeout_ms
        group.wake_by(member.rebalance_deadline_ms)
