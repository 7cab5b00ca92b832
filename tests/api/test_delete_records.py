"""DeleteRecords against a broker: raw frames in, exact fields out."""

import pytest

from pybroker import Broker
from pybroker.errors import ErrorCode
from pybroker.protocol.delete_records import DeleteRecordsRequest
from pybroker.protocol.list_offsets import ListOffsetsRequest
from tests.support.raw_client import RawClient, create_topic
from tests.support.record_batches import produce, record_batch

TIMESTAMP_MS = 1_700_000_000_000


def delete_request(*asked):
    """Ask for (topic, partition, offset)."""
    topics: dict[str, list[DeleteRecordsRequest.DeleteRecordsPartition]] = {}
    for name, index, offset in asked:
        partition = DeleteRecordsRequest.DeleteRecordsPartition(
            partition_index=index, offset=offset
        )
        topics.setdefault(name, []).append(partition)
    return DeleteRecordsRequest(
        topics=[
            DeleteRecordsRequest.DeleteRecordsTopic(name=name, partitions=partitions)
            for name, partitions in topics.items()
        ],
        timeout_ms=30_000,
    )


def delete(client, *asked, version=2):
    """Give (low watermark, error code) by (topic, partition)."""
    response = client.ask(delete_request(*asked), version)
    return {
        (topic.name, partition.partition_index): (partition.low_watermark, partition.error_code)
        for topic in response.topics
        for partition in topic.partitions
    }


def earliest(client, name, index=0):
    partition = ListOffsetsRequest.ListOffsetsPartition(partition_index=index, timestamp=-2)
    topic = ListOffsetsRequest.ListOffsetsTopic(name=name, partitions=[partition])
    response = client.ask(ListOffsetsRequest(replica_id=-1, topics=[topic]), 10)
    return response.topics[0].partitions[0].offset


@pytest.mark.parametrize("version", range(3))
def test_the_log_starts_where_it_is_told_to(client, version):
    create_topic(client, "t", 2)
    for index in (0, 1):
        produce(client, "t", index, record_batch([TIMESTAMP_MS] * 5))
    answer = delete(client, ("t", 0, 3), ("t", 1, -1), version=version)
    assert answer == {("t", 0): (3, ErrorCode.NONE), ("t", 1): (5, ErrorCode.NONE)}
    assert (earliest(client, "t", 0), earliest(client, "t", 1)) == (3, 5)
    assert delete(client, ("t", 0, 1), version=version) == {("t", 0): (3, ErrorCode.NONE)}
    assert produce(client, "t", 1, record_batch([TIMESTAMP_MS])) == 5


def test_what_cannot_be_deleted_is_said_partition_by_partition(client):
    create_topic(client, "t")
    create_topic(client, "kept", configs=[("cleanup.policy", "compact")])
    create_topic(client, "both", configs=[("cleanup.policy", "compact,delete")])
    for name in ("t", "kept", "both"):
        produce(client, name, 0, record_batch([TIMESTAMP_MS] * 2))
    answer = delete(
        client, ("t", 0, 3), ("t", 7, 0), ("kept", 0, 1), ("both", 0, 1), ("unknown", 0, 0)
    )
    assert answer == {
        ("t", 0): (-1, ErrorCode.OFFSET_OUT_OF_RANGE),
        ("t", 7): (-1, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
        ("kept", 0): (-1, ErrorCode.POLICY_VIOLATION),
        ("both", 0): (1, ErrorCode.NONE),
        ("unknown", 0): (-1, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
    }
    assert delete(client, ("t", 0, -2)) == {("t", 0): (-1, ErrorCode.OFFSET_OUT_OF_RANGE)}
    assert earliest(client, "t") == 0


def test_only_the_leader_deletes(start_broker):
    broker = start_broker(settings={"pybroker.brokers": "2"})
    first, second = broker.bootstrap_servers.split(",")
    with RawClient(first) as one, RawClient(second) as other:
        create_topic(one, "t", 2)
        answers = [delete(each, ("t", 0, -1))["t", 0] for each in (one, other)]
    assert sorted(answers) == [(-1, ErrorCode.NOT_LEADER_OR_FOLLOWER), (0, ErrorCode.NONE)]


def test_deleted_records_stay_deleted(tmp_path, start_broker):
    with (
        Broker(data_dir=tmp_path) as broker,
        RawClient(broker.bootstrap_servers) as client,
    ):
        create_topic(client, "t")
        produce(client, "t", 0, record_batch([TIMESTAMP_MS] * 5))
        delete(client, ("t", 0, 4))
        assert (tmp_path / "t-0" / "log-start-offset").read_text() == "4\n"
    broker = start_broker(data_dir=tmp_path)
    with RawClient(broker.bootstrap_servers) as client:
        assert earliest(client, "t") == 4


def test_no_topics_have_no_results(client):
    assert delete(client) == {}
