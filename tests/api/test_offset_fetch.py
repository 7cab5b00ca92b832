"""OffsetFetch against a broker: raw frames in, exact fields out."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.protocol.offset_commit import OffsetCommitRequest
from pybroker.protocol.offset_fetch import OffsetFetchRequest, OffsetFetchResponse
from tests.support.raw_client import create_topic


@pytest.fixture
def topic_id(group_client):
    """A topic in which `group` has committed offset 5 of partition 1."""
    topic_id = create_topic(group_client, "orders", 2)
    partition = OffsetCommitRequest.Partition(
        partition_index=1, committed_offset=5, committed_leader_epoch=3, committed_metadata="mark"
    )
    topic = OffsetCommitRequest.Topic(name="orders", partitions=[partition])
    group_client.ask(OffsetCommitRequest(group_id="group", topics=[topic]), 9)
    return topic_id


@pytest.mark.parametrize("version", range(1, 8))
def test_one_group_by_name(group_client, topic_id, version):
    topics = [
        OffsetFetchRequest.Topic(name="orders", partition_indexes=[1, 0]),
        OffsetFetchRequest.Topic(name="gone", partition_indexes=[0]),
    ]
    answer = group_client.ask(OffsetFetchRequest(group_id="group", topics=topics), version)
    make = OffsetFetchResponse.Partition
    epoch = 3 if version >= 5 else -1
    assert answer == OffsetFetchResponse(
        topics=[
            OffsetFetchResponse.Topic(
                name="orders",
                partitions=[
                    make(
                        partition_index=1,
                        committed_offset=5,
                        committed_leader_epoch=epoch,
                        metadata="mark",
                    ),
                    make(partition_index=0, committed_offset=-1),
                ],
            ),
            OffsetFetchResponse.Topic(
                name="gone", partitions=[make(partition_index=0, committed_offset=-1)]
            ),
        ]
    )


@pytest.mark.parametrize("version", range(2, 8))
def test_everything_of_one_group(group_client, topic_id, version):
    answer = group_client.ask(OffsetFetchRequest(group_id="group", topics=None), version)
    (topic,) = answer.topics
    (partition,) = topic.partitions
    assert (topic.name, partition.partition_index, partition.committed_offset) == ("orders", 1, 5)
    assert answer.error_code == 0


@pytest.mark.parametrize("version", [8, 9])
def test_several_groups_at_once(group_client, topic_id, version):
    topics = [OffsetFetchRequest.Topics(name="orders", partition_indexes=[1])]
    answer = group_client.ask(
        OffsetFetchRequest(
            groups=[
                OffsetFetchRequest.Group(group_id="group", topics=topics),
                OffsetFetchRequest.Group(group_id="nobody", topics=topics),
                OffsetFetchRequest.Group(group_id="group", topics=None),
                OffsetFetchRequest.Group(group_id="nobody", topics=None),
            ],
            require_stable=True,
        ),
        version,
    )
    found = [
        (
            group.group_id,
            group.error_code,
            [(t.name, p.committed_offset, p.metadata) for t in group.topics for p in t.partitions],
        )
        for group in answer.groups
    ]
    assert found == [
        ("group", 0, [("orders", 5, "mark")]),
        ("nobody", 0, [("orders", -1, "")]),
        ("group", 0, [("orders", 5, "mark")]),
        ("nobody", 0, []),
    ]


def test_version_10_names_topics_by_id(group_client, topic_id):
    topics = [
        OffsetFetchRequest.Topics(topic_id=topic_id, partition_indexes=[1]),
        OffsetFetchRequest.Topics(topic_id=b"?" * 16, partition_indexes=[0]),
    ]
    answer = group_client.ask(
        OffsetFetchRequest(
            groups=[
                OffsetFetchRequest.Group(group_id="group", topics=topics),
                OffsetFetchRequest.Group(group_id="group", topics=None),
            ]
        ),
        10,
    )
    named, everything = [
        [
            (topic.topic_id, each.partition_index, each.committed_offset, each.error_code)
            for topic in group.topics
            for each in topic.partitions
        ]
        for group in answer.groups
    ]
    assert named == [
        (topic_id, 1, 5, 0),
        (b"?" * 16, 0, -1, ErrorCode.UNKNOWN_TOPIC_ID),
    ]
    assert everything == [(topic_id, 1, 5, 0)]
