"""DescribeGroups (API key 15), versions 0-6: state and members of classic groups."""

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
    """Asks for groups by id.

    Versions:
      * 3: include_authorized_operations
      * 4: the answer has group_instance_id (KIP-345)
      * 5: flexible
      * 6: an unknown group is GROUP_ID_NOT_FOUND (KIP-1043)
    """

    groups: list[GroupId] = EMPTY
    include_authorized_operations: Bool = field(versions="3+", default=False)


class DescribeGroupsResponse(Response, key=15, versions="0-6", flexible="5+"):
    """The groups, with their members.

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
        """One group."""

        error_code: Int16 = 0
        error_message: NullableString = field(versions="6+", default=None)
        group_id: GroupId = ""
        # PreparingRebalance, CompletingRebalance, Stable, Empty or Dead.
        group_state: String = ""
        protocol_type: String = ""
        # The strategy that was chosen; empty unless the group is stable.
        protocol_data: String = ""
        members: list["DescribeGroupsResponse.DescribedGroupMember"] = EMPTY
        authorized_operations: Int32 = field(versions="3+", default=-0x80000000)

    class DescribedGroupMember(Struct):
        """One member."""

        member_id: String = ""
        group_instance_id: NullableString = field(versions="4+", ignorable=True, default=None)
        client_id: String = ""
        client_host: String = ""
        # Of the chosen protocol.
        member_metadata: Bytes = b""
        member_assignment: Bytes = b""
