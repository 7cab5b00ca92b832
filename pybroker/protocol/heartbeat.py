"""Heartbeat (API key 12), versions 0-4: a member of a classic group says that it is alive."""

from pybroker.protocol.declare import (
    GroupId,
    Int16,
    Int32,
    NullableString,
    Request,
    Response,
    String,
    field,
)


class HeartbeatRequest(Request, key=12, versions="0-4", flexible="4+"):
    """Keeps the member in its group.

    Versions:
      * 3: group_instance_id (static membership, KIP-345)
      * 4: flexible
    """

    group_id: GroupId = ""
    generation_id: Int32 = 0
    member_id: String = ""
    group_instance_id: NullableString = field(versions="3+", default=None)


class HeartbeatResponse(Response, key=12, versions="0-4", flexible="4+"):
    """Whether the member may go on; REBALANCE_IN_PROGRESS tells it to join again.

    Versions:
      * 1: throttle_time_ms
      * 4: flexible
    """

    throttle_time_ms: Int32 = field(versions="1+", ignorable=True, default=0)
    error_code: Int16 = 0
