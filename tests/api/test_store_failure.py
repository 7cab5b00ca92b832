"""A control state that cannot be written: refused, forgotten, and gone on from."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.protocol.create_topics import CreateTopicsRequest
from pybroker.protocol.delete_topics import DeleteTopicsRequest
from pybroker.protocol.init_producer_id import InitProducerIdRequest
from pybroker.protocol.metadata import MetadataRequest
from pybroker.transactions.producer_ids import PRODUCER_ID_BLOCK_SIZE
from tests.support.raw_client import create_topic


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
