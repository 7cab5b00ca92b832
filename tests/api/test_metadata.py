"""Metadata against a broker: raw frames in, exact fields out."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.protocol.delete_topics import DeleteTopicsRequest
from pybroker.protocol.metadata import MetadataRequest
from tests.support.raw_client import RawClient, create_topic

NOT_ASKED_FOR = -0x8000_0000
EVERY_VERSION = range(14)
EVERY_OPERATION_ON_TOPICS = 0b1101_1111_1000
EVERY_OPERATION_ON_THE_CLUSTER = 0b1_1111_1010_0000


def by_name(*names, auto_create=False, **options):
    topics = [MetadataRequest.Topic(name=name) for name in names]
    return MetadataRequest(topics=topics, allow_auto_topic_creation=auto_create, **options)


def by_id(*ids):
    topics = [MetadataRequest.Topic(name=None, topic_id=topic_id) for topic_id in ids]
    return MetadataRequest(topics=topics, allow_auto_topic_creation=False)


def errors(response):
    return {topic.name: topic.error_code for topic in response.topics}


@pytest.mark.parametrize("version", EVERY_VERSION)
def test_the_node_is_named_at_the_address_that_was_dialled(broker, client, version):
    response = client.ask(MetadataRequest(topics=[] if version else None or []), version)
    host, port = client.socket.getpeername()[:2]
    (node,) = response.brokers
    assert (node.node_id, node.host, node.port, node.rack) == (1, host, port, None)
    assert response.controller_id == (1 if version >= 1 else -1)
    assert response.cluster_id == (broker.cluster_id if version >= 2 else None)


@pytest.mark.parametrize("version", EVERY_VERSION)
def test_all_topics_are_answered(client, version):
    ids = {name: create_topic(client, name, 2) for name in ("a", "b")}
    response = client.ask(MetadataRequest(topics=None if version else []), version)
    assert errors(response) == {"a": 0, "b": 0}
    for topic in response.topics:
        assert topic.topic_id == (ids[topic.name] if version >= 10 else bytes(16))
        assert not topic.is_internal
        assert [
            (
                partition.error_code,
                partition.partition_index,
                partition.leader_id,
                partition.leader_epoch,
                partition.replica_nodes,
                partition.isr_nodes,
                partition.offline_replicas,
            )
            for partition in topic.partitions
        ] == [(0, index, 1, 0 if version >= 7 else -1, [1], [1], []) for index in range(2)]


@pytest.mark.parametrize("version", range(1, 14))
def test_an_empty_list_asks_for_no_topic(client, version):
    create_topic(client, "a")
    assert client.ask(MetadataRequest(topics=[]), version).topics == []


@pytest.mark.parametrize("version", range(4, 14))
def test_each_topic_is_answered_by_itself(client, version):
    create_topic(client, "a")
    response = client.ask(by_name("a", "unknown", "il legal", "a", "__consumer_offsets"), version)
    assert errors(response) == {
        "a": ErrorCode.NONE,
        "unknown": ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        "il legal": ErrorCode.INVALID_TOPIC_EXCEPTION,
        "__consumer_offsets": ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    }
    assert len(response.topics) == 4
    assert [topic.is_internal for topic in response.topics] == [False, False, False, True]


@pytest.mark.parametrize("version", [12, 13])
def test_topics_are_found_by_id(client, version):
    topic_id = create_topic(client, "a")
    response = client.ask(by_id(topic_id, b"?" * 16), version)
    assert {(topic.name, topic.topic_id): topic.error_code for topic in response.topics} == {
        ("a", topic_id): ErrorCode.NONE,
        (None, b"?" * 16): ErrorCode.UNKNOWN_TOPIC_ID,
    }


@pytest.mark.parametrize("version", [10, 11])
def test_an_id_is_refused_in_versions_that_do_not_answer_it(client, version):
    response = client.ask(by_id(b"?" * 16), version)
    assert errors(response) == {"": ErrorCode.INVALID_REQUEST}
    assert response.brokers == []


@pytest.mark.parametrize("version", EVERY_VERSION)
def test_a_topic_is_created_complete_when_broker_and_request_allow_it(client, version):
    name = "il-y-a"
    (topic,) = client.ask(by_name(name, auto_create=True), version).topics
    assert (topic.error_code, topic.name) == (ErrorCode.NONE, name)
    assert [partition.leader_id for partition in topic.partitions] == [1]
    assert errors(client.ask(MetadataRequest(topics=None), 12)) == {name: ErrorCode.NONE}


def test_no_topic_is_created_when_the_request_does_not_allow_it(client):
    client.ask(by_name("a"), 12)
    assert client.ask(MetadataRequest(topics=None), 12).topics == []


def test_no_topic_is_created_when_the_broker_does_not_allow_it(start_broker):
    broker = start_broker(settings={"auto.create.topics.enable": "false"})
    with RawClient(broker.bootstrap_servers) as client:
        response = client.ask(by_name("a", "il legal", auto_create=True), 12)
        assert errors(response) == {
            "a": ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
            "il legal": ErrorCode.INVALID_TOPIC_EXCEPTION,
        }
        assert client.ask(MetadataRequest(topics=None), 12).topics == []


def test_what_cannot_be_created_is_answered_with_the_reason(start_broker):
    broker = start_broker(settings={"default.replication.factor": "3"})
    with RawClient(broker.bootstrap_servers) as client:
        response = client.ask(by_name("a", "il legal", auto_create=True), 12)
        assert errors(response) == {
            "a": ErrorCode.INVALID_REPLICATION_FACTOR,
            "il legal": ErrorCode.INVALID_TOPIC_EXCEPTION,
        }


def test_internal_topics_that_nobody_uses_are_not_created(client):
    response = client.ask(by_name("__share_group_state", auto_create=True), 12)
    assert errors(response) == {"__share_group_state": ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}


def test_an_internal_topic_that_somebody_created_is_flagged(client):
    create_topic(client, "__consumer_offsets")
    assert [topic.is_internal for topic in client.ask(MetadataRequest(topics=None), 1).topics] == [
        True
    ]


@pytest.mark.parametrize("version", range(8, 14))
def test_operations_are_told_when_asked_for(client, version):
    create_topic(client, "a")
    request = by_name("a", include_topic_authorized_operations=True)
    assert client.ask(request, version).topics[0].topic_authorized_operations == (
        EVERY_OPERATION_ON_TOPICS
    )
    (topic,) = client.ask(by_name("a"), version).topics
    assert topic.topic_authorized_operations == NOT_ASKED_FOR


@pytest.mark.parametrize("version", range(8, 11))
def test_operations_on_the_cluster_are_told_when_asked_for(client, version):
    request = MetadataRequest(topics=[], include_cluster_authorized_operations=True)
    operations = client.ask(request, version).cluster_authorized_operations
    assert operations == EVERY_OPERATION_ON_THE_CLUSTER
    response = client.ask(MetadataRequest(topics=[]), version)
    assert response.cluster_authorized_operations == NOT_ASKED_FOR


def test_a_kept_answer_is_forgotten_when_a_topic_comes_or_goes(client):
    everything = MetadataRequest(topics=None)
    named = by_name("a")
    for _ in range(3):
        assert client.ask(everything, 12).topics == []
        assert errors(client.ask(named, 12)) == {"a": ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}
    topic_id = create_topic(client, "a")
    for _ in range(3):
        assert errors(client.ask(everything, 12)) == {"a": ErrorCode.NONE}
        assert client.ask(named, 12).topics[0].topic_id == topic_id
    client.ask(DeleteTopicsRequest(topic_names=["a"], timeout_ms=30_000), 4)
    assert client.ask(everything, 12).topics == []
    assert errors(client.ask(named, 12)) == {"a": ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}


def test_advertised_listeners_are_answered_instead_of_the_dialled_address(start_broker):
    broker = start_broker(settings={"advertised.listeners": "PLAINTEXT://broker.example.org:19092"})
    with RawClient(broker.bootstrap_servers) as client:
        (node,) = client.ask(MetadataRequest(topics=[]), 12).brokers
        assert (node.host, node.port) == ("broker.example.org", 19092)


def test_bytes_behind_a_request_are_left_alone_as_librdkafka_sends_them(client):
    create_topic(client, "a")
    correlation_id = client.send_body(3, 13, bytes.fromhex("00000000010000"), header_version=2)
    response = client.receive(MetadataRequest, 13, correlation_id)
    assert errors(response) == {"a": ErrorCode.NONE}


def test_every_node_is_named_by_every_node(start_broker):
    broker = start_broker(settings={"pybroker.brokers": "3"})
    answers = []
    for bootstrap_server in broker.bootstrap_servers.split(","):
        with RawClient(bootstrap_server) as client:
            response = client.ask(MetadataRequest(topics=[]), 12)
            answers.append([(node.node_id, node.port) for node in response.brokers])
            assert response.controller_id == 1
    ports = [int(server.rpartition(":")[2]) for server in broker.bootstrap_servers.split(",")]
    assert answers == [list(zip((1, 2, 3), ports, strict=True))] * 3
