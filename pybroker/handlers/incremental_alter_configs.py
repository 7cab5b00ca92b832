"""IncrementalAlterConfigs (API key 44), versions 0-1.

Behaviour:
  * Changes single configs of topics, brokers (a node's, or with an empty name those of all nodes),
    groups and subscriptions of client metrics, and levels of loggers; what is not named stays.
  * Each resource changes whole or not at all, and has its own error.
  * When it is answered, open logs obey. What is validated only is answered as if it were done.

Versions:
  * 1: flexible
"""

from typing import TYPE_CHECKING

from pybroker.configs.overrides import IncrementalConfig
from pybroker.metadata.config_changes import alter
from pybroker.metadata.decisions.alter_configs import AlteredResource
from pybroker.protocol.incremental_alter_configs import (
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
)

if TYPE_CHECKING:
    from pybroker.api import RequestContext
    from pybroker.broker import Broker

Result = IncrementalAlterConfigsResponse.AlterConfigsResourceResponse


async def incremental_alter_configs(
    broker: "Broker", context: "RequestContext", request: IncrementalAlterConfigsRequest
) -> IncrementalAlterConfigsResponse:
    """Alter every resource that can be altered."""
    resources = [
        AlteredResource(
            resource.resource_type,
            resource.resource_name,
            [
                IncrementalConfig(config.name, config.config_operation, config.value)
                for config in resource.configs
            ],
            replaces=False,
        )
        for resource in request.resources
    ]
    outcomes = await alter(
        broker, resources, node_id=context.node_id, validate_only=request.validate_only
    )
    return IncrementalAlterConfigsResponse(responses=[Result(**outcome) for outcome in outcomes])
