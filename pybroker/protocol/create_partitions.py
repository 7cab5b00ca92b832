"""CreatePartitions (API key 37), versions 0-3: adds partitions to topics."""

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
    """Sets the number of partitions of topics.

    Versions:
      * 2: flexible
      * 3: THROTTLING_QUOTA_EXCEEDED may be answered (KIP-599)
    """

    topics: list["CreatePartitionsRequest.CreatePartitionsTopic"] = EMPTY
    timeout_ms: Int32 = 0
    validate_only: Bool = False

    class CreatePartitionsTopic(Struct):
        """One topic."""

        name: TopicName = ""
        # Partitions that it shall have in all.
        count: Int32 = 0
        # One for each new partition; None lets the broker choose.
        assignments: list["CreatePartitionsRequest.CreatePartitionsAssignment"] | None = EMPTY

    class CreatePartitionsAssignment(Struct):
        """The brokers of one new partition, the preferred leader first."""

        broker_ids: list[BrokerId] = EMPTY


class CreatePartitionsResponse(Response, key=37, versions="0-3", flexible="2+"):
    """The outcome for each topic.

    Versions:
      * 2: flexible
    """

    throttle_time_ms: Int32 = 0
    results: list["CreatePartitionsResponse.CreatePartitionsTopicResult"] = EMPTY

    class CreatePartitionsTopicResult(Struct):
        """The outcome for one topic."""

        name: TopicName = ""
        error_code: Int16 = 0
        error_message: NullableString = None
