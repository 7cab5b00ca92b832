"""SyncGroup (API key 14), versions 0-5.

Members of a classic group get what the leader assigned.
"""

from pybroker.protocol.declare import (
    EMPTY,
    Bytes,
    GroupId,
    Int16,
    Int32,
    NullableString,
    Request,
    Response,
    String,
    Struct,
    field,
)


class SyncGroupRequest(Request, key=14, versions="0-5", flexible="4+"):
    """Asks for the member's assignment; the leader's request carries all of them.

    Versions:
      * 3: group_instance_id (static membership, KIP-345)
      * 4: flexible
      * 5: protocol_type, protocol_name; both must be the group's (KIP-559)
    """

    group_id: GroupId = ""
    generation_id: Int32 = 0
    member_id: String = ""
    group_instance_id: NullableString = field(versions="3+", default=None)
    protocol_type: NullableString = field(versions="5+", ignorable=True, default=None)
    protocol_name: NullableString = field(versions="5+", ignorable=True, default=None)
    # Empty but for the leader.
    assignments: list["SyncGroupRequest.Assignment"] = EMPTY

    class Assignment(Struct):
        """What one member is assigned."""

        member_id: String = ""
        # As the leader's client wrote it.
        assignment: Bytes = b""


class SyncGroupResponse(Response, key=14, versions="0-5", flexible="4+"):
    """The member's assignment, sent when the leader has given it.

    Versions:
      * 1: throttle_time_ms
      * 4: flexible
      * 5: protocol_type, protocol_name
    """

    throttle_time_ms: Int32 = field(versions="1+", ignorable=True, default=0)
    error_code: Int16 = 0
    protocol_type: NullableString = field(versions="5+", ignorable=True, default=None)
    protocol_name: NullableString = field(versions="5+", ignorable=True, default=None)
    assignment: Bytes = b""
