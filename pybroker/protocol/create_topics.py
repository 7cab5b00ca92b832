"""CreateTopics (API key 19), versions 2-7."""

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
    """CreateTopicsRequest.

    Versions:
      * 5: flexible
    """

    topics: list["CreateTopicsRequest.CreatableTopic"] = EMPTY
    timeout_ms: Int32 = 60000
    validate_only: Bool = False

    class CreatableTopic(Struct):
        """CreatableTopic."""

        name: TopicName = ""
        num_partitions: Int32 = 0
        replication_factor: Int16 = 0
        assignments: list["CreateTopicsRequest.CreatableReplicaAssignment"] = EMPTY
        configs: list["CreateTopicsRequest.CreatableTopicConfig"] = EMPTY

    class CreatableReplicaAssignment(Struct):
        """CreatableReplicaAssignment."""

        partition_index: Int32 = 0
        broker_ids: list[BrokerId] = EMPTY

    class CreatableTopicConfig(Struct):
        """CreatableTopicConfig."""

        name: String = ""
        value: NullableString = ""


class CreateTopicsResponse(Response, key=19, versions="2-7", flexible="5+"):
    """CreateTopicsResponse.

    Versions:
      * 5: CreatableTopicResult.topic_config_error_code,
        CreatableTopicResult.num_partitions, CreatableTopicResult.replication_factor,
        CreatableTopicResult.configs, flexible
      * 7: CreatableTopicResult.topic_id
    """

    throttle_time_ms: Int32 = 0
    topics: list["CreateTopicsResponse.CreatableTopicResult"] = EMPTY

    class CreatableTopicResult(Struct):
        """CreatableTopicResult."""

        name: TopicName = ""
        topic_id: Uuid = field(versions="7+", ignorable=True, default=ZERO_UUID)
        error_code: Int16 = 0
        error_message: NullableString = None
        topic_config_error_code: Int16 = field(versions="5+", tag=0, ignorable=True, default=0)
        num_partitions: Int32 = field(versions="5+", ignorable=True, default=-1)
        replication_factor: Int16 = field(versions="5+", ignorable=True, default=-1)
        configs: list["CreateTopicsResponse.CreatableTopicConfigs"] | None = field(
            versions="5+", ignorable=True, default=EMPTY
        )

    class CreatableTopicConfigs(Struct):
        """CreatableTopicConfigs."""

        name: String = ""
        value: NullableString = ""
        read_only: Bool = False
        config_source: Int8 = -1
        is_sensitive: Bool = False
