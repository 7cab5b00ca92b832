"""Committed offsets that are too old, by a clock that the test holds."""

from pybroker import Broker
from pybroker.protocol.list_groups import ListGroupsRequest
from pybroker.protocol.offset_commit import OffsetCommitRequest
from tests.support.held_clock import HeldClock
from tests.support.raw_client import RawClient, create_topic

MINUTE_MS = 60_000
SETTINGS = {
    "offsets.retention.minutes": "60",
    "offsets.retention.check.interval.ms": str(MINUTE_MS),
}


def commit(client, group_id):
    partition = OffsetCommitRequest.Partition(partition_index=0, committed_offset=5)
    topic = OffsetCommitRequest.Topic(name="orders", partitions=[partition])
    client.ask(OffsetCommitRequest(group_id=group_id, topics=[topic]), 9)


def groups(client):
    return {group.group_id for group in client.ask(ListGroupsRequest(), 5).groups}


def test_the_broker_looks_regularly_and_at_groups_that_nobody_uses(tmp_path):
    clock = HeldClock()

    def start():
        return Broker(settings=SETTINGS, data_dir=tmp_path, clock=clock)

    with start() as broker, RawClient(broker.bootstrap_servers) as client:
        create_topic(client, "orders")
        commit(client, "old")
        clock.advance(broker, 30 * MINUTE_MS)
        commit(client, "young")
    with start() as broker:
        assert broker._groups is None
        clock.advance(broker, 29 * MINUTE_MS)
        clock.advance(broker, MINUTE_MS)
        with RawClient(broker.bootstrap_servers) as client:
            assert groups(client) == {"young"}
            clock.advance(broker, 30 * MINUTE_MS)
            assert groups(client) == set()
        assert broker.dispatcher.bugs == 0


def test_a_look_that_cannot_be_stored_is_not_the_last(tmp_path):
    clock = HeldClock()
    with (
        Broker(settings=SETTINGS, data_dir=tmp_path, clock=clock) as broker,
        RawClient(broker.bootstrap_servers) as client,
    ):
        create_topic(client, "orders")
        commit(client, "old")
        connection = broker.store._connection
        connection.execute("PRAGMA query_only = ON")
        clock.advance(broker, 60 * MINUTE_MS)
        connection.execute("PRAGMA query_only = OFF")
        assert groups(client) == {"old"}
        clock.advance(broker, MINUTE_MS)
        assert groups(client) == set()
