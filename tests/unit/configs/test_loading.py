"""Where configs come from, which one wins, and what the user is told."""

# ruff: noqa: ISC004 - A case is a line.

from pathlib import Path

import pytest

from pybroker.configs import ConfigError, load_config
from pybroker.configs.environment import read_environment

QUICKSTART = """\
# As Apache Kafka ships it for a node that is broker and controller.
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=localhost:9093
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
inter.broker.listener.name=PLAINTEXT
advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.receive.buffer.bytes=102400
socket.request.max.bytes=104857600
log.dirs=/tmp/kraft-combined-logs
num.partitions=1
num.recovery.threads.per.data.dir=2
offsets.topic.replication.factor=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.retention.hours=168
log.segment.bytes=1073741824
log.retention.check.interval.ms=300000
"""


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "server.properties"
    path.write_text(text)
    return str(path)


def test_kafkas_own_server_properties_starts_with_one_line_told(tmp_path: Path) -> None:
    config, notices = load_config(file=written(tmp_path, QUICKSTART))
    assert [str(one) for one in config.listeners] == ["PLAINTEXT://:9092"]
    assert config.advertised_listeners is not None
    assert [str(one) for one in config.advertised_listeners] == ["PLAINTEXT://localhost:9092"]
    assert config.log_dir == "/tmp/kraft-combined-logs"
    assert len(notices) == 1
    assert "process.roles" in notices[0]
    assert "socket.send.buffer.bytes" in notices[0]


def test_the_later_source_wins(tmp_path: Path) -> None:
    file = written(
        tmp_path, "num.partitions=2\nlog.dirs=/file\nmessage.max.bytes=5\ngroup.max.size=9"
    )
    loaded = load_config(
        file=file,
        environment={
            "KAFKA_NUM_PARTITIONS": "3",
            "KAFKA_LOG_DIRS": "/env",
            "KAFKA_GROUP_MAX_SIZE": "8",
        },
        overrides=["num.partitions=4", "log.dirs=/set"],
        where={"log.dirs": "/flag"},
    )
    assert loaded.config.num_partitions == 4
    assert loaded.config.group_max_size == 8
    assert loaded.config.message_max_bytes == 5
    assert loaded.config.log_dir == "/flag"
    assert loaded.notices == ()


ENVIRONMENT = [
    ("KAFKA_NUM_PARTITIONS", "num.partitions"),
    ("KAFKA_SASL__JAAS", "sasl_jaas"),
    ("KAFKA_A___B", "a-b"),
    ("KAFKA_A____B", "a-.b"),
    ("KAFKA_LISTENER_NAME_SASL__SSL_X", "listener.name.sasl_ssl.x"),
]


@pytest.mark.parametrize(("name", "key"), ENVIRONMENT)
def test_a_name_of_the_environment_becomes_a_key(name: str, key: str) -> None:
    assert read_environment({name: "v"}) == {key: "v"}


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "KAFKA",
        "KAFKA_",
        "KAFKA_HEAP_OPTS",
        "KAFKA_OPTS",
        "KAFKA_JVM_PERFORMANCE_OPTS",
        "KAFKA_LOG4J_ROOT_LOGLEVEL",
        "KAFKA_LOG4J_LOGGERS",
        "KAFKA_GC_LOG_OPTS",
        "KAFKA_JMX_PORT",
        "KAFKA_VERSION",
        "KAFKA_HOME",
        "KAFKA_BOOTSTRAP_SERVERS",
        "KAFKA_PORT_9092_TCP_ADDR",
        "KAFKA_SERVICE_HOST",
    ],
)
def test_names_that_mean_other_things_are_left_alone(name: str) -> None:
    assert read_environment({name: "v"}) == {}


def test_an_unknown_key_is_told_once_with_what_was_meant() -> None:
    config, notices = load_config(overrides=["num.partitons=3", "num.partitons=4"])
    assert config.num_partitions == 1
    assert notices == (
        "The config num.partitons is not known. Did you mean num.partitions? It was ignored.",
    )


def test_a_topic_config_among_broker_configs_is_pointed_to_its_broker_config() -> None:
    _, notices = load_config(overrides=["retention.ms=3"])
    assert notices == (
        "The config retention.ms is not known. Did you mean log.retention.ms? It was ignored.",
    )


def test_an_unknown_key_like_no_other_is_told_without_a_guess() -> None:
    assert load_config(overrides=["colour=red"]).notices == (
        "The config colour is not known. It was ignored.",
    )


def test_kafkas_keys_without_a_meaning_are_told_in_one_line() -> None:
    _, notices = load_config(
        overrides=[
            "zookeeper.connect=z",
            "ssl.keystore.type=JKS",
            "confluent.x=1",
            "unclean.leader.election.enable=true",
        ]
    )
    assert notices == (
        "Configs of Kafka that were accepted and have no effect here: "
        "confluent.x, ssl.keystore.type, unclean.leader.election.enable, zookeeper.connect",
    )


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "num.partitions=0",
            "Invalid value 0 for configuration num.partitions: Value must be at least 1",
        ),
        (
            "num.partitions=many",
            "Invalid value many for configuration num.partitions: Not a number of type INT",
        ),
        ("auto.create.topics.enable=1", "Expected value to be either true or false"),
        (
            "compression.type=brotli",
            "String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer",
        ),
        ("log.retention.ms=soon", "Invalid value soon for configuration log.retention.ms"),
        ("log.retention.ms=0", "-1, for unlimited, or at least 1"),
        ("log.flush.interval.ms=-1", "Invalid value -1 for configuration log.flush.interval.ms"),
        (
            "log.roll.ms=0",
            "Invalid value 0 for configuration log.roll.ms: Value must be at least 1",
        ),
        ("log.dir=", "configuration log.dir: it must name directories"),
        ("queued.max.request.bytes=5", r"-1 or at least socket.request.max.bytes \(104857600\)"),
        ("pybroker.brokers=0", "Value must be at least 1"),
        ("no-equals-sign", "--set expects key=value, not no-equals-sign"),
        ("=1", "--set expects key=value"),
    ],
)
def test_a_bad_value_is_refused_with_key_value_and_what_is_allowed(
    override: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(overrides=[override])


@pytest.mark.parametrize(
    ("overrides", "memory"),
    [
        ([], 536_870_912),
        (["queued.max.request.bytes=-1"], 536_870_912),
        (["queued.max.request.bytes=0"], 536_870_912),
        (["queued.max.request.bytes=200000000"], 200_000_000),
        (["socket.request.max.bytes=1000000000"], 1_000_000_000),
    ],
)
def test_memory_for_requests_always_has_a_limit(overrides: list[str], memory: int) -> None:
    assert load_config(overrides=overrides).config.queued_max_request_bytes == memory


@pytest.mark.parametrize(
    ("overrides", "node_ids"),
    [
        ([], [1]),
        (["node.id=7"], [7]),
        (["broker.id=0"], [0]),
        (["broker.id=-1"], [1]),
        (["broker.id=5", "node.id=5"], [5]),
        (["node.id=4", "pybroker.brokers=3"], [4, 5, 6]),
    ],
)
def test_node_ids_begin_at_node_id_or_its_older_name(
    overrides: list[str], node_ids: list[int]
) -> None:
    assert list(load_config(overrides=overrides).config.node_ids) == node_ids


def test_two_names_for_a_node_must_agree() -> None:
    with pytest.raises(ConfigError, match=r"it must be the same as node\.id, which is 6"):
        load_config(overrides=["broker.id=5", "node.id=6"])


def test_brokers_is_how_many_nodes_there_are() -> None:
    config = load_config(brokers=3, port=9192).config
    assert [str(config.listeners_of(one)[0]) for one in config.node_ids] == [
        "PLAINTEXT://:9192",
        "PLAINTEXT://:9193",
        "PLAINTEXT://:9194",
    ]
