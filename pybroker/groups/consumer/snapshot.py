"""What the store keeps of a consumer group: everything but deadlines and what can be found again.

Partitions are packed, in order: a topic id, a count, then 32-bit numbers. Deadlines begin anew when
a group is loaded, as sessions do.
"""

import json
import struct
from typing import TYPE_CHECKING, Final

from pybroker.groups.consumer.member import NO_TARGET, NOTHING, ClassicMembership, ConsumerMember
from pybroker.groups.consumer.state import MemberState
from pybroker.store.consumer_groups import (
    ConsumerAssignmentSet,
    ConsumerGroupDeleted,
    ConsumerGroupSet,
    ConsumerMemberRemoved,
    ConsumerMemberSet,
    ConsumerTargetSet,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pybroker.groups.classic.member import Protocols
    from pybroker.groups.consumer.group import ConsumerGroup
    from pybroker.groups.consumer.member import Assigned, Target
    from pybroker.store.consumer_groups import ConsumerGroupChange

TOPIC: Final = struct.Struct(">16si")
LENGTHS: Final = struct.Struct(">ii")


def group_set(group: "ConsumerGroup") -> ConsumerGroupSet:
    """Give the change that stores a group's epochs."""
    return ConsumerGroupSet(
        group.group_id,
        group.group_epoch,
        group.target_epoch,
        group.metadata_hash,
        group.state_timestamp_ms,
    )


def member_set(group: "ConsumerGroup", member: ConsumerMember) -> ConsumerMemberSet:
    """Give the change that stores what a member asked for."""
    classic = member.classic
    return ConsumerMemberSet(
        group.group_id,
        member.member_id,
        member.instance_id,
        member.rack_id,
        member.client_id,
        member.client_host,
        member.rebalance_timeout_ms,
        json.dumps(member.subscribed_topic_names),
        member.subscribed_topic_regex,
        member.server_assignor,
        None if classic is None else classic.session_timeout_ms,
        None if classic is None else pack_protocols(classic.protocols),
    )


def assignment_set(group: "ConsumerGroup", member: ConsumerMember) -> ConsumerAssignmentSet:
    """Give the change that stores what a member has."""
    return ConsumerAssignmentSet(
        int(member.state),
        member.member_epoch,
        member.previous_member_epoch,
        pack_assigned(member.assigned),
        pack_assigned(member.pending_revocation),
        group.group_id,
        member.member_id,
    )


def target_set(group: "ConsumerGroup", member_id: str) -> ConsumerTargetSet:
    """Give the change that stores what a member shall have."""
    return ConsumerTargetSet(pack_target(group.target_of(member_id)), group.group_id, member_id)


def changes_of(group: "ConsumerGroup") -> "Iterator[ConsumerGroupChange]":
    """Give the changes that store a whole group."""
    yield group_set(group)
    for member in group.members.values():
        yield member_set(group, member)
        yield assignment_set(group, member)
        yield target_set(group, member.member_id)


def deletion_of(group: "ConsumerGroup") -> "Iterator[ConsumerGroupChange]":
    """Give the changes that remove a group and its members; offsets are no part of it."""
    yield ConsumerGroupDeleted(group.group_id)
    for member_id in group.members:
        yield ConsumerMemberRemoved(group.group_id, member_id)


def apply(group: "ConsumerGroup", change: "ConsumerGroupChange", now_ms: int) -> None:
    """Take over what was stored; a member's parts follow each other."""
    match change:
        case ConsumerGroupSet():
            group.group_epoch = change.group_epoch
            group.target_epoch = change.target_epoch
            group.metadata_hash = change.metadata_hash
            group.state_timestamp_ms = change.state_timestamp_ms
        case ConsumerMemberSet():
            member = _member(change)
            group.add(member)
            group.extend_session(member, now_ms)
            member.told_at_ms = now_ms  # Whether it owns what it has is not stored.
        case ConsumerAssignmentSet():
            _apply_assignment(group, change, now_ms)
        case ConsumerTargetSet():
            if change.target is not None:
                group.targets[change.member_id] = unpack_target(change.target)
        case ConsumerGroupDeleted() | ConsumerMemberRemoved():
            raise AssertionError(f"{change} is not part of a group")


def _member(change: ConsumerMemberSet) -> ConsumerMember:
    member = ConsumerMember(change.member_id)
    member.instance_id = change.instance_id
    member.rack_id = change.rack_id
    member.client_id = change.client_id
    member.client_host = change.client_host
    member.rebalance_timeout_ms = change.rebalance_timeout_ms
    member.subscribed_topic_names = tuple(json.loads(change.subscribed_topic_names))
    member.subscribed_topic_regex = change.subscribed_topic_regex
    member.server_assignor = change.server_assignor
    if change.classic_protocols is not None:
        assert change.classic_session_timeout_ms is not None
        protocols = unpack_protocols(change.classic_protocols)
        member.classic = ClassicMembership(change.classic_session_timeout_ms, protocols)
    return member


def _apply_assignment(group: "ConsumerGroup", change: ConsumerAssignmentSet, now_ms: int) -> None:
    member = group.members[change.member_id]
    member.state = MemberState(change.state)
    member.member_epoch = change.member_epoch
    member.previous_member_epoch = change.previous_member_epoch
    member.assigned = unpack_assigned(change.assigned)
    member.pending_revocation = unpack_assigned(change.pending_revocation)
    group.own(member)
    if member.state is MemberState.UNREVOKED_PARTITIONS and member.classic is None:
        member.rebalance_deadline_ms = now_ms + member.rebalance_timeout_ms
        group.wake_by(member.rebalance_deadline_ms)


# Packing.


def pack_target(target: "Target") -> bytes | None:
    """Pack what a member shall have; None is nothing."""
    if not target:
        return None
    return b"".join(
        TOPIC.pack(topic_id, len(partitions)) + _numbers(sorted(partitions))
        for topic_id, partitions in sorted(target.items())
    )


def unpack_target(packed: bytes | None) -> "Target":
    """Read what `pack_target` wrote."""
    if packed is None:
        return NO_TARGET
    return {topic_id: frozenset(numbers) for topic_id, numbers in _topics(packed, numbers_each=1)}


def pack_assigned(assigned: "Assigned") -> bytes | None:
    """Pack what a member has, each partition with its epoch; None is nothing."""
    if not assigned:
        return None
    return b"".join(
        TOPIC.pack(topic_id, len(partitions))
        + _numbers([number for pair in sorted(partitions.items()) for number in pair])
        for topic_id, partitions in sorted(assigned.items())
    )


def unpack_assigned(packed: bytes | None) -> "Assigned":
    """Read what `pack_assigned` wrote."""
    if packed is None:
        return NOTHING
    return {
        topic_id: dict(zip(numbers[::2], numbers[1::2], strict=True))
        for topic_id, numbers in _topics(packed, numbers_each=2)
    }


def pack_protocols(protocols: "Protocols") -> bytes:
    """Pack the names and metadata of a classic member's protocols."""
    packed = []
    for name, metadata in protocols:
        encoded = name.encode()
        packed.append(LENGTHS.pack(len(encoded), len(metadata)) + encoded + metadata)
    return b"".join(packed)


def unpack_protocols(packed: bytes) -> "Protocols":
    """Read what `pack_protocols` wrote."""
    protocols = []
    at = 0
    while at < len(packed):
        name_length, metadata_length = LENGTHS.unpack_from(packed, at)
        at += LENGTHS.size
        name = packed[at : at + name_length].decode()
        at += name_length
        protocols.append((name, packed[at : at + metadata_length]))
        at += metadata_length
    return tuple(protocols)


def _numbers(numbers: list[int]) -> bytes:
    return struct.pack(f">{len(numbers)}i", *numbers)


def _topics(packed: bytes, numbers_each: int) -> "Iterator[tuple[bytes, tuple[int, ...]]]":
    at = 0
    while at < len(packed):
        topic_id, count = TOPIC.unpack_from(packed, at)
        at += TOPIC.size
        length = count * numbers_each
        yield topic_id, struct.unpack_from(f">{length}i", packed, at)
        at += 4 * length
