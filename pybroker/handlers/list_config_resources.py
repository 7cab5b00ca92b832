"""ListConfigResources (API key 74), versions 0-1.

Behaviour:
  * Lists topics, nodes, and the groups and subscriptions of client metrics that have configs.
  * No types are all types; one that does not exist refuses the request (UNSUPPORTED_VERSION).

Versions:
  * 1: resource_types; version 0 lists subscriptions of client metrics only (KIP-1142)
"""

from typing import TYPE_CHECKING

from pybroker.api import Kept
from pybroker.configs.resources import ResourceType
from pybroker.errors import ErrorCode
from pybroker.protocol.list_config_resources import (
    ListConfigResourcesRequest,
    ListConfigResourcesResponse,
)

if TYPE_CHECKING:
    from pybroker.api import RequestContext
    from pybroker.broker import Broker

Resource = ListConfigResourcesResponse.ConfigResource


def list_config_resources(
    broker: "Broker", context: "RequestContext", request: ListConfigResourcesRequest
) -> Kept[ListConfigResourcesResponse]:
    """List the resources of each type once."""
    if context.api_version == 0:
        types = [int(ResourceType.CLIENT_METRICS)]
    else:
        types = list(dict.fromkeys(request.resource_types or list(ResourceType)))
    if not set(types) <= set(ResourceType):
        return Kept(ListConfigResourcesResponse(error_code=ErrorCode.UNSUPPORTED_VERSION))
    return Kept(
        ListConfigResourcesResponse(
            config_resources=[
                Resource(resource_name=name, resource_type=resource_type)
                for resource_type in types
                for name in _names(broker, ResourceType(resource_type))
            ]
        )
    )


def _names(broker: "Broker", resource_type: ResourceType) -> list[str]:
    if resource_type is ResourceType.TOPIC:
        return sorted(broker.topics.by_name)
    if resource_type in (ResourceType.BROKER, ResourceType.BROKER_LOGGER):
        return [str(node_id) for node_id in broker.node_ids]
    return sorted(broker.dynamic_configs.names(resource_type))
