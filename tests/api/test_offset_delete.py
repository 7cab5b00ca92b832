"""OffsetDelete against a broker: raw frames in, exact fields out."""

from pybroker.errors import ErrorCode
from pybroker.protocol.offset_commit import OffsetCommitRequest
from pybroker.protocol.offset_delete import OffsetDeleteRequest
from pybroker.protocol.offset_fetch import OffsetFetchRequest
from tests.support.raw_client import RawClient, create_topic


def commit(client, *indexes):
    partitions = [
        OffsetCommitRequest.Partition(partition_index=index, committed_offset=5)
        for index in indexes
    ]
    topic = OffsetCommitRequest.Topic(name="orders", partitions=partitions)
    client.ask(OffsetCommitRequest(group_id="group", topics=[topic]), 9)


def committed(client):
    answer = client.ask(OffsetFetchRequest(group_id="group", topics=None), 7)
    return [part.partition_index for topic in answer.topics for part in topic.partitions]


def delete(client, *indexes, group_id="group", topic="orders"):
    partitions = [OffsetDeleteRequest.Partition(partition_index=index) for index in indexes]
    topics = [OffsetDeleteRequest.Topic(name=topic, partitions=partitions)]
    return client.ask(OffsetDeleteRequest(group_id=group_id, topics=topics), 0)


def test_positions_are_deleted_for_good(restart_broker):
    with RawClient(restart_broker().bootstrap_servers) as client:
        create_topic(client, "orders", partitions=2)
        commit(client, 0, 1)
        (topic,) = delete(client, 0, 7).topics
        assert committed(client) == [1]
    assert topic.name == "orders"
    assert [(each.partition_index, each.error_code) for each in topic.partitions] == [
        (0, ErrorCode.NONE),
        (7, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
    ]
    with RawClient(restart_broker().bootstrap_servers) as client:
        assert committed(client) == [1]


def test_a_group_that_nobody_knows_has_nothing_to_delete(client):
    answer = delete(client, 0, group_id="nobody")
    assert answer.error_code == ErrorCode.GROUP_ID_NOT_FOUND
    assert answer.topics == []
