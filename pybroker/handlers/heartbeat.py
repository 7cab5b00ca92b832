"""Heartbeat (API key 12), versions 0-4.

Behaviour:
  * Extends the member's session; never changes the group.
  * During a rebalance it extends the session and answers REBALANCE_IN_PROGRESS.
  * While the leader assigns, all is well: a heartbeat may be faster than the assignments.

Versions:
  * 1: throttle_time_ms in the response
  * 3: group_instance_id (static membership, KIP-345)
  * 4: flexible
"""

from typing import TYPE_CHECKING, Final

from pybroker.protocol.heartbeat import HeartbeatRequest, HeartbeatResponse

if TYPE_CHECKING:
    from pybroker.api import RequestContext
    from pybroker.broker import Broker
    from pybroker.errors import ErrorCode

# There are as many answers as error codes, and most are the same one.
_ANSWERS: Final[dict["ErrorCode", HeartbeatResponse]] = {}


def heartbeat(
    broker: "Broker", context: "RequestContext", request: HeartbeatRequest
) -> HeartbeatResponse:
    """Extend the session."""
    code = broker.groups.heartbeat(request, context)
    answer = _ANSWERS.get(code)
    if answer is None:
        answer = _ANSWERS[code] = HeartbeatResponse(error_code=code)
    return answer
