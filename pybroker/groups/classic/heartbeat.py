"""Heartbeat: a member is alive, and learns whether it must join again."""

from typing import TYPE_CHECKING

from pybroker.errors import ErrorCode
from pybroker.groups.classic.state import GroupState

if TYPE_CHECKING:
    from pybroker.groups.classic.group import ClassicGroup
    from pybroker.protocol.heartbeat import HeartbeatRequest


def heartbeat(group: "ClassicGroup", request: "HeartbeatRequest", now_ms: int) -> ErrorCode:
    """Extend the member's session, or say why it has none here.

    The deadline moves later only, so that no timer is touched.
    """
    member = group.members.get(request.member_id)
    if member is None or request.group_instance_id is not None:
        refusal = group.refusal_of(request.member_id, request.group_instance_id)
        if refusal is not ErrorCode.NONE:
            return refusal
        assert member is not None
    if request.generation_id != group.generation_id:
        return ErrorCode.ILLEGAL_GENERATION
    # During a rebalance too: the member is alive, it just has to join again.
    deadline_ms = now_ms + member.session_timeout_ms
    member.session_deadline_ms = max(member.session_deadline_ms, deadline_ms)
    if group.state is GroupState.PREPARING_REBALANCE:
        return ErrorCode.REBALANCE_IN_PROGRESS
    return ErrorCode.NONE
