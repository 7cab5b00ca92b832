"""LeaveGroup (API key 13), versions 0-5: members leave a classic group."""

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
    """Takes members out of a group, so that it need not wait for their sessions to end.

    Versions:
      * 3: members, without member_id (KIP-345)
      * 4: flexible
      * 5: MemberIdentity.reason (KIP-800)
    """

    group_id: GroupId = ""
    member_id: String = field(versions="0-2", default="")
    members: list["LeaveGroupRequest.MemberIdentity"] = field(versions="3+", default=EMPTY)

    class MemberIdentity(Struct):
        """A member, by its id or by its instance id."""

        # Empty to name a static member by its instance id alone.
        member_id: String = ""
        group_instance_id: NullableString = None
        # Why it leaves, for the broker's log.
        reason: NullableString = field(versions="5+", ignorable=True, default=None)


class LeaveGroupResponse(Response, key=13, versions="0-5", flexible="4+"):
    """Whether each member left.

    Versions:
      * 1: throttle_time_ms
      * 3: members
      * 4: flexible
    """

    throttle_time_ms: Int32 = field(versions="1+", ignorable=True, default=0)
    error_code: Int16 = 0
    members: list["LeaveGroupResponse.MemberResponse"] = field(versions="3+", default=EMPTY)

    class MemberResponse(Struct):
        """The outcome for one member."""

        member_id: String = ""
        group_instance_id: NullableString = ""
        error_code: Int16 = 0
