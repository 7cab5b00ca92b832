"""ListGroups (API key 16), versions 0-5."""

from pybroker.protocol.declare import (
    EMPTY,
    GroupId,
    Int16,
    Int32,
    Request,
    Response,
    String,
    Struct,
    field,
)


class ListGroupsRequest(Request, key=16, versions="0-5", flexible="3+"):
    """ListGroupsRequest.

    Versions:
      * 3: flexible
      * 4: states_filter
      * 5: types_filter
    """

    states_filter: list[String] = field(versions="4+", default=EMPTY)
    types_filter: list[String] = field(versions="5+", default=EMPTY)


class ListGroupsResponse(Response, key=16, versions="0-5", flexible="3+"):
    """ListGroupsResponse.

    Versions:
      * 1: throttle_time_ms
      * 3: flexible
      * 4: ListedGroup.group_state
      * 5: ListedGroup.group_type
    """

    throttle_time_ms: Int32 = field(versions="1+", ignorable=True, default=0)
    error_code: Int16 = 0
    groups: list["ListGroupsResponse.ListedGroup"] = EMPTY

    class ListedGroup(Struct):
        """ListedGroup."""

        group_id: GroupId = ""
        protocol_type: String = ""
        group_state: String = field(versions="4+", ignorable=True, default="")
        group_type: String = field(versions="5+", ignorable=True, default="")
