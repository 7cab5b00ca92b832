"""DeleteGroups (API key 42), versions 0-2: deletes groups that have no members."""

from pybroker.protocol.declare import EMPTY, GroupId, Int16, Int32, Request, Response, Struct


class DeleteGroupsRequest(Request, key=42, versions="0-2", flexible="2+"):
    """Deletes groups with their stored positions.

    Versions:
      * 2: flexible
    """

    groups_names: list[GroupId] = EMPTY


class DeleteGroupsResponse(Response, key=42, versions="0-2", flexible="2+"):
    """The outcome for each group.

    Versions:
      * 2: flexible
    """

    throttle_time_ms: Int32 = 0
    results: list["DeleteGroupsResponse.DeletableGroupResult"] = EMPTY

    class DeletableGroupResult(Struct):
        """The outcome for one group."""

        group_id: GroupId = ""
        error_code: Int16 = 0
