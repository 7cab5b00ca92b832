"""JoinGroup (API key 11), versions 0-9.

Behaviour:
  * Waits until the members of the next generation are known; the leader learns who they are.
  * The first member of an empty group waits group.initial.rebalance.delay.ms for others.
  * A session timeout outside group.min.session.timeout.ms and group.max.session.timeout.ms is
    INVALID_SESSION_TIMEOUT; a full group (group.max.size) is GROUP_MAX_SIZE_REACHED.
  * A static member that comes back keeps its place, and whoever had it is FENCED_INSTANCE_ID.

Versions:
  * 1: rebalance_timeout_ms; before that the session timeout counts
  * 2: throttle_time_ms in the response
  * 4: a newcomer is given its id by MEMBER_ID_REQUIRED first (KIP-394)
  * 5: group_instance_id (static membership, KIP-345)
  * 6: flexible
  * 7: protocol_type in the response, whose protocol_name may be null (KIP-559)
  * 8: reason (KIP-800)
  * 9: skip_assignment (KIP-814)
"""

import asyncio
from typing import TYPE_CHECKING

from pybroker.protocol.join_group import JoinGroupRequest, JoinGroupResponse

if TYPE_CHECKING:
    from pybroker.api import RequestContext
    from pybroker.broker import Broker


async def join_group(
    broker: "Broker", context: "RequestContext", request: JoinGroupRequest
) -> JoinGroupResponse:
    """Join, and wait for the generation."""
    waiter: asyncio.Future[JoinGroupResponse] = asyncio.get_running_loop().create_future()
    response = broker.groups.join(request, context, waiter)
    if response is None:
        response = await waiter
    if not response.protocol_name:
        response.protocol_name = "" if context.api_version < 7 else None
    return response
