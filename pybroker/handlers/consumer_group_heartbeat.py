"""ConsumerGroupHeartbeat (API key 68), versions 0-1.

Behaviour:
  * A member joins with epoch 0, lives with its own, and leaves with -1 or, for a while, with -2.
  * The answer tells its epoch, when to come again, and what it is assigned if that changed.
  * What is wrong is said in a code and in Kafka's words.
  * A classic group of consumers becomes a consumer group, as group.consumer.migration.policy says.

Versions:
  * 1: subscribed_topic_regex; the member makes its own id (KIP-1082)
"""

from typing import TYPE_CHECKING

from pybroker.protocol.consumer_group_heartbeat import (
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
)

if TYPE_CHECKING:
    from pybroker.api import RequestContext
    from pybroker.broker import Broker


def consumer_group_heartbeat(
    broker: "Broker", context: "RequestContext", request: ConsumerGroupHeartbeatRequest
) -> ConsumerGroupHeartbeatResponse:
    """Let a member live, and tell it what it has."""
    return broker.groups.consumer_heartbeat(request, context)
