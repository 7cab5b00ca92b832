"""SyncGroup (API key 14), versions 0-5."""

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
    """SyncGroupRequest.

    Versions:
      * 3: group_instance_id
      * 4: flexible
      * 5: protocol_type, protocol_name
    """

    group_id: GroupId = ""
    generation_id: Int32 = 0
    member_id: String = ""
    group_instance_id: NullableString = field(versions="3+", default=None)
    protocol_type: NullableString = field(versions="5+", ignorable=True, default=None)
    protocol_name: NullableString = field(versions="5+", ignorable=True, default=None)
    assignments: list["SyncGroupRequest.Assignment"] = EMPTY

    class Assignment(Struct):
        """Assignment."""

        member_id: String = ""
        assignment: Bytes = b""


class SyncGroupResponse(Response, key=14, versions="0-5", flexible="4+"):
    """SyncGroupResponse.

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
