"""What administrators see of a consumer group: ConsumerGroupDescribe."""

from typing import TYPE_CHECKING, Final

from pybroker.errors import ErrorCode
from pybroker.groups.consumer.target import preferred_assignor
from pybroker.protocol.consumer_group_describe import ConsumerGroupDescribeResponse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pybroker.groups.consumer.group import ConsumerGroup
    from pybroker.groups.consumer.member import ConsumerMember
    from pybroker.metadata.topics import Topics

CLASSIC_MEMBER: Final = 0
CONSUMER_MEMBER: Final = 1

_Response = ConsumerGroupDescribeResponse


def describe_group(group: "ConsumerGroup", topics: "Topics") -> _Response.DescribedGroup:
    """Describe a group and its members: what each has, and what it shall have."""
    return _Response.DescribedGroup(
        group_id=group.group_id,
        group_state=group.state_name,
        group_epoch=group.group_epoch,
        assignment_epoch=group.target_epoch,
        assignor_name=preferred_assignor(group),
        members=[_describe_member(group, member, topics) for member in group.members.values()],
    )


def describe_refused(group_id: str, code: ErrorCode) -> _Response.DescribedGroup:
    """Say that a group is elsewhere, or no name of one."""
    return _Response.DescribedGroup(group_id=group_id, error_code=code)


def describe_unknown(group_id: str) -> _Response.DescribedGroup:
    """Describe a group that does not exist."""
    return _not_found(group_id, f"Group {group_id} not found.")


def describe_classic(group_id: str) -> _Response.DescribedGroup:
    """Describe a group of the other kind."""
    return _not_found(group_id, f"Group {group_id} is not a consumer group.")


def _not_found(group_id: str, message: str) -> _Response.DescribedGroup:
    return _Response.DescribedGroup(
        group_id=group_id, error_code=ErrorCode.GROUP_ID_NOT_FOUND, error_message=message
    )


def _describe_member(
    group: "ConsumerGroup", member: "ConsumerMember", topics: "Topics"
) -> _Response.Member:
    has = [*member.assigned.items(), *member.pending_revocation.items()]
    return _Response.Member(
        member_id=member.member_id,
        instance_id=member.instance_id,
        rack_id=member.rack_id,
        member_epoch=member.member_epoch,
        client_id=member.client_id,
        client_host=member.client_host,
        subscribed_topic_names=list(member.subscribed_topic_names),
        subscribed_topic_regex=member.subscribed_topic_regex,
        assignment=_assignment(has, topics),
        target_assignment=_assignment(group.target_of(member.member_id).items(), topics),
        member_type=CONSUMER_MEMBER if member.classic is None else CLASSIC_MEMBER,
    )


def _assignment(
    owned: "Iterable[tuple[bytes, Iterable[int]]]", topics: "Topics"
) -> _Response.Assignment:
    partitions: dict[bytes, list[int]] = {}
    for topic_id, some in owned:
        # A topic that was deleted has no name any more.
        if topic_id in topics.by_id:
            partitions.setdefault(topic_id, []).extend(some)
    return _Response.Assignment(
        topic_partitions=[
            _Response.TopicPartitions(
                topic_id=topic_id,
                topic_name=topics.by_id[topic_id].name,
                partitions=sorted(indexes),
            )
            for topic_id, indexes in partitions.items()
        ]
    )
