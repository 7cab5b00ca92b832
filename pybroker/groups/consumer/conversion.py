"""A group changes its kind while it has members: upgrade and downgrade, as the policy allows.

A classic group of consumers is upgraded when somebody joins it by the consumer protocol: what its
members were assigned last is what they have, and they learn by their next heartbeats that they must
join again. A consumer group is downgraded when its last member that speaks the consumer protocol is
gone. A group without members becomes what the next member needs.
"""

from typing import TYPE_CHECKING

from pybroker.errors import ErrorCode, KafkaError, ProtocolError
from pybroker.groups.classic import rebalance
from pybroker.groups.classic import snapshot as classic_snapshot
from pybroker.groups.classic.consumer_data import (
    read_assignment,
    read_subscription,
    write_assignment,
)
from pybroker.groups.classic.group import ClassicGroup
from pybroker.groups.classic.member import Member
from pybroker.groups.classic.state import GroupState
from pybroker.groups.consumer import snapshot
from pybroker.groups.consumer.group import NEW_GROUP_EPOCH, ConsumerGroup
from pybroker.groups.consumer.member import ClassicMembership, ConsumerMember
from pybroker.groups.consumer.subscription import note_subscriptions, topic_ids_of
from pybroker.groups.consumer.target import raise_epoch
from pybroker.groups.group import CONSUMER_PROTOCOL_TYPE
from pybroker.groups.rebalances import RebalanceReason
from pybroker.store.groups import GroupDeleted, GroupMembersRemoved, GroupSet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pybroker.groups.decision import Decision
    from pybroker.metadata.topics import Topics


def upgraded(classic: ClassicGroup, topics: "Topics", decision: "Decision") -> ConsumerGroup:
    """Make a consumer group of a classic one; nothing is changed yet. Raises KafkaError.

    `leave_classic` changes it, once the request that wants it turned out to be right.
    """
    group = ConsumerGroup(classic.group_id, classic.configs, decision.wall_ms)
    if classic.members:
        _require_upgradable(classic)
        group.group_epoch = group.target_epoch = _first_epoch(classic)
        try:
            for member in classic.members.values():
                _upgrade_member(group, classic, member, topics, decision)
        except ProtocolError:
            raise _refusal(classic, "the embedded consumer protocol is malformed") from None
        note_subscriptions(group, topics)
    group.offsets = classic.offsets
    return group


def leave_classic(
    classic: ClassicGroup, group: ConsumerGroup, topics: "Topics", decision: "Decision"
) -> None:
    """Let a classic group end in the consumer group that was made of it.

    What its leader assigned is the target until the epoch is raised. Where a static member took its
    own place again nobody has raised it, and then the target must be one.
    """
    is_raised = group.group_epoch != _first_epoch(classic)
    if (
        classic.members
        and not is_raised
        and not (_is_whole(group, topics) and _is_kept(classic, group))
    ):
        why = "what the leader had assigned is not what there is and what members ask for"
        raise_epoch(group, topics, RebalanceReason.GROUP_CONVERTED, why, decision)
    decision.changes.clear()  # What is stored is the whole group.
    for member in classic.members.values():
        code = ErrorCode.REBALANCE_IN_PROGRESS
        rebalance.answer_join(classic, member, rebalance.refused(member.member_id, code), decision)
        rebalance.answer_sync(member, code, decision)
    decision.changes.append(GroupDeleted(group.group_id))
    decision.changes.append(GroupMembersRemoved(group.group_id))
    decision.changes.extend(snapshot.changes_of(group))
    if group.members:
        line = f"Group {group.group_id} is upgraded from classic to consumer"
        decision.rebalance(RebalanceReason.GROUP_CONVERTED, line)


def downgraded(group: ConsumerGroup, topics: "Topics", decision: "Decision") -> ClassicGroup:
    """Make a classic group of a consumer group whose members are classic."""
    classic = ClassicGroup(group.group_id, group.configs, decision.wall_ms)
    classic.generation_id = group.group_epoch
    classic.protocol_type = CONSUMER_PROTOCOL_TYPE
    for member in group.members.values():
        classic.add(_downgrade_member(group, member))
    classic.protocol_name = classic.select_protocol()
    for classic_member in classic.members.values():
        classic_member.assignment = write_assignment(
            group.target_of(classic_member.member_id),
            topics,
            classic_member.metadata(classic.protocol_name),
        )
        classic.extend_session(classic_member, decision.now_ms)
    classic.state = GroupState.STABLE  # Not a transition: it begins in this state.
    classic.offsets = group.offsets
    decision.changes.extend(snapshot.deletion_of(group))
    line = f"Group {group.group_id} is downgraded from consumer to classic"
    is_settled = group.group_epoch == group.target_epoch and not group.unsettled
    if is_settled and not group.is_missing_member:
        # A static member took the place of the last one that spoke the other protocol.
        classic.is_led = False
        decision.note(line)
        decision.changes.extend(classic_snapshot.changes_of(classic))
    else:
        # Stored without a leader: who loads it before there is a new generation begins one.
        decision.changes.extend(
            change._replace(leader_id=None) if isinstance(change, GroupSet) else change
            for change in classic_snapshot.changes_of(classic)
        )
        rebalance.prepare(classic, RebalanceReason.GROUP_CONVERTED, line, decision)
    return classic


def emptied(group: ConsumerGroup, decision: "Decision") -> ClassicGroup:
    """Make a classic group of a consumer group without members."""
    assert not group.members
    classic = ClassicGroup(group.group_id, group.configs, decision.wall_ms)
    classic.offsets = group.offsets
    decision.changes.extend(snapshot.deletion_of(group))
    return classic


def _first_epoch(classic: ClassicGroup) -> int:
    """Go on counting, but not from a generation that never was: epoch 0 is no member's."""
    return max(classic.generation_id, NEW_GROUP_EPOCH)


def _is_whole(group: ConsumerGroup, topics: "Topics") -> bool:
    """Whether every partition of a topic that is asked for has one who asks for it as its owner."""
    missing = {
        (topic.topic_id, partition)
        for name in group.subscribed_names
        if (topic := topics.by_name.get(name)) is not None
        for partition in range(len(topic.partitions))
    }
    for member in group.members.values():
        topic_ids = topic_ids_of(group, member, topics)
        for topic_id, partitions in group.target_of(member.member_id).items():
            if topic_id not in topic_ids:
                return False
            missing.difference_update((topic_id, partition) for partition in partitions)
    return not missing


def _is_kept(classic: ClassicGroup, group: ConsumerGroup) -> bool:
    """Whether members have all that they were told: nothing was gone, or given twice."""
    told = sum(
        len(each.partitions)
        for member in classic.members.values()
        for each in read_assignment(member.assignment).assigned_partitions
    )
    kept = sum(
        len(partitions) for target in group.targets.values() for partitions in target.values()
    )
    return told == kept


def _require_upgradable(classic: ClassicGroup) -> None:
    if not classic.configs.may_upgrade():
        raise _refusal(classic, "online upgrade is disabled")
    if classic.protocol_type != CONSUMER_PROTOCOL_TYPE:
        raise _refusal(classic, "the group does not use the consumer embedded protocol")
    if len(classic.members) > classic.configs.group_consumer_max_size:
        raise _refusal(classic, "the group size exceeds the consumer group maximum size")


def _refusal(classic: ClassicGroup, why: str) -> KafkaError:
    return KafkaError(
        ErrorCode.GROUP_ID_NOT_FOUND,
        f"Cannot upgrade classic group {classic.group_id} to consumer group because {why}.",
    )


def _upgrade_member(
    group: ConsumerGroup,
    classic: ClassicGroup,
    member: Member,
    topics: "Topics",
    decision: "Decision",
) -> None:
    metadata = member.protocols[0][1]
    if classic.protocol_name is not None:
        metadata = member.metadata(classic.protocol_name)
    subscription = read_subscription(metadata)
    assignment = read_assignment(member.assignment)
    if assignment.user_data:
        why = (
            "an unsupported custom assignor is in use. Please refer to the documentation or "
            "switch to a default assignor before re-attempting the upgrade"
        )
        raise _refusal(classic, why)
    upgraded_member = ConsumerMember(member.member_id)
    upgraded_member.instance_id = member.group_instance_id
    upgraded_member.rack_id = subscription.rack_id
    upgraded_member.client_id = member.client_id
    upgraded_member.client_host = member.client_host
    upgraded_member.rebalance_timeout_ms = member.rebalance_timeout_ms
    upgraded_member.subscribed_topic_names = tuple(sorted(set(subscription.topics)))
    upgraded_member.classic = ClassicMembership(member.session_timeout_ms, member.protocols)
    upgraded_member.member_epoch = classic.generation_id
    upgraded_member.previous_member_epoch = classic.generation_id
    group.add(upgraded_member)
    pairs = ((each.topic, each.partitions) for each in assignment.assigned_partitions)
    assigned = _free_of(group, pairs, topics)
    upgraded_member.assigned = {
        topic_id: dict.fromkeys(sorted(partitions), classic.generation_id)
        for topic_id, partitions in assigned.items()
    }
    group.own(upgraded_member)
    if assigned:
        group.targets[member.member_id] = assigned
    # Anew: one that waited in its first JoinGroup had a deadline far away.
    group.extend_session(upgraded_member, decision.now_ms)


def _free_of(
    group: ConsumerGroup, pairs: "Iterable[tuple[str, Iterable[int]]]", topics: "Topics"
) -> dict[bytes, frozenset[int]]:
    """Give those partitions that exist and that no other member was assigned too."""
    free: dict[bytes, set[int]] = {}
    for name, partitions in pairs:
        topic = topics.by_name.get(name)
        if topic is None:
            continue
        owners = group.owners.get(topic.topic_id, {})
        free.setdefault(topic.topic_id, set()).update(
            partition
            for partition in partitions
            if 0 <= partition < len(topic.partitions) and partition not in owners
        )
    return {topic_id: frozenset(partitions) for topic_id, partitions in free.items() if partitions}


def _downgrade_member(group: ConsumerGroup, member: ConsumerMember) -> Member:
    assert member.classic is not None
    return Member(
        member_id=member.member_id,
        group_instance_id=member.instance_id,
        client_id=member.client_id,
        client_host=member.client_host,
        rebalance_timeout_ms=member.rebalance_timeout_ms,
        session_timeout_ms=group.session_timeout_ms(member),
        session_deadline_ms=member.session_deadline_ms,
        protocols=member.classic.protocols,
    )
