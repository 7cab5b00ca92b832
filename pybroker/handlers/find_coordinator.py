"""FindCoordinator (API key 10), versions 0-6.

Behaviour:
  * Names the node that coordinates a group or a transactional id, at the address that the client
    dialled unless advertised.listeners is set.
  * There is always one. Its internal topic comes into being with the first question, and nobody
    has to ask again, as Kafka's clients do after COORDINATOR_NOT_AVAILABLE.
  * Share coordinators and unknown types are INVALID_REQUEST.
  * Who asks about a group may be about to join it, which the group takes into account. Where that
    is switched off, and for transactional ids, the answer is kept.

Versions:
  * 1: key_type; throttle_time_ms and error_message in the response
  * 3: flexible
  * 4: several keys (KIP-699)
  * 5: TRANSACTION_ABORTABLE may be answered (KIP-890)
  * 6: key type SHARE (KIP-932)
"""

from typing import TYPE_CHECKING, Final

from pybroker.api import Kept
from pybroker.errors import ErrorCode
from pybroker.metadata import internal_topics
from pybroker.metadata.topics import GROUP_METADATA_TOPIC_NAME, TRANSACTION_STATE_TOPIC_NAME
from pybroker.protocol.find_coordinator import FindCoordinatorRequest, FindCoordinatorResponse

if TYPE_CHECKING:
    from pybroker.api import RequestContext
    from pybroker.broker import Broker

GROUP: Final = 0
TRANSACTION: Final = 1

NO_NODE: Final = (-1, "", -1)

MALFORMED: Final = (
    "This most likely occurs because of a request being malformed by the client library or the"
    " message was sent to an incompatible broker. See the broker logs for more details."
)


def find_coordinator(
    broker: "Broker", context: "RequestContext", request: FindCoordinatorRequest
) -> FindCoordinatorResponse | Kept[FindCoordinatorResponse]:
    """Name the coordinators."""
    if context.api_version < 4:
        response = _one(broker, context, request)
    else:
        response = FindCoordinatorResponse(
            coordinators=[
                _coordinator(broker, context, request.key_type, key)
                for key in request.coordinator_keys
            ]
        )
    announces = request.key_type == GROUP and broker.groups.configs.pybroker_group_settle_ms > 0
    return response if announces else Kept(response)


def _one(
    broker: "Broker", context: "RequestContext", request: FindCoordinatorRequest
) -> FindCoordinatorResponse:
    code, (node_id, host, port) = _find(broker, context, request.key_type, request.key)
    return FindCoordinatorResponse(
        error_code=code,
        # Kafka names the code that is no error, too.
        error_message=code.name if code is ErrorCode.NONE else MALFORMED,
        node_id=node_id,
        host=host,
        port=port,
    )


def _coordinator(
    broker: "Broker", context: "RequestContext", key_type: int, key: str
) -> FindCoordinatorResponse.Coordinator:
    code, (node_id, host, port) = _find(broker, context, key_type, key)
    return FindCoordinatorResponse.Coordinator(
        key=key,
        error_code=code,
        error_message="" if code is ErrorCode.NONE else MALFORMED,
        node_id=node_id,
        host=host,
        port=port,
    )


def _find(
    broker: "Broker", context: "RequestContext", key_type: int, key: str
) -> tuple[ErrorCode, tuple[int, str, int]]:
    if key_type == GROUP:
        internal_topics.ensure(broker, GROUP_METADATA_TOPIC_NAME)
        broker.groups.expect(key, context.connection_id)
        partition_count = broker.config.offsets_topic_num_partitions
    elif key_type == TRANSACTION:
        internal_topics.ensure(broker, TRANSACTION_STATE_TOPIC_NAME)
        partition_count = broker.config.transaction_state_log_num_partitions
    else:
        return ErrorCode.INVALID_REQUEST, NO_NODE
    node_id = broker.groups.coordinator_of(key, partition_count)
    return ErrorCode.NONE, (node_id, *broker.endpoint(node_id, context))
