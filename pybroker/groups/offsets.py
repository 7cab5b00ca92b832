"""Committed offsets: a group's positions, with their metadata and leader epochs.

A member commits in its present generation, as long as its group does not wait for assignments.
Somebody who names neither member nor generation commits to a group that has no members, and makes
it if need be. Each partition has its own answer, and those that can be stored are.
"""

from typing import TYPE_CHECKING, Final

from pybroker.errors import ErrorCode
from pybroker.groups.classic.state import GroupState
from pybroker.protocol.offset_commit import OffsetCommitResponse
from pybroker.store.groups import OffsetCommitted, TopicOffsetsRemoved

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pybroker.groups.classic.group import ClassicGroup
    from pybroker.groups.decision import Decision
    from pybroker.metadata.topics import Topics
    from pybroker.protocol.offset_commit import OffsetCommitRequest

DEFAULT_RETENTION: Final = -1
ANSWERS_KEPT: Final = 1_024  # Partitions have small numbers, and most commits succeed.

_STORED: Final = [
    OffsetCommitResponse.Partition(partition_index=index) for index in range(ANSWERS_KEPT)
]


def commit(
    group: "ClassicGroup", request: "OffsetCommitRequest", topics: "Topics", decision: "Decision"
) -> OffsetCommitResponse:
    """Decide an OffsetCommit of a group that exists."""
    refusal = _refusal_of(group, request)
    if refusal is not ErrorCode.NONE:
        return refuse(request, topics, refusal)
    if group.state is GroupState.STABLE or group.state is GroupState.PREPARING_REBALANCE:
        member = group.members.get(request.member_id)
        if member is not None:
            deadline_ms = decision.now_ms + member.session_timeout_ms
            member.session_deadline_ms = max(member.session_deadline_ms, deadline_ms)
    expire_timestamp_ms = -1
    if request.retention_time_ms != DEFAULT_RETENTION:
        expire_timestamp_ms = decision.wall_ms + request.retention_time_ms
    return OffsetCommitResponse(
        topics=[
            _commit_topic(group, topic, topics, expire_timestamp_ms, decision)
            for topic in request.topics
        ]
    )


def refuse(
    request: "OffsetCommitRequest", topics: "Topics", code: ErrorCode
) -> OffsetCommitResponse:
    """Answer every partition with `code`, but those that do not exist with that."""
    answers = []
    for topic in request.topics:
        unknown, partition_count, _ = _look_up(topic, topics)
        answers.append(
            OffsetCommitResponse.Topic(
                name=topic.name,
                topic_id=topic.topic_id,
                partitions=[
                    _refused(index, code if 0 <= index < partition_count else unknown)
                    for index in [each.partition_index for each in topic.partitions]
                ],
            )
        )
    return OffsetCommitResponse(topics=answers)


def names_a_member(request: "OffsetCommitRequest") -> bool:
    """Whether a commit claims to come from a member of a generation."""
    return request.generation_id_or_member_epoch >= 0


def apply_offset(group: "ClassicGroup", change: OffsetCommitted) -> None:
    """Take over a stored position."""
    group.offsets.setdefault(change.topic, {})[change.partition_index] = change


def forget_topic(groups: "Iterable[ClassicGroup]", topic: str, decision: "Decision") -> None:
    """Remove what groups have committed in a topic that is deleted."""
    for group in groups:
        group.offsets.pop(topic, None)
    decision.changes.append(TopicOffsetsRemoved(topic))


def _refusal_of(group: "ClassicGroup", request: "OffsetCommitRequest") -> ErrorCode:
    generation_id = request.generation_id_or_member_epoch
    if generation_id < 0 and group.state is GroupState.EMPTY:
        return ErrorCode.NONE
    if generation_id >= 0 or request.member_id or request.group_instance_id is not None:
        refusal = group.refusal_of(request.member_id, request.group_instance_id)
        if refusal is not ErrorCode.NONE:
            return refusal
        if generation_id != group.generation_id:
            return ErrorCode.ILLEGAL_GENERATION
    elif group.state is not GroupState.EMPTY:
        return ErrorCode.UNKNOWN_MEMBER_ID
    if group.state is GroupState.COMPLETING_REBALANCE:
        # It has no assignment in this generation yet: the positions are of an earlier one.
        return ErrorCode.REBALANCE_IN_PROGRESS
    return ErrorCode.NONE


def _look_up(topic: "OffsetCommitRequest.Topic", topics: "Topics") -> tuple[ErrorCode, int, str]:
    """Give the error if a partition is missing, how many there are, and the topic's name."""
    if topic.name:
        known = topics.by_name.get(topic.name)
        unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    else:
        known = topics.by_id.get(topic.topic_id)
        unknown = ErrorCode.UNKNOWN_TOPIC_ID
    if known is None:
        return unknown, 0, topic.name
    return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, len(known.partitions), known.name


def _refused(index: int, code: ErrorCode) -> OffsetCommitResponse.Partition:
    return OffsetCommitResponse.Partition(partition_index=index, error_code=code)


def _commit_topic(
    group: "ClassicGroup",
    topic: "OffsetCommitRequest.Topic",
    topics: "Topics",
    expire_timestamp_ms: int,
    decision: "Decision",
) -> OffsetCommitResponse.Topic:
    unknown, partition_count, name = _look_up(topic, topics)
    metadata_max_bytes = group.configs.offset_metadata_max_bytes
    offsets = group.offsets.get(name)
    if offsets is None and partition_count:
        offsets = group.offsets[name] = {}
    answers = []
    for partition in topic.partitions:
        index = partition.partition_index
        metadata = partition.committed_metadata or ""
        if offsets is None or not 0 <= index < partition_count:
            answers.append(_refused(index, unknown))
        elif len(metadata) > metadata_max_bytes:
            answers.append(_refused(index, ErrorCode.OFFSET_METADATA_TOO_LARGE))
        else:
            change = OffsetCommitted(
                group.group_id,
                name,
                index,
                partition.committed_offset,
                partition.committed_leader_epoch,
                metadata,
                decision.wall_ms,
                expire_timestamp_ms,
            )
            offsets[index] = change
            decision.changes.append(change)
            answers.append(
                _STORED[index]
                if index < ANSWERS_KEPT
                else OffsetCommitResponse.Partition(partition_index=index)
            )
    return OffsetCommitResponse.Topic(name=topic.name, topic_id=topic.topic_id, partitions=answers)
