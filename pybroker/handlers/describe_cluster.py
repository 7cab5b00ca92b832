"""DescribeCluster (API key 60), versions 0-2.

Behaviour:
  * Lists the nodes, at the address that the client dialled unless advertised.listeners is set.
  * Any node answers for the controller; the first one is named.
  * Asked for controllers, it says that this is a broker: MISMATCHED_ENDPOINT_TYPE.

Versions:
  * 0: flexible
  * 1: endpoint_type (KIP-919)
  * 2: include_fenced_brokers, is_fenced (KIP-1073): no node is ever fenced, so nothing is added
"""

from typing import TYPE_CHECKING, Final

from pybroker.api import Kept
from pybroker.errors import ErrorCode
from pybroker.metadata.authorized_operations import CLUSTER_OPERATIONS, OPERATIONS_NOT_ASKED_FOR
from pybroker.protocol.describe_cluster import DescribeClusterRequest, DescribeClusterResponse

if TYPE_CHECKING:
    from pybroker.api import RequestContext
    from pybroker.broker import Broker

BROKERS: Final = 1
CONTROLLERS: Final = 2


def describe_cluster(
    broker: "Broker", context: "RequestContext", request: DescribeClusterRequest
) -> Kept[DescribeClusterResponse]:
    """Answer who is there."""
    if request.endpoint_type != BROKERS:
        return Kept(_refused(request.endpoint_type))
    operations = OPERATIONS_NOT_ASKED_FOR
    if request.include_cluster_authorized_operations:
        operations = CLUSTER_OPERATIONS
    return Kept(
        DescribeClusterResponse(
            cluster_id=broker.cluster_id,
            controller_id=broker.controller_id,
            brokers=[_node(broker, context, node_id) for node_id in broker.node_ids],
            cluster_authorized_operations=operations,
        )
    )


def _node(
    broker: "Broker", context: "RequestContext", node_id: int
) -> DescribeClusterResponse.DescribeClusterBroker:
    host, port = broker.endpoint(node_id, context)
    return DescribeClusterResponse.DescribeClusterBroker(broker_id=node_id, host=host, port=port)


def _refused(endpoint_type: int) -> DescribeClusterResponse:
    # Version 0 always asks for brokers, so the codes of later versions do.
    if endpoint_type == CONTROLLERS:
        return DescribeClusterResponse(
            error_code=ErrorCode.MISMATCHED_ENDPOINT_TYPE,
            error_message="The request was sent to an endpoint of type BROKER,"
            " but we wanted an endpoint of type CONTROLLER",
        )
    return DescribeClusterResponse(
        error_code=ErrorCode.UNSUPPORTED_ENDPOINT_TYPE,
        error_message=f"Unsupported endpoint type {endpoint_type}",
    )
