"""Groups as an administrator sees them: listed, described, their positions read and set, deleted.

A group of either protocol is described alike. As in Kafka's tools, a group is first looked for
among those of the consumer protocol (KIP-848), then among the classic ones.
"""

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pybroker.client.cluster import Cluster, Place
from pybroker.errors import ErrorCode, KafkaError, ProtocolError
from pybroker.protocol.consumer_group_describe import ConsumerGroupDescribeRequest
from pybroker.protocol.consumer_protocol import ConsumerProtocolAssignment, decode_versioned
from pybroker.protocol.delete_groups import DeleteGroupsRequest
from pybroker.protocol.describe_groups import DescribeGroupsRequest
from pybroker.protocol.list_groups import ListGroupsRequest
from pybroker.protocol.offset_commit import OffsetCommitRequest
from pybroker.protocol.offset_fetch import OffsetFetchRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

NOBODY: Final = -1  # Generation of a commit that comes from no member.
LAST_WITH_NAMES: Final = 9  # OffsetCommit and OffsetFetch name topics by id from version 10 on.
FIRST_WITH_GROUPS: Final = 8  # OffsetFetch.
DEAD: Final = "Dead"  # What a group is that there is not.
INACTIVE: Final = frozenset(("Empty", DEAD))  # States in which outsiders may set positions.


class ListedGroup(NamedTuple):
    """A group in one line; old brokers leave state and type empty."""

    group_id: str
    group_type: str
    state: str
    protocol_type: str


class Member(NamedTuple):
    """A member and what it has been assigned."""

    member_id: str
    group_instance_id: str | None
    client_id: str
    client_host: str
    assignment: tuple[Place, ...]


class DescribedGroup(NamedTuple):
    """A group with its members."""

    group_id: str
    group_type: str
    state: str
    assignor: str
    coordinator_id: int
    members: tuple[Member, ...]


def list_groups(cluster: Cluster) -> list[ListedGroup]:
    """List the groups of all brokers, by name."""
    listed = []
    for node_id in cluster.node_ids:
        answer = cluster.ask(node_id, ListGroupsRequest())
        _require(answer.error_code, f"broker {node_id} did not list its groups")
        listed += [
            ListedGroup(
                each.group_id, each.group_type.lower(), each.group_state, each.protocol_type
            )
            for each in answer.groups
        ]
    return sorted(listed)


def describe_group(cluster: Cluster, group_id: str) -> DescribedGroup:
    """Describe a group; one that there is not is Dead and has nobody."""
    node_id = cluster.coordinator_of(group_id)
    if cluster.connection(node_id).version_of(ConsumerGroupDescribeRequest) is not None:
        request = ConsumerGroupDescribeRequest(group_ids=[group_id])
        (found,) = cluster.ask(node_id, request).groups
        if found.error_code == ErrorCode.NONE:
            return _consumer_group(found, node_id)
        if found.error_code != ErrorCode.GROUP_ID_NOT_FOUND:
            _require(found.error_code, f"of group {group_id}")
    (found,) = cluster.ask(node_id, DescribeGroupsRequest(groups=[group_id])).groups
    if found.error_code != ErrorCode.GROUP_ID_NOT_FOUND:
        _require(found.error_code, f"of group {group_id}")
    return _classic_group(found, node_id)


def committed_offsets(cluster: Cluster, group_id: str) -> dict[Place, int]:
    """Read every position of a group."""
    node_id = cluster.coordinator_of(group_id)
    version = cluster.connection(node_id).version_of(OffsetFetchRequest, LAST_WITH_NAMES)
    if version is not None and version >= FIRST_WITH_GROUPS:
        groups = [OffsetFetchRequest.Group(group_id=group_id, topics=None)]
        request = OffsetFetchRequest(groups=groups)
        (answer,) = cluster.ask(node_id, request, LAST_WITH_NAMES).groups
    else:
        answer = cluster.ask(node_id, OffsetFetchRequest(group_id=group_id, topics=None))
    _require(answer.error_code, f"of group {group_id}")
    return {
        Place(topic.name, partition.partition_index): partition.committed_offset
        for topic in answer.topics
        for partition in topic.partitions
        if partition.error_code == ErrorCode.NONE and partition.committed_offset >= 0
    }


def commit_offsets(cluster: Cluster, group_id: str, offsets: "Mapping[Place, int]") -> None:
    """Set positions of a group that nobody is in."""
    by_topic: dict[str, list[OffsetCommitRequest.Partition]] = {}
    for place, offset in offsets.items():
        by_topic.setdefault(place.topic, []).append(
            OffsetCommitRequest.Partition(
                partition_index=place.partition, committed_offset=offset, committed_metadata=""
            )
        )
    request = OffsetCommitRequest(
        group_id=group_id,
        generation_id_or_member_epoch=NOBODY,
        topics=[
            OffsetCommitRequest.Topic(name=topic, partitions=partitions)
            for topic, partitions in by_topic.items()
        ],
    )
    answer = cluster.ask(cluster.coordinator_of(group_id), request, LAST_WITH_NAMES)
    for topic in answer.topics:
        for partition in topic.partitions:
            place = Place(topic.name, partition.partition_index)
            _require(partition.error_code, f"the position in {place} was not set")


def delete_group(cluster: Cluster, group_id: str) -> None:
    """Delete a group that nobody is in, and its positions."""
    request = DeleteGroupsRequest(groups_names=[group_id])
    (result,) = cluster.ask(cluster.coordinator_of(group_id), request).results
    _require(result.error_code, f"of group {group_id}")


def _require(error_code: int, what: str) -> None:
    if error_code != ErrorCode.NONE:
        raise KafkaError(ErrorCode(error_code), what)


def _consumer_group(found: Any, node_id: int) -> DescribedGroup:
    members = [
        Member(
            each.member_id,
            each.instance_id,
            each.client_id,
            each.client_host,
            _places(
                (topic.topic_name, topic.partitions) for topic in each.assignment.topic_partitions
            ),
        )
        for each in found.members
    ]
    return DescribedGroup(
        found.group_id,
        "consumer",
        found.group_state,
        found.assignor_name,
        node_id,
        tuple(sorted(members, key=lambda member: member.member_id)),
    )


def _classic_group(found: Any, node_id: int) -> DescribedGroup:
    members = [
        Member(
            each.member_id,
            each.group_instance_id,
            each.client_id,
            each.client_host,
            _classic_assignment(each.member_assignment),
        )
        for each in found.members
    ]
    return DescribedGroup(
        found.group_id,
        "classic",
        found.group_state,
        found.protocol_data,
        node_id,
        tuple(sorted(members, key=lambda member: member.member_id)),
    )


def _classic_assignment(assignment: bytes) -> tuple[Place, ...]:
    """Read what a leader assigned, if it speaks the consumers' protocol."""
    if not assignment:
        return ()
    try:
        read = decode_versioned(ConsumerProtocolAssignment, assignment)
    except ProtocolError:
        return ()
    return _places((each.topic, each.partitions) for each in read.assigned_partitions)


def _places(topics: Any) -> tuple[Place, ...]:
    return tuple(
        sorted(Place(topic, partition) for topic, partitions in topics for partition in partitions)
    )
