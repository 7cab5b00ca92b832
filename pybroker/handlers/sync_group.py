"""SyncGroup (API key 14), versions 0-5.

Behaviour:
  * The leader brings the assignments of all members; the others wait for them.
  * Answered when the generation is stored.
  * A protocol type or name other than the group's is INCONSISTENT_GROUP_PROTOCOL.

Versions:
  * 1: throttle_time_ms in the response
  * 3: group_instance_id (static membership, KIP-345)
  * 4: flexible
  * 5: protocol_type and protocol_name, which a request must have (KIP-559)
"""

import asyncio
from typing import TYPE_CHECKING

from pybroker.errors import ErrorCode
from pybroker.protocol.sync_group import SyncGroupRequest, SyncGroupResponse

if TYPE_CHECKING:
    from pybroker.api import RequestContext
    from pybroker.broker import Broker


async def sync_group(
    broker: "Broker", context: "RequestContext", request: SyncGroupRequest
) -> SyncGroupResponse:
    """Bring the assignments, or wait for one."""
    if context.api_version >= 5 and None in {request.protocol_type, request.protocol_name}:
        return SyncGroupResponse(error_code=ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    waiter: asyncio.Future[SyncGroupResponse] = asyncio.get_running_loop().create_future()
    response = broker.groups.sync(request, context, waiter)
    return await waiter if response is None else response
