"""LeaveGroup (API key 13), versions 0-5."""

from pybroker.protocol.declare import (
    EMPTY,
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


class LeaveGroupRequest(Request, key=13, versions="0-5", flexible="4+"):
    """LeaveGroupRequest.

    Versions:
      * 3: without member_id, members
      * 4: flexible
      * 5: MemberIdentity.reason
    """

    group_id: GroupId = ""
    member_id: String = field(versions="0-2", default="")
    members: list["LeaveGroupRequest.MemberIdentity"] = field(versions="3+", default=EMPTY)

    class MemberIdentity(Struct):
        """MemberIdentity."""

        member_id: String = ""
        group_instance_id: NullableString = None
        reason: NullableString = field(versions="5+", ignorable=True, default=None)


class LeaveGroupResponse(Response, key=13, versions="0-5", flexible="4+"):
    """LeaveGroupResponse.

    Versions:
      * 1: throttle_time_ms
      * 3: members
      * 4: flexible
    """

    throttle_time_ms: Int32 = field(versions="1+", ignorable=True, default=0)
    error_code: Int16 = 0
    members: list["LeaveGroupResponse.MemberResponse"] = field(versions="3+", default=EMPTY)

    class MemberResponse(Struct):
        """MemberResponse."""

        member_id: String = ""
        group_instance_id: NullableString = ""
        error_code: Int16 = 0
