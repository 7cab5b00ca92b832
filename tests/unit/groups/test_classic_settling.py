"""Members that start together: how long a generation waits for those who are not here yet."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.groups.classic.state import GroupState

from .conftest import Bench

SETTLE_MS = 60
QUIET_MS = 15


@pytest.fixture
def settling() -> Bench:
    return Bench(pybroker_group_settle_ms=SETTLE_MS)


def test_a_first_member_joins_when_nobody_came_for_a_moment(settling: Bench) -> None:
    first = settling.join_new()
    settling.advance(QUIET_MS - 1)
    assert first.is_waiting
    settling.advance(1)
    assert first.code is ErrorCode.NONE


def test_members_that_come_together_meet_in_one_generation(settling: Bench) -> None:
    first = settling.join_new()
    settling.advance(QUIET_MS - 1)
    second = settling.join_new()
    settling.advance(2 * QUIET_MS)
    assert (first.response.generation_id, second.response.generation_id) == (1, 1)


def test_assignments_are_kept_back_until_the_group_has_settled(settling: Bench) -> None:
    first = settling.join_new()
    settling.advance(QUIET_MS)
    synced = settling.sync(first.member_id, 1, {first.member_id: b"all"})
    settling.advance(SETTLE_MS - QUIET_MS - 1)
    assert synced.is_waiting
    settling.advance(1)
    assert synced.response.assignment == b"all"
    assert settling.state() is GroupState.STABLE


def test_who_comes_before_it_has_settled_sends_the_others_back_at_once(settling: Bench) -> None:
    first = settling.join_new()
    settling.advance(QUIET_MS)
    synced = settling.sync(first.member_id, 1, {first.member_id: b"all"})
    settling.advance(SETTLE_MS - QUIET_MS - 1)
    second = settling.join_new()
    assert synced.code is ErrorCode.REBALANCE_IN_PROGRESS
    again = settling.join(first.member_id)
    settling.advance(QUIET_MS)
    assert (again.response.generation_id, second.response.generation_id) == (2, 2)


def test_a_settled_group_is_stable_as_soon_as_its_leader_syncs(settling: Bench) -> None:
    first = settling.join_new()
    settling.advance(SETTLE_MS)
    synced = settling.sync(first.member_id, 1, {first.member_id: b"all"})
    assert synced.response.assignment == b"all"


def test_a_member_that_rejoins_is_no_newcomer_to_wait_for(settling: Bench) -> None:
    first = settling.join_new()
    settling.advance(SETTLE_MS)
    settling.sync(first.member_id, 1, {first.member_id: b"all"})
    again = settling.join(first.member_id, protocols={"range": b"other"})
    assert again.response.generation_id == 2


def test_the_assignment_of_an_earlier_generation_is_not_given_later(settling: Bench) -> None:
    first = settling.join_new()
    settling.advance(QUIET_MS)
    settling.sync(first.member_id, 1, {first.member_id: b"all"})
    settling.join_new()
    settling.join(first.member_id)
    settling.advance(SETTLE_MS)
    assert settling.state() is GroupState.COMPLETING_REBALANCE
    assert settling.group().members[first.member_id].assignment == b""
