"""ConsumerGroupHeartbeat: joining, and requests that make no sense."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.groups.consumer.state import ConsumerGroupState, MemberState
from pybroker.groups.rebalances import RebalanceReason
from pybroker.store import StoreError
from pybroker.store.consumer_groups import (
    ConsumerAssignmentSet,
    ConsumerGroupSet,
    ConsumerMemberSet,
    ConsumerTargetSet,
)
from tests.support.consumer_bench import ConsumerBench, partitions_of, refusal, told

FIRST = {"topics": ["orders"], "owned": {}, "rebalance_ms": 1_000}


def test_the_first_member_has_everything_at_once(bench: ConsumerBench) -> None:
    answer = bench.join_consumer("one")
    assert told(answer) == {"orders": [0, 1, 2, 3]}
    assert (answer.member_id, answer.member_epoch) == ("one", 2)
    assert bench.group_state() is ConsumerGroupState.STABLE
    assert [type(change) for change in bench.take_changes()] == [
        ConsumerMemberSet,
        ConsumerGroupSet,
        ConsumerTargetSet,
        ConsumerGroupSet,
        ConsumerAssignmentSet,
    ]
    assert bench.coordinator.rebalances.by_reason[RebalanceReason.MEMBER_JOINED] == 1


def test_a_heartbeat_in_which_nothing_happens_stores_nothing(bench: ConsumerBench) -> None:
    bench.join_consumer("one")
    bench.take_changes()
    for fields in ({}, {"owned": {"orders": range(4)}}, {"topics": ["orders"]}):
        answer = bench.ask("one", 2, **fields)
        assert (answer.error_code, answer.assignment) == (0, None)
    assert bench.take_changes() == []


def test_version_0_is_given_its_id(bench: ConsumerBench) -> None:
    answer = bench.ask("", version=0, **FIRST)  # type: ignore[arg-type]
    assert len(answer.member_id or "") == 22
    assert answer.member_id in bench.consumer_group().members


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"member_id": ""}, ErrorCode.INVALID_REQUEST, "MemberId can't be empty."),
        ({"member_id": "", "epoch": 3, "version": 0}, ErrorCode.INVALID_REQUEST, "MemberId can't"),
        ({"group_id": " "}, ErrorCode.INVALID_REQUEST, "GroupId can't be empty."),
        ({"instance": ""}, ErrorCode.INVALID_REQUEST, "InstanceId can't be empty."),
        ({"rack": ""}, ErrorCode.INVALID_REQUEST, "RackId can't be empty."),
        ({"rebalance_ms": -1}, ErrorCode.INVALID_REQUEST, "RebalanceTimeoutMs must be provided"),
        ({"owned": None}, ErrorCode.INVALID_REQUEST, "TopicPartitions must be empty"),
        ({"owned": {"orders": [1]}}, ErrorCode.INVALID_REQUEST, "TopicPartitions must be empty"),
        ({"topics": None}, ErrorCode.INVALID_REQUEST, "Either SubscribedTopicNames or"),
        ({"epoch": -2}, ErrorCode.INVALID_REQUEST, "InstanceId can't be null."),
        ({"epoch": -3}, ErrorCode.INVALID_REQUEST, "MemberEpoch is invalid."),
        ({"assignor": "fair"}, ErrorCode.UNSUPPORTED_ASSIGNOR, "ServerAssignor fair is not"),
        ({"regex": "("}, ErrorCode.INVALID_REGULAR_EXPRESSION, "SubscribedTopicRegex `(` is not"),
        ({"epoch": 1}, ErrorCode.GROUP_ID_NOT_FOUND, "Consumer group group not found."),
        ({"epoch": -1}, ErrorCode.GROUP_ID_NOT_FOUND, "Group group not found."),
    ],
)
def test_what_is_wrong_is_said_in_kafkas_words(
    bench: ConsumerBench, fields: dict[str, object], code: ErrorCode, message: str
) -> None:
    wanted = {"member_id": "one", **FIRST, **fields}
    found, words = refusal(bench.ask(**wanted))  # type: ignore[arg-type]
    assert found is code
    assert (words or "").startswith(message)
    assert bench.coordinator._loaded.by_id == {}
    assert bench.take_changes() == []


def test_a_full_group_lets_nobody_in_but_its_own() -> None:
    bench = ConsumerBench(group_consumer_max_size=1)
    bench.join_consumer("one")
    assert refusal(bench.ask("two", **FIRST)) == (  # type: ignore[arg-type]
        ErrorCode.GROUP_MAX_SIZE_REACHED,
        "The consumer group has reached its maximum capacity of 1 members.",
    )
    assert told(bench.join_consumer("one")) == {"orders": [0, 1, 2, 3]}


def test_a_member_that_joins_again_is_told_everything_and_nobody_rebalances(
    bench: ConsumerBench,
) -> None:
    bench.stable_members("one", "two")
    epoch = bench.consumer_group().group_epoch
    answer = bench.join_consumer("one")
    assert told(answer) == bench.assigned("one")
    assert (answer.member_epoch, bench.consumer_group().group_epoch) == (epoch, epoch)


def test_a_full_request_is_answered_with_everything(bench: ConsumerBench) -> None:
    bench.join_consumer("one")
    answer = bench.ask("one", 2, topics=["orders"], owned={}, rebalance_ms=60_000)
    assert told(answer) == {"orders": [0, 1, 2, 3]}


def test_a_topic_that_does_not_exist_is_waited_for(bench: ConsumerBench) -> None:
    assert told(bench.join_consumer("one", "later", "orders")) == {"orders": [0, 1, 2, 3]}
    bench.create_topic("later", 2)
    epoch = bench.consumer_group().group_epoch
    answer = bench.ask("one", 2)
    assert answer.member_epoch == epoch == 3
    assert told(answer) == {"orders": [0, 1, 2, 3], "later": [0, 1]}


def test_topics_grow_and_go(bench: ConsumerBench) -> None:
    bench.join_consumer("one")
    bench.grow_topic("orders", 6)
    assert told(bench.ask("one", 2)) == {"orders": [0, 1, 2, 3, 4, 5]}
    bench.delete_topic("orders")
    assert told(bench.ask("one", 3)) == {}
    assert bench.member_state("one") == (MemberState.UNREVOKED_PARTITIONS, 3)
    assert bench.ask("one", 3, owned={}).member_epoch == 4
    assert bench.group_state() is ConsumerGroupState.STABLE


def test_topics_of_others_concern_nobody(bench: ConsumerBench) -> None:
    bench.join_consumer("one")
    bench.take_changes()
    bench.create_topic("other", 3)
    assert bench.take_changes() == []


def test_what_happened_to_topics_while_the_broker_was_down_is_noticed(
    bench: ConsumerBench,
) -> None:
    bench.join_consumer("one")
    bench.all_topics.apply(partitions_of("orders", [4]))
    bench.start()
    assert told(bench.ask("one", 2)) == {"orders": [0, 1, 2, 3, 4]}


def test_a_regular_expression_means_the_topics_that_there_are() -> None:
    bench = ConsumerBench({"orders": 1, "orders-eu": 1, "my-orders": 1})
    fields = {"topics": None, "regex": "orders.*"}
    assert told(bench.join_consumer("one", **fields)) == {"orders": [0], "orders-eu": [0]}
    bench.create_topic("orders-us", 1)
    assert told(bench.ask("one", 2)) == {"orders": [0], "orders-eu": [0], "orders-us": [0]}
    bench.delete_topic("orders-eu")
    bench.settle()
    assert bench.assigned("one") == {"orders": [0], "orders-us": [0]}
    bench.ask("one", 4, regex="", topics=["my-orders"])
    bench.settle()
    assert bench.assigned("one") == {"my-orders": [0]}
    assert bench.consumer_group().resolved == {}


def test_a_bad_expression_of_a_member_changes_nothing(bench: ConsumerBench) -> None:
    bench.join_consumer("one")
    bench.take_changes()
    assert refusal(bench.ask("one", 2, regex="[")) == (
        ErrorCode.INVALID_REGULAR_EXPRESSION,
        "SubscribedTopicRegex `[` is not a valid regular expression: missing closing ].",
    )
    assert bench.take_changes() == []


def test_members_keep_what_they_have_over_a_restart(bench: ConsumerBench) -> None:
    bench.stable_members("one", "two")
    epoch = bench.consumer_group().group_epoch
    before = {member_id: bench.assigned(member_id) for member_id in ("one", "two")}
    bench.start()
    for member_id in ("one", "two"):
        answer = bench.ask(member_id, epoch)
        assert (answer.error_code, answer.member_epoch, told(answer)) == (0, epoch, None)
    assert {member_id: bench.assigned(member_id) for member_id in ("one", "two")} == before
    assert bench.take_changes() == []
    assert bench.group_state() is ConsumerGroupState.STABLE


def test_an_expression_that_is_none_any_more_keeps_no_group_away(bench: ConsumerBench) -> None:
    bench.join_consumer("one", "orders", regex="x.*")
    bench.store.query("UPDATE consumer_group_members SET subscribed_topic_regex = '['")
    bench.start()
    assert bench.describe().group_state == "Stable"
    bench.create_topic("[", 1)
    assert bench.ask("one", 2).error_code == 0


def test_what_could_not_be_stored_did_not_happen(bench: ConsumerBench) -> None:
    bench.stable_members("one", "two")
    before = bench.assigned("one")
    bench.fails_to_store = True
    for act in (lambda: bench.join_consumer("three"), lambda: bench.ask("two", -1)):
        with pytest.raises(StoreError):
            act()
        assert bench.coordinator._loaded.by_id == {}
    bench.fails_to_store = False
    assert bench.ask("one", 3).error_code == 0
    assert set(bench.consumer_group().members) == {"one", "two"}
    assert bench.assigned("one") == before
