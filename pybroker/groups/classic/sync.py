"""SyncGroup: the leader brings the assignments, and everybody takes theirs.

The group is stable, and stored, the moment the leader's SyncGroup arrives; those who asked earlier
are answered then. Shortly after a newcomer everybody is kept waiting a little longer: a member that
comes meanwhile sends them back to JoinGroup at once, where a stable group would have to wait for
their heartbeats. Who does not sync within the rebalance timeout is dropped (`expire`).
"""

from typing import TYPE_CHECKING

from pybroker.errors import ErrorCode
from pybroker.groups.classic import rebalance, snapshot
from pybroker.groups.classic.state import GroupState
from pybroker.protocol.sync_group import SyncGroupResponse

if TYPE_CHECKING:
    from pybroker.groups.classic.group import ClassicGroup
    from pybroker.groups.classic.member import Member
    from pybroker.groups.decision import Decision, Waiter
    from pybroker.protocol.sync_group import SyncGroupRequest


def sync(
    group: "ClassicGroup", request: "SyncGroupRequest", waiter: "Waiter", decision: "Decision"
) -> SyncGroupResponse | None:
    """Decide a SyncGroup. None: it waits, and the answer goes to the waiter."""
    refusal = _refusal_of(group, request)
    if refusal is not ErrorCode.NONE:
        return SyncGroupResponse(error_code=refusal)
    member = group.members[request.member_id]
    group.pending_sync.discard(member.member_id)
    if not group.pending_sync:
        group.sync_deadline_ms = None
    if group.state is GroupState.STABLE:
        return _assignment_of(group, member)
    leads = group.leader_id == member.member_id
    if leads:
        _take_assignments(group, request)
    if not leads or decision.now_ms < group.all_settled_at_ms():
        rebalance.answer_sync(member, ErrorCode.REBALANCE_IN_PROGRESS, decision)
        member.sync_waiter = waiter
        if leads:
            settle(group, decision)
        return None
    _become_stable(group, decision)
    group.extend_session(member, decision.now_ms)
    return _assignment_of(group, member)


def _refusal_of(group: "ClassicGroup", request: "SyncGroupRequest") -> ErrorCode:
    refusal = group.refusal_of(request.member_id, request.group_instance_id)
    if refusal is not ErrorCode.NONE:
        return refusal
    if request.generation_id != group.generation_id:
        return ErrorCode.ILLEGAL_GENERATION
    if _differs(request.protocol_type, group.protocol_type) or _differs(
        request.protocol_name, group.protocol_name
    ):
        return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    if group.state is GroupState.PREPARING_REBALANCE:
        return ErrorCode.REBALANCE_IN_PROGRESS
    return ErrorCode.NONE


def _differs(claimed: str | None, actual: str | None) -> bool:
    # KIP-559: versions before 5 claim nothing.
    return claimed is not None and actual is not None and claimed != actual


def _take_assignments(group: "ClassicGroup", request: "SyncGroupRequest") -> None:
    assignments = {each.member_id: each.assignment for each in request.assignments}
    for member in group.members.values():
        member.assignment = assignments.get(member.member_id, b"")


def settle(group: "ClassicGroup", decision: "Decision") -> None:
    """Become stable with what the leader has brought, once nobody new is expected."""
    settled_at_ms = group.all_settled_at_ms()
    if decision.now_ms < settled_at_ms:
        group.settle_deadline_ms = settled_at_ms
        group.wake_by(settled_at_ms)
    else:
        _become_stable(group, decision)


def _become_stable(group: "ClassicGroup", decision: "Decision") -> None:
    group.settle_deadline_ms = None
    group.transition_to(GroupState.STABLE, decision.wall_ms)
    for member in group.members.values():
        if member.sync_waiter is not None:
            decision.answers.append((member.sync_waiter, _assignment_of(group, member)))
            member.sync_waiter = None
            group.extend_session(member, decision.now_ms)
    decision.changes.extend(snapshot.changes_of(group))


def _assignment_of(group: "ClassicGroup", member: "Member") -> SyncGroupResponse:
    return SyncGroupResponse(
        protocol_type=group.protocol_type,
        protocol_name=group.protocol_name,
        assignment=member.assignment,
    )
