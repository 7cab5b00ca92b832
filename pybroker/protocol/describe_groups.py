"""DescribeGroups (API key 15), versions 0-6."""

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


class DescribeGroupsRequest(Request, key=15, versions="0-6", flexible="5+"):
    """DescribeGroupsRequest.

    Versions:
      * 3: include_authorized_operations
      * 5: flexible
    """

    groups: list[GroupId] = EMPTY
    include_authorized_operations: Bool = field(versions="3+", default=False)


class DescribeGroupsResponse(Response, key=15, versions="0-6", flexible="5+"):
    """DescribeGroupsResponse.

    Versions:
      * 1: throttle_time_ms
      * 3: DescribedGroup.authorized_operations
      * 4: DescribedGroupMember.group_instance_id
      * 5: flexible
      * 6: DescribedGroup.error_message
    """

    throttle_time_ms: Int32 = field(versions="1+", ignorable=True, default=0)
    groups: list["DescribeGroupsResponse.DescribedGroup"] = EMPTY

    class DescribedGroup(Struct):
        """DescribedGroup."""

        error_code: Int16 = 0
        error_message: NullableString = field(versions="6+", default=None)
        group_id: GroupId = ""
        group_state: String = ""
        protocol_type: String = ""
        protocol_data: String = ""
        members: list["DescribeGroupsResponse.DescribedGroupMember"] = EMPTY
        authorized_operations: Int32 = field(versions="3+", default=-0x80000000)

    class DescribedGroupMember(Struct):
        """DescribedGroupMember."""

        member_id: String = ""
        group_instance_id: NullableString = field(versions="4+", ignorable=True, default=None)
        client_id: String = ""
        client_host: String = ""
        member_metadata: Bytes = b""
        member_assignment: Bytes = b""
