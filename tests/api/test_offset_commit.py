"""OffsetCommit against a broker: raw frames in, exact fields out."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.protocol.delete_topics import DeleteTopicsRequest
from pybroker.protocol.offset_commit import OffsetCommitRequest, OffsetCommitResponse
from pybroker.protocol.offset_fetch import OffsetFetchRequest
from tests.support.raw_client import RawClient, create_topic


def commit(offsets, *, topic="orders", topic_id=bytes(16), **arguments):
    return OffsetCommitRequest(
        **{"group_id": "group", **arguments},
        topics=[
            OffsetCommitRequest.Topic(
                name=topic,
                topic_id=topic_id,
                partitions=[
                    OffsetCommitRequest.Partition(
                        partition_index=index,
                        committed_offset=offset,
                        committed_leader_epoch=3,
                        committed_metadata="mark",
                    )
                    for index, offset in offsets.items()
                ],
            )
        ],
    )


def committed(client, group_id="group"):
    """Offset, leader epoch and metadata by topic and partition."""
    wanted = OffsetFetchRequest.Group(group_id=group_id, topics=None)
    (group,) = client.ask(OffsetFetchRequest(groups=[wanted]), 9).groups
    return {
        (topic.name, each.partition_index): (
            each.committed_offset,
            each.committed_leader_epoch,
            each.metadata,
        )
        for topic in group.topics
        for each in topic.partitions
    }


def answered(response):
    return {
        (topic.name, each.partition_index): each.error_code
        for topic in response.topics
        for each in topic.partitions
    }


@pytest.mark.parametrize("version", range(2, 10))
def test_what_is_committed_is_found(group_client, version):
    create_topic(group_client, "orders", 3)
    answer = group_client.ask(commit({0: 5, 2: 7}), version)
    assert answered(answer) == {("orders", 0): 0, ("orders", 2): 0}
    epoch = 3 if version >= 6 else -1
    assert committed(group_client) == {
        ("orders", 0): (5, epoch, "mark"),
        ("orders", 2): (7, epoch, "mark"),
    }


def test_version_10_names_topics_by_id(group_client):
    topic_id = create_topic(group_client, "orders")
    answer = group_client.ask(commit({0: 5, 1: 6}, topic_id=topic_id), 10)
    assert answer == OffsetCommitResponse(
        topics=[
            OffsetCommitResponse.Topic(
                topic_id=topic_id,
                partitions=[
                    OffsetCommitResponse.Partition(partition_index=0),
                    OffsetCommitResponse.Partition(
                        partition_index=1, error_code=ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
                    ),
                ],
            )
        ]
    )
    assert committed(group_client) == {("orders", 0): (5, 3, "mark")}
    (topic,) = group_client.ask(commit({0: 5}, topic_id=b"?" * 16), 10).topics
    assert topic.partitions[0].error_code == ErrorCode.UNKNOWN_TOPIC_ID


@pytest.mark.parametrize("version", range(2, 10))
def test_members_commit_in_their_generation(start_member, version):
    member = start_member().stable()
    create_topic(member.client, "orders")

    def answer(**arguments):
        (code,) = answered(member.client.ask(commit({0: 5}, **arguments), version)).values()
        return code

    mine = {"member_id": member.member_id, "generation_id_or_member_epoch": 1}
    assert answer(**mine) == ErrorCode.NONE
    assert answer(**{**mine, "generation_id_or_member_epoch": 2}) == ErrorCode.ILLEGAL_GENERATION
    assert answer(**{**mine, "member_id": "stranger"}) == ErrorCode.UNKNOWN_MEMBER_ID
    assert answer() == ErrorCode.UNKNOWN_MEMBER_ID
    expected = ErrorCode.GROUP_ID_NOT_FOUND if version >= 9 else ErrorCode.ILLEGAL_GENERATION
    assert answer(**mine, group_id="nobody") == expected


def test_one_bad_partition_does_not_hinder_the_others(group_client):
    create_topic(group_client, "orders")
    request = commit({0: 1, 9: 1})
    request.topics += commit({0: 1}, topic="gone").topics
    too_long = commit({0: 1}).topics[0]
    too_long.partitions[0].committed_metadata = "x" * 4_097
    request.topics.append(too_long)
    answer = group_client.ask(request, 9)
    assert [each.error_code for topic in answer.topics for each in topic.partitions] == [
        ErrorCode.NONE,
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode.OFFSET_METADATA_TOO_LARGE,
    ]
    assert committed(group_client) == {("orders", 0): (1, 3, "mark")}


def test_a_topic_of_the_same_name_starts_without_positions(group_client):
    create_topic(group_client, "orders")
    group_client.ask(commit({0: 5}), 9)
    group_client.ask(DeleteTopicsRequest(topic_names=["orders"], timeout_ms=30_000), 5)
    assert committed(group_client) == {}
    create_topic(group_client, "orders")
    assert committed(group_client) == {}


def test_offsets_are_there_after_a_restart(restart_broker):
    with RawClient(restart_broker().bootstrap_servers) as client:
        create_topic(client, "orders")
        client.ask(commit({0: 5}), 9)
    with RawClient(restart_broker().bootstrap_servers) as client:
        assert committed(client) == {("orders", 0): (5, 3, "mark")}
        client.ask(DeleteTopicsRequest(topic_names=["orders"], timeout_ms=30_000), 5)
    with RawClient(restart_broker().bootstrap_servers) as client:
        create_topic(client, "orders")
        assert committed(client) == {}
