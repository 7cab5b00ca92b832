"""CreateTopics (API key 19), versions 2-7: creates topics."""

from pybroker.protocol.declare import (
    EMPTY,
    ZERO_UUID,
    Bool,
    BrokerId,
    Int8,
    Int16,
    Int32,
    NullableString,
    Request,
    Response,
    String,
    Struct,
    TopicName,
    Uuid,
    field,
)


class CreateTopicsRequest(Request, key=19, versions="2-7", flexible="5+"):
    """Creates topics, each on its own.

    Versions:
      * 4: -1 for num_partitions and replication_factor (KIP-464)
      * 5: flexible
      * 6: THROTTLING_QUOTA_EXCEEDED may be answered (KIP-599)
    """

    topics: list["CreateTopicsRequest.CreatableTopic"] = EMPTY
    # How long to wait until the topics exist; not an end for their creation.
    timeout_ms: Int32 = 60000
    # Check, and change nothing.
    validate_only: Bool = False

    class CreatableTopic(Struct):
        """One topic."""

        name: TopicName = ""
        # -1 for the broker's default, or when `assignments` are given.
        num_partitions: Int32 = 0
        # As `num_partitions`.
        replication_factor: Int16 = 0
        assignments: list["CreateTopicsRequest.CreatableReplicaAssignment"] = EMPTY
        configs: list["CreateTopicsRequest.CreatableTopicConfig"] = EMPTY

    class CreatableReplicaAssignment(Struct):
        """The brokers of one partition, the preferred leader first."""

        partition_index: Int32 = 0
        broker_ids: list[BrokerId] = EMPTY

    class CreatableTopicConfig(Struct):
        """A config of the topic."""

        name: String = ""
        value: NullableString = ""


class CreateTopicsResponse(Response, key=19, versions="2-7", flexible="5+"):
    """The outcome for each topic.

    Versions:
      * 5: CreatableTopicResult.topic_config_error_code,
        CreatableTopicResult.num_partitions, CreatableTopicResult.replication_factor,
        CreatableTopicResult.configs (KIP-525), flexible
      * 7: CreatableTopicResult.topic_id
    """

    throttle_time_ms: Int32 = 0
    topics: list["CreateTopicsResponse.CreatableTopicResult"] = EMPTY

    class CreatableTopicResult(Struct):
        """The outcome for one topic."""

        name: TopicName = ""
        topic_id: Uuid = field(versions="7+", ignorable=True, default=ZERO_UUID)
        error_code: Int16 = 0
        error_message: NullableString = None
        # Why `configs` is None.
        topic_config_error_code: Int16 = field(versions="5+", tag=0, ignorable=True, default=0)
        num_partitions: Int32 = field(versions="5+", ignorable=True, default=-1)
        replication_factor: Int16 = field(versions="5+", ignorable=True, default=-1)
        configs: list["CreateTopicsResponse.CreatableTopicConfigs"] | None = field(
            versions="5+", ignorable=True, default=EMPTY
        )

    class CreatableTopicConfigs(Struct):
        """A config of the topic, as it came out."""

        name: String = ""
        value: NullableString = ""
        read_only: Bool = False
        # See DescribeConfigs.
        config_source: Int8 = -1
        is_sensitive: Bool = False
