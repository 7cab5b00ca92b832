"""DescribeGroups (API key 15), versions 0-6.

Behaviour:
  * Each group by itself: its state, its members with their assignments, and while it is stable its
    protocol and what the members subscribe to.
  * A group that does not exist is Dead.

Versions:
  * 1: throttle_time_ms in the response
  * 3: authorized_operations, if they are asked for (KIP-430)
  * 4: group_instance_id of the members (KIP-345)
  * 5: flexible
  * 6: error_message; a group that does not exist is GROUP_ID_NOT_FOUND too (KIP-1043)
"""

from typing import TYPE_CHECKING

from pybroker.errors import ErrorCode
from pybroker.metadata.authorized_operations import GROUP_OPERATIONS
from pybroker.protocol.describe_groups import DescribeGroupsRequest, DescribeGroupsResponse

if TYPE_CHECKING:
    from pybroker.api import RequestContext
    from pybroker.broker import Broker


def describe_groups(
    broker: "Broker", context: "RequestContext", request: DescribeGroupsRequest
) -> DescribeGroupsResponse:
    """Describe groups."""
    groups = [broker.groups.describe_group(group_id, context) for group_id in request.groups]
    if request.include_authorized_operations:
        for group in groups:
            if group.error_code == ErrorCode.NONE:
                group.authorized_operations = GROUP_OPERATIONS
    return DescribeGroupsResponse(groups=groups)
