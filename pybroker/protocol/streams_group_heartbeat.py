"""StreamsGroupHeartbeat (API key 88), version 0."""

from pybroker.protocol.declare import (
    EMPTY,
    Bool,
    GroupId,
    Int8,
    Int16,
    Int32,
    Int64,
    NullableString,
    Request,
    Response,
    String,
    Struct,
    TopicName,
    UInt16,
)


class StreamsGroupHeartbeatRequest(Request, key=88, versions="0", flexible="0+"):
    """StreamsGroupHeartbeatRequest."""

    group_id: GroupId = ""
    member_id: String = ""
    member_epoch: Int32 = 0
    endpoint_information_epoch: Int32 = 0
    instance_id: NullableString = None
    rack_id: NullableString = None
    rebalance_timeout_ms: Int32 = -1
    topology: "StreamsGroupHeartbeatRequest.Topology | None" = None
    active_tasks: list["StreamsGroupHeartbeatRequest.TaskIds"] | None = None
    standby_tasks: list["StreamsGroupHeartbeatRequest.TaskIds"] | None = None
    warmup_tasks: list["StreamsGroupHeartbeatRequest.TaskIds"] | None = None
    process_id: NullableString = None
    user_endpoint: "StreamsGroupHeartbeatRequest.Endpoint | None" = None
    client_tags: list["StreamsGroupHeartbeatRequest.KeyValue"] | None = None
    task_offsets: list["StreamsGroupHeartbeatRequest.TaskOffset"] | None = None
    task_end_offsets: list["StreamsGroupHeartbeatRequest.TaskOffset"] | None = None
    shutdown_application: Bool = False

    class Topology(Struct):
        """Topology."""

        epoch: Int32 = 0
        subtopologies: list["StreamsGroupHeartbeatRequest.Subtopology"] = EMPTY

    class Subtopology(Struct):
        """Subtopology."""

        subtopology_id: String = ""
        source_topics: list[TopicName] = EMPTY
        source_topic_regex: list[String] = EMPTY
        state_changelog_topics: list["StreamsGroupHeartbeatRequest.TopicInfo"] = EMPTY
        repartition_sink_topics: list[TopicName] = EMPTY
        repartition_source_topics: list["StreamsGroupHeartbeatRequest.TopicInfo"] = EMPTY
        copartition_groups: list["StreamsGroupHeartbeatRequest.CopartitionGroup"] = EMPTY

    class TopicInfo(Struct):
        """TopicInfo."""

        name: TopicName = ""
        partitions: Int32 = 0
        replication_factor: Int16 = 0
        topic_configs: list["StreamsGroupHeartbeatRequest.KeyValue"] = EMPTY

    class KeyValue(Struct):
        """KeyValue."""

        key: String = ""
        value: String = ""

    class CopartitionGroup(Struct):
        """CopartitionGroup."""

        source_topics: list[Int16] = EMPTY
        source_topic_regex: list[Int16] = EMPTY
        repartition_source_topics: list[Int16] = EMPTY

    class TaskIds(Struct):
        """TaskIds."""

        subtopology_id: String = ""
        partitions: list[Int32] = EMPTY

    class Endpoint(Struct):
        """Endpoint."""

        host: String = ""
        port: UInt16 = 0

    class TaskOffset(Struct):
        """TaskOffset."""

        subtopology_id: String = ""
        partition: Int32 = 0
        offset: Int64 = 0


class StreamsGroupHeartbeatResponse(Response, key=88, versions="0", flexible="0+"):
    """StreamsGroupHeartbeatResponse."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: NullableString = None
    member_id: String = ""
    member_epoch: Int32 = 0
    heartbeat_interval_ms: Int32 = 0
    acceptable_recovery_lag: Int32 = 0
    task_offset_interval_ms: Int32 = 0
    status: list["StreamsGroupHeartbeatResponse.Status"] | None = EMPTY
    active_tasks: list["StreamsGroupHeartbeatResponse.TaskIds"] | None = None
    standby_tasks: list["StreamsGroupHeartbeatResponse.TaskIds"] | None = None
    warmup_tasks: list["StreamsGroupHeartbeatResponse.TaskIds"] | None = None
    endpoint_information_epoch: Int32 = 0
    partitions_by_user_endpoint: (
        list["StreamsGroupHeartbeatResponse.EndpointToPartitions"] | None
    ) = None

    class Status(Struct):
        """Status."""

        status_code: Int8 = 0
        status_detail: String = ""

    class TaskIds(Struct):
        """TaskIds."""

        subtopology_id: String = ""
        partitions: list[Int32] = EMPTY

    class EndpointToPartitions(Struct):
        """EndpointToPartitions."""

        user_endpoint: "StreamsGroupHeartbeatResponse.Endpoint" = EMPTY
        active_partitions: list["StreamsGroupHeartbeatResponse.TopicPartition"] = EMPTY
        standby_partitions: list["StreamsGroupHeartbeatResponse.TopicPartition"] = EMPTY

    class Endpoint(Struct):
        """Endpoint."""

        host: String = ""
        port: UInt16 = 0

    class TopicPartition(Struct):
        """TopicPartition."""

        topic: TopicName = ""
        partitions: list[Int32] = EMPTY
