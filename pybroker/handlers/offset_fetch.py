"""OffsetFetch (API key 9), versions 1-10.

Behaviour:
  * A position that was never committed is offset -1 without an error; so is every position of a
    group that nobody knows.
  * Topics null: everything that the group has committed.
  * require_stable is always met: nothing is pending that is not committed.

Versions:
  * 2: topics null; error_code in the response
  * 3: throttle_time_ms in the response
  * 5: committed_leader_epoch (KIP-320)
  * 6: flexible
  * 7: require_stable (KIP-447)
  * 8: several groups (KIP-709)
  * 9: member_id and member_epoch, which classic groups do not look at (KIP-848)
  * 10: topic_id instead of the name; UNKNOWN_TOPIC_ID (KIP-848)
"""

from typing import TYPE_CHECKING

from pybroker.protocol.offset_fetch import OffsetFetchRequest, OffsetFetchResponse

if TYPE_CHECKING:
    from pybroker.api import RequestContext
    from pybroker.broker import Broker


def offset_fetch(
    broker: "Broker", context: "RequestContext", request: OffsetFetchRequest
) -> OffsetFetchResponse:
    """Give positions."""
    if context.api_version < 8:
        return broker.groups.fetch_offsets(request, context)
    return OffsetFetchResponse(
        groups=[broker.groups.fetch_group_offsets(wanted, context) for wanted in request.groups]
    )
