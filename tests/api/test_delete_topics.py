"""DeleteTopics against a broker: raw frames in, exact fields out."""

import pytest

from pybroker import Broker
from pybroker.errors import ErrorCode
from pybroker.protocol.create_topics import CreateTopicsRequest
from pybroker.protocol.delete_topics import DeleteTopicsRequest
from pybroker.protocol.metadata import MetadataRequest
from tests.support.raw_client import RawClient, create_topic
from tests.support.record_batches import produce, record_batch
from tests.support.waiting import wait_until

NO_ID = bytes(16)


def by_name(*names):
    return DeleteTopicsRequest(topic_names=list(names), timeout_ms=30_000)


def states(*topics):
    return DeleteTopicsRequest(
        topics=[
            DeleteTopicsRequest.DeleteTopicState(name=name, topic_id=topic_id)
            for name, topic_id in topics
        ],
        timeout_ms=30_000,
    )


def names(client):
    return {topic.name for topic in client.ask(MetadataRequest(topics=None), 12).topics}


@pytest.mark.parametrize("version", range(1, 6))
def test_topics_are_gone_when_the_answer_leaves(client, version):
    create_topic(client, "a", 3)
    create_topic(client, "b")
    response = client.ask(by_name("a", "unknown"), version)
    assert {result.name: result.error_code for result in response.responses} == {
        "a": ErrorCode.NONE,
        "unknown": ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    }
    assert names(client) == {"b"}


def test_topics_are_deleted_by_name_and_by_id(client):
    a, b = create_topic(client, "a"), create_topic(client, "b")
    response = client.ask(states(("a", NO_ID), (None, b), (None, b"?" * 16)), 6)
    answers = {(result.name, result.topic_id): result.error_code for result in response.responses}
    assert answers == {
        ("a", a): ErrorCode.NONE,
        ("b", b): ErrorCode.NONE,
        (None, b"?" * 16): ErrorCode.UNKNOWN_TOPIC_ID,
    }
    assert names(client) == set()


def test_messages_are_kafkas(client):
    response = client.ask(states(("x", NO_ID), (None, NO_ID)), 6)
    assert {result.name: result.error_message for result in response.responses} == {
        "x": "This server does not host this topic-partition.",
        None: "Neither topic name nor id were specified.",
    }


def test_what_is_asked_for_twice_stays(client):
    topic_id = create_topic(client, "a")
    response = client.ask(states(("a", NO_ID), (None, topic_id)), 6)
    assert [result.error_code for result in response.responses] == [ErrorCode.INVALID_REQUEST]
    response = client.ask(by_name("a", "a"), 5)
    assert [result.error_code for result in response.responses] == [ErrorCode.INVALID_REQUEST]
    assert names(client) == {"a"}


def test_a_topic_that_comes_again_is_empty_and_has_another_id(client):
    first = create_topic(client, "a", 2)
    assert produce(client, "a", 1, record_batch([1_000, 2_000])) == 0
    assert produce(client, "a", 1, record_batch([1_000])) == 2
    client.ask(by_name("a"), 5)
    assert create_topic(client, "a", 2) != first
    assert produce(client, "a", 1, record_batch([1_000])) == 0


def test_a_deleted_topic_leaves_its_folder_at_once_and_the_disk_after_a_delay(tmp_path):
    settings = {"log.segment.delete.delay.ms": "600000"}
    with (
        Broker(settings=settings, data_dir=tmp_path) as broker,
        RawClient(broker.bootstrap_servers) as client,
    ):
        topic_id = create_topic(client, "a", 2)
        create_topic(client, "b", configs=[("file.delete.delay.ms", "0")])
        assert {path.name for path in tmp_path.glob("?-?")} == {"a-0", "a-1", "b-0"}
        client.ask(by_name("a", "b"), 5)
        assert set(tmp_path.glob("?-?")) == set()
        kept = {f"a-{partition}.{topic_id.hex()}-delete" for partition in (0, 1)}
        wait_until(lambda: {path.name for path in tmp_path.glob("*-delete")} == kept)
    with Broker(data_dir=tmp_path):
        wait_until(lambda: not list(tmp_path.glob("*-delete")))


def test_a_topic_that_is_deleted_while_it_is_created_leaves_nothing(start_broker, tmp_path):
    broker = start_broker(data_dir=tmp_path)
    topic = CreateTopicsRequest.CreatableTopic(name="t", num_partitions=30, replication_factor=1)
    creation = CreateTopicsRequest(topics=[topic], timeout_ms=30_000)
    with (
        RawClient(broker.bootstrap_servers) as creator,
        RawClient(broker.bootstrap_servers) as client,
    ):
        for _ in range(10):
            correlation_id = creator.send(creation, 7)
            # The topic is known, and can be deleted, before its logs are open.
            while client.ask(by_name("t"), 5).responses[0].error_code != ErrorCode.NONE:
                pass
            created = creator.receive(CreateTopicsRequest, 7, correlation_id)
            assert created.topics[0].error_code == ErrorCode.NONE
            assert names(client) == set()
            left = [path for path in tmp_path.glob("t-*") if not path.name.endswith("-delete")]
            assert left == []
        create_topic(client, "t", 30)
        assert produce(client, "t", 29, record_batch([1_000])) == 0


@pytest.mark.parametrize(
    ("version", "code"),
    [
        (1, ErrorCode.INVALID_REQUEST),
        (2, ErrorCode.INVALID_REQUEST),
        (3, ErrorCode.TOPIC_DELETION_DISABLED),
        (5, ErrorCode.TOPIC_DELETION_DISABLED),
    ],
)
def test_nothing_is_deleted_where_deletion_is_disabled(start_broker, version, code):
    broker = start_broker(settings={"delete.topic.enable": "false"})
    with RawClient(broker.bootstrap_servers) as client:
        create_topic(client, "a")
        response = client.ask(by_name("a"), version)
        assert [result.error_code for result in response.responses] == [code]
        assert names(client) == {"a"}
