"""LeaveGroup, decision by decision."""

from pybroker.errors import ErrorCode
from pybroker.groups.classic.state import GroupState
from pybroker.store.groups import GroupMembersRemoved, GroupSet
from tests.support.groups import Bench


def test_the_last_member_leaves_an_empty_group(bench: Bench) -> None:
    (member_id,) = bench.stable()
    assert bench.leave(member_id) == [ErrorCode.NONE]
    assert bench.state() is GroupState.EMPTY
    assert bench.take_changes() == [
        GroupSet("group", 2, "consumer", None, None, bench.wall_ms()),
        GroupMembersRemoved("group"),
    ]
    assert bench.heartbeat(member_id, 1) is ErrorCode.UNKNOWN_MEMBER_ID


def test_the_others_rebalance_without_the_one_who_left(bench: Bench) -> None:
    leader, follower = bench.stable(2)
    assert bench.leave(leader) == [ErrorCode.NONE]
    assert bench.heartbeat(follower, 2) is ErrorCode.REBALANCE_IN_PROGRESS
    answer = bench.join(follower)
    assert (answer.response.generation_id, answer.response.leader) == (3, follower)
    assert len(answer.response.members) == 1


def test_each_member_of_a_batch_has_its_own_answer(bench: Bench) -> None:
    ids = bench.stable(3)
    assert bench.leave(ids[1], "stranger", ids[2], ids[1]) == [
        ErrorCode.NONE,
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.NONE,
        ErrorCode.UNKNOWN_MEMBER_ID,
    ]
    assert set(bench.group().members) == {ids[0]}


def test_strangers_disturb_nobody(bench: Bench) -> None:
    bench.stable()
    assert (
        bench.leave("stranger", ("", "instance"), ("", None)) == [ErrorCode.UNKNOWN_MEMBER_ID] * 3
    )
    assert bench.state() is GroupState.STABLE


def test_nobody_is_in_a_group_that_does_not_exist(bench: Bench) -> None:
    assert bench.leave("a", "b", group_id="nobody") == [ErrorCode.UNKNOWN_MEMBER_ID] * 2


def test_one_rebalance_follows_a_batch(bench: Bench) -> None:
    ids = bench.stable(3)
    bench.leave(ids[0], ids[1])
    assert bench.state() is GroupState.PREPARING_REBALANCE
    assert bench.join(ids[2]).response.generation_id == 3


def test_a_rebalance_does_not_wait_for_who_left(bench: Bench) -> None:
    ids = bench.stable(2)
    waiting = bench.join(ids[0])
    bench.leave(ids[1])
    assert waiting.response.generation_id == 3


def test_a_pending_id_may_be_given_back(bench: Bench) -> None:
    (leader,) = bench.stable()
    pending = bench.join().response.member_id
    waiting = bench.join(leader)
    assert bench.leave(pending) == [ErrorCode.NONE]
    assert waiting.response.generation_id == 2


def test_who_leaves_while_it_waits_is_answered(bench: Bench) -> None:
    ids = bench.stable(2)
    join = bench.join(ids[0])
    bench.leave(ids[0])
    assert join.code is ErrorCode.UNKNOWN_MEMBER_ID


def test_who_leaves_while_it_waits_for_its_assignment_is_answered(bench: Bench) -> None:
    ids = bench.stable(3)
    for member_id in ids:
        bench.join(member_id)
    waiting = [bench.sync(member_id, 3) for member_id in ids[1:]]
    bench.leave(ids[1])
    assert waiting[0].code is ErrorCode.UNKNOWN_MEMBER_ID
    assert waiting[1].code is ErrorCode.REBALANCE_IN_PROGRESS


def test_members_that_leave_during_the_initial_delay_leave_an_empty_group() -> None:
    bench = Bench(group_initial_rebalance_delay_ms=3_000)
    answer = bench.join_new()
    bench.leave(answer.member_id)
    assert answer.code is ErrorCode.UNKNOWN_MEMBER_ID
    bench.advance(3_000)
    assert bench.state() is GroupState.EMPTY
