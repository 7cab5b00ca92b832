"""DescribeLogDirs against a broker: raw frames in, exact fields out."""

import shutil

import pytest

from pybroker.errors import ErrorCode
from pybroker.protocol.describe_log_dirs import DescribeLogDirsRequest
from tests.support.raw_client import RawClient, create_topic
from tests.support.record_batches import produce, record_batch


@pytest.fixture
def dir_client(start_broker, tmp_path):
    broker = start_broker(data_dir=tmp_path)
    with RawClient(broker.bootstrap_servers) as connection:
        yield connection


def describe(client, topics, version=5):
    if topics is not None:
        topics = [
            DescribeLogDirsRequest.DescribableLogDirTopic(topic=name, partitions=partitions)
            for name, partitions in topics.items()
        ]
    response = client.ask(DescribeLogDirsRequest(topics=topics), version)
    assert response.error_code == ErrorCode.NONE
    (result,) = response.results
    return result


def sizes(result):
    return {
        (topic.name, partition.partition_index): partition.partition_size
        for topic in result.topics
        for partition in topic.partitions
    }


@pytest.mark.parametrize("version", range(1, 6))
def test_every_replica_is_shown_with_its_size(dir_client, tmp_path, version):
    create_topic(dir_client, "a", 2)
    create_topic(dir_client, "b")
    produce(dir_client, "a", 1, record_batch([1_000], value=b"x" * 500))
    size = (tmp_path / "a-1" / f"{0:020}.log").stat().st_size
    result = describe(dir_client, None, version)
    assert (result.error_code, result.log_dir) == (ErrorCode.NONE, str(tmp_path))
    assert sizes(result) == {("a", 0): 0, ("a", 1): size, ("b", 0): 0}
    for topic in result.topics:
        for partition in topic.partitions:
            assert (partition.offset_lag, partition.is_future_key) == (0, False)
    if version >= 4:
        space = shutil.disk_usage(tmp_path)
        assert result.total_bytes == space.total
        assert 0 < result.usable_bytes <= space.total
    else:
        assert (result.total_bytes, result.usable_bytes) == (-1, -1)
    assert result.is_cordoned is False


def test_only_what_is_asked_for_is_shown(dir_client):
    create_topic(dir_client, "a", 3)
    create_topic(dir_client, "b")
    result = describe(dir_client, {"a": [0, 2, 9], "unknown": [0]})
    assert set(sizes(result)) == {("a", 0), ("a", 2)}
    assert sizes(describe(dir_client, {})) == {}
