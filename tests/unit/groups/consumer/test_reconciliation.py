"""From one target to the next: partitions are given up before they are given away."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.groups.consumer.state import ConsumerGroupState, MemberState
from tests.support.consumer_bench import ConsumerBench, refusal, told


def test_a_newcomer_waits_for_what_the_first_gives_up(bench: ConsumerBench) -> None:
    bench.join_consumer("one")
    answer = bench.join_consumer("two")
    assert (told(answer), answer.member_epoch) == ({}, 3)
    assert bench.member_state("two") == (MemberState.UNRELEASED_PARTITIONS, 3)
    # The first is asked to give up two, and stays where it is until it has.
    answer = bench.ask("one", 2)
    assert (told(answer), answer.member_epoch) == ({"orders": [0, 1]}, 2)
    assert bench.pending("one") == {"orders": [2, 3]}
    assert told(bench.ask("two", 3)) is None
    assert told(bench.ask("one", 2, owned={"orders": [0, 1, 2]})) is None
    assert told(bench.ask("two", 3)) is None
    answer = bench.ask("one", 2, owned={"orders": [0, 1]})
    assert (told(answer), answer.member_epoch) == (None, 3)
    assert bench.group_state() is ConsumerGroupState.RECONCILING
    assert told(bench.ask("two", 3)) == {"orders": [2, 3]}
    assert bench.group_state() is ConsumerGroupState.STABLE


def test_a_member_that_owns_nothing_of_it_any_more_gives_up_and_goes_on_at_once(
    bench: ConsumerBench,
) -> None:
    bench.join_consumer("one")
    bench.join_consumer("two")
    answer = bench.ask("one", 2, owned={"orders": [0]})
    assert (told(answer), answer.member_epoch) == ({"orders": [0, 1]}, 3)


def test_partitions_are_freed_by_who_leaves(bench: ConsumerBench) -> None:
    bench.stable_members("one", "two")
    bench.ask("one", -1)
    answer = bench.ask("two", 3)
    assert (told(answer), answer.member_epoch) == ({"orders": [0, 1, 2, 3]}, 4)


def test_a_target_that_changes_on_the_way_is_followed(bench: ConsumerBench) -> None:
    bench.join_consumer("one")
    bench.join_consumer("two")
    bench.ask("one", 2)
    bench.join_consumer("three")
    bench.join_consumer("four")
    bench.settle()
    owned = [tuple(bench.assigned(each)["orders"]) for each in ("one", "two", "three", "four")]
    assert sorted(owned) == [(0,), (1,), (2,), (3,)]


def test_what_was_to_be_given_up_may_be_kept_after_all(bench: ConsumerBench) -> None:
    bench.join_consumer("one")
    bench.join_consumer("two")
    bench.ask("one", 2)
    bench.ask("two", -1)
    answer = bench.ask("one", 2, owned={"orders": [0, 1]})
    assert (told(answer), answer.member_epoch) == ({"orders": [0, 1, 2, 3]}, 4)


def test_a_topic_that_is_wanted_no_more_is_given_up(bench: ConsumerBench) -> None:
    bench.create_topic("other", 2)
    bench.join_consumer("one", "orders", "other")
    answer = bench.ask("one", 2, topics=["other"])
    assert (told(answer), answer.member_epoch) == ({"other": [0, 1]}, 2)
    assert bench.ask("one", 2, owned={"other": [0, 1]}).member_epoch == 3
    assert bench.group_state() is ConsumerGroupState.STABLE


def test_a_topic_is_given_up_before_there_is_a_new_target() -> None:
    bench = ConsumerBench(
        {"orders": 100, "other": 100}, group_consumer_assignment_interval_ms=1_000
    )
    bench.join_consumer("one", "orders", "other")
    answer = bench.ask("one", 2, topics=["other"])
    assert bench.group_state() is ConsumerGroupState.ASSIGNING
    assert told(answer) == {"other": list(range(100))}
    bench.advance(1_000)
    bench.settle()
    assert bench.assigned("one") == {"other": list(range(100))}


# Epochs.


@pytest.mark.parametrize("epoch", [1, 4, 99])
def test_another_epoch_is_fenced(bench: ConsumerBench, epoch: int) -> None:
    bench.stable_members("one", "two")
    word = "greater" if epoch > 3 else "smaller"
    message = (
        f"The consumer group member has a {word} member epoch ({epoch}) than the one known by the "
        "group coordinator (3). The member must abandon all its partitions and rejoin."
    )
    answer = bench.ask("one", epoch, owned={"orders": [0]})
    assert refusal(answer) == (ErrorCode.FENCED_MEMBER_EPOCH, message)


def test_the_previous_epoch_is_right_for_who_owns_nothing_wrong(bench: ConsumerBench) -> None:
    bench.join_consumer("one")
    bench.join_consumer("two")
    bench.ask("one", 2)
    bench.ask("one", 2, owned={"orders": [0, 1]})
    # The answer that told epoch 3 was lost.
    for owned in ({"orders": [0, 1]}, {"orders": [1]}, {}):
        answer = bench.ask("one", 2, owned=owned)
        assert (answer.error_code, answer.member_epoch) == (0, 3)
    for wrong in (None, {"orders": [2]}, {"gone": [0]}):
        code, _ = refusal(bench.ask("one", 2, owned=wrong))
        assert code is ErrorCode.FENCED_MEMBER_EPOCH


def test_a_stranger_is_unknown(bench: ConsumerBench) -> None:
    bench.join_consumer("one")
    for epoch in (1, -1):
        assert refusal(bench.ask("two", epoch)) == (
            ErrorCode.UNKNOWN_MEMBER_ID,
            "Member two is not a member of group group.",
        )


# Deadlines.


def test_a_silent_member_is_put_out(bench: ConsumerBench) -> None:
    bench.stable_members("silent", "alive")
    bench.advance(44_999)
    bench.ask("alive", 3)
    bench.advance(1)
    assert list(bench.consumer_group().members) == ["alive"]
    assert told(bench.ask("alive", 3)) == {"orders": [0, 1, 2, 3]}
    bench.advance(45_000)
    assert bench.group_state() is ConsumerGroupState.EMPTY


def test_a_shorter_session_holds_from_the_next_heartbeat() -> None:
    changed: dict[str, int] = {}
    bench = ConsumerBench(changed_ms=lambda _, name: changed.get(name))
    bench.stable_members("one")
    bench.advance(1_000)
    bench.ask("one", 2)
    changed["consumer.session.timeout.ms"] = 10_000
    bench.advance(30_000)
    bench.ask("one", 2)
    bench.advance(9_999)
    assert bench.group_state() is ConsumerGroupState.STABLE
    bench.advance(1)
    assert bench.group_state() is ConsumerGroupState.EMPTY


def test_a_member_that_gives_nothing_up_is_put_out(bench: ConsumerBench) -> None:
    bench.join_consumer("one", rebalance_ms=10_000)
    bench.join_consumer("two")
    bench.ask("one", 2)
    for _ in range(9):
        bench.advance(1_000)
        bench.ask("one", 2, owned={"orders": range(4)})
        bench.ask("two", 3)
    bench.advance(1_000)
    assert list(bench.consumer_group().members) == ["two"]
    bench.settle()
    assert bench.assigned("two") == {"orders": [0, 1, 2, 3]}


def test_sessions_and_deadlines_run_on_after_a_restart(bench: ConsumerBench) -> None:
    bench.join_consumer("one", rebalance_ms=10_000)
    bench.join_consumer("two")
    bench.ask("one", 2)
    bench.start()
    bench.advance(1_000)
    bench.ask("one", 2)
    bench.advance(10_000)
    assert list(bench.consumer_group().members) == ["two"]
    bench.advance(45_000)
    assert bench.group_state() is ConsumerGroupState.EMPTY
