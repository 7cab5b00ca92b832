"""Who is who in a consumer group: finding members, taking them in, fencing them, putting them out.

The refusals are Kafka's, with its words.
"""

from typing import TYPE_CHECKING

from pybroker.errors import ErrorCode, KafkaError
from pybroker.groups.consumer import snapshot
from pybroker.groups.consumer.member import LEAVE_STATIC_EPOCH, ConsumerMember
from pybroker.store.consumer_groups import ConsumerMemberRemoved

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pybroker.groups.consumer.group import ConsumerGroup
    from pybroker.groups.consumer.reconcile import Owned
    from pybroker.groups.decision import Decision


def require_room(group: "ConsumerGroup", member_id: str) -> None:
    """Refuse newcomers to a group that is full."""
    max_size = group.configs.group_consumer_max_size
    if len(group.members) >= max_size and member_id not in group.members:
        raise KafkaError(
            ErrorCode.GROUP_MAX_SIZE_REACHED,
            f"The consumer group has reached its maximum capacity of {max_size} members.",
        )


def require(group: "ConsumerGroup", member_id: str, instance_id: str | None) -> ConsumerMember:
    """Find a member, who has its instance id if it names one."""
    if instance_id is not None:
        return require_static(group, member_id, instance_id)
    member = group.members.get(member_id)
    if member is None:
        raise KafkaError(
            ErrorCode.UNKNOWN_MEMBER_ID,
            f"Member {member_id} is not a member of group {group.group_id}.",
        )
    return member


def require_static(group: "ConsumerGroup", member_id: str, instance_id: str) -> ConsumerMember:
    """Find who has an instance id, if that is who asks."""
    member = group.static_member(instance_id)
    if member is None:
        raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID, f"Instance id {instance_id} is unknown.")
    if member.member_id != member_id:
        raise KafkaError(
            ErrorCode.FENCED_INSTANCE_ID,
            f"Static member {member_id} with instance id {instance_id} was fenced by member "
            f"{member.member_id}.",
        )
    return member


def found_or_new(
    group: "ConsumerGroup", member_id: str, instance_id: str | None
) -> tuple[ConsumerMember, bool]:
    """Find a member, or make a newcomer, which is not in the group yet; says whether it is new."""
    member = group.members.get(member_id)
    if member is not None:
        return member, False
    member = ConsumerMember(member_id)
    member.instance_id = instance_id
    return member, True


def require_epoch(member: ConsumerMember, epoch: int, owned: "Owned | None") -> None:
    """Refuse a heartbeat of another epoch than the member's.

    0 begins anew. The previous epoch is right as long as the member owns nothing that it should
    not: the answer that told the present one may have been lost.
    """
    if epoch in {0, member.member_epoch}:
        return
    if epoch > member.member_epoch:
        which = "greater"
    elif epoch == member.previous_member_epoch and _owns_only_assigned(owned, member):
        return
    else:
        which = "smaller"
    raise KafkaError(
        ErrorCode.FENCED_MEMBER_EPOCH,
        f"The consumer group member has a {which} member epoch ({epoch}) than the one known by "
        f"the group coordinator ({member.member_epoch}). The member must abandon all its "
        "partitions and rejoin.",
    )


def _owns_only_assigned(owned: "Owned | None", member: ConsumerMember) -> bool:
    return owned is not None and all(
        topic_id in member.assigned and partitions <= member.assigned[topic_id].keys()
        for topic_id, partitions in owned.items()
    )


def require_released(member: ConsumerMember, member_id: str) -> None:
    """Refuse who wants the place of a static member that has not left it."""
    if member.member_epoch != LEAVE_STATIC_EPOCH:
        raise KafkaError(
            ErrorCode.UNRELEASED_INSTANCE_ID,
            f"Static member {member_id} with instance id {member.instance_id} cannot join the "
            f"group because the instance id is owned by {member.member_id} member.",
        )


def replace_static(
    group: "ConsumerGroup", old: ConsumerMember, member_id: str, decision: "Decision"
) -> ConsumerMember:
    """Put a newcomer in the place of a static member: with all that it has, and at epoch 0."""
    target = group.targets.get(old.member_id)
    remove(group, [old], decision)
    new = ConsumerMember(member_id)
    new.instance_id = old.instance_id
    new.rack_id = old.rack_id
    new.client_id = old.client_id
    new.client_host = old.client_host
    new.rebalance_timeout_ms = old.rebalance_timeout_ms
    new.subscribed_topic_names = old.subscribed_topic_names
    new.subscribed_topic_regex = old.subscribed_topic_regex
    new.server_assignor = old.server_assignor
    new.classic = old.classic
    new.state = old.state
    if member_id in group.members:
        # Its own earlier place in the group, as a member of another instance.
        remove(group, [group.members[member_id]], decision)
    group.add(new)
    new.assigned = old.assigned
    new.pending_revocation = old.pending_revocation
    group.own(new)
    decision.changes.append(snapshot.member_set(group, new))
    decision.changes.append(snapshot.assignment_set(group, new))
    if target is not None:
        group.targets[member_id] = target
        decision.changes.append(snapshot.target_set(group, member_id))
    decision.note(
        f"Static member {old.instance_id} of group {group.group_id} came back: {member_id} takes "
        f"the place of {old.member_id}"
    )
    return new


def remove(
    group: "ConsumerGroup", members: "Iterable[ConsumerMember]", decision: "Decision"
) -> None:
    """Put members out; the epoch is raised by whoever knows why."""
    for member in members:
        group.discard(member)
        decision.changes.append(ConsumerMemberRemoved(group.group_id, member.member_id))
