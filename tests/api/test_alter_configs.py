"""AlterConfigs over the wire: all configs of a resource replaced."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.protocol.alter_configs import AlterConfigsRequest
from tests.support.alter_configs import GROUP, OK, TOPIC, described, replace, values
from tests.support.raw_client import RawClient, create_topic

HEARTBEAT = "consumer.heartbeat.interval.ms"
DEFAULT = 5


@pytest.mark.parametrize("version", [0, 1, 2])
def test_what_is_not_named_has_its_default_again(client: RawClient, version: int) -> None:
    create_topic(client, "t", configs=[("retention.ms", "5"), ("flush.ms", "6")])
    configs: dict[str, str | None] = {"flush.ms": "7", "segment.ms": "8"}
    assert replace(client, TOPIC, "t", configs, version=version) == OK
    assert values(client, TOPIC, "t", "flush.ms", "segment.ms") == ("7", "8")
    assert described(client, TOPIC, "t")["retention.ms"].config_source == DEFAULT
    assert replace(client, TOPIC, "t", {}, version=version) == OK
    assert values(client, TOPIC, "t", "segment.ms") == ("604800000",)


def test_a_refusal_leaves_everything_as_it_is(client: RawClient) -> None:
    create_topic(client, "t", configs=[("flush.ms", "6")])
    for configs in ({"segment.ms": "soon"}, {"no.such": "1"}):
        assert replace(client, TOPIC, "t", configs)[0] == ErrorCode.INVALID_CONFIG
    null = (ErrorCode.INVALID_REQUEST, "Null value not supported for : flush.ms")
    assert replace(client, TOPIC, "t", {"flush.ms": None}) == null
    assert replace(client, TOPIC, "t", {"flush.ms": "9"}, validate_only=True) == OK
    assert values(client, TOPIC, "t", "flush.ms") == ("6",)


def test_a_groups_configs_are_replaced(client: RawClient) -> None:
    session = "consumer.session.timeout.ms"
    assert replace(client, GROUP, "g", {HEARTBEAT: "7000", session: "50000"}) == OK
    assert replace(client, GROUP, "g", {HEARTBEAT: "8000"}) == OK
    assert values(client, GROUP, "g", HEARTBEAT, session) == ("8000", "45000")


def test_a_key_twice_is_refused(client: RawClient) -> None:
    entry = AlterConfigsRequest.AlterableConfig(name="flush.ms", value="1")
    resource = AlterConfigsRequest.AlterConfigsResource(
        resource_type=TOPIC, resource_name="t", configs=[entry, entry]
    )
    (response,) = client.ask(AlterConfigsRequest(resources=[resource]), 2).responses
    assert response.error_code == ErrorCode.INVALID_REQUEST
    assert response.error_message == "Error due to duplicate config keys"


def test_levels_of_loggers_cannot_be_replaced(client: RawClient) -> None:
    unknown = (ErrorCode.INVALID_REQUEST, "Unknown resource type 8")
    assert replace(client, 8, "1", {"root": "INFO"}) == unknown
