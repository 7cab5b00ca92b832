"""Heartbeat and sessions."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.groups.classic.state import GroupState
from pybroker.store.groups import GroupMembersRemoved, GroupSet
from tests.support.groups import Bench


def test_a_heartbeat_extends_the_session_and_stores_nothing(bench: Bench) -> None:
    (member_id,) = bench.stable(session_ms=10_000)
    for _ in range(5):
        bench.advance(9_999)
        assert bench.heartbeat(member_id, 1) is ErrorCode.NONE
    assert bench.take_changes() == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"member_id": "stranger"}, ErrorCode.UNKNOWN_MEMBER_ID),
        ({"member_id": ""}, ErrorCode.UNKNOWN_MEMBER_ID),
        ({"generation_id": 0}, ErrorCode.ILLEGAL_GENERATION),
        ({"generation_id": 2}, ErrorCode.ILLEGAL_GENERATION),
        ({"instance": "i"}, ErrorCode.UNKNOWN_MEMBER_ID),
        ({"group_id": "nobody"}, ErrorCode.UNKNOWN_MEMBER_ID),
        ({"group_id": ""}, ErrorCode.INVALID_GROUP_ID),
    ],
)
def test_a_stale_heartbeat_is_refused_and_extends_nothing(
    bench: Bench, arguments: dict[str, object], code: ErrorCode
) -> None:
    (member_id,) = bench.stable(session_ms=10_000)
    bench.advance(9_000)
    wanted = {"member_id": member_id, "generation_id": 1, **arguments}
    assert bench.heartbeat(**wanted) is code  # type: ignore[arg-type]
    bench.advance(1_000)
    assert bench.state() is GroupState.EMPTY


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (GroupState.COMPLETING_REBALANCE, ErrorCode.NONE),
        (GroupState.PREPARING_REBALANCE, ErrorCode.REBALANCE_IN_PROGRESS),
    ],
)
def test_a_session_is_extended_during_a_rebalance_too(
    bench: Bench, state: GroupState, code: ErrorCode
) -> None:
    ids = bench.stable(2, session_ms=10_000)
    bench.join(ids[0], session_ms=10_000)
    generation_id = 2
    if state is GroupState.COMPLETING_REBALANCE:
        bench.join(ids[1], session_ms=10_000)
        generation_id = 3
    assert bench.state() is state
    bench.advance(9_000)
    assert bench.heartbeat(ids[1], generation_id) is code
    bench.advance(9_000)
    assert ids[1] in bench.group().members


def test_a_silent_member_is_dropped_and_the_others_rebalance(bench: Bench) -> None:
    silent, alive = bench.stable(2, session_ms=10_000)
    bench.advance(9_000)
    assert bench.heartbeat(alive, 2) is ErrorCode.NONE
    bench.advance(1_000)
    assert bench.state() is GroupState.PREPARING_REBALANCE
    assert bench.heartbeat(silent, 2) is ErrorCode.UNKNOWN_MEMBER_ID
    answer = bench.join(alive)
    assert answer.response.generation_id == 3
    assert answer.response.leader == alive


def test_a_member_that_dies_during_a_rebalance_is_not_waited_for(bench: Bench) -> None:
    dead, alive = bench.stable(2, session_ms=10_000)
    waiting = bench.join(alive, protocols={"range": b"more"}, session_ms=10_000)
    bench.advance(9_999)
    assert waiting.is_waiting
    bench.advance(1)
    assert waiting.response.generation_id == 3
    assert dead not in bench.group().members


def test_a_group_whose_members_all_die_is_empty_and_stored_so(bench: Bench) -> None:
    bench.stable(3, session_ms=10_000)
    bench.advance(10_000)
    assert bench.state() is GroupState.EMPTY
    assert bench.take_changes() == [
        GroupSet("group", 3, "consumer", None, None, bench.wall_ms()),
        GroupMembersRemoved("group"),
    ]
    assert bench.join_new().response.generation_id == 4


def test_an_empty_group_may_get_another_protocol_type(bench: Bench) -> None:
    (member_id,) = bench.stable()
    bench.leave(member_id)
    answer = bench.join_new(protocol_type="connect", protocols={"default": b""})
    assert answer.response.protocol_type == "connect"
