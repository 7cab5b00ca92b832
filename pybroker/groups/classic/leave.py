"""LeaveGroup: members go, by member id or, for an administrator, by instance id alone."""

from typing import TYPE_CHECKING

from pybroker.errors import ErrorCode
from pybroker.groups.classic import rebalance
from pybroker.groups.classic.state import GroupState
from pybroker.groups.rebalances import RebalanceReason, client_reason, names
from pybroker.protocol.leave_group import LeaveGroupResponse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pybroker.groups.classic.group import ClassicGroup
    from pybroker.groups.decision import Decision
    from pybroker.protocol.leave_group import LeaveGroupRequest


def leave(
    group: "ClassicGroup",
    leavers: "Iterable[LeaveGroupRequest.MemberIdentity]",
    decision: "Decision",
) -> LeaveGroupResponse:
    """Let members go, each with its own answer, and rebalance once for all of them."""
    answers = [_answer(leaver, _leave(group, leaver, decision)) for leaver in leavers]
    gone = [answer for answer in answers if answer.error_code == ErrorCode.NONE]
    if gone:
        if group.state in {GroupState.STABLE, GroupState.COMPLETING_REBALANCE}:
            who = names([answer.member_id or answer.group_instance_id or "" for answer in gone])
            why = f"explicit LeaveGroup of {who}"
            rebalance.prepare(group, RebalanceReason.MEMBER_LEFT, why, decision)
        else:
            rebalance.maybe_complete(group, decision)
    return LeaveGroupResponse(members=answers)


def leave_unknown_group(
    leavers: "Iterable[LeaveGroupRequest.MemberIdentity]",
) -> LeaveGroupResponse:
    """Answer for a group that does not exist: nobody is in it."""
    return LeaveGroupResponse(
        members=[_answer(leaver, ErrorCode.UNKNOWN_MEMBER_ID) for leaver in leavers]
    )


def _answer(
    leaver: "LeaveGroupRequest.MemberIdentity", code: ErrorCode
) -> LeaveGroupResponse.MemberResponse:
    return LeaveGroupResponse.MemberResponse(
        member_id=leaver.member_id, group_instance_id=leaver.group_instance_id, error_code=code
    )


def _leave(
    group: "ClassicGroup", leaver: "LeaveGroupRequest.MemberIdentity", decision: "Decision"
) -> ErrorCode:
    member_id = leaver.member_id
    if not member_id:
        static_member_id = group.static_members.get(leaver.group_instance_id or "")
        if static_member_id is None:
            return ErrorCode.UNKNOWN_MEMBER_ID
        member_id = static_member_id
    elif group.pending.pop(member_id, None) is not None:
        decision.note(_has_left(group, f"Pending member {member_id}", leaver))
        return ErrorCode.NONE
    else:
        refusal = group.refusal_of(member_id, leaver.group_instance_id)
        if refusal is not ErrorCode.NONE:
            return refusal
    rebalance.remove(group, group.members[member_id], decision)
    decision.note(_has_left(group, f"Member {member_id}", leaver))
    return ErrorCode.NONE


def _has_left(group: "ClassicGroup", who: str, leaver: "LeaveGroupRequest.MemberIdentity") -> str:
    reason = client_reason(leaver.reason)
    return f"{who} has left group {group.group_id} through LeaveGroup; client reason: {reason}"
