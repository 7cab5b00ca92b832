"""Committed offsets of consumer groups: who may commit and fetch, in which epoch."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.protocol.offset_fetch import OffsetFetchRequest
from tests.support.consumer_bench import ConsumerBench
from tests.support.groups import Caller

NONE, STALE = ErrorCode.NONE, ErrorCode.STALE_MEMBER_EPOCH


def fetch(bench: ConsumerBench, member_id: str | None, epoch: int) -> ErrorCode:
    wanted = OffsetFetchRequest.Group(
        group_id="group", member_id=member_id, member_epoch=epoch, topics=None
    )
    answer = bench.coordinator.fetch_group_offsets(wanted, Caller(9))
    return ErrorCode(answer.error_code)


def test_a_member_commits_in_its_epoch(bench: ConsumerBench) -> None:
    bench.join_consumer("one")
    assert bench.commit({0: 5}, "one", 2) == {0: NONE}
    assert bench.committed() == {("orders", 0): 5}


@pytest.mark.parametrize(
    ("member_id", "epoch", "version", "code"),
    [
        ("one", 3, 9, STALE),
        ("one", 1, 9, STALE),
        ("one", -1, 9, STALE),
        ("one", 2, 8, ErrorCode.UNSUPPORTED_VERSION),
        ("other", 2, 9, ErrorCode.UNKNOWN_MEMBER_ID),
        ("", -1, 9, ErrorCode.UNKNOWN_MEMBER_ID),
    ],
)
def test_who_is_not_a_member_in_its_epoch_does_not(
    bench: ConsumerBench, member_id: str, epoch: int, version: int, code: ErrorCode
) -> None:
    bench.join_consumer("one")
    assert bench.commit({0: 5}, member_id, epoch, version=version) == {0: code}
    assert bench.committed() == {}


def test_an_older_epoch_counts_for_what_was_owned_all_along(bench: ConsumerBench) -> None:
    bench.stable_members("one", "two")
    (mine,) = {tuple(bench.assigned("one")["orders"])}
    assert bench.consumer_group().members["one"].member_epoch == 3
    assert bench.commit(dict.fromkeys(mine, 7), "one", 2) == dict.fromkeys(mine, NONE)
    theirs = bench.assigned("two")["orders"][0]
    # As in Kafka one partition that was not fails the others.
    assert bench.commit({mine[0]: 8, theirs: 8}, "one", 2) == {mine[0]: STALE, theirs: STALE}
    assert bench.commit({theirs: 8}, "two", 2) == {theirs: STALE}
    assert bench.commit({theirs: 8}, "two", 3) == {theirs: NONE}


def test_what_is_being_given_up_may_still_be_committed(bench: ConsumerBench) -> None:
    bench.join_consumer("one")
    bench.join_consumer("two")
    bench.ask("one", 2)
    assert bench.pending("one") == {"orders": [2, 3]}
    assert bench.commit({3: 9}, "one", 2) == {3: NONE}
    bench.settle()
    assert bench.commit({3: 9}, "one", 2) == {3: STALE}


def test_outsiders_commit_to_a_group_that_nobody_is_in(bench: ConsumerBench) -> None:
    bench.join_consumer("one")
    bench.ask("one", -1)
    assert bench.commit({0: 5}) == {0: NONE}


def test_a_member_fetches_in_its_epoch_and_an_outsider_in_none(bench: ConsumerBench) -> None:
    bench.join_consumer("one")
    assert fetch(bench, "one", 2) is NONE
    assert fetch(bench, None, -1) is NONE
    assert fetch(bench, "one", 1) is STALE
    assert fetch(bench, "other", 2) is ErrorCode.UNKNOWN_MEMBER_ID


def test_a_commit_is_no_sign_of_life(bench: ConsumerBench) -> None:
    bench.join_consumer("one")
    bench.advance(40_000)
    bench.commit({0: 5}, "one", 2)
    bench.advance(5_000)
    assert bench.consumer_group().members == {}


def test_offsets_stay_when_a_group_is_converted(bench: ConsumerBench) -> None:
    bench.commit({0: 5})
    bench.join_consumer("one")
    assert bench.committed() == {("orders", 0): 5}
    bench.ask("one", -1)
    assert bench.join_new().code is NONE
    assert bench.committed() == {("orders", 0): 5}
    bench.start()
    assert bench.committed() == {("orders", 0): 5}
    assert bench.listed() == {"group": "Empty"}
