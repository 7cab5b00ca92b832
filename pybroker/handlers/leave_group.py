"""LeaveGroup (API key 13), versions 0-5.

Behaviour:
  * Members go at once, and the others rebalance.
  * Each member has its own error; an administrator may name a static member by instance id alone.

Versions:
  * 1: throttle_time_ms in the response
  * 3: members, each by id or by group_instance_id (KIP-345)
  * 4: flexible
  * 5: reason (KIP-800)
"""

from typing import TYPE_CHECKING

from pybroker.protocol.leave_group import LeaveGroupRequest, LeaveGroupResponse

if TYPE_CHECKING:
    from pybroker.api import RequestContext
    from pybroker.broker import Broker


def leave_group(
    broker: "Broker", context: "RequestContext", request: LeaveGroupRequest
) -> LeaveGroupResponse:
    """Let members go."""
    if context.api_version >= 3:
        return broker.groups.leave(request.group_id, request.members, context)
    leaver = LeaveGroupRequest.MemberIdentity(member_id=request.member_id)
    response = broker.groups.leave(request.group_id, [leaver], context)
    if response.members:
        return LeaveGroupResponse(error_code=response.members[0].error_code)
    return response
