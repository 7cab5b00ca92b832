"""ListGroups (API key 16), versions 0-5.

Behaviour:
  * Lists the groups that the node coordinates, those that only commit offsets too.
  * Filters do not look at upper and lower case; a name that means nothing finds nothing.

Versions:
  * 1: throttle_time_ms in the response
  * 3: flexible
  * 4: states_filter; group_state in the response (KIP-518)
  * 5: types_filter; group_type in the response (KIP-848)
"""

from typing import TYPE_CHECKING

from pybroker.groups.classic.describe import GroupFilter
from pybroker.protocol.list_groups import ListGroupsRequest, ListGroupsResponse

if TYPE_CHECKING:
    from pybroker.api import RequestContext
    from pybroker.broker import Broker


def list_groups(
    broker: "Broker", context: "RequestContext", request: ListGroupsRequest
) -> ListGroupsResponse:
    """List groups."""
    wanted = GroupFilter(request.states_filter, request.types_filter)
    return ListGroupsResponse(groups=broker.groups.list_groups(wanted, context))
