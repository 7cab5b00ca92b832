"""Who is on the way to a group, told by who asked for its coordinator."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybroker.groups.classic.arrivals import MAX_GROUPS, RECONNECT_MS, Arrivals, EarlyArrivals
from pybroker.groups.classic.group import PATIENCE
from pybroker.groups.classic.state import GroupState

from .conftest import Bench

WINDOW_MS = 60
QUIET_MS = 15
NOBODY = 0


@pytest.fixture
def arrivals() -> Arrivals:
    return Arrivals(WINDOW_MS)


def test_who_asks_is_expected_until_the_window_ends(arrivals: Arrivals) -> None:
    arrivals.ask(1, 1_000)
    arrivals.ask(2, 1_010)
    assert (arrivals.since_ms(1_020), arrivals.until_ms()) == (1_000, 1_010 + WINDOW_MS)
    assert arrivals.since_ms(1_000 + WINDOW_MS) == 1_010


def test_who_comes_is_not_expected_any_more(arrivals: Arrivals) -> None:
    arrivals.ask(1, 1_000)
    arrivals.come(1_005)
    assert (arrivals.since_ms(1_006), arrivals.until_ms()) == (1_006, NOBODY)


def test_a_connection_that_asks_again_is_no_second_client(arrivals: Arrivals) -> None:
    arrivals.ask(1, 1_000)
    arrivals.ask(1, 1_001)
    arrivals.come(1_005)
    arrivals.ask(1, 1_006)
    assert arrivals.until_ms() == NOBODY


def test_a_client_that_asks_again_on_its_next_connection_is_counted_once(
    arrivals: Arrivals,
) -> None:
    arrivals.ask(1, 1_000)
    arrivals.ask(2, 1_001)
    arrivals.ask(3, 1_000 + RECONNECT_MS)
    arrivals.come(1_042)
    arrivals.come(1_043)
    arrivals.ask(4, 1_044)
    assert arrivals.until_ms() == NOBODY


def test_a_client_that_asks_only_after_it_came_is_not_expected(arrivals: Arrivals) -> None:
    arrivals.come(1_000)
    arrivals.ask(1, 1_001)
    assert arrivals.until_ms() == NOBODY
    arrivals.ask(2, 1_002)
    assert arrivals.until_ms() == 1_002 + WINDOW_MS


def test_without_a_window_nobody_is_expected() -> None:
    arrivals = Arrivals(0)
    arrivals.ask(1, 1_000)
    assert (arrivals.since_ms(1_000), arrivals.until_ms()) == (1_000, NOBODY)


@given(
    st.lists(
        st.tuples(st.integers(0, 80), st.integers(-1, 5)), max_size=40
    )  # Pause, and a connection that asks; -1: somebody comes.
)
def test_nobody_is_waited_for_longer_than_the_window_after_the_last_question(
    events: list[tuple[int, int]],
) -> None:
    arrivals, now_ms, asked_ms = Arrivals(WINDOW_MS), 1_000, 0
    for pause_ms, connection_id in events:
        now_ms += pause_ms
        if connection_id < 0:
            arrivals.come(now_ms)
        else:
            arrivals.ask(connection_id, now_ms)
            asked_ms = now_ms
        assert arrivals.until_ms() <= asked_ms + WINDOW_MS
        assert now_ms - WINDOW_MS < arrivals.since_ms(now_ms) <= now_ms


def test_questions_about_very_many_groups_are_forgotten() -> None:
    early = EarlyArrivals(WINDOW_MS)
    for number in range(2 * MAX_GROUPS):
        early.ask(f"group-{number}", number, 1_000)
    known = [early.pop(f"group-{number}") is not None for number in range(2 * MAX_GROUPS)]
    assert known == [False] * MAX_GROUPS + [True] * MAX_GROUPS


def test_questions_about_a_group_that_never_begins_are_forgotten() -> None:
    early = EarlyArrivals(WINDOW_MS)
    early.ask("first", 1, 1_000)
    early.ask("second", 2, 1_000 + WINDOW_MS)
    assert early.pop("first") is None
    assert early.pop("second") is not None


# What a group makes of it.


@pytest.fixture
def settling() -> Bench:
    return Bench(pybroker_group_settle_ms=WINDOW_MS)


def test_a_group_is_settled_a_while_after_its_first_member_asked(settling: Bench) -> None:
    settling.coordinator.expect("group", 1)
    settling.advance(50)
    first = settling.join_new()
    settling.advance(QUIET_MS)
    synced = settling.sync(first.member_id, 1, {first.member_id: b"all"})
    assert synced.response.assignment == b"all"


def test_who_asked_is_waited_for_before_anybody_has_joined(settling: Bench) -> None:
    settling.coordinator.expect("group", 1)
    settling.advance(30)
    settling.coordinator.expect("group", 2)
    settling.advance(22)
    first = settling.join_new()
    settling.advance(30)
    assert first.is_waiting
    second = settling.join_new()
    settling.advance(QUIET_MS)
    assert (first.response.generation_id, second.response.generation_id) == (1, 1)


def test_when_all_who_asked_have_come_nobody_waits_for_the_window(settling: Bench) -> None:
    first = settling.join_new()
    settling.coordinator.expect("group", 1)
    settling.coordinator.expect("group", 2)
    settling.join_new()
    settling.advance(QUIET_MS)
    assert settling.state() is GroupState.COMPLETING_REBALANCE
    assert first.response.generation_id == 1


def test_assignments_are_kept_back_for_who_asked(settling: Bench) -> None:
    first = settling.join_new()
    settling.coordinator.expect("group", 1)
    settling.advance(QUIET_MS)
    synced = settling.sync(first.member_id, 1, {first.member_id: b"all"})
    settling.advance(QUIET_MS)
    settling.coordinator.expect("group", 2)
    settling.advance(WINDOW_MS - 1)
    assert synced.is_waiting
    settling.advance(1)
    assert synced.response.assignment == b"all"


def test_who_asks_again_and_again_and_never_comes_does_not_hold_the_others_up(
    settling: Bench,
) -> None:
    first = settling.join_new()
    for connection_id in range(PATIENCE * WINDOW_MS):
        assert first.is_waiting
        settling.coordinator.expect("group", connection_id)
        settling.advance(1)
    assert first.response.generation_id == 1


def test_a_stable_group_does_not_wait_for_who_asks(settling: Bench) -> None:
    first = settling.join_new()
    settling.advance(PATIENCE * WINDOW_MS)
    settling.sync(first.member_id, 1, {first.member_id: b"all"})
    for connection_id in range(3):
        settling.coordinator.expect("group", connection_id)
    again = settling.join(first.member_id, protocols={"range": b"other"})
    assert again.response.generation_id == 2
