"""IncrementalAlterConfigs over the wire: single configs of topics, groups and the rest."""

from collections.abc import Callable

import pytest

from pybroker import Broker
from pybroker.errors import ErrorCode
from tests.support.alter_configs import (
    APPEND,
    BROKER,
    DELETE,
    GROUP,
    OK,
    SUBTRACT,
    TOPIC,
    Change,
    alter,
    alter_all,
    described,
    values,
)
from tests.support.raw_client import RawClient, create_topic

HEARTBEAT = "consumer.heartbeat.interval.ms"
SESSION = "consumer.session.timeout.ms"
POLICY = "cleanup.policy"
TOPIC_CONFIG, GROUP_CONFIG, DEFAULT = 1, 8, 5


@pytest.mark.parametrize("version", [0, 1])
def test_a_topics_config_is_set_and_deleted(client: RawClient, version: int) -> None:
    create_topic(client, "t")
    assert alter(client, TOPIC, "t", ("retention.ms", "5"), version=version) == OK
    config = described(client, TOPIC, "t")["retention.ms"]
    assert (config.value, config.config_source) == ("5", TOPIC_CONFIG)
    assert [(one.name, one.value) for one in config.synonyms] == [("retention.ms", "5")]
    assert alter(client, TOPIC, "t", ("retention.ms", None, DELETE), version=version) == OK
    assert described(client, TOPIC, "t")["retention.ms"].config_source == DEFAULT


def test_what_is_not_named_stays(client: RawClient) -> None:
    create_topic(client, "t", configs=[("retention.ms", "5"), ("flush.ms", "6")])
    assert alter(client, TOPIC, "t", ("flush.ms", "7")) == OK
    assert values(client, TOPIC, "t", "retention.ms", "flush.ms") == ("5", "7")


def test_items_are_added_to_a_list_and_taken_from_it(client: RawClient) -> None:
    create_topic(client, "t")
    for value, operation, result in (
        ("compact", APPEND, "delete,compact"),
        ("delete,compact", APPEND, "delete,compact"),
        ("delete", SUBTRACT, "compact"),
        ("delete", SUBTRACT, "compact"),
        ("compact", SUBTRACT, ""),
    ):
        assert alter(client, TOPIC, "t", (POLICY, value, operation)) == OK
        assert values(client, TOPIC, "t", POLICY) == (result,)


def test_a_resource_changes_whole_or_not_at_all(client: RawClient) -> None:
    create_topic(client, "t")
    code, message = alter(client, TOPIC, "t", ("flush.ms", "7"), ("segment.bytes", "few"))
    assert code == ErrorCode.INVALID_CONFIG
    assert message == "Invalid value few for configuration segment.bytes: Not a number of type INT"
    assert described(client, TOPIC, "t")["flush.ms"].config_source == DEFAULT


def test_each_resource_has_an_outcome_of_its_own(client: RawClient) -> None:
    create_topic(client, "t")
    changes: list[Change] = [("flush.ms", "7")]
    group: list[Change] = [(HEARTBEAT, "7000")]
    outcomes = alter_all(
        client,
        (TOPIC, "absent", changes),
        (TOPIC, "t", changes),
        (GROUP, "t", group),
        (GROUP, "twice", group),
        (GROUP, "twice", group),
    )
    twice = (ErrorCode.INVALID_REQUEST, "Each resource must appear at most once.")
    absent = (ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "The topic 'absent' does not exist.")
    assert outcomes == [absent, OK, OK, twice, twice]
    assert values(client, TOPIC, "t", "flush.ms") == ("7",)
    assert values(client, GROUP, "t", HEARTBEAT) == ("7000",)
    assert values(client, GROUP, "twice", HEARTBEAT) == ("5000",)


def test_what_is_only_validated_does_not_change(client: RawClient) -> None:
    create_topic(client, "t")
    assert alter(client, TOPIC, "t", ("flush.ms", "7"), validate_only=True) == OK
    assert alter(client, GROUP, "g", (HEARTBEAT, "7000"), validate_only=True) == OK
    code, _ = alter(client, TOPIC, "t", ("flush.ms", "soon"), validate_only=True)
    assert code == ErrorCode.INVALID_CONFIG
    assert described(client, TOPIC, "t")["flush.ms"].config_source == DEFAULT
    assert values(client, GROUP, "g", HEARTBEAT) == ("5000",)


REFUSED: list[tuple[int, str, list[Change], ErrorCode, str]] = [
    (
        TOPIC,
        "t",
        [("flush.ms", "1"), ("flush.ms", None, DELETE)],
        ErrorCode.INVALID_REQUEST,
        "Error due to duplicate config keys",
    ),
    (
        TOPIC,
        "t",
        [("flush.ms", None), ("retention.ms", None)],
        ErrorCode.INVALID_REQUEST,
        "Null value not supported for : flush.ms, retention.ms",
    ),
    (TOPIC, "t", [("flush.ms", "1", 4)], ErrorCode.INVALID_REQUEST, "Unknown operations type 4"),
    (
        TOPIC,
        "t",
        [("flush.ms", "1", APPEND)],
        ErrorCode.INVALID_CONFIG,
        "Can't APPEND to key flush.ms because its type is not LIST.",
    ),
    (
        TOPIC,
        "t",
        [("no.such", "1")],
        ErrorCode.INVALID_CONFIG,
        "Unknown topic config name: no.such",
    ),
    (
        TOPIC,
        "t",
        [("min.compaction.lag.ms", "2"), ("max.compaction.lag.ms", "1")],
        ErrorCode.INVALID_CONFIG,
        "conflict topic config setting min.compaction.lag.ms (2) > max.compaction.lag.ms (1)",
    ),
    (
        TOPIC,
        "",
        [("flush.ms", "1")],
        ErrorCode.INVALID_REQUEST,
        "Default topic resources are not allowed.",
    ),
    (
        TOPIC,
        "..",
        [("flush.ms", "1")],
        ErrorCode.INVALID_TOPIC_EXCEPTION,
        "Topic name is invalid: '..' is not allowed",
    ),
    (
        GROUP,
        "",
        [(HEARTBEAT, "7000")],
        ErrorCode.INVALID_REQUEST,
        "Default group resources are not allowed.",
    ),
    (
        GROUP,
        "g",
        [(HEARTBEAT, "4999")],
        ErrorCode.INVALID_CONFIG,
        f"{HEARTBEAT} must be greater than or equal to group.consumer.min.heartbeat.interval.ms",
    ),
    (
        GROUP,
        "g",
        [(SESSION, "60001")],
        ErrorCode.INVALID_CONFIG,
        f"{SESSION} must be less than or equal to group.consumer.max.session.timeout.ms",
    ),
    (
        GROUP,
        "g",
        [("flush.ms", "1")],
        ErrorCode.INVALID_CONFIG,
        "Unknown group config name: flush.ms",
    ),
    (99, "x", [("flush.ms", "1")], ErrorCode.INVALID_REQUEST, "Unknown resource type 99"),
]


@pytest.mark.parametrize(("kind", "name", "changes", "code", "message"), REFUSED)
def test_what_cannot_be_is_refused_in_kafkas_words(
    client: RawClient, kind: int, name: str, changes: list[Change], code: ErrorCode, message: str
) -> None:
    create_topic(client, "t")
    assert alter(client, kind, name, *changes) == (code, message)


def test_a_groups_config_is_described_with_the_brokers_behind_it(client: RawClient) -> None:
    assert alter(client, GROUP, "g", (HEARTBEAT, "7000")) == OK
    config = described(client, GROUP, "g")[HEARTBEAT]
    assert (config.value, config.config_source, config.read_only) == ("7000", GROUP_CONFIG, False)
    assert [(one.name, one.value, one.source) for one in config.synonyms] == [
        (HEARTBEAT, "7000", GROUP_CONFIG),
        (f"group.{HEARTBEAT}", "5000", DEFAULT),
    ]


def test_a_session_must_outlast_a_heartbeat(start_broker: Callable[..., Broker]) -> None:
    settings = {"group.consumer.min.session.timeout.ms": "10000"}
    with RawClient(start_broker(settings=settings).bootstrap_servers) as client:
        assert alter(client, GROUP, "g", (HEARTBEAT, "15000")) == OK
        assert alter(client, GROUP, "g", (SESSION, "15000")) == (
            ErrorCode.INVALID_CONFIG,
            f"{SESSION} must be greater than {HEARTBEAT}",
        )
        assert alter(client, GROUP, "g", (SESSION, "15001")) == OK


def test_configs_of_groups_that_are_not_served_are_checked_and_kept(client: RawClient) -> None:
    key = "share.heartbeat.interval.ms"
    assert key not in described(client, GROUP, "g")
    assert alter(client, GROUP, "g", (key, "6000")) == OK
    assert values(client, GROUP, "g", key) == ("6000",)
    code, message = alter(client, GROUP, "g", (key, "1"))
    assert (code, message) == (
        ErrorCode.INVALID_CONFIG,
        f"{key} must be greater than or equal to group.share.min.heartbeat.interval.ms",
    )
    for value in ("earliest", "by_duration:P1DT2H", "by_duration:PT1.5S"):
        assert alter(client, GROUP, "g", ("share.auto.offset.reset", value)) == OK
    for value in ("never", "by_duration:", "by_duration:P", "by_duration:PT", "by_duration:-P1D"):
        code, _ = alter(client, GROUP, "g", ("share.auto.offset.reset", value))
        assert code == ErrorCode.INVALID_CONFIG, value


def test_altered_configs_survive_a_restart(restart_broker: Callable[[], Broker]) -> None:
    with RawClient(restart_broker().bootstrap_servers) as client:
        create_topic(client, "t", configs=[("retention.ms", "5")])
        assert alter(client, TOPIC, "t", ("flush.ms", "7"), ("retention.ms", None, DELETE)) == OK
        assert alter(client, GROUP, "g", (HEARTBEAT, "7000")) == OK
        assert alter(client, GROUP, "gone", (HEARTBEAT, "7000")) == OK
        assert alter(client, GROUP, "gone", (HEARTBEAT, None, DELETE)) == OK
    with RawClient(restart_broker().bootstrap_servers) as client:
        assert values(client, TOPIC, "t", "flush.ms", "retention.ms") == ("7", "604800000")
        assert values(client, GROUP, "g", HEARTBEAT) == ("7000",)
        assert values(client, GROUP, "gone", HEARTBEAT) == ("5000",)
        assert described(client, BROKER, "1")["message.max.bytes"].config_source == DEFAULT
