"""DescribeCluster against a broker: raw frames in, exact fields out."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.protocol.describe_cluster import DescribeClusterRequest
from tests.support.raw_client import RawClient


@pytest.mark.parametrize("version", range(3))
def test_the_cluster_is_described(broker, client, version):
    response = client.ask(DescribeClusterRequest(), version)
    host, port = client.socket.getpeername()[:2]
    assert (response.error_code, response.error_message) == (ErrorCode.NONE, None)
    assert (response.cluster_id, response.controller_id) == (broker.cluster_id, 1)
    assert len(response.cluster_id) == 22
    assert [
        (node.broker_id, node.host, node.port, node.rack, node.is_fenced)
        for node in response.brokers
    ] == [(1, host, port, None, False)]
    assert response.cluster_authorized_operations == -0x8000_0000


@pytest.mark.parametrize("version", range(3))
def test_operations_are_told_when_asked_for(client, version):
    request = DescribeClusterRequest(include_cluster_authorized_operations=True)
    assert client.ask(request, version).cluster_authorized_operations == 0b1_1111_1010_0000


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    ("endpoint_type", "code", "message"),
    [
        (
            2,
            ErrorCode.MISMATCHED_ENDPOINT_TYPE,
            (
                "The request was sent to an endpoint of type BROKER, but we wanted an endpoint"
                " of type CONTROLLER"
            ),
        ),
        (3, ErrorCode.UNSUPPORTED_ENDPOINT_TYPE, "Unsupported endpoint type 3"),
    ],
)
def test_only_brokers_are_described(client, version, endpoint_type, code, message):
    response = client.ask(DescribeClusterRequest(endpoint_type=endpoint_type), version)
    assert (response.error_code, response.error_message) == (code, message)
    assert response.brokers == []


def test_every_node_is_described(start_broker):
    broker = start_broker(settings={"pybroker.brokers": "3"})
    with RawClient(broker.bootstrap_servers.split(",")[2]) as client:
        response = client.ask(DescribeClusterRequest(), 2)
        assert [node.broker_id for node in response.brokers] == [1, 2, 3]
        assert response.controller_id == 1
