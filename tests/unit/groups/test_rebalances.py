"""Rebalances are counted by reason and told in the log, with what clients say of their reasons."""

import logging

import pytest

from pybroker.groups.classic.rebalance import LAST_GENERATION_ID
from pybroker.groups.classic.state import GroupState
from pybroker.groups.configs import GroupConfigs
from pybroker.groups.decision import Decision
from pybroker.groups.loading import load
from pybroker.groups.rebalances import CLIENT_REASON_MAX_CHARACTERS, RebalanceReason
from tests.support.groups import Bench


def counts(bench: Bench) -> dict[str, int]:
    """The reasons that were counted."""
    by_reason = bench.coordinator.rebalances.by_reason
    assert by_reason.keys() == set(RebalanceReason)
    return {reason.value: count for reason, count in by_reason.items() if count}


def test_each_reason_is_counted(bench: Bench) -> None:
    leader, follower = bench.stable(2, rebalance_ms=5_000)
    assert counts(bench) == {"member-joined": 2}

    bench.join(leader, rebalance_ms=5_000)
    assert counts(bench)["leader-rejoined"] == 1
    bench.join(follower, rebalance_ms=5_000)
    bench.advance(5_000)  # Nobody syncs.
    assert counts(bench)["sync-timed-out"] == 1
    assert bench.state() is GroupState.EMPTY

    leader, follower = bench.stable(2)
    bench.join(follower, protocols={"range": b"other"})
    assert counts(bench)["member-changed"] == 1
    bench.join(leader)
    generation_id = bench.group().generation_id
    bench.sync(follower, generation_id)
    bench.sync(leader, generation_id, {})
    bench.leave(follower)
    assert counts(bench)["member-left"] == 1
    bench.join(leader)
    bench.sync(leader, bench.group().generation_id, {})
    bench.advance(10_000)
    assert counts(bench)["session-expired"] == 1


def test_a_static_member_that_comes_back_between_join_and_sync_is_counted(bench: Bench) -> None:
    bench.join(instance="one")
    bench.join(instance="one")
    assert counts(bench) == {"member-joined": 1, "static-member-replaced": 1}


def test_a_group_that_is_larger_than_a_new_limit_is_counted(bench: Bench) -> None:
    bench.stable(2)
    decision = Decision(bench.now_ms, 0)
    load(bench.store, "group", GroupConfigs(group_max_size=1), bench.coordinator.topics, decision)
    assert decision.rebalances == [RebalanceReason.GROUP_TOO_LARGE]


def test_the_log_tells_what_clients_and_the_broker_say(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "pybroker.groups")
    member_id = bench.join_new(reason="first start").member_id
    assert "adding new member " + member_id in caplog.text
    assert "client reason: first start" in caplog.text
    bench.leave((member_id, None), reason="shutting down")
    assert f"Member {member_id} has left group group" in caplog.text
    assert "client reason: shutting down" in caplog.text
    assert "is now empty" in caplog.text


def test_a_reason_that_is_not_given_is_called_so(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "pybroker.groups")
    bench.join_new()
    assert "client reason: not provided" in caplog.text


def test_a_line_is_bounded_whatever_a_client_says(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "pybroker.groups")
    member_id = bench.join_new(reason="long " * 10_000).member_id
    bench.leave((member_id, None), reason="long " * 10_000)
    assert max(len(record.getMessage()) for record in caplog.records) < (
        CLIENT_REASON_MAX_CHARACTERS + 300
    )


def test_generations_begin_again_at_one_behind_the_last_number(bench: Bench) -> None:
    (member_id,) = bench.stable()
    bench.group().generation_id = LAST_GENERATION_ID
    answer = bench.join(member_id)
    assert answer.response.generation_id == 1
    assert bench.sync(member_id, 1, {member_id: b"all"}).response.assignment == b"all"
