"""OffsetFetch: what a group has committed, by topic name or id, for some partitions or for all.

A position that was never committed is offset -1 without an error, and so is every position of a
group that nobody knows. Versions before 8 ask for one group, in a message of their own shape.
"""

from typing import TYPE_CHECKING, Final, TypeVar

from pybroker.errors import ErrorCode
from pybroker.protocol.offset_fetch import OffsetFetchResponse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pybroker.groups.group import Group
    from pybroker.metadata.topics import Topics
    from pybroker.protocol.offset_fetch import OffsetFetchRequest
    from pybroker.store.groups import OffsetCommitted

NO_OFFSET: Final = -1

PartitionT = TypeVar("PartitionT", OffsetFetchResponse.Partition, OffsetFetchResponse.Partitions)


def fetch_one(group: "Group | None", request: "OffsetFetchRequest") -> OffsetFetchResponse:
    """Decide an OffsetFetch of versions 1 to 7."""
    offsets = {} if group is None else group.offsets
    wanted = request.topics
    topics = (
        [(name, list(positions)) for name, positions in offsets.items() if positions]
        if wanted is None
        else [(topic.name, topic.partition_indexes) for topic in wanted]
    )
    return OffsetFetchResponse(
        topics=[
            OffsetFetchResponse.Topic(
                name=name,
                partitions=_positions(offsets.get(name), indexes, OffsetFetchResponse.Partition),
            )
            for name, indexes in topics
        ]
    )


def refuse_one(
    request: "OffsetFetchRequest", code: ErrorCode, api_version: int
) -> OffsetFetchResponse:
    """Refuse an OffsetFetch of versions 1 to 7; version 1 has a place for it in partitions only."""
    if api_version >= 2:
        return OffsetFetchResponse(error_code=code)
    return OffsetFetchResponse(
        topics=[
            OffsetFetchResponse.Topic(
                name=topic.name,
                partitions=_errors(topic.partition_indexes, code, OffsetFetchResponse.Partition),
            )
            for topic in request.topics or ()
        ]
    )


def fetch_group(
    group: "Group | None",
    wanted: "OffsetFetchRequest.Group",
    topics: "Topics",
    api_version: int,
) -> OffsetFetchResponse.Group:
    """Decide one group of an OffsetFetch of version 8 or later."""
    if group is not None:
        refusal = group.validate_fetch(wanted.member_id, wanted.member_epoch)
        if refusal is not ErrorCode.NONE:
            return refuse_group(wanted, refusal)
    offsets = {} if group is None else group.offsets
    if wanted.topics is None:
        answers = _all_topics(offsets, topics)
    elif api_version >= 10:
        answers = [_topic_by_id(offsets, topic, topics) for topic in wanted.topics]
    else:
        answers = [
            OffsetFetchResponse.Topics(
                name=topic.name,
                partitions=_positions(
                    offsets.get(topic.name),
                    topic.partition_indexes,
                    OffsetFetchResponse.Partitions,
                ),
            )
            for topic in wanted.topics
        ]
    return OffsetFetchResponse.Group(group_id=wanted.group_id, topics=answers)


def refuse_group(wanted: "OffsetFetchRequest.Group", code: ErrorCode) -> OffsetFetchResponse.Group:
    """Refuse one group of an OffsetFetch of version 8 or later."""
    return OffsetFetchResponse.Group(group_id=wanted.group_id, error_code=code)


def _all_topics(
    offsets: "dict[str, dict[int, OffsetCommitted]]", topics: "Topics"
) -> list[OffsetFetchResponse.Topics]:
    answers = []
    for name, positions in offsets.items():
        known = topics.by_name.get(name)
        if positions and known is not None:
            answers.append(
                OffsetFetchResponse.Topics(
                    name=name,
                    topic_id=known.topic_id,
                    partitions=_positions(
                        positions, list(positions), OffsetFetchResponse.Partitions
                    ),
                )
            )
    return answers


def _topic_by_id(
    offsets: "dict[str, dict[int, OffsetCommitted]]",
    wanted: "OffsetFetchRequest.Topics",
    topics: "Topics",
) -> OffsetFetchResponse.Topics:
    known = topics.by_id.get(wanted.topic_id)
    indexes = wanted.partition_indexes
    make = OffsetFetchResponse.Partitions
    if known is None:
        partitions = _errors(indexes, ErrorCode.UNKNOWN_TOPIC_ID, make)
    else:
        partitions = _positions(offsets.get(known.name), indexes, make)
    return OffsetFetchResponse.Topics(topic_id=wanted.topic_id, partitions=partitions)


def _positions(
    positions: "dict[int, OffsetCommitted] | None",
    indexes: "Iterable[int]",
    make: type[PartitionT],
) -> list[PartitionT]:
    answers = []
    for index in indexes:
        position = None if positions is None else positions.get(index)
        answers.append(
            make(partition_index=index, committed_offset=NO_OFFSET)
            if position is None
            else make(
                partition_index=index,
                committed_offset=position.committed_offset,
                committed_leader_epoch=position.leader_epoch,
                metadata=position.metadata,
            )
        )
    return answers


def _errors(indexes: "Iterable[int]", code: ErrorCode, make: type[PartitionT]) -> list[PartitionT]:
    return [
        make(partition_index=index, committed_offset=NO_OFFSET, error_code=code)
        for index in indexes
    ]
