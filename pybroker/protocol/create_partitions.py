"""CreatePartitions (API key 37), versions 0-3."""

from pybroker.protocol.declare import (
    EMPTY,
    Bool,
    BrokerId,
    Int16,
    Int32,
    NullableString,
    Request,
    Response,
    Struct,
    TopicName,
)


class CreatePartitionsRequest(Request, key=37, versions="0-3", flexible="2+"):
    """CreatePartitionsRequest.

    Versions:
      * 2: flexible
    """

    topics: list["CreatePartitionsRequest.CreatePartitionsTopic"] = EMPTY
    timeout_ms: Int32 = 0
    validate_only: Bool = False

    class CreatePartitionsTopic(Struct):
        """CreatePartitionsTopic."""

        name: TopicName = ""
        count: Int32 = 0
        assignments: list["CreatePartitionsRequest.CreatePartitionsAssignment"] | None = EMPTY

    class CreatePartitionsAssignment(Struct):
        """CreatePartitionsAssignment."""

        broker_ids: list[BrokerId] = EMPTY


class CreatePartitionsResponse(Response, key=37, versions="0-3", flexible="2+"):
    """CreatePartitionsResponse.

    Versions:
      * 2: flexible
    """

    throttle_time_ms: Int32 = 0
    results: list["CreatePartitionsResponse.CreatePartitionsTopicResult"] = EMPTY

    class CreatePartitionsTopicResult(Struct):
        """CreatePartitionsTopicResult."""

        name: TopicName = ""
        error_code: Int16 = 0
        error_message: NullableString = None
