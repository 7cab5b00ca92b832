"""StreamsGroupDescribe (API key 89), version 0.

State, topology and members of streams groups (KIP-1071).
"""

from pybroker.protocol.declare import (
    EMPTY,
    Bool,
    GroupId,
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


class StreamsGroupDescribeRequest(Request, key=89, versions="0", flexible="0+"):
    """Asks for groups by id."""

    group_ids: list[GroupId] = EMPTY
    include_authorized_operations: Bool = False


class StreamsGroupDescribeResponse(Response, key=89, versions="0", flexible="0+"):
    """The groups, with their topology and members."""

    throttle_time_ms: Int32 = 0
    groups: list["StreamsGroupDescribeResponse.DescribedGroup"] = EMPTY

    class DescribedGroup(Struct):
        """One group."""

        error_code: Int16 = 0
        error_message: NullableString = None
        group_id: GroupId = ""
        group_state: String = ""
        group_epoch: Int32 = 0
        assignment_epoch: Int32 = 0
        topology: "StreamsGroupDescribeResponse.Topology | None" = None
        members: list["StreamsGroupDescribeResponse.Member"] = EMPTY
        authorized_operations: Int32 = -0x80000000

    class Topology(Struct):
        """What the application computes."""

        epoch: Int32 = 0
        subtopologies: list["StreamsGroupDescribeResponse.Subtopology"] | None = None

    class Subtopology(Struct):
        """A part of it that is run as one task per partition."""

        subtopology_id: String = ""
        source_topics: list[TopicName] = EMPTY
        repartition_sink_topics: list[TopicName] = EMPTY
        state_changelog_topics: list["StreamsGroupDescribeResponse.TopicInfo"] = EMPTY
        repartition_source_topics: list["StreamsGroupDescribeResponse.TopicInfo"] = EMPTY

    class TopicInfo(Struct):
        """An internal topic."""

        name: TopicName = ""
        partitions: Int32 = 0
        replication_factor: Int16 = 0
        topic_configs: list["StreamsGroupDescribeResponse.KeyValue"] = EMPTY

    class KeyValue(Struct):
        """A config, or a client tag."""

        key: String = ""
        value: String = ""

    class Member(Struct):
        """One member."""

        member_id: String = ""
        member_epoch: Int32 = 0
        instance_id: NullableString = None
        rack_id: NullableString = None
        client_id: String = ""
        client_host: String = ""
        topology_epoch: Int32 = 0
        process_id: String = ""
        user_endpoint: "StreamsGroupDescribeResponse.Endpoint | None" = None
        client_tags: list["StreamsGroupDescribeResponse.KeyValue"] = EMPTY
        task_offsets: list["StreamsGroupDescribeResponse.TaskOffset"] = EMPTY
        task_end_offsets: list["StreamsGroupDescribeResponse.TaskOffset"] = EMPTY
        assignment: "StreamsGroupDescribeResponse.Assignment" = EMPTY
        # What it will have when all have reconciled.
        target_assignment: "StreamsGroupDescribeResponse.Assignment" = EMPTY
        # It still uses the classic protocol.
        is_classic: Bool = False

    class Endpoint(Struct):
        """Host and port."""

        host: String = ""
        port: UInt16 = 0

    class TaskOffset(Struct):
        """How far a task's state is."""

        subtopology_id: String = ""
        partition: Int32 = 0
        offset: Int64 = 0

    class Assignment(Struct):
        """Assigned tasks."""

        active_tasks: list["StreamsGroupDescribeResponse.TaskIds"] = EMPTY
        standby_tasks: list["StreamsGroupDescribeResponse.TaskIds"] = EMPTY
        warmup_tasks: list["StreamsGroupDescribeResponse.TaskIds"] = EMPTY

    class TaskIds(Struct):
        """Tasks of one subtopology, by partition."""

        subtopology_id: String = ""
        partitions: list[Int32] = EMPTY
