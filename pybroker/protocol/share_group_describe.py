"""ShareGroupDescribe (API key 77), version 1: state and members of share groups."""

from pybroker.protocol.declare import (
    EMPTY,
    ZERO_UUID,
    Bool,
    GroupId,
    Int16,
    Int32,
    NullableString,
    Request,
    Response,
    String,
    Struct,
    TopicName,
    Uuid,
)


class ShareGroupDescribeRequest(Request, key=77, versions="1", flexible="0+"):
    """Asks for groups by id."""

    group_ids: list[GroupId] = EMPTY
    include_authorized_operations: Bool = False


class ShareGroupDescribeResponse(Response, key=77, versions="1", flexible="0+"):
    """The groups, with their members."""

    throttle_time_ms: Int32 = 0
    groups: list["ShareGroupDescribeResponse.DescribedGroup"] = EMPTY

    class DescribedGroup(Struct):
        """One group."""

        error_code: Int16 = 0
        error_message: NullableString = None
        group_id: GroupId = ""
        group_state: String = ""
        group_epoch: Int32 = 0
        assignment_epoch: Int32 = 0
        assignor_name: String = ""
        members: list["ShareGroupDescribeResponse.Member"] = EMPTY
        authorized_operations: Int32 = -0x80000000

    class Member(Struct):
        """One member."""

        member_id: String = ""
        rack_id: NullableString = None
        member_epoch: Int32 = 0
        client_id: String = ""
        client_host: String = ""
        subscribed_topic_names: list[TopicName] = EMPTY
        assignment: "ShareGroupDescribeResponse.Assignment" = EMPTY

    class Assignment(Struct):
        """Assigned partitions."""

        topic_partitions: list["ShareGroupDescribeResponse.TopicPartitions"] = EMPTY

    class TopicPartitions(Struct):
        """Partitions of one topic."""

        topic_id: Uuid = ZERO_UUID
        topic_name: TopicName = ""
        partitions: list[Int32] = EMPTY
