"""CreatePartitions (API key 37), versions 0-3.

Behaviour:
  * Answers every topic by itself, the good ones too. A topic that is named twice is
    INVALID_REQUEST.
  * The number of partitions only grows; the same number or fewer is INVALID_PARTITIONS.
  * Complete when the answer leaves. validate_only decides the same and changes nothing.
  * New partitions go to the nodes after those of the last partition, or where the client assigns
    them.

Versions:
  * 2: flexible
  * 3: THROTTLING_QUOTA_EXCEEDED may be answered (KIP-599)
"""

from typing import TYPE_CHECKING

from pybroker.errors import ErrorCode
from pybroker.metadata.carry_out import grow, placement_of
from pybroker.metadata.decisions.create_partitions import decide_create_partitions
from pybroker.protocol.create_partitions import CreatePartitionsRequest, CreatePartitionsResponse

if TYPE_CHECKING:
    from pybroker.api import RequestContext
    from pybroker.broker import Broker


async def create_partitions(
    broker: "Broker", context: "RequestContext", request: CreatePartitionsRequest
) -> CreatePartitionsResponse:
    """Add partitions where they can be added, and answer every topic."""
    results = decide_create_partitions(
        broker.topics, request.topics, placement=placement_of(broker)
    )
    if not request.validate_only:
        await grow(broker, [change for result in results for change in result.changes])
    return CreatePartitionsResponse(
        results=[
            CreatePartitionsResponse.CreatePartitionsTopicResult(
                name=result.name,
                error_code=ErrorCode.NONE if result.error is None else result.error.code,
                error_message=None if result.error is None else result.error.message,
            )
            for result in results
        ]
    )
