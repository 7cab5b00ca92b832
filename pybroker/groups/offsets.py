"""Committed offsets: a group's positions, with their metadata and leader epochs.

A member commits in its present generation, as long as its group does not wait for assignments.
Somebody who names neither member nor generation commits to a group that has no members, and makes
it if need be. Each partition has its own answer, and those that can be stored are.
"""

from typing import TYPE_CHECKING, Final

from pybroker.errors import ErrorCode
from pybroker.protocol.offset_commit import OffsetCommitResponse
from pybroker.store.groups import OffsetCommitted

if TYPE_CHECKING:
    from pybroker.groups.decision import Decision
    from pybroker.groups.group import Group, PartitionCheck
    from pybroker.metadata.topics import Topics
    from pybroker.protocol.offset_commit import OffsetCommitRequest

DEFAULT_RETENTION: Final = -1
ANSWERS_KEPT: Final = 1_024  # Partitions have small numbers, and most commits succeed.

_STORED: Final = [
    OffsetCommitResponse.Partition(partition_index=index) for index in range(ANSWERS_KEPT)
]


def commit(
    group: "Group",
    request: "OffsetCommitRequest",
    topics: "Topics",
    api_version: int,
    decision: "Decision",
) -> OffsetCommitResponse:
    """Decide an OffsetCommit of a group that exists."""
    refusal, check = group.validate_commit(
        member_id=request.member_id,
        group_instance_id=request.group_instance_id,
        epoch=request.generation_id_or_member_epoch,
        api_version=api_version,
        is_transactional=False,
    )
    if refusal is not ErrorCode.NONE:
        return refuse(request, topics, refusal)
    if check is not None:
        # KIP-1251; as in Kafka one partition that fails it fails the others.
        refusal = _refusal_by_partition(request, topics, check)
        if refusal is not ErrorCode.NONE:
            return refuse(request, topics, refusal)
    group.note_commit(request.member_id, decision.now_ms)
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


def apply_offset(group: "Group", change: OffsetCommitted) -> None:
    """Take over a stored position."""
    group.offsets.setdefault(change.topic, {})[change.partition_index] = change


def _refusal_by_partition(
    request: "OffsetCommitRequest", topics: "Topics", check: "PartitionCheck"
) -> ErrorCode:
    """Give the first error of a partition that exists."""
    for topic in request.topics:
        _, partition_count, name = _look_up(topic, topics)
        for index in [each.partition_index for each in topic.partitions]:
            if 0 <= index < partition_count:
                code = check(topics.by_name[name].topic_id, index)
                if code is not ErrorCode.NONE:
                    return code
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


def _java_length(text: str) -> int:
    """Count as Kafka does, against a limit that it calls bytes: in UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _refused(index: int, code: ErrorCode) -> OffsetCommitResponse.Partition:
    return OffsetCommitResponse.Partition(partition_index=index, error_code=code)


def _commit_topic(
    group: "Group",
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
        elif _java_length(metadata) > metadata_max_bytes:
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
