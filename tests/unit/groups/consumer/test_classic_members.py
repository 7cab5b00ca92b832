"""Members of the classic protocol in a consumer group."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.groups.consumer.state import ConsumerGroupState
from tests.support.classic_consumers import ClassicConsumer
from tests.support.consumer_bench import ConsumerBench, told

NONE, REBALANCE = ErrorCode.NONE, ErrorCode.REBALANCE_IN_PROGRESS


def settle(bench: ConsumerBench, *classic: ClassicConsumer) -> None:
    for _ in range(8):
        for member_id, member in list(bench.consumer_group().members.items()):
            if member.classic is None:
                bench.ask(member_id, member.member_epoch, owned=bench.assigned(member_id))
        for each in classic:
            each.follow()
        if bench.group_state() is ConsumerGroupState.STABLE:
            return
    raise AssertionError(f"{bench.group_state()}")


def test_a_classic_member_joins_and_gets_what_others_give_up(bench: ConsumerBench) -> None:
    bench.join_consumer("new")
    old = ClassicConsumer(bench)
    old.come_in()
    assert (old.generation_id, old.owned) == (3, {})
    assert old.heartbeat() is NONE
    bench.ask("new", 2)
    bench.ask("new", 2, owned={"orders": [0, 1]})
    # What it waits for is free now.
    assert old.follow()
    assert (old.generation_id, old.owned) == (3, {"orders": [2, 3]})
    assert old.heartbeat() is NONE
    assert bench.group_state() is ConsumerGroupState.STABLE
    assert {each.member_type for each in bench.describe().members} == {0, 1}


@pytest.mark.parametrize("is_eager", [False, True])
def test_a_classic_member_gives_up_what_others_get(bench: ConsumerBench, is_eager: bool) -> None:
    bench.join_consumer("new")
    old = ClassicConsumer(bench, is_eager=is_eager)
    old.come_in()
    settle(bench, old)
    bench.join_consumer("newer")
    bench.join_consumer("newest")
    settle(bench, old)
    assert len(old.owned["orders"]) == 1
    has = {member_id: bench.assigned(member_id) for member_id in bench.consumer_group().members}
    assert sorted(index for each in has.values() for index in each["orders"]) == [0, 1, 2, 3]
    assert has[old.member_id] == old.owned


def test_a_classic_member_that_must_join_and_does_not_is_put_out(bench: ConsumerBench) -> None:
    bench.join_consumer("new")
    old = ClassicConsumer(bench)
    old.come_in()
    settle(bench, old)
    bench.join_consumer("newer")
    assert old.heartbeat() is REBALANCE
    for _ in range(59):
        bench.advance(1_000)
        assert old.heartbeat() is REBALANCE
        for member_id in ("new", "newer"):
            bench.ask(member_id, bench.consumer_group().members[member_id].member_epoch)
    bench.advance(1_000)
    assert old.heartbeat() is ErrorCode.UNKNOWN_MEMBER_ID


def test_a_classic_member_that_never_syncs_is_put_out(bench: ConsumerBench) -> None:
    bench.join_consumer("new")
    old = ClassicConsumer(bench)
    old.join()
    for _ in range(60):
        epoch = bench.consumer_group().members["new"].member_epoch
        bench.ask("new", epoch, owned=bench.assigned("new"))
        old.heartbeat()
        bench.advance(1_000)
    assert old.member_id not in bench.consumer_group().members


def test_a_silent_classic_member_is_put_out_after_its_own_session(bench: ConsumerBench) -> None:
    bench.join_consumer("new")
    old = ClassicConsumer(bench)
    old.come_in()
    bench.advance(10_000)
    assert list(bench.consumer_group().members) == ["new"]


def test_what_a_classic_member_says_is_checked(bench: ConsumerBench) -> None:
    bench.join_consumer("new")
    old = ClassicConsumer(bench)
    old.come_in()
    stale = old.generation_id - 1
    assert bench.heartbeat(old.member_id, stale) is ErrorCode.ILLEGAL_GENERATION
    assert bench.sync(old.member_id, stale).code is ErrorCode.ILLEGAL_GENERATION
    assert bench.heartbeat("stranger", 3) is ErrorCode.UNKNOWN_MEMBER_ID
    assert bench.heartbeat("new", 2) is ErrorCode.UNKNOWN_MEMBER_ID
    assert bench.sync("new", 2).code is ErrorCode.UNKNOWN_MEMBER_ID
    wrong = ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    for fields in ({"protocol_type": "connect"}, {"protocol_name": "sticky"}):
        assert bench.sync(old.member_id, old.generation_id, **fields).code is wrong
    assert bench.join(protocol_type="connect").code is wrong
    assert bench.join("x", protocols={"range": b""}).code is wrong
    assert bench.join("x", protocols={"other": b"\0\0\0\0\0\0"}).code is wrong
    assert set(bench.consumer_group().members) == {"new", old.member_id}


def test_before_it_joined_again_a_member_does_not_sync(bench: ConsumerBench) -> None:
    bench.join_consumer("new")
    old = ClassicConsumer(bench)
    old.come_in()
    bench.join_consumer("newer")
    assert old.sync() is REBALANCE


def test_commits_of_a_classic_member_count_by_its_generation(bench: ConsumerBench) -> None:
    bench.join_consumer("new")
    old = ClassicConsumer(bench)
    old.come_in()
    settle(bench, old)
    index = old.owned["orders"][0]
    assert bench.commit({index: 1}, old.member_id, old.generation_id, version=8) == {index: NONE}
    illegal = ErrorCode.ILLEGAL_GENERATION
    assert bench.commit({index: 1}, old.member_id, 99, version=8) == {index: illegal}


def test_members_of_both_kinds_are_made_to_leave(bench: ConsumerBench) -> None:
    bench.join_consumer("new")
    bench.join_consumer("static", instance="i")
    old = ClassicConsumer(bench)
    old.come_in()
    assert bench.leave(old.member_id, ("", "i"), "stranger", old.member_id) == [
        NONE,
        NONE,
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.UNKNOWN_MEMBER_ID,
    ]
    assert list(bench.consumer_group().members) == ["new"]
    bench.settle()
    assert bench.assigned("new") == {"orders": [0, 1, 2, 3]}


def test_a_static_member_changes_its_protocol_and_keeps_what_it_has(bench: ConsumerBench) -> None:
    bench.join_consumer("new")
    old = ClassicConsumer(bench, instance="i")
    old.come_in()
    settle(bench, old)
    before, epoch = old.owned, bench.consumer_group().group_epoch
    # Unlike one of its own protocol it need not have left.
    answer = bench.join_consumer("upgraded", instance="i")
    assert (told(answer), bench.consumer_group().group_epoch) == (before, epoch)
    assert old.heartbeat() is ErrorCode.FENCED_INSTANCE_ID
    back = ClassicConsumer(bench, instance="i")
    back.come_in()
    assert (back.owned, bench.consumer_group().group_epoch) == (before, epoch)
    assert set(bench.consumer_group().members) == {"new", back.member_id}


def test_members_of_both_kinds_keep_their_places_over_a_restart(bench: ConsumerBench) -> None:
    bench.join_consumer("new")
    old = ClassicConsumer(bench)
    old.come_in()
    settle(bench, old)
    bench.start()
    assert old.heartbeat() is NONE
    assert bench.ask("new", 3).error_code == 0
    assert bench.group_state() is ConsumerGroupState.STABLE


def test_where_migration_is_disabled_no_classic_member_comes_in() -> None:
    bench = ConsumerBench(group_consumer_migration_policy="disabled")
    bench.join_consumer("new")
    assert ClassicConsumer(bench).join().code is ErrorCode.INCONSISTENT_GROUP_PROTOCOL
