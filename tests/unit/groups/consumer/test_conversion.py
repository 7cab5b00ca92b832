"""Online upgrade and downgrade: a group changes its kind while it has members."""

from collections.abc import Mapping, Sequence

import pytest

from pybroker.errors import ErrorCode
from pybroker.groups.classic.state import GroupState
from pybroker.groups.consumer.state import ConsumerGroupState
from pybroker.groups.rebalances import RebalanceReason
from pybroker.protocol.consumer_protocol import ConsumerProtocolAssignment, encode_versioned
from pybroker.store.consumer_groups import ConsumerGroupDeleted, ConsumerGroupSet
from pybroker.store.groups import GroupDeleted, GroupSet
from tests.support.classic_consumers import ClassicConsumer, subscription
from tests.support.consumer_bench import ConsumerBench, refusal, told
from tests.unit.groups.consumer.test_classic_members import settle

FIRST = {"topics": ["orders"], "owned": {}, "rebalance_ms": 1_000}


def assignment(partitions: Mapping[str, Sequence[int]], user_data: bytes | None = None) -> bytes:
    return encode_versioned(
        ConsumerProtocolAssignment(
            assigned_partitions=[
                ConsumerProtocolAssignment.TopicPartition(topic=name, partitions=list(indexes))
                for name, indexes in partitions.items()
            ],
            user_data=user_data,
        ),
        1,
    )


def classic_pair(bench: ConsumerBench) -> tuple[ClassicConsumer, ClassicConsumer]:
    """Two classic members of a classic group that is stable in generation 2."""
    first, second = ClassicConsumer(bench), ClassicConsumer(bench)
    first.join()
    waiting = second.join()
    first.join()
    second.joined(waiting)
    shares = {
        first.member_id: assignment({"orders": [0, 1]}),
        second.member_id: assignment({"orders": [2, 3]}),
    }
    assert (first.sync(shares), second.sync()) == (ErrorCode.NONE, ErrorCode.NONE)
    assert bench.state() is GroupState.STABLE
    bench.take_changes()
    return first, second


def test_a_classic_group_is_upgraded_by_the_first_that_comes(bench: ConsumerBench) -> None:
    old = classic_pair(bench)
    answer = bench.join_consumer("new")
    assert (told(answer), answer.member_epoch) == ({}, 3)
    assert bench.coordinator.rebalances.by_reason[RebalanceReason.GROUP_CONVERTED] == 1
    changes = bench.take_changes()
    assert GroupDeleted("group") in changes
    assert any(isinstance(change, ConsumerGroupSet) for change in changes)
    assert bench.listed() == {"group": "Reconciling"}
    for each in old:
        assert bench.assigned(each.member_id) == each.owned
        assert each.heartbeat() is ErrorCode.REBALANCE_IN_PROGRESS
    settle(bench, *old)
    assert len(bench.assigned("new")["orders"]) == 1
    bench.start()
    assert bench.describe().group_state == "Stable"
    settle(bench, *old)


def test_members_that_were_waiting_are_told_to_join_again(bench: ConsumerBench) -> None:
    first, _ = classic_pair(bench)
    waiting = first.join()
    assert waiting.is_waiting
    bench.join_consumer("new")
    assert waiting.code is ErrorCode.REBALANCE_IN_PROGRESS


def test_a_group_of_other_members_is_not_upgraded(bench: ConsumerBench) -> None:
    bench.stable(protocol_type="connect")
    message = (
        "Cannot upgrade classic group group to consumer group because the group does not use the "
        "consumer embedded protocol."
    )
    answer = bench.ask("new", **FIRST)  # type: ignore[arg-type]
    assert refusal(answer) == (ErrorCode.GROUP_ID_NOT_FOUND, message)
    bench.stable(group_id="unreadable", protocols={"range": b"?"})
    code, _ = refusal(bench.ask("new", group_id="unreadable", **FIRST))  # type: ignore[arg-type]
    assert code is ErrorCode.GROUP_ID_NOT_FOUND
    assert bench.state() is bench.state("unreadable") is GroupState.STABLE
    assert bench.take_changes() == []


def test_a_group_with_an_assignor_of_its_own_is_not_upgraded(bench: ConsumerBench) -> None:
    old = ClassicConsumer(bench)
    old.join()
    old.sync({old.member_id: assignment({"orders": [0]}, user_data=b"mine")})
    code, message = refusal(bench.ask("new", **FIRST))  # type: ignore[arg-type]
    assert code is ErrorCode.GROUP_ID_NOT_FOUND
    assert "an unsupported custom assignor is in use" in (message or "")
    assert bench.state() is GroupState.STABLE


@pytest.mark.parametrize(
    ("policy", "upgrades"),
    [("bidirectional", True), ("Upgrade", True), ("downgrade", False), ("DISABLED", False)],
)
def test_the_policy_says_whether_a_group_is_upgraded(policy: str, upgrades: bool) -> None:
    bench = ConsumerBench(group_consumer_migration_policy=policy)
    classic_pair(bench)
    answer = bench.ask("new", **FIRST)  # type: ignore[arg-type]
    assert (answer.error_code == 0) is upgrades
    if not upgrades:
        assert "online upgrade is disabled" in (answer.error_message or "")


def test_a_request_that_is_refused_leaves_the_group_as_it_was() -> None:
    bench = ConsumerBench(group_consumer_max_size=2)
    old = classic_pair(bench)
    code, _ = refusal(bench.ask("new", **FIRST))  # type: ignore[arg-type]
    assert code is ErrorCode.GROUP_MAX_SIZE_REACHED
    assert bench.state() is GroupState.STABLE
    assert all(each.heartbeat() is ErrorCode.NONE for each in old)


def test_the_last_of_the_consumer_protocol_leaves_and_the_group_is_classic(
    bench: ConsumerBench,
) -> None:
    old = classic_pair(bench)
    bench.join_consumer("new")
    settle(bench, *old)
    bench.take_changes()
    epoch = bench.consumer_group().group_epoch
    bench.ask("new", -1)
    changes = bench.take_changes()
    assert ConsumerGroupDeleted("group") in changes
    assert any(isinstance(change, GroupSet) for change in changes)
    group = bench.group()
    assert (group.state, group.generation_id) == (GroupState.PREPARING_REBALANCE, epoch)
    assert [each.heartbeat() for each in old] == [ErrorCode.REBALANCE_IN_PROGRESS] * 2
    waiting = old[0].join()
    old[1].join()
    assert waiting.response.generation_id == epoch + 1
    bench.start()
    # A generation that was never stable is forgotten, and what was assigned before leaves out what
    # the last one had: they meet again.
    assert bench.heartbeat(old[0].member_id, epoch) is ErrorCode.REBALANCE_IN_PROGRESS


def test_a_member_that_goes_silent_downgrades_the_group_too(bench: ConsumerBench) -> None:
    old = classic_pair(bench)
    bench.join_consumer("new")
    settle(bench, *old)
    for _ in range(45):
        bench.advance(1_000)
        for each in old:
            each.heartbeat()
    assert bench.state() is GroupState.PREPARING_REBALANCE


@pytest.mark.parametrize("policy", ["upgrade"])
def test_where_the_policy_forbids_it_a_group_of_classic_members_stays(policy: str) -> None:
    bench = ConsumerBench(group_consumer_migration_policy=policy)
    old = classic_pair(bench)
    bench.join_consumer("new")
    settle(bench, *old)
    bench.ask("new", -1)
    settle(bench, *old)
    assert bench.group_state() is ConsumerGroupState.STABLE
    assert sum(len(each.owned["orders"]) for each in old) == 4


def test_the_last_of_the_consumer_protocol_is_replaced_and_nobody_rebalances(
    bench: ConsumerBench,
) -> None:
    old = classic_pair(bench)
    bench.join_consumer("new", instance="i")
    for _ in range(4):
        member = bench.consumer_group().members["new"]
        bench.ask("new", member.member_epoch, instance="i", owned=bench.assigned("new"))
        for each in old:
            each.follow()
    assert bench.group_state() is ConsumerGroupState.STABLE
    had = bench.assigned("new")
    back = ClassicConsumer(bench, instance="i")
    assert back.join().code is ErrorCode.NONE
    assert bench.state() is GroupState.STABLE
    assert back.sync() is ErrorCode.NONE
    assert back.owned == had
    assert [each.heartbeat() for each in old] == [ErrorCode.NONE] * 2


def downgraded_in_place(bench: ConsumerBench) -> ClassicConsumer:
    """A group whose only member came back with the classic protocol."""
    bench.stable_members("new", instance="i")
    bench.ask("new", -2, instance="i")
    back = ClassicConsumer(bench, instance="i")
    back.join()
    assert back.sync() is ErrorCode.NONE
    assert back.owned == {"orders": [0, 1, 2, 3]}
    assert bench.state() is GroupState.STABLE
    return back


def test_a_group_that_nobody_leads_rebalances_when_its_topics_grow(bench: ConsumerBench) -> None:
    back = downgraded_in_place(bench)
    bench.create_topic("others", 2)
    assert back.heartbeat() is ErrorCode.NONE
    bench.start()
    assert back.heartbeat() is ErrorCode.NONE
    bench.grow_topic("orders", 5)
    assert bench.coordinator.rebalances.by_reason[RebalanceReason.TOPICS_CHANGED] == 1
    assert back.heartbeat() is ErrorCode.REBALANCE_IN_PROGRESS
    assert back.join().response.leader == back.member_id
    back.sync({back.member_id: assignment({"orders": range(5)})})
    # Its leader watches from here on.
    bench.grow_topic("orders", 6)
    assert back.heartbeat() is ErrorCode.NONE


def test_a_group_that_nobody_leads_rebalances_when_a_topic_goes(bench: ConsumerBench) -> None:
    back = downgraded_in_place(bench)
    bench.delete_topic("orders")
    assert back.heartbeat() is ErrorCode.REBALANCE_IN_PROGRESS


def test_a_group_that_nobody_leads_notices_what_grew_while_the_broker_was_down(
    bench: ConsumerBench,
) -> None:
    back = downgraded_in_place(bench)
    bench.coordinator.close()
    bench.grow_topic("orders", 5)
    bench.start()
    assert back.heartbeat() is ErrorCode.REBALANCE_IN_PROGRESS


@pytest.mark.parametrize(("version", "is_led"), [(8, False), (9, True)])
def test_a_static_leader_that_may_not_know_that_it_leads_needs_not_watch(
    bench: ConsumerBench, version: int, is_led: bool
) -> None:
    leader = ClassicConsumer(bench, instance="i")
    leader.join()
    leader.sync({leader.member_id: assignment({"orders": range(4)})})
    protocols = {"range": subscription(("orders",), {})}
    back = bench.join(version=version, instance="i", protocols=protocols).response
    assert (back.error_code, back.leader == back.member_id) == (ErrorCode.NONE, is_led)
    assert bench.state() is GroupState.STABLE
    bench.grow_topic("orders", 5)
    expected = GroupState.STABLE if is_led else GroupState.PREPARING_REBALANCE
    assert bench.state() is expected


def test_what_grew_while_a_static_leader_was_away_is_noticed(bench: ConsumerBench) -> None:
    leader = ClassicConsumer(bench, instance="i")
    leader.join()
    leader.sync({leader.member_id: assignment({"orders": range(4)})})
    bench.grow_topic("orders", 5)
    assert bench.state() is GroupState.STABLE
    protocols = {"range": subscription(("orders",), {})}
    back = bench.join(version=5, instance="i", protocols=protocols).response
    assert back.error_code == ErrorCode.NONE
    assert bench.sync(back.member_id, 1, instance="i").code is ErrorCode.REBALANCE_IN_PROGRESS


def test_a_group_without_members_becomes_what_comes_next(bench: ConsumerBench) -> None:
    bench.join_consumer("new")
    bench.ask("new", -1)
    assert bench.listed() == {"group": "Empty"}
    assert bench.join_new().code is ErrorCode.NONE
    assert bench.state() is GroupState.COMPLETING_REBALANCE
    bench.leave(*bench.group().members)
    answer = bench.join_consumer("newer")
    assert (told(answer), answer.member_epoch) == ({"orders": [0, 1, 2, 3]}, 2)
    bench.ask("newer", -1)
    bench.start()
    assert bench.listed(types=["consumer"]) == {"group": "Empty"}


def test_members_that_go_at_the_same_moment_leave_an_empty_group(bench: ConsumerBench) -> None:
    bench.join_consumer("new", rebalance_ms=60_000)
    old = ClassicConsumer(bench)
    old.come_in()
    bench.ask("new", 2)
    bench.consumer_group().members["new"].session_deadline_ms = bench.now_ms + 10_000
    bench.advance(10_000)
    assert bench.group_state() is ConsumerGroupState.EMPTY


def test_a_group_that_its_leader_left_half_assigned_is_assigned_by_the_broker(
    bench: ConsumerBench,
) -> None:
    old = ClassicConsumer(bench, instance="i")
    old.join()
    old.sync({old.member_id: assignment({"orders": [1]})})
    # It takes its own place again, with the same subscription.
    assert told(bench.join_consumer("new", instance="i")) == {"orders": [1]}
    bench.ask("new", 1, instance="i")
    assert bench.assigned("new") == {"orders": [0, 1, 2, 3]}
