"""ConsumerGroupHeartbeat against a broker: raw frames in, exact fields out."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.groups.configs import GroupConfigs
from pybroker.protocol.consumer_group_heartbeat import (
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
)
from pybroker.protocol.delete_topics import DeleteTopicsRequest
from tests.support.raw_client import RawClient, create_topic
from tests.support.waiting import wait_until


def first(member_id: str, *names: str, **fields: object) -> ConsumerGroupHeartbeatRequest:
    """What a member says when it joins."""
    whole: dict[str, object] = {
        "group_id": "group",
        "member_id": member_id,
        "rebalance_timeout_ms": 60_000,
        "subscribed_topic_names": list(names),
        "topic_partitions": [],
        **fields,
    }
    return ConsumerGroupHeartbeatRequest(**whole)  # type: ignore[arg-type]


def later(member_id: str, epoch: int, **fields: object) -> ConsumerGroupHeartbeatRequest:
    """What a member says when nothing happens."""
    return ConsumerGroupHeartbeatRequest(
        group_id="group",
        member_id=member_id,
        member_epoch=epoch,
        **fields,  # type: ignore[arg-type]
    )


def partitions(answer: ConsumerGroupHeartbeatResponse) -> list[int] | None:
    assert answer.error_code == 0, answer
    if answer.assignment is None:
        return None
    return [index for each in answer.assignment.topic_partitions for index in each.partitions]


@pytest.mark.parametrize("version", range(2))
def test_a_member_joins_lives_and_leaves(group_client, version):
    topic_id = create_topic(group_client, "orders", 2)
    answer = group_client.ask(first("" if version == 0 else "one", "orders"), version)
    assert partitions(answer) == [0, 1]
    assert answer.assignment.topic_partitions[0].topic_id == topic_id
    assert (answer.member_id == "one") is (version == 1)
    member_id, epoch = answer.member_id, answer.member_epoch
    answer = group_client.ask(later(member_id, epoch), version)
    assert (partitions(answer), answer.member_epoch) == (None, epoch)
    answer = group_client.ask(later(member_id, -1), version)
    assert (answer.error_code, answer.member_epoch) == (0, -1)
    answer = group_client.ask(later(member_id, epoch), version)
    assert answer.error_code == ErrorCode.UNKNOWN_MEMBER_ID
    assert answer.error_message == f"Member {member_id} is not a member of group group."


def test_a_member_that_has_nothing_to_expect_comes_rarely(group_client):
    create_topic(group_client, "orders", 2)
    answer = group_client.ask(first("one", "orders"), 1)
    short_ms = GroupConfigs().pybroker_consumer_reconciliation_heartbeat_interval_ms
    assert answer.heartbeat_interval_ms == short_ms
    wait_until(
        lambda: group_client.ask(later("one", answer.member_epoch), 1).heartbeat_interval_ms > 100
    )


def test_topics_that_come_and_go_are_noticed_at_the_next_heartbeat(group_client):
    request = first("one", subscribed_topic_names=None, subscribed_topic_regex="or.*")
    answer = group_client.ask(request, 1)
    assert partitions(answer) == []
    create_topic(group_client, "orders", 3)
    answer = group_client.ask(later("one", answer.member_epoch), 1)
    assert partitions(answer) == [0, 1, 2]
    group_client.ask(DeleteTopicsRequest(topic_names=["orders"], timeout_ms=30_000), 5)
    assert partitions(group_client.ask(later("one", answer.member_epoch), 1)) == []


def test_a_member_survives_a_restart_of_the_broker(restart_broker):
    with RawClient(restart_broker().bootstrap_servers) as client:
        create_topic(client, "orders", 2)
        epoch = client.ask(first("one", "orders"), 1).member_epoch
    with RawClient(restart_broker().bootstrap_servers) as client:
        answer = client.ask(later("one", epoch), 1)
    assert (partitions(answer), answer.member_epoch) == (None, epoch)
