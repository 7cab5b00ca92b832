"""JoinGroup (API key 11), versions 0-9."""

from pybroker.protocol.declare import (
    EMPTY,
    Bool,
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


class JoinGroupRequest(Request, key=11, versions="0-9", flexible="6+"):
    """JoinGroupRequest.

    Versions:
      * 1: rebalance_timeout_ms
      * 5: group_instance_id
      * 6: flexible
      * 8: reason
    """

    group_id: GroupId = ""
    session_timeout_ms: Int32 = 0
    rebalance_timeout_ms: Int32 = field(versions="1+", ignorable=True, default=-1)
    member_id: String = ""
    group_instance_id: NullableString = field(versions="5+", default=None)
    protocol_type: String = ""
    protocols: list["JoinGroupRequest.Protocol"] = EMPTY
    reason: NullableString = field(versions="8+", ignorable=True, default=None)

    class Protocol(Struct):
        """Protocol."""

        name: String = ""
        metadata: Bytes = b""


class JoinGroupResponse(Response, key=11, versions="0-9", flexible="6+"):
    """JoinGroupResponse.

    Versions:
      * 2: throttle_time_ms
      * 5: Member.group_instance_id
      * 6: flexible
      * 7: protocol_type, protocol_name may be None
      * 9: skip_assignment
    """

    throttle_time_ms: Int32 = field(versions="2+", ignorable=True, default=0)
    error_code: Int16 = 0
    generation_id: Int32 = -1
    protocol_type: NullableString = field(versions="7+", ignorable=True, default=None)
    protocol_name: NullableString = field(nullable="7+", default="")
    leader: String = ""
    skip_assignment: Bool = field(versions="9+", default=False)
    member_id: String = ""
    members: list["JoinGroupResponse.Member"] = EMPTY

    class Member(Struct):
        """Member."""

        member_id: String = ""
        group_instance_id: NullableString = field(versions="5+", ignorable=True, default=None)
        metadata: Bytes = b""
