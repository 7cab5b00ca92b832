"""ConsumerGroupDescribe (API key 69), versions 0-1.

Behaviour:
  * Each group by itself: its state and epochs, its members with what they have and shall have.
  * A group that does not exist, or is a classic one, is GROUP_ID_NOT_FOUND.

Versions:
  * 1: member_type: whether a member speaks the classic or the consumer protocol (KIP-1099)
"""

from typing import TYPE_CHECKING

from pybroker.errors import ErrorCode
from pybroker.metadata.authorized_operations import GROUP_OPERATIONS
from pybroker.protocol.consumer_group_describe import (
    ConsumerGroupDescribeRequest,
    ConsumerGroupDescribeResponse,
)

if TYPE_CHECKING:
    from pybroker.api import RequestContext
    from pybroker.broker import Broker


def consumer_group_describe(
    broker: "Broker", context: "RequestContext", request: ConsumerGroupDescribeRequest
) -> ConsumerGroupDescribeResponse:
    """Describe consumer groups."""
    groups = [
        broker.groups.describe_consumer_group(group_id, context) for group_id in request.group_ids
    ]
    if request.include_authorized_operations:
        for group in groups:
            if group.error_code == ErrorCode.NONE:
                group.authorized_operations = GROUP_OPERATIONS
    return ConsumerGroupDescribeResponse(groups=groups)
