"""When members are told to come again, and how often targets are computed."""

from pybroker.errors import ErrorCode
from pybroker.groups.consumer.state import ConsumerGroupState
from tests.support.consumer_bench import ConsumerBench

STEADY_MS = 5_000
SHORT_MS = 70


def intervals(bench: ConsumerBench, member_id: str, epoch: int) -> list[int]:
    """Follow what a member is told until it is told to come rarely."""
    told = [bench.ask(member_id, epoch).heartbeat_interval_ms]
    while told[-1] < STEADY_MS:
        bench.advance(told[-1])
        told.append(bench.ask(member_id, epoch).heartbeat_interval_ms)
    return told


def test_a_settled_group_is_asked_more_and_more_rarely(bench: ConsumerBench) -> None:
    assert bench.join_consumer("one").heartbeat_interval_ms == SHORT_MS
    told = intervals(bench, "one", 2)
    assert told == sorted(told)
    assert len(told) <= 15
    assert sum(told[:-1]) <= 3 * STEADY_MS
    # So it stays, whatever the clock says.
    assert bench.ask("one", 2).heartbeat_interval_ms == STEADY_MS


def test_a_group_that_waits_for_a_member_is_asked_often_for_longer(bench: ConsumerBench) -> None:
    bench.join_consumer("one")
    bench.join_consumer("two")
    bench.advance(400)
    assert bench.ask("two", 3).heartbeat_interval_ms == SHORT_MS
    bench.advance(7_600)
    assert bench.ask("two", 3).heartbeat_interval_ms == 1_000


def test_ten_members_that_start_together_settle_within_a_second(bench: ConsumerBench) -> None:
    bench.create_topic("wide", 20)
    members = [f"m{number}" for number in range(10)]
    due: dict[str, int] = {}
    for member_id in members:
        due[member_id] = bench.now_ms + bench.join_consumer(member_id, "wide").heartbeat_interval_ms
        bench.advance(10)
    last_join_ms = bench.now_ms
    while bench.group_state() is not ConsumerGroupState.STABLE:
        member_id = min(due, key=due.__getitem__)
        bench.advance(max(0, due[member_id] - bench.now_ms))
        member = bench.consumer_group().members[member_id]
        answer = bench.ask(member_id, member.member_epoch, owned=bench.assigned(member_id))
        assert answer.error_code == ErrorCode.NONE
        due[member_id] = bench.now_ms + answer.heartbeat_interval_ms
    assert bench.now_ms - last_join_ms < 500


def test_many_members_are_not_asked_too_often() -> None:
    bench = ConsumerBench({"orders": 2_000}, group_consumer_assignment_interval_ms=1_000)
    bench._compare = lambda: None  # type: ignore[method-assign]
    told = [bench.join_consumer(f"m{each}").heartbeat_interval_ms for each in range(800)]
    assert told[0] == SHORT_MS
    assert told[-1] == 200


def test_a_target_that_is_much_work_is_computed_rarely() -> None:
    bench = ConsumerBench({"orders": 2_000}, group_consumer_assignment_interval_ms=1_000)
    bench.join_consumer("one")
    assert bench.consumer_group().target_epoch == 2
    bench.join_consumer("two")
    assert bench.group_state() is ConsumerGroupState.ASSIGNING
    bench.advance(99)
    bench.join_consumer("three")
    assert bench.consumer_group().target_epoch == 2
    bench.advance(1)
    bench.ask("three", 2)
    assert bench.consumer_group().target_epoch == 4
    bench.settle()
    assert sorted(len(bench.assigned(each)["orders"]) for each in ("one", "two", "three")) == [
        666,
        667,
        667,
    ]


def test_a_small_group_is_assigned_with_each_member() -> None:
    bench = ConsumerBench(group_consumer_assignment_interval_ms=1_000)
    for number in range(10):
        bench.join_consumer(f"m{number}")
        assert bench.consumer_group().target_epoch == bench.consumer_group().group_epoch
