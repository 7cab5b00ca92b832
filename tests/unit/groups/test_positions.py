"""OffsetFetch, in its three shapes."""

from typing import Any

import pytest

from pybroker.errors import ErrorCode
from pybroker.protocol.offset_fetch import OffsetFetchRequest
from tests.support.groups import TOPIC_ID, Bench, Caller


def one(bench: Bench, topics: dict[str, list[int]] | None, version: int = 5, **more: Any) -> Any:
    request = OffsetFetchRequest(
        group_id="group",
        topics=None
        if topics is None
        else [
            OffsetFetchRequest.Topic(name=name, partition_indexes=indexes)
            for name, indexes in topics.items()
        ],
    )
    return bench.coordinator.fetch_offsets(request, Caller(version, **more))


def batched(
    bench: Bench, topics: list[OffsetFetchRequest.Topics] | None, version: int, **more: Any
) -> Any:
    wanted = OffsetFetchRequest.Group(group_id=more.pop("group_id", "group"), topics=topics)
    return bench.coordinator.fetch_group_offsets(wanted, Caller(version, **more))


def seen(topics: Any) -> list[tuple[Any, ...]]:
    return [
        (
            topic.name,
            partition.partition_index,
            partition.committed_offset,
            partition.committed_leader_epoch,
            partition.metadata,
            partition.error_code,
        )
        for topic in topics
        for partition in topic.partitions
    ]


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.commit({0: 10, 2: 12}, leader_epoch=3, metadata="mark")
    return bench


def test_partitions_by_name(bench: Bench) -> None:
    response = one(bench, {"orders": [2, 1], "gone": [0]})
    assert response.error_code == 0
    assert seen(response.topics) == [
        ("orders", 2, 12, 3, "mark", 0),
        ("orders", 1, -1, -1, "", 0),
        ("gone", 0, -1, -1, "", 0),
    ]


def test_everything(bench: Bench) -> None:
    expected = [("orders", 0, 10, 3, "mark", 0), ("orders", 2, 12, 3, "mark", 0)]
    assert seen(one(bench, None).topics) == expected
    assert seen(batched(bench, None, 8).topics) == expected


@pytest.mark.parametrize("group_id", ["nobody", ""])
def test_a_group_that_nobody_knows_has_no_offsets_and_no_error(bench: Bench, group_id: str) -> None:
    topics = [OffsetFetchRequest.Topics(name="orders", partition_indexes=[0])]
    group = batched(bench, topics, 9, group_id=group_id)
    assert (group.group_id, group.error_code) == (group_id, 0)
    assert seen(group.topics) == [("orders", 0, -1, -1, "", 0)]
    assert seen(batched(bench, None, 9, group_id=group_id).topics) == []
    assert group_id not in bench.listed()


def test_partitions_by_topic_id(bench: Bench) -> None:
    topics = [
        OffsetFetchRequest.Topics(topic_id=TOPIC_ID, partition_indexes=[0, 3]),
        OffsetFetchRequest.Topics(topic_id=b"?" * 16, partition_indexes=[0]),
    ]
    group = batched(bench, topics, 10)
    assert [topic.topic_id for topic in group.topics] == [TOPIC_ID, b"?" * 16]
    assert seen(group.topics) == [
        ("", 0, 10, 3, "mark", 0),
        ("", 3, -1, -1, "", 0),
        ("", 0, -1, -1, "", ErrorCode.UNKNOWN_TOPIC_ID),
    ]


def test_everything_by_topic_id(bench: Bench) -> None:
    (topic,) = batched(bench, None, 10).topics
    assert topic.topic_id == TOPIC_ID
    assert [each.partition_index for each in topic.partitions] == [0, 2]


@pytest.mark.parametrize("version", [1, 2, 7])
def test_another_node_refuses(version: int) -> None:
    bench = Bench(node_ids=(1, 2, 3))
    there = bench.coordinator.coordinator_of("group", 50)
    elsewhere = next(node for node in (1, 2, 3) if node != there)
    response = one(bench, {"orders": [0]}, version, node_id=elsewhere)
    if version == 1:
        assert seen(response.topics) == [("orders", 0, -1, -1, "", ErrorCode.NOT_COORDINATOR)]
    else:
        assert (response.error_code, response.topics) == (ErrorCode.NOT_COORDINATOR, [])
    group = batched(bench, None, 8, node_id=elsewhere)
    assert (group.error_code, group.topics) == (ErrorCode.NOT_COORDINATOR, [])
