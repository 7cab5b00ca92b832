"""ListConfigResources over the wire: which resources have configs."""

from collections.abc import Callable

from pybroker import Broker
from pybroker.errors import ErrorCode
from pybroker.protocol.list_config_resources import ListConfigResourcesRequest
from pybroker.protocol.list_groups import ListGroupsRequest
from tests.support.alter_configs import (
    BROKER,
    BROKER_LOGGER,
    CLIENT_METRICS,
    DELETE,
    GROUP,
    OK,
    TOPIC,
    alter,
)
from tests.support.raw_client import RawClient, create_topic

HEARTBEAT = "consumer.heartbeat.interval.ms"


def listed(client: RawClient, *types: int, version: int = 1) -> list[tuple[int, str]]:
    request = ListConfigResourcesRequest(resource_types=list(types))
    response = client.ask(request, version)
    assert response.error_code == ErrorCode.NONE
    return [(one.resource_type, one.resource_name) for one in response.config_resources]


def test_topics_are_listed_with_or_without_configs(client: RawClient) -> None:
    create_topic(client, "b")
    create_topic(client, "a", configs=[("flush.ms", "1")])
    assert listed(client, TOPIC, TOPIC) == [(TOPIC, "a"), (TOPIC, "b")]


def test_groups_are_listed_when_they_have_configs(client: RawClient) -> None:
    assert listed(client, GROUP) == []
    assert alter(client, GROUP, "g", (HEARTBEAT, "7000")) == OK
    assert listed(client, GROUP) == [(GROUP, "g")]
    assert client.ask(ListGroupsRequest(), 5).groups == []
    assert alter(client, GROUP, "g", (HEARTBEAT, None, DELETE)) == OK
    assert listed(client, GROUP) == []


def test_no_types_are_all_types(start_broker: Callable[..., Broker]) -> None:
    broker = start_broker(settings={"pybroker.brokers": "2"})
    with RawClient(broker.bootstrap_servers) as client:
        create_topic(client, "t")
        assert listed(client) == [
            (TOPIC, "t"),
            *((BROKER, str(node_id)) for node_id in (1, 2)),
            *((BROKER_LOGGER, str(node_id)) for node_id in (1, 2)),
        ]


def test_version_0_lists_client_metrics(client: RawClient) -> None:
    create_topic(client, "t")
    response = client.ask(ListConfigResourcesRequest(), 0)
    assert (response.error_code, response.config_resources) == (ErrorCode.NONE, [])


def test_a_type_that_there_is_not_refuses_the_request(client: RawClient) -> None:
    for types in ([99], [TOPIC, 0]):
        response = client.ask(ListConfigResourcesRequest(resource_types=types), 1)
        assert response.error_code == ErrorCode.UNSUPPORTED_VERSION
        assert response.config_resources == []
    assert listed(client, CLIENT_METRICS) == []
