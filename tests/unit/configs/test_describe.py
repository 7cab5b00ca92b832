"""What DescribeConfigs tells: which rows, from where, with which synonyms."""

from pybroker.configs import Config
from pybroker.configs.describe import DescribedConfig, describe_broker, describe_topic
from pybroker.configs.keys import CONFIG_KEYS
from pybroker.configs.topic_keys import TOPIC_CONFIG_KEYS
from pybroker.configs.values import ConfigSource, ConfigType, format_value

DEFAULT, STATIC, TOPIC = (
    ConfigSource.DEFAULT_CONFIG,
    ConfigSource.STATIC_BROKER_CONFIG,
    ConfigSource.TOPIC_CONFIG,
)


def broker(settings: dict[str, str], node_id: int = 1) -> dict[str, DescribedConfig]:
    return {one.name: one for one in describe_broker(Config(settings), node_id)}


def topic(settings: dict[str, str], overrides: dict[str, str]) -> dict[str, DescribedConfig]:
    return {one.name: one for one in describe_topic(Config(settings), overrides)}


def test_a_broker_lists_what_acts_and_what_was_set() -> None:
    described = broker({"log.retention.ms": "5"})
    acting = {name for name, row in CONFIG_KEYS.items() if row.acts}
    assert set(described) == acting | {"log.retention.ms"}
    assert list(described) == sorted(described)


def test_a_topic_lists_what_acts_and_what_was_set() -> None:
    described = topic({}, {"retention.ms": "5", "internal.segment.bytes": "9"})
    acting = {name for name, row in TOPIC_CONFIG_KEYS.items() if row.acts}
    assert set(described) == acting | {"retention.ms"}
    assert "internal.segment.bytes" not in topic({}, {})


def test_a_default_is_its_own_synonym() -> None:
    assert broker({})["message.max.bytes"] == DescribedConfig(
        name="message.max.bytes",
        value="1048588",
        source=DEFAULT,
        type=ConfigType.INT,
        read_only=False,
        sensitive=False,
        documentation=CONFIG_KEYS["message.max.bytes"].documentation,
        synonyms=(("message.max.bytes", "1048588", DEFAULT),),
    )


def test_a_broker_config_that_was_set_comes_before_its_default() -> None:
    described = broker({"num.partitions": " 3 "})["num.partitions"]
    assert described.value == "3"
    assert described.source == STATIC
    assert described.read_only
    assert described.synonyms == (
        ("num.partitions", " 3 ", STATIC),
        ("num.partitions", "1", DEFAULT),
    )


def test_a_config_without_a_default_has_no_synonyms() -> None:
    described = broker({})["log.roll.ms"]
    assert (described.value, described.source, described.synonyms) == (None, DEFAULT, ())


def test_units_of_one_meaning_are_synonyms() -> None:
    described = broker({"log.roll.ms": "7", "log.roll.hours": "2"})
    assert described["log.roll.ms"].synonyms == (
        ("log.roll.ms", "7", STATIC),
        ("log.roll.hours", "2", STATIC),
        ("log.roll.hours", "168", DEFAULT),
    )
    assert described["log.roll.hours"].synonyms == (
        ("log.roll.hours", "2", STATIC),
        ("log.roll.hours", "168", DEFAULT),
    )


def test_a_topic_config_names_the_broker_config_that_it_comes_from() -> None:
    described = topic({"message.max.bytes": "7"}, {})["max.message.bytes"]
    assert (described.value, described.source) == ("7", STATIC)
    assert described.synonyms == (
        ("message.max.bytes", "7", STATIC),
        ("message.max.bytes", "1048588", DEFAULT),
    )


def test_a_topics_own_config_comes_first() -> None:
    described = topic({}, {"max.message.bytes": "9", "cleanup.policy": "compact, delete"})
    assert described["max.message.bytes"].source == TOPIC
    assert described["max.message.bytes"].synonyms[0] == ("max.message.bytes", "9", TOPIC)
    assert described["cleanup.policy"].value == "compact,delete"


def test_a_coarser_unit_is_told_as_a_default_as_kafka_does() -> None:
    described = topic({"log.roll.hours": "1"}, {})["segment.ms"]
    assert (described.value, described.source, described.synonyms) == ("3600000", DEFAULT, ())


def test_nodes_of_one_process_tell_their_own_ids_and_ports() -> None:
    described = broker({"pybroker.brokers": "3", "advertised.listeners": "PLAINTEXT://h:9092"}, 3)
    assert described["node.id"].value == "3"
    assert described["broker.id"].value == "3"
    assert described["listeners"].value == "PLAINTEXT://:9094"
    assert described["advertised.listeners"].value == "PLAINTEXT://h:9094"


def test_a_sensitive_value_is_never_shown(monkeypatch) -> None:
    row = CONFIG_KEYS["num.partitions"]._replace(type=ConfigType.PASSWORD, check=None)
    monkeypatch.setitem(CONFIG_KEYS, "num.partitions", row)
    described = broker({"num.partitions": "secret"})["num.partitions"]
    assert described.sensitive
    assert described.value is None
    assert {one.value for one in described.synonyms} == {None}


def test_doubles_are_written_as_java_writes_them() -> None:
    written = {
        1.7976931348623157e308: "1.7976931348623157E308",
        1e7: "1.0E7",
        12345678.9: "1.23456789E7",
        9999999.5: "9999999.5",
        1e-3: "0.001",
        9.9e-4: "9.9E-4",
        -2.5e-7: "-2.5E-7",
        0.9: "0.9",
        0.0: "0.0",
    }
    assert {value: format_value(value) for value in written} == written
    described = broker({})["log.cleaner.io.max.bytes.per.second"]
    assert described.value == described.synonyms[0].value


def test_a_default_that_depends_on_the_machine_is_told() -> None:
    assert int(broker({})["num.network.threads"].value or 0) >= 1
