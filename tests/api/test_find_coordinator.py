"""FindCoordinator against a broker: raw frames in, exact fields out."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.protocol.find_coordinator import FindCoordinatorRequest
from pybroker.protocol.heartbeat import HeartbeatRequest
from tests.support.raw_client import RawClient

GROUP, TRANSACTION, SHARE = range(3)


def endpoint(client):
    host, port = client.socket.getpeername()[:2]
    return host, port


@pytest.mark.parametrize("version", range(4))
def test_one_key(client, version):
    answer = client.ask(FindCoordinatorRequest(key="group"), version)
    assert (answer.error_code, answer.node_id) == (0, 1)
    assert (answer.host, answer.port) == endpoint(client)
    assert answer.error_message == (None if version == 0 else "NONE")


@pytest.mark.parametrize("version", [4, 5, 6])
@pytest.mark.parametrize("key_type", [GROUP, TRANSACTION])
def test_several_keys(client, version, key_type):
    request = FindCoordinatorRequest(key_type=key_type, coordinator_keys=["a", "b", "a"])
    answer = client.ask(request, version)
    assert [each.key for each in answer.coordinators] == ["a", "b", "a"]
    for each in answer.coordinators:
        assert (each.error_code, each.error_message, each.node_id) == (0, "", 1)
        assert (each.host, each.port) == endpoint(client)


@pytest.mark.parametrize("key_type", [SHARE, 9, -1])
def test_other_types_have_no_coordinator(client, key_type):
    answer = client.ask(FindCoordinatorRequest(key="a", key_type=key_type), 3)
    assert (answer.error_code, answer.node_id, answer.host, answer.port) == (
        ErrorCode.INVALID_REQUEST,
        -1,
        "",
        -1,
    )
    request = FindCoordinatorRequest(coordinator_keys=["a"], key_type=key_type)
    (coordinator,) = client.ask(request, 6).coordinators
    assert (coordinator.error_code, coordinator.node_id) == (ErrorCode.INVALID_REQUEST, -1)
    assert coordinator.error_message.startswith("This most likely occurs because of a request")


def test_several_nodes_share_the_groups(start_broker):
    broker = start_broker(settings={"pybroker.brokers": "3"})
    keys = [f"group-{number}" for number in range(60)]
    with RawClient(broker.bootstrap_servers) as client:
        found = client.ask(FindCoordinatorRequest(coordinator_keys=keys), 6).coordinators
    ports = {each.node_id: each.port for each in found}
    assert sorted(ports) == [1, 2, 3]
    assert len(set(ports.values())) == 3
    here, there = found[0], next(each for each in found if each.node_id != found[0].node_id)
    with RawClient(f"{here.host}:{here.port}") as client:
        for key, code in (
            (here.key, ErrorCode.UNKNOWN_MEMBER_ID),
            (there.key, ErrorCode.NOT_COORDINATOR),
        ):
            request = HeartbeatRequest(group_id=key, generation_id=1, member_id="m")
            assert client.ask(request, 4).error_code == code
