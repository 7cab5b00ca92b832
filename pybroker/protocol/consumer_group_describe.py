"""ConsumerGroupDescribe (API key 69), versions 0-1.

State and members of consumer groups (KIP-848).
"""

from pybroker.protocol.declare import (
    EMPTY,
    ZERO_UUID,
    Bool,
    GroupId,
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


class ConsumerGroupDescribeRequest(Request, key=69, versions="0-1", flexible="0+"):
    """Asks for groups by id."""

    group_ids: list[GroupId] = EMPTY
    include_authorized_operations: Bool = False


class ConsumerGroupDescribeResponse(Response, key=69, versions="0-1", flexible="0+"):
    """The groups, with their members.

    Versions:
      * 1: Member.member_type (KIP-1099)
    """

    throttle_time_ms: Int32 = 0
    groups: list["ConsumerGroupDescribeResponse.DescribedGroup"] = EMPTY

    class DescribedGroup(Struct):
        """One group."""

        error_code: Int16 = 0
        error_message: NullableString = None
        group_id: GroupId = ""
        # Empty, Assigning, Reconciling, Stable or Dead.
        group_state: String = ""
        group_epoch: Int32 = 0
        assignment_epoch: Int32 = 0
        assignor_name: String = ""
        members: list["ConsumerGroupDescribeResponse.Member"] = EMPTY
        authorized_operations: Int32 = -0x80000000

    class Member(Struct):
        """One member."""

        member_id: String = ""
        instance_id: NullableString = None
        rack_id: NullableString = None
        member_epoch: Int32 = 0
        client_id: String = ""
        client_host: String = ""
        subscribed_topic_names: list[TopicName] = EMPTY
        subscribed_topic_regex: NullableString = None
        assignment: "ConsumerGroupDescribeResponse.Assignment" = EMPTY
        # What it will have when all have reconciled.
        target_assignment: "ConsumerGroupDescribeResponse.Assignment" = EMPTY
        # 0 classic, 1 consumer, -1 unknown.
        member_type: Int8 = field(versions="1+", ignorable=True, default=-1)

    class Assignment(Struct):
        """Assigned partitions."""

        topic_partitions: list["ConsumerGroupDescribeResponse.TopicPartitions"] = EMPTY

    class TopicPartitions(Struct):
        """Partitions of one topic."""

        topic_id: Uuid = ZERO_UUID
        topic_name: TopicName = ""
        partitions: list[Int32] = EMPTY
