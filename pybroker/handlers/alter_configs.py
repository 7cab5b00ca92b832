"""AlterConfigs (API key 33), versions 0-2.

Behaviour:
  * Replaces all configs of topics, brokers, groups and subscriptions of client metrics: what is not
    named has its default again. Levels of loggers are refused.
  * Otherwise as IncrementalAlterConfigs, which clients should prefer: two that change configs of
    one resource at once do not undo each other's changes.

Versions:
  * 2: flexible
"""

from typing import TYPE_CHECKING

from pybroker.configs.overrides import IncrementalConfig, Operation
from pybroker.metadata.config_changes import alter
from pybroker.metadata.decisions.alter_configs import AlteredResource
from pybroker.protocol.alter_configs import AlterConfigsRequest, AlterConfigsResponse

if TYPE_CHECKING:
    from pybroker.api import RequestContext
    from pybroker.broker import Broker

Result = AlterConfigsResponse.AlterConfigsResourceResponse


async def alter_configs(
    broker: "Broker", context: "RequestContext", request: AlterConfigsRequest
) -> AlterConfigsResponse:
    """Replace the configs of every resource that can be altered."""
    resources = [
        AlteredResource(
            resource.resource_type,
            resource.resource_name,
            [
                IncrementalConfig(config.name, Operation.SET, config.value)
                for config in resource.configs
            ],
            replaces=True,
        )
        for resource in request.resources
    ]
    outcomes = await alter(
        broker, resources, node_id=context.node_id, validate_only=request.validate_only
    )
    return AlterConfigsResponse(responses=[Result(**outcome) for outcome in outcomes])
