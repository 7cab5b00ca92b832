"""The rows against what Apache Kafka 4.3.1 says about its own configs."""

import json
from pathlib import Path

import pytest

from pybroker.configs.client_metrics import CLIENT_METRICS_ROWS
from pybroker.configs.config import Config
from pybroker.configs.group_keys import (
    GROUP_CONFIG_BOUNDS,
    GROUP_CONFIG_KEYS,
    GROUP_CONFIG_ROWS,
)
from pybroker.configs.kafka_keys import DYNAMIC_KAFKA_KEYS, KAFKA_KEYS, is_known_to_kafka
from pybroker.configs.keys import BROKER_CONFIG_ROWS, BROKER_SYNONYMS, CONFIG_KEYS, ConfigKey
from pybroker.configs.reference import reference_page
from pybroker.configs.topic_keys import TOPIC_CONFIG_KEYS, TOPIC_CONFIG_ROWS
from pybroker.configs.values import ConfigError, ConfigType

FACTS = [
    json.loads(line)
    for line in (Path(__file__).parent / "kafka-configs.jsonl").read_text().splitlines()
]
BROKER_FACTS = {fact["name"]: fact for fact in FACTS if fact["resource"] == "BROKER"}
GROUP_FACTS = {fact["name"]: fact for fact in FACTS if fact["resource"] == "GROUP"}
METRICS_FACTS = {fact["name"]: fact for fact in FACTS if fact["resource"] == "CLIENT_METRICS"}
TOPIC_FACTS = {fact["name"]: fact for fact in FACTS if fact["resource"] == "TOPIC"}

# Where pybroker's development profile differs on purpose; each is said in the row's sentence.
OWN_DEFAULTS = {
    "node.id",
    "controller.listener.names",
    "log.dir",
    "num.network.threads",
    "group.initial.rebalance.delay.ms",
    "group.coordinator.rebalance.protocols",
}
# What Kafka changes at run time and pybroker cannot; each is said in the row's sentence.
FIXED_HERE = {"listeners", "listener.security.protocol.map"}
OWN_ROWS = [row for row in BROKER_CONFIG_ROWS if row.name.startswith("pybroker.")]
KAFKA_ROWS = [row for row in BROKER_CONFIG_ROWS if row not in OWN_ROWS]

# A value at each end of what Kafka allows, as its own validators print it.
RANGES = {
    "[0,...]": (["0"], ["-1"]),
    "[1,...]": (["1"], ["0"]),
    "[4,...]": (["4"], ["3"]),
    "[-1,...]": (["-1"], ["-2"]),
    "[-2,...]": (["-2"], ["-3"]),
    "[1024,...]": (["1024"], ["1023"]),
    "[1048576,...]": (["1048576"], ["1048575"]),
    "[0,...,1]": (["0", "1", "0.5"], ["1.1", "-0.1"]),
    "[1,...,17]": (["1", "17"], ["0", "18"]),
    "[-131072,...,22]": (["-131072", "22"], ["-131073", "23"]),
    "[1,...,9] or -1": (["1", "9", "-1"], ["0", "10", "-2"]),
    "[consumer, classic, share, streams]": (["classic", "consumer,classic"], ["Classic", "none"]),
    "[compact, delete]": (["compact", "delete,compact", ""], ["Compact", "none"]),
    "(case insensitive) [DISABLED, DOWNGRADE, UPGRADE, BIDIRECTIONAL]": (
        ["upgrade", "Disabled", "BIDIRECTIONAL"],
        ["none", ""],
    ),
    "[CreateTime, LogAppendTime]": (["CreateTime"], ["createtime"]),
    "[uncompressed, zstd, lz4, snappy, gzip, producer]": (["gzip", "producer"], ["none", "GZIP"]),
    "[partitionId]:[brokerId],[partitionId]:[brokerId],...": (["*", "1:2,3:4", ""], ["a", "1:2,*"]),
}


@pytest.mark.parametrize("row", KAFKA_ROWS, ids=lambda row: row.name)
def test_a_broker_row_has_the_type_and_the_default_of_kafkas(row: ConfigKey) -> None:
    fact = BROKER_FACTS[row.name]
    assert row.type.name == fact["type"]
    if row.name not in OWN_DEFAULTS:
        assert row.default_text() == fact["default"]
    if fact["read_only"] is not None and row.name not in FIXED_HERE:
        assert row.dynamic is not fact["read_only"]


@pytest.mark.parametrize("row", TOPIC_CONFIG_ROWS, ids=lambda row: row.name)
def test_a_topic_row_has_the_type_of_kafkas(row: ConfigKey) -> None:
    assert row.type.name == TOPIC_FACTS[row.name]["type"]
    assert row.dynamic


@pytest.mark.parametrize("row", [*KAFKA_ROWS, *TOPIC_CONFIG_ROWS], ids=lambda row: row.name)
def test_a_row_allows_what_kafka_allows(row: ConfigKey) -> None:
    facts = TOPIC_FACTS if row in TOPIC_CONFIG_ROWS else BROKER_FACTS
    valid = facts[row.name]["valid"]
    if not valid:
        assert row.check is None
        return
    allowed, refused = RANGES[valid]
    for text in allowed:
        row.parse(text)
    for text in refused:
        with pytest.raises(ConfigError, match=row.name):
            row.parse(text)


@pytest.mark.parametrize("row", GROUP_CONFIG_ROWS, ids=lambda row: row.name)
def test_a_group_row_has_type_default_and_broker_config_of_kafkas(row: ConfigKey) -> None:
    fact = GROUP_FACTS[row.name]
    assert row.type.name == fact["type"]
    assert [one.name for one in row.synonyms] == ([fact["synonym"]] if fact["synonym"] else [])
    broker_row = CONFIG_KEYS.get(fact["synonym"])
    assert row.acts is (broker_row is not None)
    default = row.default_text() if broker_row is None else broker_row.default_text()
    assert default == fact["default"]


def test_every_group_config_of_kafka_is_known() -> None:
    assert set(GROUP_CONFIG_KEYS) == set(GROUP_FACTS)


@pytest.mark.parametrize("name", GROUP_CONFIG_BOUNDS)
def test_the_limits_of_group_configs_are_kafkas(name: str) -> None:
    bounds = GROUP_CONFIG_BOUNDS[name]
    for limit, value in ((bounds.at_least, bounds.least), (bounds.at_most, bounds.most)):
        if limit is not None:
            assert BROKER_FACTS[limit]["default"] == str(value)


def test_client_metrics_have_types_and_defaults_of_kafkas() -> None:
    rows = {row.name: (row.type.name, row.default_text()) for row in CLIENT_METRICS_ROWS}
    assert rows == {name: (one["type"], one["default"]) for name, one in METRICS_FACTS.items()}


def test_what_kafka_changes_at_run_time_is_known() -> None:
    changes = {name for name, fact in BROKER_FACTS.items() if fact["read_only"] is False}
    secured = {name for name in changes if name.startswith(("ssl.", "sasl."))}
    plugged = {"config.providers", "principal.builder.class"}
    ours = {row.name for row in KAFKA_ROWS if row.dynamic} | FIXED_HERE
    assert changes - secured - plugged == ours | DYNAMIC_KAFKA_KEYS


def test_every_topic_config_of_kafka_is_known() -> None:
    assert set(TOPIC_CONFIG_KEYS) == set(TOPIC_FACTS)


def test_every_broker_config_of_kafka_is_known() -> None:
    assert {
        name for name in BROKER_FACTS if name not in CONFIG_KEYS and not is_known_to_kafka(name)
    } == set()
    assert not KAFKA_KEYS & set(CONFIG_KEYS)


def test_every_row_says_what_it_means_in_a_sentence() -> None:
    for row in (*BROKER_CONFIG_ROWS, *TOPIC_CONFIG_ROWS):
        assert row.documentation[0].isupper() or row.documentation.startswith("*")
        assert row.documentation.endswith((".", "never."))
        assert "|" not in row.documentation


def test_every_name_occurs_once() -> None:
    assert len(CONFIG_KEYS) == len(BROKER_CONFIG_ROWS)
    assert len(TOPIC_CONFIG_KEYS) == len(TOPIC_CONFIG_ROWS) + 1


def test_synonyms_are_rows() -> None:
    for row in TOPIC_CONFIG_ROWS:
        for synonym in row.synonyms:
            assert synonym.name in CONFIG_KEYS
        if not row.synonyms:
            assert row.default is not None
    for names in BROKER_SYNONYMS.values():
        assert set(names) <= set(CONFIG_KEYS)


PYTHON_TYPES = {
    ConfigType.BOOLEAN: bool,
    ConfigType.INT: int,
    ConfigType.LONG: int,
    ConfigType.SHORT: int,
    ConfigType.DOUBLE: float,
    ConfigType.STRING: str,
    ConfigType.LIST: tuple,
}


@pytest.mark.parametrize(
    "row", [row for row in BROKER_CONFIG_ROWS if row.acts], ids=lambda row: row.name
)
def test_every_row_that_acts_is_an_attribute_of_config(row: ConfigKey) -> None:
    attribute = row.name.replace(".", "_")
    value = getattr(Config(), attribute)
    if attribute in ("log_dir", "log_dirs", "listeners", "advertised_listeners") or value is None:
        return
    assert type(value) is PYTHON_TYPES[row.type]


def test_every_declared_attribute_of_config_is_set_with_its_type() -> None:
    config = Config()
    for attribute, declared in Config.__annotations__.items():
        value = getattr(config, attribute)
        if declared in (bool, int, str):
            assert type(value) is declared, attribute


def test_the_reference_page_is_current() -> None:
    page = Path(__file__).parents[3] / "docs" / "configuration.md"
    assert page.read_text() == reference_page(), (
        "run: python -m pybroker.configs.reference > docs/configuration.md"
    )
