"""OffsetForLeaderEpoch against a broker: raw frames in, exact fields out."""

import pytest

from pybroker import Broker
from pybroker.errors import ErrorCode
from pybroker.protocol.offset_for_leader_epoch import OffsetForLeaderEpochRequest
from tests.support.raw_client import RawClient, create_topic
from tests.support.record_batches import produce, record_batch


def ask(client, version, leader_epoch, *, topic="t", partition=0, current=-1):
    """Give (error code, leader epoch, end offset)."""
    asked = OffsetForLeaderEpochRequest.OffsetForLeaderPartition(
        partition=partition, current_leader_epoch=current, leader_epoch=leader_epoch
    )
    request = OffsetForLeaderEpochRequest(
        topics=[OffsetForLeaderEpochRequest.OffsetForLeaderTopic(topic=topic, partitions=[asked])]
    )
    (answered,) = client.ask(request, version).topics
    (end,) = answered.partitions
    assert (answered.topic, end.partition) == (topic, partition)
    return end.error_code, end.leader_epoch, end.end_offset


@pytest.mark.parametrize("version", range(2, 5))
def test_the_present_term_ends_where_the_log_does(client, version):
    create_topic(client, "t")
    assert ask(client, version, 0) == (ErrorCode.NONE, 0, 0)
    produce(client, "t", 0, record_batch([1_000, 2_000]))
    assert ask(client, version, 0) == (ErrorCode.NONE, 0, 2)


@pytest.mark.parametrize("version", range(2, 5))
@pytest.mark.parametrize("leader_epoch", [-1, 1, 99])
def test_a_term_that_is_not_known_has_no_end(client, version, leader_epoch):
    create_topic(client, "t")
    assert ask(client, version, leader_epoch) == (ErrorCode.NONE, -1, -1)


@pytest.mark.parametrize("version", range(2, 5))
def test_an_unknown_partition_is_refused(client, version):
    create_topic(client, "t")
    unknown = (ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1, -1)
    assert ask(client, version, 0, topic="x") == unknown
    assert ask(client, version, 0, partition=1) == unknown


def test_a_client_that_knows_another_term_is_refused(client):
    create_topic(client, "t")
    assert ask(client, 4, 0, current=0)[0] == ErrorCode.NONE
    assert ask(client, 4, 0, current=1) == (ErrorCode.UNKNOWN_LEADER_EPOCH, -1, -1)


def test_terms_end_where_the_next_begins(start_broker, tmp_path):
    # The partition of a node that is gone is led in a new term by the one that stays.
    two = {"pybroker.brokers": "2", "node.id": "1"}
    with Broker(settings=two, data_dir=tmp_path) as broker:
        first, second = broker.bootstrap_servers.split(",")
        with RawClient(first) as client, RawClient(second) as leader:
            create_topic(client, "t", 2)
            produce(leader, "t", 1, record_batch([1_000, 2_000]))
            assert ask(client, 4, 0, partition=1)[0] == ErrorCode.NOT_LEADER_OR_FOLLOWER
    broker = start_broker(data_dir=tmp_path)
    with RawClient(broker.bootstrap_servers) as client:
        assert ask(client, 4, 0, partition=1) == (ErrorCode.NONE, 0, 2)
        assert ask(client, 4, 1, partition=1) == (ErrorCode.NONE, 1, 2)
        produce(client, "t", 1, record_batch([3_000]))
        assert ask(client, 4, 0, partition=1) == (ErrorCode.NONE, 0, 2)
        assert ask(client, 4, 1, partition=1) == (ErrorCode.NONE, 1, 3)
        assert ask(client, 4, 0, partition=1, current=0) == (ErrorCode.FENCED_LEADER_EPOCH, -1, -1)
