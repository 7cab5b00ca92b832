"""Several nodes in one process: who leads what, and what the others say (KIP-951)."""

from collections.abc import Callable

import pytest

from compat.differential.record_batches import Batch
from pybroker import Broker
from pybroker.protocol.error_codes import ErrorCode
from pybroker.protocol.fetch import FetchRequest
from pybroker.protocol.find_coordinator import FindCoordinatorRequest
from pybroker.protocol.join_group import JoinGroupRequest
from pybroker.protocol.metadata import MetadataRequest
from pybroker.protocol.produce import ProduceRequest
from tests.support.raw_client import RawClient, create_topic


@pytest.fixture
def nodes(start_broker: Callable[..., Broker]) -> Broker:
    """Three nodes."""
    return start_broker(settings={"pybroker.brokers": "3"})


def test_a_produce_to_the_wrong_node_is_told_who_leads_and_where(nodes: Broker) -> None:
    leader_id, wrong = leader_and_another(nodes)
    with RawClient(address(nodes, wrong)) as client:
        partition = ProduceRequest.PartitionProduceData(index=0, records=Batch().build())
        topic = ProduceRequest.TopicProduceData(name="t", partition_data=[partition])
        answer = client.ask(ProduceRequest(acks=-1, timeout_ms=1000, topic_data=[topic]), 12)
    (refused,) = answer.responses[0].partition_responses
    assert refused.error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert refused.current_leader.leader_id == leader_id
    assert [(node.node_id, f"{node.host}:{node.port}") for node in answer.node_endpoints] == [
        (leader_id, address(nodes, leader_id))
    ]


def test_a_fetch_from_the_wrong_node_is_told_who_leads_and_where(nodes: Broker) -> None:
    leader_id, wrong = leader_and_another(nodes)
    topic_id = nodes.topics.by_name["t"].topic_id
    partition = FetchRequest.FetchPartition(partition=0, partition_max_bytes=1000)
    topic = FetchRequest.FetchTopic(topic_id=topic_id, partitions=[partition])
    with RawClient(address(nodes, wrong)) as client:
        answer = client.ask(FetchRequest(topics=[topic], max_bytes=1000), 16)
    (refused,) = answer.responses[0].partitions
    assert refused.error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert refused.current_leader.leader_id == leader_id
    assert [(node.node_id, f"{node.host}:{node.port}") for node in answer.node_endpoints] == [
        (leader_id, address(nodes, leader_id))
    ]


def test_a_group_is_served_by_its_coordinator_only(nodes: Broker) -> None:
    with RawClient(address(nodes, nodes.node_ids[0])) as client:
        (found,) = client.ask(FindCoordinatorRequest(coordinator_keys=["g"]), 4).coordinators
    join = JoinGroupRequest(
        group_id="g",
        session_timeout_ms=10_000,
        rebalance_timeout_ms=10_000,
        protocol_type="consumer",
        protocols=[JoinGroupRequest.Protocol(name="range", metadata=b"")],
    )
    answers = {}
    for node_id in nodes.node_ids:
        with RawClient(address(nodes, node_id)) as client:
            answers[node_id] = ErrorCode(client.ask(join, 4).error_code)
    elsewhere = {node_id for node_id in nodes.node_ids if node_id != found.node_id}
    assert answers[found.node_id] == ErrorCode.MEMBER_ID_REQUIRED
    assert {answers[node_id] for node_id in elsewhere} == {ErrorCode.NOT_COORDINATOR}


def leader_and_another(nodes: Broker) -> tuple[int, int]:
    """Create a topic, and give its leader and a node that is not."""
    with RawClient(nodes.bootstrap_servers) as client:
        create_topic(client, "t")
        answer = client.ask(MetadataRequest(topics=[MetadataRequest.Topic(name="t")]), 9)
    leader_id = answer.topics[0].partitions[0].leader_id
    return leader_id, next(node_id for node_id in nodes.node_ids if node_id != leader_id)


def address(nodes: Broker, node_id: int) -> str:
    return f"127.0.0.1:{port(nodes, node_id)}"


def port(nodes: Broker, node_id: int) -> int:
    return next(each.listener.port for each in nodes.endpoints if each.node_id == node_id)
