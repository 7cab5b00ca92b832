"""ListGroups (API key 16), versions 0-5: the groups that a broker coordinates."""

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
    """Asks for the groups of this broker, of some states and types.

    Versions:
      * 3: flexible
      * 4: states_filter (KIP-518)
      * 5: types_filter (KIP-848)
    """

    # Empty for all.
    states_filter: list[String] = field(versions="4+", default=EMPTY)
    # "classic", "consumer", "share", "streams"; empty for all.
    types_filter: list[String] = field(versions="5+", default=EMPTY)


class ListGroupsResponse(Response, key=16, versions="0-5", flexible="3+"):
    """The groups, of whatever protocol.

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
        """One group."""

        group_id: GroupId = ""
        protocol_type: String = ""
        group_state: String = field(versions="4+", ignorable=True, default="")
        group_type: String = field(versions="5+", ignorable=True, default="")
