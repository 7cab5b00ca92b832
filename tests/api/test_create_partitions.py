"""CreatePartitions against a broker: raw frames in, exact fields out."""

import pytest

from pybroker import Broker
from pybroker.errors import ErrorCode
from pybroker.protocol.create_partitions import CreatePartitionsRequest
from pybroker.protocol.metadata import MetadataRequest
from tests.support.raw_client import RawClient, create_topic
from tests.support.record_batches import produce, record_batch


def grow(*topics, validate_only=False):
    return CreatePartitionsRequest(
        topics=[
            CreatePartitionsRequest.CreatePartitionsTopic(
                name=name, count=count, assignments=assignments
            )
            for name, count, assignments in topics
        ],
        timeout_ms=30_000,
        validate_only=validate_only,
    )


def partitions(client, name):
    request = MetadataRequest(topics=[MetadataRequest.Topic(name=name)])
    return [partition.replica_nodes for partition in client.ask(request, 12).topics[0].partitions]


@pytest.mark.parametrize("version", range(4))
def test_new_partitions_are_there_when_the_answer_leaves(client, version):
    create_topic(client, "t", 1)
    produce(client, "t", 0, record_batch([1_000]))
    (result,) = client.ask(grow(("t", 3, None)), version).results
    assert (result.name, result.error_code, result.error_message) == ("t", 0, None)
    assert partitions(client, "t") == [[1], [1], [1]]
    assert produce(client, "t", 0, record_batch([1_000])) == 1
    assert produce(client, "t", 2, record_batch([1_000])) == 0


@pytest.mark.parametrize("version", range(4))
def test_every_topic_is_in_the_response(client, version):
    for name in ("a", "b", "c"):
        create_topic(client, name, 2)
    response = client.ask(
        grow(("a", 2, None), ("b", 3, None), ("x", 3, None), ("c", 1, None)), version
    )
    assert [
        (result.name, result.error_code, result.error_message) for result in response.results
    ] == [
        ("a", ErrorCode.INVALID_PARTITIONS, "Topic already has 2 partition(s)."),
        ("b", ErrorCode.NONE, None),
        ("x", ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, None),
        (
            "c",
            ErrorCode.INVALID_PARTITIONS,
            "The topic c currently has 2 partition(s); 1 would not be an increase.",
        ),
    ]


def test_validate_only_decides_the_same_and_changes_nothing(client):
    create_topic(client, "t", 1)
    response = client.ask(grow(("t", 3, None), ("x", 3, None), validate_only=True), 3)
    assert [result.error_code for result in response.results] == [
        ErrorCode.NONE,
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ]
    assert len(partitions(client, "t")) == 1


def test_new_partitions_go_where_they_are_assigned(start_broker):
    broker = start_broker(settings={"pybroker.brokers": "3"})
    with RawClient(broker.bootstrap_servers) as client:
        create_topic(client, "t", 2)
        assert partitions(client, "t") == [[1], [2]]
        client.ask(grow(("t", 3, None)), 3)
        assigned = CreatePartitionsRequest.CreatePartitionsAssignment(broker_ids=[2])
        client.ask(grow(("t", 4, [assigned])), 3)
        assert partitions(client, "t") == [[1], [2], [3], [2]]


def test_new_partitions_survive_a_restart(start_broker, tmp_path):
    with Broker(data_dir=tmp_path) as broker, RawClient(broker.bootstrap_servers) as client:
        create_topic(client, "t", 1)
        client.ask(grow(("t", 3, None)), 3)
    broker = start_broker(data_dir=tmp_path)
    with RawClient(broker.bootstrap_servers) as client:
        assert len(partitions(client, "t")) == 3
        assert produce(client, "t", 2, record_batch([1_000])) == 0
