"""From one generation to the next: who must join, when that ends, and what it leaves behind.

A rebalance begins with `prepare`. It ends with `complete` when all members have joined, or the
rebalance timeout passed; a group without members becomes EMPTY. The first members of an empty group
wait `group.initial.rebalance.delay.ms` for more of them, again after every newcomer, up to their
rebalance timeout. A rebalance with newcomers goes on for a moment after the last of them, and its
assignments are kept back for another (`pybroker.group.settle.ms`), so that members that start
together meet in one generation. Every parked request is answered once, whatever happens to its
member.
"""

from typing import TYPE_CHECKING, Final

from pybroker.errors import ErrorCode
from pybroker.groups.classic import snapshot
from pybroker.groups.classic.state import GroupState
from pybroker.groups.rebalances import names
from pybroker.protocol.join_group import JoinGroupResponse
from pybroker.protocol.sync_group import SyncGroupResponse

if TYPE_CHECKING:
    from pybroker.groups.classic.group import ClassicGroup
    from pybroker.groups.classic.member import Member
    from pybroker.groups.decision import Decision, Waiter
    from pybroker.groups.rebalances import RebalanceReason


# A generation that a client has seen is positive, and Kafka's own counter would turn negative here.
LAST_GENERATION_ID: Final = 2**31 - 1


def prepare_or_complete(
    group: "ClassicGroup", reason: "RebalanceReason", why: str, decision: "Decision"
) -> None:
    """Begin a rebalance; end the one that runs if this was the last thing that it waited for."""
    if group.state is GroupState.PREPARING_REBALANCE:
        maybe_complete(group, decision)
    else:
        prepare(group, reason, why, decision)


def prepare(
    group: "ClassicGroup", reason: "RebalanceReason", why: str, decision: "Decision"
) -> None:
    """Begin a rebalance; `why` is for the log."""
    decision.rebalance(
        reason,
        f"Preparing to rebalance group {group.group_id} in state {group.state.value} with old "
        f"generation {group.generation_id} (reason: {why})",
    )
    if group.state is GroupState.COMPLETING_REBALANCE:
        for member in group.members.values():
            member.assignment = b""
            answer_sync(member, ErrorCode.REBALANCE_IN_PROGRESS, decision)
    group.pending_sync.clear()
    group.sync_deadline_ms = None
    group.settle_deadline_ms = None
    is_initial = group.state is GroupState.EMPTY
    group.transition_to(GroupState.PREPARING_REBALANCE, decision.wall_ms)
    if is_initial:
        delay_ms = group.configs.group_initial_rebalance_delay_ms
        group.initial_delay_ms = delay_ms
        group.initial_remaining_ms = max(group.rebalance_timeout_ms() - delay_ms, 0)
        group.is_member_added = False
        if delay_ms > 0:
            _wait_for_joins(group, decision, delay_ms)
        else:
            _go_on_when_all_joined(group, decision)
    else:
        _wait_for_joins(group, decision, group.rebalance_timeout_ms())
        maybe_complete(group, decision)


def maybe_complete(group: "ClassicGroup", decision: "Decision") -> None:
    """End the rebalance if nobody is missing and no delay for newcomers runs."""
    is_delayed = group.previous_state is GroupState.EMPTY and group.initial_delay_ms > 0
    if (
        group.state is not GroupState.PREPARING_REBALANCE
        or is_delayed
        or not group.has_all_joined()
    ):
        return
    _go_on_when_all_joined(group, decision)


def _go_on_when_all_joined(group: "ClassicGroup", decision: "Decision") -> None:
    joined_at_ms = group.all_joined_at_ms()
    if decision.now_ms >= joined_at_ms:
        complete(group, decision)
    elif group.previous_state is GroupState.EMPTY:
        _wait_for_joins(group, decision, joined_at_ms - decision.now_ms)
    else:
        group.settle_deadline_ms = joined_at_ms
        group.wake_by(joined_at_ms)


def join_deadline_passed(group: "ClassicGroup", decision: "Decision") -> None:
    """Extend the initial delay if newcomers did arrive in it; else go on with those who joined."""
    group.join_deadline_ms = None
    if group.previous_state is not GroupState.EMPTY:
        complete(group, decision)
    elif group.is_member_added and group.initial_delay_ms > 0 and group.initial_remaining_ms > 0:
        group.is_member_added = False
        next_delay_ms = min(group.initial_delay_ms, group.initial_remaining_ms)
        group.initial_remaining_ms = max(group.initial_remaining_ms - group.initial_delay_ms, 0)
        group.initial_delay_ms = next_delay_ms
        _wait_for_joins(group, decision, next_delay_ms)
    else:
        _go_on_when_all_joined(group, decision)


def complete(group: "ClassicGroup", decision: "Decision") -> None:
    """End the joining: drop who did not come, and begin the next generation with the others."""
    group.join_deadline_ms = None
    group.settle_deadline_ms = None
    # KIP-345: a static member keeps its place until its session ends.
    missing = [
        member
        for member in group.members.values()
        if member.join_waiter is None and member.group_instance_id is None
    ]
    for member in missing:
        remove(group, member, decision)
    if missing:
        decision.note(
            f"Group {group.group_id} removed dynamic members that have not joined: "
            f"{names([member.member_id for member in missing])}"
        )
    if not group.members:
        _become_empty(group, decision)
    elif _elect_joined_leader(group):
        _begin_generation(group, decision)
    else:
        # Only static members are left, and none is here: their sessions decide.
        _wait_for_joins(group, decision, group.rebalance_timeout_ms())


def remove(group: "ClassicGroup", member: "Member", decision: "Decision") -> None:
    """Take a member out; whoever still waits for it learns that it is unknown."""
    answer_join(group, member, refused("", ErrorCode.UNKNOWN_MEMBER_ID), decision)
    answer_sync(member, ErrorCode.UNKNOWN_MEMBER_ID, decision)
    group.discard(member)


def _wait_for_joins(group: "ClassicGroup", decision: "Decision", delay_ms: int) -> None:
    group.join_deadline_ms = decision.now_ms + delay_ms
    group.wake_by(group.join_deadline_ms)


def next_generation_id(group: "ClassicGroup") -> int:
    """Count on, and begin again at 1 behind the last number: 0 and -1 mean no generation."""
    return group.generation_id + 1 if group.generation_id < LAST_GENERATION_ID else 1


def _elect_joined_leader(group: "ClassicGroup") -> bool:
    assert group.leader_id is not None
    if group.members[group.leader_id].join_waiter is not None:
        return True
    for member in group.members.values():
        if member.join_waiter is not None:
            group.leader_id = member.member_id
            return True
    return False


def _become_empty(group: "ClassicGroup", decision: "Decision") -> None:
    group.generation_id = next_generation_id(group)
    group.protocol_name = None
    group.leader_id = None
    group.is_led = True
    group.transition_to(GroupState.EMPTY, decision.wall_ms)
    decision.note(f"Group {group.group_id} with generation {group.generation_id} is now empty")
    decision.changes.extend(snapshot.changes_of(group))


def _begin_generation(group: "ClassicGroup", decision: "Decision") -> None:
    group.generation_id = next_generation_id(group)
    group.protocol_name = group.select_protocol()
    group.transition_to(GroupState.COMPLETING_REBALANCE, decision.wall_ms)
    decision.note(
        f"Stabilized group {group.group_id} generation {group.generation_id} with "
        f"{len(group.members)} members"
    )
    group.pending_sync = set(group.members)
    group.is_led = True
    for member in group.members.values():
        member.is_new = False
        answer_join(group, member, accepted(group, member), decision)
        group.extend_session(member, decision.now_ms)
    # A leader that never syncs must not hang the others.
    group.sync_deadline_ms = decision.now_ms + group.rebalance_timeout_ms()
    group.wake_by(group.sync_deadline_ms)


# Answers.


def accepted(group: "ClassicGroup", member: "Member") -> JoinGroupResponse:
    """Say what a member of the present generation must know; the leader learns who is in it."""
    assert group.leader_id is not None
    return JoinGroupResponse(
        generation_id=group.generation_id,
        protocol_type=group.protocol_type,
        protocol_name=group.protocol_name,
        leader=group.leader_id,
        member_id=member.member_id,
        members=roster(group) if group.leader_id == member.member_id else [],
    )


def roster(group: "ClassicGroup") -> list[JoinGroupResponse.Member]:
    """List the members with what they said about the chosen protocol."""
    return [
        JoinGroupResponse.Member(
            member_id=member.member_id,
            group_instance_id=member.group_instance_id,
            metadata=member.metadata(group.protocol_name),
        )
        for member in group.members.values()
    ]


def refused(member_id: str, code: ErrorCode) -> JoinGroupResponse:
    """Say why somebody is not in the generation."""
    return JoinGroupResponse(error_code=code, member_id=member_id, protocol_name=None)


def answer_join(
    group: "ClassicGroup", member: "Member", response: JoinGroupResponse, decision: "Decision"
) -> None:
    """Answer the JoinGroup that a member waits in, if there is one."""
    if member.join_waiter is not None:
        decision.answers.append((member.join_waiter, response))
        member.join_waiter = None
        group.joined_count -= 1


def park_join(
    group: "ClassicGroup", member: "Member", waiter: "Waiter", decision: "Decision"
) -> None:
    """Let a JoinGroup wait; one that it repeats, from another connection, is told to retry."""
    repeated = refused(member.member_id, ErrorCode.REBALANCE_IN_PROGRESS)
    answer_join(group, member, repeated, decision)
    member.join_waiter = waiter
    group.joined_count += 1


def answer_sync(member: "Member", code: ErrorCode, decision: "Decision") -> None:
    """Refuse the SyncGroup that a member waits in, if there is one."""
    if member.sync_waiter is not None:
        decision.answers.append((member.sync_waiter, SyncGroupResponse(error_code=code)))
        member.sync_waiter = None
