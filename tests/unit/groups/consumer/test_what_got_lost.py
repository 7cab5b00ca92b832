"""Members that never heard what they were assigned, and groups that changed kind in between.

Each of these was found by a schedule of the simulation.
"""

from pybroker.errors import ErrorCode
from pybroker.groups.classic.state import GroupState
from pybroker.groups.consumer.state import ConsumerGroupState
from pybroker.groups.loaded import LOAD_MEMBERS_AFTER_MS
from pybroker.protocol.codec import codec
from pybroker.protocol.consumer_protocol import (
    ConsumerProtocolAssignment,
    ConsumerProtocolSubscription,
)
from tests.support.consumer_bench import ConsumerBench, partitions_of, told

HEARTBEAT_MS = 5_000
EVERYTHING = {"orders": [0, 1, 2, 3]}


def subscription(*topics: str) -> dict[str, bytes]:
    body = codec(ConsumerProtocolSubscription, 1).encode(
        ConsumerProtocolSubscription(topics=list(topics))
    )
    return {"range": b"\0\1" + body}


def assignment(topic: str, *partitions: int) -> bytes:
    pairs = ConsumerProtocolAssignment.TopicPartition(topic=topic, partitions=list(partitions))
    body = codec(ConsumerProtocolAssignment, 1).encode(
        ConsumerProtocolAssignment(assigned_partitions=[pairs])
    )
    return b"\0\1" + body


def classic_group(bench: ConsumerBench, *partitions: int, instance: str | None = None) -> str:
    """A stable classic group of one consumer. Gives its member id."""
    arguments = {"protocols": subscription("orders"), "instance": instance}
    answer = bench.join(**arguments) if instance else bench.join_new(**arguments)
    member_id: str = answer.response.member_id
    given = {member_id: assignment("orders", *partitions)}
    assert bench.sync(member_id, 1, given, instance=instance).code is ErrorCode.NONE
    return member_id


def test_a_member_that_does_not_own_what_it_was_told_is_told_again(bench: ConsumerBench) -> None:
    assert told(bench.join_consumer("one")) == EVERYTHING
    assert told(bench.ask("one", 2)) is None
    bench.advance(HEARTBEAT_MS)
    assert told(bench.ask("one", 2)) == EVERYTHING
    assert told(bench.ask("one", 2)) is None
    assert told(bench.ask("one", 2, owned=EVERYTHING)) is None
    bench.advance(HEARTBEAT_MS)
    assert told(bench.ask("one", 2)) is None


def test_it_is_told_a_few_times_and_no_more(bench: ConsumerBench) -> None:
    bench.join_consumer("one")
    answers = []
    for _ in range(8):
        bench.advance(HEARTBEAT_MS)
        answers.append(told(bench.ask("one", 2)))
    assert answers == [EVERYTHING] * 3 + [None] * 5


def test_after_a_restart_nobody_knows_what_was_told(bench: ConsumerBench) -> None:
    bench.join_consumer("one")
    bench.start()
    bench.advance(LOAD_MEMBERS_AFTER_MS + HEARTBEAT_MS)
    assert told(bench.ask("one", 2)) == EVERYTHING


def test_the_session_of_who_joined_an_upgraded_group_last_is_its_own(bench: ConsumerBench) -> None:
    classic_group(bench, 0, 1, 2, 3)
    waiting = bench.join_new(protocols=subscription("orders"), session_ms=10_000)
    assert waiting.is_waiting
    bench.join_consumer("new")
    assert waiting.code is ErrorCode.REBALANCE_IN_PROGRESS
    bench.advance(10_000)
    assert set(bench.consumer_group().members) == {"new"}


def test_an_upgraded_group_has_what_the_leader_left_out(bench: ConsumerBench) -> None:
    classic_group(bench, 0, 1, instance="one")
    # It takes its own place, so that nothing else is a reason to assign anew.
    bench.join_consumer("new", instance="one")
    assert bench.consumer_group().group_epoch == 2
    bench.settle()
    assert bench.assigned("new") == EVERYTHING


def test_an_upgraded_group_whose_leader_assigned_everything_is_left_alone(
    bench: ConsumerBench,
) -> None:
    classic_group(bench, 0, 1, 2, 3, instance="one")
    assert told(bench.join_consumer("new", instance="one")) == EVERYTHING
    assert bench.consumer_group().group_epoch == 1
    assert bench.group_state() is ConsumerGroupState.STABLE


def test_an_upgraded_group_takes_back_what_is_gone(bench: ConsumerBench) -> None:
    classic_group(bench, 0, 1, 2, 3, 4, instance="one")
    bench.join_consumer("new", instance="one")
    assert bench.consumer_group().group_epoch == 2


def test_an_upgraded_group_that_had_no_generation_yet_begins_with_an_epoch() -> None:
    bench = ConsumerBench(group_initial_rebalance_delay_ms=1_000)
    waiting = bench.join(instance="one", protocols=subscription("orders"))
    assert waiting.is_waiting
    answer = bench.join_consumer("new", instance="one")
    # 0 would be the epoch of who is about to join: its next heartbeat would be refused as one.
    assert answer.member_epoch == 1
    assert waiting.code is ErrorCode.REBALANCE_IN_PROGRESS
    bench.settle()
    assert bench.assigned("new") == EVERYTHING


def test_a_topic_that_grew_before_the_upgrade_is_noticed(bench: ConsumerBench) -> None:
    classic_group(bench, 0, 1, 2, 3, instance="one")
    bench.all_topics.apply(partitions_of("orders", [4]))
    bench.join_consumer("new", instance="one")
    bench.settle()
    assert bench.assigned("new") == {"orders": [0, 1, 2, 3, 4]}


def test_a_downgraded_group_rebalances_while_somebody_waits_for_partitions(
    bench: ConsumerBench,
) -> None:
    bench.join_consumer("new", instance="one")
    joined = bench.join(instance="two", protocols=subscription("orders"))
    assert joined.code is ErrorCode.NONE
    # Its place is taken by a classic member, while the other has not got its partitions yet.
    bench.ask("new", -2, instance="one")
    bench.join(instance="one", protocols=subscription("orders"))
    assert bench.state() is GroupState.PREPARING_REBALANCE


def test_a_downgraded_group_rebalances_after_a_restart_too(bench: ConsumerBench) -> None:
    bench.join_consumer("new")
    old = bench.join_new(protocols=subscription("orders")).response.member_id
    bench.ask("new", -1)
    assert bench.state() is GroupState.PREPARING_REBALANCE
    bench.start()
    assert bench.heartbeat(old, 3) is ErrorCode.REBALANCE_IN_PROGRESS
    assert bench.state() is GroupState.PREPARING_REBALANCE
