"""SyncGroup, decision by decision."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.groups.classic.state import GroupState
from pybroker.store.groups import GroupMemberSet
from tests.support.groups import Bench


@pytest.fixture
def pair(bench: Bench) -> list[str]:
    """Two members between join and sync of generation 3, the leader first."""
    ids = bench.stable(2)
    for member_id in ids:
        bench.join(member_id)
    assert bench.state() is GroupState.COMPLETING_REBALANCE
    return ids


def test_followers_wait_for_the_leader(bench: Bench, pair: list[str]) -> None:
    leader, follower = pair
    waiting = bench.sync(follower, 3)
    assert waiting.is_waiting
    assert bench.take_changes() == []
    led = bench.sync(leader, 3, {leader: b"one", follower: b"two"})
    assert (led.response.assignment, waiting.response.assignment) == (b"one", b"two")
    assert (led.response.protocol_type, led.response.protocol_name) == ("consumer", "range")
    assert bench.state() is GroupState.STABLE
    stored = [each for each in bench.take_changes() if isinstance(each, GroupMemberSet)]
    assert {each.member_id: each.assignment for each in stored} == {
        leader: b"one",
        follower: b"two",
    }


def test_a_follower_that_comes_after_the_leader_is_answered_at_once(
    bench: Bench, pair: list[str]
) -> None:
    leader, follower = pair
    bench.sync(leader, 3, {follower: b"two"})
    bench.take_changes()
    assert bench.sync(follower, 3).response.assignment == b"two"
    assert bench.take_changes() == []


def test_a_member_that_the_leader_forgot_has_an_empty_assignment(
    bench: Bench, pair: list[str]
) -> None:
    leader, follower = pair
    led = bench.sync(leader, 3, {"nobody": b"lost"})
    assert led.response.assignment == b""
    assert bench.sync(follower, 3).response.assignment == b""


def test_what_a_follower_assigns_is_ignored(bench: Bench, pair: list[str]) -> None:
    leader, follower = pair
    waiting = bench.sync(follower, 3, {follower: b"mine"})
    bench.sync(leader, 3, {follower: b"yours"})
    assert waiting.response.assignment == b"yours"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"member_id": "stranger"}, ErrorCode.UNKNOWN_MEMBER_ID),
        ({"generation_id": 2}, ErrorCode.ILLEGAL_GENERATION),
        ({"generation_id": 4}, ErrorCode.ILLEGAL_GENERATION),
        ({"instance": "i"}, ErrorCode.UNKNOWN_MEMBER_ID),
        ({"protocol_type": "connect"}, ErrorCode.INCONSISTENT_GROUP_PROTOCOL),
        ({"protocol_name": "sticky"}, ErrorCode.INCONSISTENT_GROUP_PROTOCOL),
        ({"group_id": ""}, ErrorCode.INVALID_GROUP_ID),
        ({"group_id": "nobody"}, ErrorCode.UNKNOWN_MEMBER_ID),
    ],
)
def test_a_bad_sync_is_refused(
    bench: Bench, pair: list[str], arguments: dict[str, object], code: ErrorCode
) -> None:
    answer = bench.sync(**{"member_id": pair[1], "generation_id": 3, **arguments})  # type: ignore[arg-type]
    assert answer.code is code
    assert answer.response.assignment == b""
    assert bench.state() is GroupState.COMPLETING_REBALANCE


@pytest.mark.parametrize("names", [("consumer", "range"), (None, None)])
def test_the_protocol_may_be_named(
    bench: Bench, pair: list[str], names: tuple[str | None, str | None]
) -> None:
    answer = bench.sync(pair[0], 3, protocol_type=names[0], protocol_name=names[1])
    assert answer.code is ErrorCode.NONE


def test_during_a_rebalance_a_sync_is_sent_to_join(bench: Bench, pair: list[str]) -> None:
    bench.join_new()
    assert bench.sync(pair[0], 3).code is ErrorCode.REBALANCE_IN_PROGRESS


def test_a_repeated_sync_takes_over(bench: Bench, pair: list[str]) -> None:
    leader, follower = pair
    first = bench.sync(follower, 3)
    second = bench.sync(follower, 3)
    assert first.code is ErrorCode.REBALANCE_IN_PROGRESS
    bench.sync(leader, 3, {follower: b"two"})
    assert second.response.assignment == b"two"


def test_a_leader_that_never_syncs_does_not_hang_the_group(bench: Bench) -> None:
    ids = bench.stable(2, rebalance_ms=20_000, session_ms=60_000)
    for member_id in ids:
        bench.join(member_id, rebalance_ms=20_000, session_ms=60_000)
    waiting = bench.sync(ids[1], 3)
    bench.advance(19_999)
    assert waiting.is_waiting
    bench.advance(1)
    assert waiting.code is ErrorCode.REBALANCE_IN_PROGRESS
    answer = bench.join(ids[1], rebalance_ms=20_000, session_ms=60_000)
    assert (answer.response.generation_id, answer.response.leader) == (4, ids[1])
    assert bench.heartbeat(ids[0], 3) is ErrorCode.UNKNOWN_MEMBER_ID


def test_a_follower_that_never_syncs_is_dropped(bench: Bench) -> None:
    ids = bench.stable(2, rebalance_ms=20_000, session_ms=60_000)
    for member_id in ids:
        bench.join(member_id, rebalance_ms=20_000, session_ms=60_000)
    bench.sync(ids[0], 3, {ids[0]: b"all"})
    assert bench.state() is GroupState.STABLE
    bench.advance(20_000)
    assert bench.state() is GroupState.PREPARING_REBALANCE
    assert set(bench.group().members) == {ids[0]}


def test_a_follower_that_waits_for_its_leader_does_not_expire(bench: Bench) -> None:
    ids = bench.stable(2, session_ms=6_000)
    for member_id in ids:
        bench.join(member_id, session_ms=6_000)
    waiting = bench.sync(ids[1], 3)
    for _ in range(5):
        bench.advance(5_000)
        assert bench.heartbeat(ids[0], 3) is ErrorCode.NONE
    assert waiting.is_waiting
    bench.sync(ids[0], 3, {ids[1]: b"two"})
    assert waiting.response.assignment == b"two"
    bench.advance(5_999)
    assert ids[1] in bench.group().members
