"""What the store keeps of a classic group: its last stable generation, or that it is empty.

As in Kafka a member is kept with its metadata for the chosen protocol only. What lies between two
generations is not kept: after a restart the members are found in their last stable generation, and
join again if they were told of another.
"""

from typing import TYPE_CHECKING, Final

from pybroker.groups.classic.member import Member
from pybroker.groups.classic.state import GroupState
from pybroker.store.groups import (
    GroupDeleted,
    GroupMemberSet,
    GroupMembersRemoved,
    GroupOffsetsRemoved,
    GroupSet,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pybroker.groups.classic.group import ClassicGroup
    from pybroker.store.groups import GroupChange

# In the place of the leader of a group that no client leads; the first member counts as leader.
NOBODY: Final = ""


def changes_of(group: "ClassicGroup") -> "Iterator[GroupChange]":
    """Give the changes that store a group that is stable or empty."""
    assert group.state in {GroupState.STABLE, GroupState.EMPTY}
    yield GroupSet(
        group.group_id,
        group.generation_id,
        group.protocol_type,
        group.protocol_name,
        group.leader_id if group.is_led else NOBODY,
        group.state_timestamp_ms,
    )
    yield GroupMembersRemoved(group.group_id)
    for member in group.members.values():
        yield GroupMemberSet(
            group.group_id,
            member.member_id,
            member.group_instance_id,
            member.client_id,
            member.client_host,
            member.rebalance_timeout_ms,
            member.session_timeout_ms,
            member.metadata(group.protocol_name),
            member.assignment,
        )


def deletion_of(group: "ClassicGroup") -> "list[GroupChange]":
    """Give the changes that delete a group."""
    return [
        GroupDeleted(group.group_id),
        GroupMembersRemoved(group.group_id),
        GroupOffsetsRemoved(group.group_id),
    ]


def apply_group(group: "ClassicGroup", change: GroupSet) -> None:
    """Take over the stored generation; the members follow."""
    group.generation_id = change.generation_id
    group.protocol_type = change.protocol_type
    group.protocol_name = change.protocol_name
    group.leader_id = change.leader_id or None
    group.is_led = change.leader_id != NOBODY
    group.state_timestamp_ms = change.state_timestamp_ms


def apply_member(group: "ClassicGroup", change: GroupMemberSet, now_ms: int) -> None:
    """Take over a stored member: the group is stable, and the session begins now."""
    assert group.protocol_name is not None
    member = Member(
        member_id=change.member_id,
        group_instance_id=change.group_instance_id,
        client_id=change.client_id,
        client_host=change.client_host,
        rebalance_timeout_ms=change.rebalance_timeout_ms,
        session_timeout_ms=change.session_timeout_ms,
        session_deadline_ms=now_ms,
        protocols=((group.protocol_name, change.metadata),),
        assignment=change.assignment,
    )
    group.add(member)
    group.extend_session(member, now_ms)
    group.state = GroupState.STABLE  # Not a transition: the state that it was stored in.
