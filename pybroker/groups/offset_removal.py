"""Committed offsets that go: by OffsetDelete, with their topic, or because they are old.

The rules of age are KIP-211's, and the group's own: `retention_begins_ms` says since when one of
its positions ages, `subscribes_to` which topics its members read, whose positions stay. What was
committed with a retention of its own (OffsetCommit 2-4) goes when that is over.
"""

from typing import TYPE_CHECKING

from pybroker.errors import ErrorCode
from pybroker.protocol.offset_delete import OffsetDeleteResponse
from pybroker.store.groups import OffsetRemoved, TopicOffsetsRemoved

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pybroker.groups.decision import Decision
    from pybroker.groups.group import Group
    from pybroker.metadata.topics import Topics
    from pybroker.protocol.offset_delete import OffsetDeleteRequest
    from pybroker.store.groups import OffsetCommitted


def delete(
    group: "Group", request: "OffsetDeleteRequest", topics: "Topics", decision: "Decision"
) -> OffsetDeleteResponse:
    """Decide an OffsetDelete: a position that there is not is deleted without a word."""
    refusal = group.validate_offset_delete()
    if refusal is not ErrorCode.NONE:
        return OffsetDeleteResponse(error_code=refusal)
    return OffsetDeleteResponse(
        topics=[_delete_in_topic(group, topic, topics, decision) for topic in request.topics]
    )


def expire(group: "Group", retention_ms: int, decision: "Decision") -> None:
    """Remove what is too old at `decision.wall_ms`."""
    for topic, positions in list(group.offsets.items()):
        if group.subscribes_to(topic):
            continue
        for index, position in list(positions.items()):
            if _is_expired(group, position, retention_ms, decision.wall_ms):
                _remove(group, topic, index, decision)


def forget_topic(groups: "Iterable[Group]", topic: str, decision: "Decision") -> None:
    """Remove what groups have committed in a topic that is deleted."""
    for group in groups:
        group.offsets.pop(topic, None)
    decision.changes.append(TopicOffsetsRemoved(topic))


def _is_expired(
    group: "Group", position: "OffsetCommitted", retention_ms: int, wall_ms: int
) -> bool:
    begins_ms = group.retention_begins_ms(position)
    if begins_ms is None:
        return False
    if position.expire_timestamp_ms >= 0:
        return wall_ms >= position.expire_timestamp_ms
    return wall_ms - begins_ms >= retention_ms


def _remove(group: "Group", topic: str, index: int, decision: "Decision") -> None:
    positions = group.offsets[topic]
    del positions[index]
    if not positions:
        del group.offsets[topic]
    decision.changes.append(OffsetRemoved(group.group_id, topic, index))


def _delete_in_topic(
    group: "Group",
    topic: "OffsetDeleteRequest.Topic",
    topics: "Topics",
    decision: "Decision",
) -> OffsetDeleteResponse.Topic:
    known = topics.by_name.get(topic.name)
    partition_count = 0 if known is None else len(known.partitions)
    is_subscribed = group.subscribes_to(topic.name)
    answers = []
    for index in [each.partition_index for each in topic.partitions]:
        code = ErrorCode.NONE
        if not 0 <= index < partition_count:
            code = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        elif is_subscribed:
            code = ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC
        elif index in group.offsets.get(topic.name, ()):
            _remove(group, topic.name, index, decision)
        answers.append(OffsetDeleteResponse.Partition(partition_index=index, error_code=code))
    return OffsetDeleteResponse.Topic(name=topic.name, partitions=answers)
