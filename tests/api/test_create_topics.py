"""CreateTopics against a broker: raw frames in, exact fields out."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from pybroker import Broker
from pybroker.errors import ErrorCode
from pybroker.protocol.create_topics import CreateTopicsRequest
from pybroker.protocol.metadata import MetadataRequest
from tests.support.raw_client import RawClient
from tests.support.record_batches import produce, record_batch

EVERY_VERSION = range(2, 8)


def topic(name, num_partitions=1, replication_factor=1, assignments=(), configs=()):
    return CreateTopicsRequest.CreatableTopic(
        name=name,
        num_partitions=num_partitions,
        replication_factor=replication_factor,
        assignments=[
            CreateTopicsRequest.CreatableReplicaAssignment(
                partition_index=index, broker_ids=broker_ids
            )
            for index, broker_ids in assignments
        ],
        configs=[
            CreateTopicsRequest.CreatableTopicConfig(name=key, value=value)
            for key, value in configs
        ],
    )


def create(*topics, validate_only=False):
    return CreateTopicsRequest(topics=list(topics), timeout_ms=30_000, validate_only=validate_only)


def described(client):
    response = client.ask(MetadataRequest(topics=None), 12)
    return {
        topic.name: (topic.topic_id, [partition.replica_nodes for partition in topic.partitions])
        for topic in response.topics
    }


@pytest.mark.parametrize("version", EVERY_VERSION)
def test_a_topic_is_there_when_the_answer_leaves(client, version):
    (result,) = client.ask(create(topic("t", 3)), version).topics
    assert (result.name, result.error_code, result.error_message) == ("t", 0, None)
    topic_id, replicas = described(client)["t"]
    assert replicas == [[1], [1], [1]]
    if version >= 7:
        assert result.topic_id == topic_id
    if version >= 5:
        assert (result.num_partitions, result.replication_factor) == (3, 1)
    for partition in range(3):
        assert produce(client, "t", partition, record_batch([1_000])) == 0


def test_configs_in_effect_are_answered_by_name_with_their_source(client):
    (result,) = client.ask(create(topic("t", configs=[("segment.ms", "9000")])), 5).topics
    configs = {config.name: config for config in result.configs}
    assert list(configs) == sorted(configs)
    own, inherited = configs["segment.ms"], configs["max.message.bytes"]
    assert (own.value, own.config_source, own.read_only, own.is_sensitive) == (
        "9000",
        1,
        False,
        False,
    )
    assert (inherited.value, inherited.config_source) == ("1048588", 5)
    assert result.topic_config_error_code == ErrorCode.NONE


@pytest.mark.parametrize("version", EVERY_VERSION)
def test_one_bad_and_one_good_topic_are_answered_each(client, version):
    response = client.ask(create(topic("b a d"), topic("good"), topic("none", 0)), version)
    assert {result.name: result.error_code for result in response.topics} == {
        "b a d": ErrorCode.INVALID_TOPIC_EXCEPTION,
        "good": ErrorCode.NONE,
        "none": ErrorCode.INVALID_PARTITIONS,
    }
    assert list(described(client)) == ["good"]


def test_a_refused_topic_has_no_details(client):
    (result,) = client.ask(create(topic("b a d")), 7).topics
    assert (result.topic_id, result.num_partitions, result.replication_factor, result.configs) == (
        bytes(16),
        -1,
        -1,
        [],
    )
    assert result.error_message == (
        "Topic name is invalid: 'b a d' contains one or more characters other than"
        " ASCII alphanumerics, '.', '_' and '-'"
    )


def test_validate_only_decides_the_same_and_changes_nothing(client):
    response = client.ask(create(topic("t", 2), topic("u", 1, 9), validate_only=True), 7)
    good, bad = response.topics
    assert (good.error_code, good.num_partitions) == (ErrorCode.NONE, 2)
    assert bad.error_code == ErrorCode.INVALID_REPLICATION_FACTOR
    assert described(client) == {}


def test_a_name_is_given_once(client):
    assert client.ask(create(topic("t")), 7).topics[0].error_code == ErrorCode.NONE
    (result,) = client.ask(create(topic("t")), 7).topics
    assert result.error_code == ErrorCode.TOPIC_ALREADY_EXISTS
    assert result.error_message == "Topic 't' already exists."
    duplicate, *none = client.ask(create(topic("u"), topic("u")), 7).topics
    assert none == []
    assert duplicate.error_code == ErrorCode.INVALID_REQUEST


def test_of_concurrent_creations_of_one_name_one_succeeds(broker):
    clients = [RawClient(broker.bootstrap_servers) for _ in range(8)]
    with ThreadPoolExecutor(len(clients)) as pool:
        answers = list(pool.map(lambda client: client.ask(create(topic("t", 4)), 7), clients))
    codes = sorted(answer.topics[0].error_code for answer in answers)
    assert codes == [ErrorCode.NONE] + [ErrorCode.TOPIC_ALREADY_EXISTS] * 7
    for client in clients:
        client.close()


def test_defaults_are_those_of_the_broker(start_broker):
    broker = start_broker(settings={"num.partitions": "4"})
    with RawClient(broker.bootstrap_servers) as client:
        (result,) = client.ask(create(topic("t", -1, -1)), 5).topics
        assert (result.num_partitions, result.replication_factor) == (4, 1)


@pytest.mark.parametrize(
    ("configs", "message"),
    [
        ([("no.such", "1")], "Unknown topic config name: no.such"),
        ([("segment.ms", None)], "Null value not supported for topic configs: segment.ms"),
    ],
)
def test_a_config_that_cannot_be_is_refused(client, configs, message):
    (result,) = client.ask(create(topic("t", configs=configs)), 7).topics
    assert (result.error_code, result.error_message) == (ErrorCode.INVALID_CONFIG, message)
    assert described(client) == {}


def test_replicas_and_leaders_go_round_the_nodes(start_broker):
    broker = start_broker(settings={"pybroker.brokers": "3"})
    with RawClient(broker.bootstrap_servers) as client:
        client.ask(create(topic("t", 3, 2)), 7)
        assert described(client)["t"][1] == [[1, 2], [2, 3], [3, 1]]


def test_replicas_are_where_they_are_assigned(start_broker):
    broker = start_broker(settings={"pybroker.brokers": "3"})
    with RawClient(broker.bootstrap_servers) as client:
        assigned = topic("t", -1, -1, assignments=[(0, [3, 2]), (1, [2, 1])])
        assert client.ask(create(assigned), 7).topics[0].error_code == ErrorCode.NONE
        assert described(client)["t"][1] == [[3, 2], [2, 1]]
        wrong = topic("u", -1, -1, assignments=[(0, [4])])
        (result,) = client.ask(create(wrong), 7).topics
        assert result.error_code == ErrorCode.INVALID_REPLICA_ASSIGNMENT


def test_the_cap_lowers_the_replication_factor(start_broker):
    broker = start_broker(settings={"pybroker.replication.factor.cap": "true"})
    with RawClient(broker.bootstrap_servers) as client:
        (result,) = client.ask(create(topic("t", 1, 3)), 7).topics
        assert (result.error_code, result.replication_factor) == (ErrorCode.NONE, 1)


def test_topics_survive_a_restart_with_their_ids(start_broker, tmp_path):
    with Broker(data_dir=tmp_path) as broker, RawClient(broker.bootstrap_servers) as client:
        client.ask(create(topic("t", 2, configs=[("segment.ms", "9000")]), topic("u")), 7)
        produce(client, "t", 1, record_batch([1_000]))
        before = described(client)
        cluster_id = broker.cluster_id
    broker = start_broker(data_dir=tmp_path)
    assert broker.cluster_id == cluster_id
    assert broker.topics.by_name["t"].configs == {"segment.ms": "9000"}
    with RawClient(broker.bootstrap_servers) as client:
        assert described(client) == before
        assert produce(client, "t", 1, record_batch([1_000])) == 1


def test_partitions_of_nodes_that_are_gone_are_led_by_those_that_are_there(start_broker, tmp_path):
    three = {"pybroker.brokers": "3"}
    with (
        Broker(settings=three, data_dir=tmp_path) as broker,
        RawClient(broker.bootstrap_servers) as client,
    ):
        client.ask(create(topic("t", 3)), 7)
    broker = start_broker(data_dir=tmp_path)
    with RawClient(broker.bootstrap_servers) as client:
        assert described(client)["t"][1] == [[1], [1], [1]]
        for partition in range(3):
            assert produce(client, "t", partition, record_batch([1_000])) == 0
