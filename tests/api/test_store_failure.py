"""A control state that cannot be written: refused, forgotten, and gone on from."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.protocol.create_topics import CreateTopicsRequest
from pybroker.protocol.delete_topics import DeleteTopicsRequest
from pybroker.protocol.init_producer_id import InitProducerIdRequest
from pybroker.protocol.metadata import MetadataRequest
from pybroker.protocol.offset_commit import OffsetCommitRequest
from pybroker.protocol.offset_fetch import OffsetFetchRequest
from pybroker.transactions.producer_ids import PRODUCER_ID_BLOCK_SIZE
from tests.support.classic_member import ClassicMember, wait_for_state
from tests.support.raw_client import create_topic


@pytest.fixture
def broker(start_broker):
    """A broker whose groups wait for nobody."""
    none = {"group.initial.rebalance.delay.ms": "0", "pybroker.group.settle.ms": "0"}
    return start_broker(settings=none)


@pytest.fixture
def writable(broker):
    """A switch of the broker's database between writable and not, as a full disk makes it."""

    def switch(on):
        broker.store._connection.execute(f"PRAGMA query_only = {'OFF' if on else 'ON'}")

    yield switch
    switch(True)


def names(client):
    return {topic.name for topic in client.ask(MetadataRequest(topics=None), 12).topics}


def test_a_topic_that_cannot_be_stored_is_refused_and_can_be_created_later(client, writable):
    create_topic(client, "first")
    writable(False)
    topic = CreateTopicsRequest.CreatableTopic(name="t", num_partitions=1, replication_factor=1)
    (refused,) = client.ask(CreateTopicsRequest(topics=[topic]), 7).topics
    assert refused.error_code == ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert names(client) == {"first"}
    writable(True)
    create_topic(client, "t")
    assert names(client) == {"first", "t"}


def test_a_topic_whose_deletion_cannot_be_stored_stays(client, writable):
    create_topic(client, "t")
    writable(False)
    (refused,) = client.ask(DeleteTopicsRequest(topic_names=["t"]), 5).responses
    assert refused.error_code == ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert names(client) == {"t"}
    writable(True)
    (deleted,) = client.ask(DeleteTopicsRequest(topic_names=["t"]), 5).responses
    assert deleted.error_code == ErrorCode.NONE
    assert names(client) == set()


def test_no_producer_id_leaves_that_is_not_stored(client, writable):
    request = InitProducerIdRequest(transactional_id=None)
    writable(False)
    refused = client.ask(request, 5)
    assert refused.error_code == ErrorCode.COORDINATOR_NOT_AVAILABLE
    writable(True)
    ids = [client.ask(request, 5).producer_id for _ in range(PRODUCER_ID_BLOCK_SIZE + 1)]
    assert len(set(ids)) == len(ids)


def commit(member, offset):
    partition = OffsetCommitRequest.Partition(partition_index=0, committed_offset=offset)
    request = OffsetCommitRequest(
        group_id=member.group_id,
        generation_id_or_member_epoch=member.generation_id,
        member_id=member.member_id,
        topics=[OffsetCommitRequest.Topic(name="orders", partitions=[partition])],
    )
    return member.client.ask(request, 9).topics[0].partitions[0].error_code


def committed(member):
    (topic,) = member.client.ask(OffsetFetchRequest(group_id="group", topics=None), 7).topics
    return topic.partitions[0].committed_offset


def test_a_commit_that_cannot_be_stored_is_refused_and_the_member_stays(broker, client, writable):
    create_topic(client, "orders")
    member = ClassicMember(broker.bootstrap_servers).stable()
    assert commit(member, 1) == ErrorCode.NONE
    writable(False)
    assert commit(member, 2) == ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert committed(member) == 1
    assert member.heartbeat() is ErrorCode.NONE
    writable(True)
    assert commit(member, 3) == ErrorCode.NONE
    assert committed(member) == 3
    member.close()


def test_a_generation_that_cannot_be_stored_is_refused_to_all_and_made_again(
    broker, client, writable
):
    leader = ClassicMember(broker.bootstrap_servers).stable()
    follower = ClassicMember(broker.bootstrap_servers)
    follower.begin_join()
    wait_for_state(client, "PreparingRebalance")
    assert leader.join().error_code == ErrorCode.NONE
    assert follower.end_join().error_code == ErrorCode.NONE
    follower.begin_sync()
    writable(False)
    assert leader.sync({}).error_code == ErrorCode.COORDINATOR_NOT_AVAILABLE
    # Whether it had waited already, or came in the same moment: it looks for the coordinator.
    lost = {ErrorCode.NOT_COORDINATOR, ErrorCode.COORDINATOR_NOT_AVAILABLE}
    assert follower.end_sync().error_code in lost
    writable(True)
    # What is known again is the last generation that was stored: the leader's own.
    assert leader.heartbeat() is ErrorCode.ILLEGAL_GENERATION
    assert follower.heartbeat() is ErrorCode.UNKNOWN_MEMBER_ID
    follower.member_id = ""
    follower.begin_join()
    wait_for_state(client, "PreparingRebalance")
    assert leader.join().error_code == ErrorCode.NONE
    assert follower.end_join().error_code == ErrorCode.NONE
    assert leader.generation_id == follower.generation_id
    leader.close()
    follower.close()
