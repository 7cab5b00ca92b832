"""JoinGroup, decision by decision."""

from collections.abc import Callable

import pytest

from pybroker.errors import ErrorCode
from pybroker.groups.classic.state import GroupState
from pybroker.store.groups import GroupMemberSet, GroupMembersRemoved, GroupSet
from tests.support.groups import START_MS, WALL_AHEAD_MS, Bench


def test_a_newcomer_is_given_an_id_and_waits_nowhere(bench: Bench) -> None:
    answer = bench.join(client_id="app")
    assert answer.code is ErrorCode.MEMBER_ID_REQUIRED
    prefix, _, uuid = answer.response.member_id.partition("-")
    assert (prefix, len(uuid)) == ("app", 36)
    assert bench.state() is GroupState.EMPTY
    assert bench.take_changes() == []


@pytest.mark.parametrize("version", range(4))
def test_before_version_4_the_id_comes_with_the_generation(bench: Bench, version: int) -> None:
    answer = bench.join(version=version)
    assert answer.code is ErrorCode.NONE
    assert answer.response.generation_id == 1
    assert answer.response.leader == answer.response.member_id


def test_a_client_without_a_name_gets_an_id_that_begins_with_the_dash(bench: Bench) -> None:
    assert bench.join(client_id=None).response.member_id.startswith("-")


def test_the_first_member_leads_and_sees_itself(bench: Bench) -> None:
    answer = bench.join_new(protocols={"range": b"topics"})
    response = answer.response
    assert (response.error_code, response.generation_id) == (0, 1)
    assert (response.protocol_type, response.protocol_name) == ("consumer", "range")
    assert response.leader == response.member_id
    assert [(each.member_id, each.metadata) for each in response.members] == [
        (response.member_id, b"topics")
    ]
    assert not response.skip_assignment
    assert bench.state() is GroupState.COMPLETING_REBALANCE
    assert bench.take_changes() == []


def test_a_second_member_makes_the_first_join_again(bench: Bench) -> None:
    (leader,) = bench.stable()
    second = bench.join_new()
    assert second.is_waiting
    assert bench.state() is GroupState.PREPARING_REBALANCE
    assert bench.heartbeat(leader, 1) is ErrorCode.REBALANCE_IN_PROGRESS
    first = bench.join(leader)
    assert (first.response.generation_id, second.response.generation_id) == (2, 2)
    assert {each.member_id for each in first.response.members} == {
        leader,
        second.response.member_id,
    }
    assert second.response.members == []
    assert second.response.leader == leader


def test_members_are_stored_when_the_generation_is_stable(bench: Bench) -> None:
    answer = bench.join_new(protocols={"range": b"topics", "sticky": b"other"})
    member_id = answer.response.member_id
    bench.sync(member_id, 1, {member_id: b"partition 0"})
    now_ms = WALL_AHEAD_MS + START_MS
    assert bench.take_changes() == [
        GroupSet("group", 1, "consumer", "range", member_id, now_ms),
        GroupMembersRemoved("group"),
        GroupMemberSet(
            "group",
            member_id,
            None,
            "app",
            "/127.0.0.1",
            60_000,
            10_000,
            b"topics",
            b"partition 0",
        ),
    ]


def test_the_initial_rebalance_waits_for_others() -> None:
    bench = Bench(group_initial_rebalance_delay_ms=3_000)
    first = bench.join_new()
    bench.advance(2_999)
    assert first.is_waiting
    bench.advance(1)
    assert first.response.generation_id == 1


def test_a_newcomer_extends_the_initial_delay_once_more() -> None:
    bench = Bench(group_initial_rebalance_delay_ms=3_000)
    first = bench.join_new()
    bench.advance(2_000)
    second = bench.join_new()
    bench.advance(3_999)
    assert first.is_waiting
    bench.advance(1)
    assert {first.response.generation_id, second.response.generation_id} == {1}
    assert len(first.response.members) == 2


def test_the_initial_delay_ends_with_the_rebalance_timeout() -> None:
    bench = Bench(group_initial_rebalance_delay_ms=3_000)
    first = bench.join_new(rebalance_ms=7_000)
    for _ in range(6):
        bench.advance(1_000)
        bench.join_new(rebalance_ms=7_000)
    assert first.is_waiting
    bench.advance(1_000)
    assert len(first.response.members) == 7


def test_the_protocol_that_most_members_prefer_is_chosen(bench: Bench) -> None:
    bench.configs = bench.configs._replace(group_initial_rebalance_delay_ms=1_000)
    bench.start()
    joined = [
        bench.join_new(protocols={"x": b"", "y": b""}),
        bench.join_new(protocols={"y": b"1", "x": b"", "z": b""}),
        bench.join_new(protocols={"z": b"", "y": b"2", "x": b""}),
    ]
    bench.advance(2_000)
    assert {answer.response.protocol_name for answer in joined} == {"y"}
    leader = next(answer for answer in joined if answer.response.members)
    assert sorted(each.metadata for each in leader.response.members) == [b"", b"1", b"2"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"group_id": ""}, ErrorCode.INVALID_GROUP_ID),
        ({"session_ms": 5_999}, ErrorCode.INVALID_SESSION_TIMEOUT),
        ({"session_ms": 1_800_001}, ErrorCode.INVALID_SESSION_TIMEOUT),
        ({"protocols": {}}, ErrorCode.INCONSISTENT_GROUP_PROTOCOL),
        ({"protocol_type": ""}, ErrorCode.INCONSISTENT_GROUP_PROTOCOL),
        ({"member_id": "stranger"}, ErrorCode.UNKNOWN_MEMBER_ID),
    ],
)
def test_a_bad_join_is_refused_and_leaves_nothing_behind(
    bench: Bench, arguments: dict[str, object], code: ErrorCode
) -> None:
    answer = bench.join(**arguments)  # type: ignore[arg-type]
    assert answer.code is code
    assert answer.response.member_id == arguments.get("member_id", "")
    assert answer.response.generation_id == -1
    assert bench.listed() == {}
    assert bench.coordinator._loaded.by_id == {}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"protocols": {"other": b""}}, ErrorCode.INCONSISTENT_GROUP_PROTOCOL),
        ({"protocol_type": "connect"}, ErrorCode.INCONSISTENT_GROUP_PROTOCOL),
        ({"member_id": "stranger"}, ErrorCode.UNKNOWN_MEMBER_ID),
        ({"member_id": "stranger", "instance": "i"}, ErrorCode.UNKNOWN_MEMBER_ID),
    ],
)
def test_a_bad_join_does_not_disturb_a_stable_group(
    bench: Bench, arguments: dict[str, object], code: ErrorCode
) -> None:
    (leader,) = bench.stable()
    assert bench.join(**arguments).code is code  # type: ignore[arg-type]
    assert bench.state() is GroupState.STABLE
    assert bench.heartbeat(leader, 1) is ErrorCode.NONE
    assert bench.take_changes() == []


def test_a_group_takes_no_more_members_than_its_limit() -> None:
    bench = Bench(group_max_size=2)
    bench.stable(2)
    answer = bench.join()
    assert answer.code is ErrorCode.GROUP_MAX_SIZE_REACHED
    assert answer.response.member_id == ""
    assert bench.state() is GroupState.STABLE


def test_the_last_to_join_again_goes_when_the_limit_became_lower() -> None:
    bench = Bench()
    ids = bench.stable(3)
    bench.configs = bench.configs._replace(group_max_size=2)
    bench.start()
    assert bench.heartbeat(ids[0], 2) is ErrorCode.REBALANCE_IN_PROGRESS
    waiting = [bench.join(member_id) for member_id in ids[:2]]
    last = bench.join(ids[2])
    assert last.code is ErrorCode.GROUP_MAX_SIZE_REACHED
    assert {answer.response.generation_id for answer in waiting} == {3}
    assert len(bench.group().members) == 2


def test_a_follower_that_asks_again_learns_the_present_generation(bench: Bench) -> None:
    _, follower = bench.stable(2)
    answer = bench.join(follower)
    assert answer.response.generation_id == 2
    assert answer.response.members == []
    assert bench.state() is GroupState.STABLE


@pytest.mark.parametrize("who", [0, 1])
def test_between_join_and_sync_the_same_metadata_brings_the_same_answer(
    bench: Bench, who: int
) -> None:
    ids = bench.stable(2)
    for member_id in ids:
        last = bench.join(member_id)
    assert bench.state() is GroupState.COMPLETING_REBALANCE
    assert last.response.generation_id == 3
    answer = bench.join(ids[who])
    assert answer.response.generation_id == 3
    assert len(answer.response.members) == (2 if who == 0 else 0)
    assert bench.state() is GroupState.COMPLETING_REBALANCE


LEADER_JOINS_AGAIN = lambda bench, ids: bench.join(ids[0])  # noqa: E731
FOLLOWER_CHANGES = lambda bench, ids: bench.join(ids[1], protocols={"range": b"more"})  # noqa: E731


@pytest.mark.parametrize("trigger", [LEADER_JOINS_AGAIN, FOLLOWER_CHANGES])
def test_a_stable_group_rebalances_for_its_leader_and_for_new_metadata(
    bench: Bench, trigger: Callable[[Bench, list[str]], object]
) -> None:
    ids = bench.stable(2)
    trigger(bench, ids)
    assert bench.state() is GroupState.PREPARING_REBALANCE


def test_new_metadata_between_join_and_sync_starts_over(bench: Bench) -> None:
    ids = bench.stable(2)
    for member_id in ids:
        bench.join(member_id)
    waiting = bench.sync(ids[1], 3)
    assert waiting.is_waiting
    assert bench.join(ids[0], protocols={"range": b"more"}).is_waiting
    assert waiting.code is ErrorCode.REBALANCE_IN_PROGRESS
    assert bench.state() is GroupState.PREPARING_REBALANCE


def test_a_repeated_join_takes_over_and_the_first_is_told_to_retry(bench: Bench) -> None:
    ids = bench.stable(2)
    first = bench.join(ids[0])
    second = bench.join(ids[0])
    assert first.code is ErrorCode.REBALANCE_IN_PROGRESS
    assert second.is_waiting
    bench.join(ids[1])
    assert second.response.generation_id == 3


def test_who_does_not_join_within_the_rebalance_timeout_is_dropped(bench: Bench) -> None:
    ids = bench.stable(3, rebalance_ms=20_000)
    waiting = [bench.join(ids[1], protocols={"range": b"more"}, rebalance_ms=20_000)]
    waiting.append(bench.join(ids[2], rebalance_ms=20_000))
    for _ in range(4):
        bench.advance(4_999)
        assert bench.heartbeat(ids[0], 2) is ErrorCode.REBALANCE_IN_PROGRESS
    bench.advance(4)
    assert {answer.response.generation_id for answer in waiting} == {3}
    # The leader was the one who is missing, so another one leads.
    assert {answer.response.leader for answer in waiting} == {ids[1]}
    assert bench.heartbeat(ids[0], 2) is ErrorCode.UNKNOWN_MEMBER_ID


def test_a_pending_id_holds_up_the_generation_until_it_lapses(bench: Bench) -> None:
    (leader,) = bench.stable()
    bench.join(session_ms=8_000)
    answer = bench.join(leader)
    assert answer.is_waiting
    bench.advance(8_000)
    assert answer.response.generation_id == 2
    assert bench.group().pending == {}


def test_an_instance_id_does_not_go_with_a_pending_id(bench: Bench) -> None:
    pending = bench.join().response.member_id
    assert bench.join(pending, instance="i").code is ErrorCode.UNKNOWN_MEMBER_ID


def test_version_0_has_the_session_timeout_for_rebalances(bench: Bench) -> None:
    bench.join(version=0, rebalance_ms=-1, session_ms=9_000)
    (member,) = bench.group().members.values()
    assert member.rebalance_timeout_ms == 9_000


def test_a_newcomer_whose_client_is_gone_does_not_wait_for_ever(bench: Bench) -> None:
    bench.stable(rebalance_ms=1_000_000, session_ms=400_000)
    newcomer = bench.join_new()
    bench.advance(299_999)
    assert newcomer.is_waiting
    bench.advance(1)
    assert newcomer.code is ErrorCode.UNKNOWN_MEMBER_ID
    assert newcomer.response.member_id == ""


def test_a_join_whose_connection_is_gone_is_not_answered(bench: Bench) -> None:
    (leader,) = bench.stable()
    newcomer = bench.join_new()
    newcomer.is_abandoned = True
    assert bench.join(leader).response.generation_id == 2
    assert newcomer.responses == []


def test_many_members_join_one_generation() -> None:
    bench = Bench(group_initial_rebalance_delay_ms=1_000)
    joined = [bench.join_new() for _ in range(100)]
    bench.advance(2_000)
    assert {answer.response.generation_id for answer in joined} == {1}
    assert sorted(len(answer.response.members) for answer in joined) == [0] * 99 + [100]
