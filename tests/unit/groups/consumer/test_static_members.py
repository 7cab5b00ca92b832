"""Static members of a consumer group: they leave for a while, and come back to their place."""

from pybroker.errors import ErrorCode
from pybroker.groups.consumer.member import LEAVE_STATIC_EPOCH
from pybroker.groups.consumer.state import ConsumerGroupState
from tests.support.consumer_bench import ConsumerBench, refusal, told


def stable_pair(bench: ConsumerBench) -> None:
    bench.join_consumer("a1", instance="a")
    bench.join_consumer("b1", instance="b")
    for _ in range(3):
        for member_id, instance in (("a1", "a"), ("b1", "b")):
            epoch = bench.consumer_group().members[member_id].member_epoch
            bench.ask(member_id, epoch, instance=instance, owned=bench.assigned(member_id))
    assert bench.group_state() is ConsumerGroupState.STABLE


def test_a_place_is_kept_for_who_leaves_for_a_while(bench: ConsumerBench) -> None:
    stable_pair(bench)
    before, epoch = bench.assigned("a1"), bench.consumer_group().group_epoch
    answer = bench.ask("a1", LEAVE_STATIC_EPOCH, instance="a")
    assert (answer.error_code, answer.member_epoch) == (0, LEAVE_STATIC_EPOCH)
    assert bench.ask("b1", 3, instance="b").assignment is None
    answer = bench.join_consumer("a2", instance="a")
    assert (told(answer), answer.member_epoch) == (before, epoch)
    assert set(bench.consumer_group().members) == {"a2", "b1"}
    assert bench.group_state() is ConsumerGroupState.STABLE
    assert bench.consumer_group().group_epoch == epoch


def test_who_comes_back_with_its_own_id_finds_its_place_too(bench: ConsumerBench) -> None:
    stable_pair(bench)
    before = bench.assigned("a1")
    bench.ask("a1", LEAVE_STATIC_EPOCH, instance="a")
    bench.start()
    answer = bench.join_consumer("a1", instance="a")
    assert (told(answer), answer.member_epoch) == (before, 3)


def test_a_place_that_was_not_left_is_not_given_away(bench: ConsumerBench) -> None:
    stable_pair(bench)
    request = {"topics": ["orders"], "owned": {}, "rebalance_ms": 1_000, "instance": "a"}
    message = (
        "Static member a2 with instance id a cannot join the group because the instance id is "
        "owned by a1 member."
    )
    answer = bench.ask("a2", 0, **request)  # type: ignore[arg-type]
    assert refusal(answer) == (ErrorCode.UNRELEASED_INSTANCE_ID, message)
    assert set(bench.consumer_group().members) == {"a1", "b1"}


def test_whose_place_was_taken_is_fenced(bench: ConsumerBench) -> None:
    stable_pair(bench)
    bench.ask("a1", LEAVE_STATIC_EPOCH, instance="a")
    bench.join_consumer("a2", instance="a")
    for epoch in (3, -1, -2):
        assert refusal(bench.ask("a1", epoch, instance="a")) == (
            ErrorCode.FENCED_INSTANCE_ID,
            "Static member a1 with instance id a was fenced by member a2.",
        )
    assert refusal(bench.ask("x", 3, instance="nobody")) == (
        ErrorCode.UNKNOWN_MEMBER_ID,
        "Instance id nobody is unknown.",
    )


def test_who_does_not_come_back_is_put_out(bench: ConsumerBench) -> None:
    stable_pair(bench)
    bench.ask("a1", LEAVE_STATIC_EPOCH, instance="a")
    bench.advance(44_999)
    bench.ask("b1", 3, instance="b")
    bench.advance(1)
    assert set(bench.consumer_group().members) == {"b1"}
    assert told(bench.ask("b1", 3, instance="b")) == {"orders": [0, 1, 2, 3]}


def test_who_leaves_for_good_is_gone_at_once(bench: ConsumerBench) -> None:
    stable_pair(bench)
    bench.ask("a1", -1, instance="a")
    assert bench.consumer_group().static_members == {"b": "b1"}


def test_what_was_to_be_given_up_is_free_when_its_owner_is_away(bench: ConsumerBench) -> None:
    bench.join_consumer("a1", instance="a")
    bench.join_consumer("b1")
    bench.ask("a1", 2, instance="a")
    assert bench.pending("a1") == {"orders": [2, 3]}
    bench.ask("a1", LEAVE_STATIC_EPOCH, instance="a")
    assert told(bench.ask("b1", 3)) == {"orders": [2, 3]}
    assert told(bench.join_consumer("a2", instance="a")) == {"orders": [0, 1]}


def test_a_member_may_come_back_with_another_subscription() -> None:
    bench = ConsumerBench({"orders": 2, "other": 2})
    bench.join_consumer("a1", instance="a")
    bench.ask("a1", LEAVE_STATIC_EPOCH, instance="a")
    answer = bench.join_consumer("a2", "other", instance="a")
    assert (told(answer), answer.member_epoch) == ({"other": [0, 1]}, 3)


def test_a_member_may_change_its_instance(bench: ConsumerBench) -> None:
    bench.join_consumer("one", instance="a")
    bench.join_consumer("one", instance="b")
    assert bench.consumer_group().static_members == {"b": "one"}
