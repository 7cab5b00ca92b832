"""OffsetDelete (API key 47), versions 0-0.

Behaviour:
  * Removes positions of a group; one that was never committed is removed without a word.
  * GROUP_SUBSCRIBED_TO_TOPIC for topics that members of a group of consumers read; another group
    with members is NON_EMPTY_GROUP, one that does not exist GROUP_ID_NOT_FOUND.
"""

from typing import TYPE_CHECKING

from pybroker.protocol.offset_delete import OffsetDeleteRequest, OffsetDeleteResponse

if TYPE_CHECKING:
    from pybroker.api import RequestContext
    from pybroker.broker import Broker


def offset_delete(
    broker: "Broker", context: "RequestContext", request: OffsetDeleteRequest
) -> OffsetDeleteResponse:
    """Remove positions."""
    return broker.groups.delete_offsets(request, context)
