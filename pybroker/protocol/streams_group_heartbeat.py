"""StreamsGroupHeartbeat (API key 88), version 0.

A member of a streams group (KIP-1071) joins, lives and leaves.
"""

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
    """Keeps a member in its group and tells what changed. What did not change is None."""

    group_id: GroupId = ""
    member_id: String = ""
    # 0 joins, -1 leaves, -2 leaves for a while as a static member.
    member_epoch: Int32 = 0
    # The last that the member saw; lets the answer leave out what it knows.
    endpoint_information_epoch: Int32 = 0
    instance_id: NullableString = None
    rack_id: NullableString = None
    rebalance_timeout_ms: Int32 = -1
    # On joining; the first member's becomes the group's.
    topology: "StreamsGroupHeartbeatRequest.Topology | None" = None
    active_tasks: list["StreamsGroupHeartbeatRequest.TaskIds"] | None = None
    standby_tasks: list["StreamsGroupHeartbeatRequest.TaskIds"] | None = None
    warmup_tasks: list["StreamsGroupHeartbeatRequest.TaskIds"] | None = None
    # Members of one process share state stores.
    process_id: NullableString = None
    # Where the application answers interactive queries.
    user_endpoint: "StreamsGroupHeartbeatRequest.Endpoint | None" = None
    # Keep standby tasks in other racks and the like.
    client_tags: list["StreamsGroupHeartbeatRequest.KeyValue"] | None = None
    task_offsets: list["StreamsGroupHeartbeatRequest.TaskOffset"] | None = None
    task_end_offsets: list["StreamsGroupHeartbeatRequest.TaskOffset"] | None = None
    # Ask all members to stop.
    shutdown_application: Bool = False

    class Topology(Struct):
        """What the application computes, as far as its groups of tasks go."""

        epoch: Int32 = 0
        subtopologies: list["StreamsGroupHeartbeatRequest.Subtopology"] = EMPTY

    class Subtopology(Struct):
        """A part of the topology that is run as one task per partition."""

        subtopology_id: String = ""
        source_topics: list[TopicName] = EMPTY
        # Regular expressions for further source topics.
        source_topic_regex: list[String] = EMPTY
        # To be created for state stores.
        state_changelog_topics: list["StreamsGroupHeartbeatRequest.TopicInfo"] = EMPTY
        repartition_sink_topics: list[TopicName] = EMPTY
        # To be created for data that is partitioned anew.
        repartition_source_topics: list["StreamsGroupHeartbeatRequest.TopicInfo"] = EMPTY
        # Topics that must have equally many partitions.
        copartition_groups: list["StreamsGroupHeartbeatRequest.CopartitionGroup"] = EMPTY

    class TopicInfo(Struct):
        """An internal topic."""

        name: TopicName = ""
        # 0 lets the broker choose.
        partitions: Int32 = 0
        replication_factor: Int16 = 0
        topic_configs: list["StreamsGroupHeartbeatRequest.KeyValue"] = EMPTY

    class KeyValue(Struct):
        """A config, or a client tag."""

        key: String = ""
        value: String = ""

    class CopartitionGroup(Struct):
        """Topics, as indexes into the subtopology's lists."""

        source_topics: list[Int16] = EMPTY
        source_topic_regex: list[Int16] = EMPTY
        repartition_source_topics: list[Int16] = EMPTY

    class TaskIds(Struct):
        """Tasks of one subtopology, by partition."""

        subtopology_id: String = ""
        partitions: list[Int32] = EMPTY

    class Endpoint(Struct):
        """Host and port."""

        host: String = ""
        port: UInt16 = 0

    class TaskOffset(Struct):
        """How far a task's state is, summed over its changelogs."""

        subtopology_id: String = ""
        partition: Int32 = 0
        offset: Int64 = 0


class StreamsGroupHeartbeatResponse(Response, key=88, versions="0", flexible="0+"):
    """The tasks that the member is assigned, if they changed."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: NullableString = None
    member_id: String = ""
    member_epoch: Int32 = 0
    heartbeat_interval_ms: Int32 = 0
    # Below this lag a warm-up task counts as caught up.
    acceptable_recovery_lag: Int32 = 0
    # How often to send `task_offsets`.
    task_offset_interval_ms: Int32 = 0
    # What is wrong with the topology or the group, if anything.
    status: list["StreamsGroupHeartbeatResponse.Status"] | None = EMPTY
    active_tasks: list["StreamsGroupHeartbeatResponse.TaskIds"] | None = None
    standby_tasks: list["StreamsGroupHeartbeatResponse.TaskIds"] | None = None
    warmup_tasks: list["StreamsGroupHeartbeatResponse.TaskIds"] | None = None
    endpoint_information_epoch: Int32 = 0
    # Which member answers queries for which partitions.
    partitions_by_user_endpoint: (
        list["StreamsGroupHeartbeatResponse.EndpointToPartitions"] | None
    ) = None

    class Status(Struct):
        """One thing to know."""

        # 0 stale topology, 1 missing source topics, 2 incorrectly partitioned topics, 3 missing
        # internal topics, 4 shut down, 5 assignment delayed.
        status_code: Int8 = 0
        status_detail: String = ""

    class TaskIds(Struct):
        """Tasks of one subtopology, by partition."""

        subtopology_id: String = ""
        partitions: list[Int32] = EMPTY

    class EndpointToPartitions(Struct):
        """What one member holds."""

        user_endpoint: "StreamsGroupHeartbeatResponse.Endpoint" = EMPTY
        active_partitions: list["StreamsGroupHeartbeatResponse.TopicPartition"] = EMPTY
        standby_partitions: list["StreamsGroupHeartbeatResponse.TopicPartition"] = EMPTY

    class Endpoint(Struct):
        """Host and port."""

        host: String = ""
        port: UInt16 = 0

    class TopicPartition(Struct):
        """Partitions of one topic."""

        topic: TopicName = ""
        partitions: list[Int32] = EMPTY
