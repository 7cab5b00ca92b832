"""DescribeConfigs over the wire: topics, brokers, and what is neither."""

from collections.abc import Callable
from typing import Any

import pytest

from pybroker import Broker
from pybroker.configs.keys import CONFIG_KEYS
from pybroker.configs.topic_keys import TOPIC_CONFIG_KEYS
from pybroker.errors import ErrorCode
from pybroker.protocol.describe_configs import DescribeConfigsRequest
from tests.support.raw_client import RawClient, create_topic

TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP = 2, 4, 8, 16, 32
DYNAMIC_TOPIC, STATIC, DEFAULT = 1, 4, 5
LAST_VERSION = 4


def describe(
    client: RawClient,
    *resources: tuple[int, str],
    keys: list[str] | None = None,
    version: int = LAST_VERSION,
    **flags: bool,
) -> list[Any]:
    request = DescribeConfigsRequest(
        resources=[
            DescribeConfigsRequest.DescribeConfigsResource(
                resource_type=resource_type, resource_name=name, configuration_keys=keys
            )
            for resource_type, name in resources
        ],
        **flags,
    )
    results: list[Any] = client.ask(request, version).results
    assert [(one.resource_type, one.resource_name) for one in results] == list(resources)
    return results


def configs(result: Any) -> dict[str, Any]:
    assert result.error_code == ErrorCode.NONE, result
    return {config.name: config for config in result.configs}


def test_a_topic_lists_what_acts_and_what_was_set(client: RawClient) -> None:
    create_topic(client, "t", configs=[("retention.ms", "5"), ("segment.ms", "7")])
    found = configs(describe(client, (TOPIC, "t"))[0])
    acting = {name for name, row in TOPIC_CONFIG_KEYS.items() if row.acts and row.synonyms}
    assert set(found) == acting | {"retention.ms"}
    assert (found["retention.ms"].value, found["retention.ms"].config_source) == (
        "5",
        DYNAMIC_TOPIC,
    )
    assert (found["segment.ms"].value, found["segment.ms"].config_source) == ("7", DYNAMIC_TOPIC)
    assert (found["flush.messages"].value, found["flush.messages"].config_source) == (
        "9223372036854775807",
        DEFAULT,
    )
    assert not any(one.read_only or one.is_sensitive or one.synonyms for one in found.values())


def test_a_broker_lists_what_acts(client: RawClient) -> None:
    found = configs(describe(client, (BROKER, "1"))[0])
    acting = {name for name, row in CONFIG_KEYS.items() if row.acts}
    assert set(found) == acting
    assert found["node.id"].value == "1"
    assert found["log.dirs"].config_source == STATIC
    assert found["num.partitions"].read_only
    assert not found["message.max.bytes"].read_only


@pytest.mark.parametrize("keys", [["segment.ms", "no.such.key"], ["segment.ms"]])
def test_only_the_keys_asked_for_are_listed(client: RawClient, keys: list[str]) -> None:
    create_topic(client, "t")
    assert list(configs(describe(client, (TOPIC, "t"), keys=keys)[0])) == ["segment.ms"]


def test_no_keys_at_all_are_all_keys(client: RawClient) -> None:
    assert configs(describe(client, (BROKER, "1"), keys=[])[0])


def test_synonyms_come_in_the_order_in_which_they_win(start_broker: Callable[..., Broker]) -> None:
    broker = start_broker(settings={"message.max.bytes": "1000"})
    with RawClient(broker.bootstrap_servers) as client:
        create_topic(client, "t", configs=[("max.message.bytes", "500")])
        result = describe(client, (TOPIC, "t"), keys=["max.message.bytes"], include_synonyms=True)[
            0
        ]
    config = configs(result)["max.message.bytes"]
    assert [(one.name, one.value, one.source) for one in config.synonyms] == [
        ("max.message.bytes", "500", DYNAMIC_TOPIC),
        ("message.max.bytes", "1000", STATIC),
        ("message.max.bytes", "1048588", DEFAULT),
    ]


@pytest.mark.parametrize("version", range(1, LAST_VERSION + 1))
def test_every_version_says_the_same(client: RawClient, version: int) -> None:
    flags = {"include_documentation": True} if version >= 3 else {}
    result = describe(client, (BROKER, "1"), version=version, include_synonyms=True, **flags)[0]
    found = configs(result)["num.partitions"]
    assert (found.value, found.config_source, found.read_only) == ("1", DEFAULT, True)
    assert [(one.name, one.value, one.source) for one in found.synonyms] == [
        ("num.partitions", "1", DEFAULT)
    ]
    row = CONFIG_KEYS["num.partitions"]
    if version >= 3:
        assert (found.config_type, found.documentation) == (row.type, row.documentation)


def test_documentation_is_left_out_unless_asked_for(client: RawClient) -> None:
    found = configs(describe(client, (BROKER, "1"))[0])
    assert {one.documentation for one in found.values()} == {None}


REFUSED = [
    ((TOPIC, "absent"), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, None),
    ((TOPIC, "not a name"), ErrorCode.INVALID_TOPIC_EXCEPTION, "is invalid"),
    ((TOPIC, ""), ErrorCode.INVALID_TOPIC_EXCEPTION, "is invalid"),
    (
        (BROKER, "99"),
        ErrorCode.INVALID_REQUEST,
        "Unexpected broker id, expected 1 or empty string, but received 99",
    ),
    (
        (BROKER, "one"),
        ErrorCode.INVALID_REQUEST,
        "Broker id must be an integer, but it is: one",
    ),
    ((BROKER_LOGGER, ""), ErrorCode.INVALID_REQUEST, "Broker id must not be empty"),
    (
        (BROKER_LOGGER, "99"),
        ErrorCode.INVALID_REQUEST,
        "Unexpected broker id, expected 1 but received 99",
    ),
    (
        (CLIENT_METRICS, ""),
        ErrorCode.INVALID_REQUEST,
        "Client metrics subscription name must not be empty",
    ),
    ((GROUP, ""), ErrorCode.INVALID_REQUEST, "Group name must not be empty"),
]


@pytest.mark.parametrize(("resource", "code", "message"), REFUSED)
def test_a_resource_that_is_not_there_has_an_error_of_its_own(
    client: RawClient, resource: tuple[int, str], code: ErrorCode, message: str | None
) -> None:
    refused, answered = describe(client, resource, (BROKER, "1"))
    assert refused.error_code == code
    assert refused.configs == []
    assert (refused.error_message == "") if message is None else (message in refused.error_message)
    assert answered.error_message == ""
    assert configs(answered)


def test_for_all_nodes_nothing_is_set_at_first(client: RawClient) -> None:
    assert configs(describe(client, (BROKER, ""))[0]) == {}


def test_a_group_need_not_exist_to_have_configs(client: RawClient) -> None:
    found = configs(describe(client, (GROUP, "g"))[0])
    assert {name: config.value for name, config in found.items()} == {
        "consumer.assignment.interval.ms": "1000",
        "consumer.heartbeat.interval.ms": "5000",
        "consumer.session.timeout.ms": "45000",
    }
    assert {config.config_source for config in found.values()} == {DEFAULT}


def test_a_subscription_of_client_metrics_need_not_exist(client: RawClient) -> None:
    found = configs(describe(client, (CLIENT_METRICS, "m"))[0])
    assert {name: config.value for name, config in found.items()} == {
        "interval.ms": "300000",
        "match": "",
        "metrics": "",
    }


def test_loggers_have_levels(client: RawClient) -> None:
    found = configs(describe(client, (BROKER_LOGGER, "1"))[0])
    assert found["root"].value in {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}
    assert "pybroker.broker" in found


def test_a_resource_type_that_does_not_exist_refuses_the_whole_request(client: RawClient) -> None:
    for result in describe(client, (BROKER, "1"), (99, "x")):
        assert result.error_code == ErrorCode.INVALID_REQUEST
        assert result.error_message == "Unexpected resource type UNKNOWN for resource x"


def test_a_topic_is_found_as_soon_as_it_is_there(client: RawClient) -> None:
    assert describe(client, (TOPIC, "t"))[0].error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    create_topic(client, "t")
    assert configs(describe(client, (TOPIC, "t"))[0])


def test_each_node_describes_itself_only(start_broker: Callable[..., Broker]) -> None:
    broker = start_broker(settings={"pybroker.brokers": "2"})
    for address, own, other in zip(
        broker.bootstrap_servers.split(","), ("1", "2"), ("2", "1"), strict=True
    ):
        with RawClient(address) as client:
            mine, theirs = describe(client, (BROKER, own), (BROKER, other))
        assert configs(mine)["node.id"].value == own
        assert theirs.error_code == ErrorCode.INVALID_REQUEST
