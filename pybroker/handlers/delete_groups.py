"""DeleteGroups (API key 42), versions 0-2.

Behaviour:
  * Each group by itself; one that is named twice is deleted, and answered, once.
  * A group with members is NON_EMPTY_GROUP, one that does not exist GROUP_ID_NOT_FOUND.
  * What the group has committed goes with it.

Versions:
  * 2: flexible
"""

from typing import TYPE_CHECKING

from pybroker.protocol.delete_groups import DeleteGroupsRequest, DeleteGroupsResponse

if TYPE_CHECKING:
    from pybroker.api import RequestContext
    from pybroker.broker import Broker


def delete_groups(
    broker: "Broker", context: "RequestContext", request: DeleteGroupsRequest
) -> DeleteGroupsResponse:
    """Delete groups."""
    return DeleteGroupsResponse(
        results=[
            DeleteGroupsResponse.DeletableGroupResult(
                group_id=group_id, error_code=broker.groups.delete_group(group_id, context)
            )
            for group_id in dict.fromkeys(request.groups_names)
        ]
    )
