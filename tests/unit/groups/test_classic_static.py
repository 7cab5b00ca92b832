"""Static membership (KIP-345) and skipping the assignment (KIP-814)."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.groups.classic.state import GroupState
from pybroker.store.groups import GroupMemberSet
from tests.support.groups import Answer, Bench


def start(bench: Bench, *instances: str, **arguments: int) -> dict[str, str]:
    """Make a stable group of static members; the first instance leads."""
    joined: dict[str, Answer] = {}
    for instance in instances:
        joined[instance] = bench.join(instance=instance, **arguments)  # type: ignore[arg-type]
    first = joined[instances[0]].response.member_id
    ids = dict.fromkeys(instances, "")
    if len(instances) > 1:
        bench.join(first, instance=instances[0], **arguments)  # type: ignore[arg-type]
    for member_id, member in bench.group().members.items():
        ids[member.group_instance_id or ""] = member_id
    generation_id = bench.group().generation_id
    assignments = {ids[instance]: instance.encode() for instance in instances}
    for instance in instances:
        bench.sync(ids[instance], generation_id, assignments, instance=instance)
    assert bench.state() is GroupState.STABLE
    bench.take_changes()
    return ids


def test_a_static_member_needs_no_second_join(bench: Bench) -> None:
    answer = bench.join(instance="one")
    assert answer.response.generation_id == 1
    assert answer.response.member_id.startswith("one-")
    assert answer.response.members[0].group_instance_id == "one"


def test_a_restarted_member_keeps_its_assignment_without_a_rebalance(bench: Bench) -> None:
    ids = start(bench, "one", "two")
    answer = bench.join(instance="two")
    new_id = answer.response.member_id
    assert (answer.code, answer.response.generation_id) == (ErrorCode.NONE, 2)
    assert new_id != ids["two"]
    assert answer.response.leader == ids["one"]
    assert answer.response.members == []
    assert bench.state() is GroupState.STABLE
    stored = [each for each in bench.take_changes() if isinstance(each, GroupMemberSet)]
    assert {(each.member_id, each.group_instance_id) for each in stored} == {
        (ids["one"], "one"),
        (new_id, "two"),
    }
    assert bench.sync(new_id, 2, instance="two").response.assignment == b"two"
    assert bench.heartbeat(new_id, 2, instance="two") is ErrorCode.NONE


def test_the_old_id_is_fenced(bench: Bench) -> None:
    ids = start(bench, "one", "two")
    bench.join(instance="two")
    old = ids["two"]
    assert bench.heartbeat(old, 2, instance="two") is ErrorCode.FENCED_INSTANCE_ID
    assert bench.heartbeat(old, 2) is ErrorCode.UNKNOWN_MEMBER_ID
    assert bench.sync(old, 2, instance="two").code is ErrorCode.FENCED_INSTANCE_ID
    assert bench.join(old, instance="two").code is ErrorCode.FENCED_INSTANCE_ID
    assert bench.leave((old, "two")) == [ErrorCode.FENCED_INSTANCE_ID]
    assert set(bench.commit({0: 1}, old, 2, instance="two").values()) == {
        ErrorCode.FENCED_INSTANCE_ID
    }


@pytest.mark.parametrize(
    ("version", "is_told"),
    [(5, False), (8, False), (9, True)],
)
def test_a_restarted_leader_does_not_assign_anew(bench: Bench, version: int, is_told: bool) -> None:
    ids = start(bench, "one", "two")
    response = bench.join(instance="one", version=version).response
    assert response.skip_assignment is is_told
    assert len(response.members) == (2 if is_told else 0)
    assert response.leader == (response.member_id if is_told else ids["one"])
    assert bench.state() is GroupState.STABLE
    # It does lead, which the next rebalance shows.
    bench.join(response.member_id, instance="one", version=version)
    assert bench.state() is GroupState.PREPARING_REBALANCE


def test_a_restart_with_another_favourite_protocol_rebalances(bench: Bench) -> None:
    start(bench, "one")
    both = {"sticky": b"", "range": b""}
    answer = bench.join(instance="one", protocols=both)
    # Alone, it is the only one who has to join.
    assert (answer.response.generation_id, answer.response.protocol_name) == (2, "sticky")
    assert bench.state() is GroupState.COMPLETING_REBALANCE


def test_between_join_and_sync_a_restart_starts_over(bench: Bench) -> None:
    ids = start(bench, "one", "two")
    bench.join(ids["one"], instance="one")
    bench.join(ids["two"], instance="two")
    waiting = bench.sync(ids["two"], 3, instance="two")
    again = bench.join(instance="two")
    assert waiting.code is ErrorCode.FENCED_INSTANCE_ID
    assert again.is_waiting
    assert bench.state() is GroupState.PREPARING_REBALANCE


def test_a_join_that_waits_is_fenced_by_the_next_one(bench: Bench) -> None:
    ids = start(bench, "one", "two")
    first = bench.join(ids["one"], instance="one")
    second = bench.join(instance="one")
    assert first.code is ErrorCode.FENCED_INSTANCE_ID
    assert first.response.member_id == ids["one"]
    bench.join(ids["two"], instance="two")
    assert second.response.generation_id == 3


def test_a_static_member_that_misses_a_rebalance_keeps_its_place(bench: Bench) -> None:
    ids = start(bench, "one", "two", session_ms=100_000, rebalance_ms=20_000)
    waiting = bench.join(ids["one"], instance="one", session_ms=100_000, rebalance_ms=20_000)
    bench.advance(20_000)
    assert {each.group_instance_id for each in waiting.response.members} == {"one", "two"}


def test_a_rebalance_waits_on_while_no_static_member_is_there(bench: Bench) -> None:
    start(bench, "one", "two", session_ms=100_000, rebalance_ms=20_000)
    newcomer = bench.join_new(session_ms=6_000, rebalance_ms=20_000)
    bench.leave(newcomer.member_id)
    bench.advance(20_000)
    assert bench.state() is GroupState.PREPARING_REBALANCE
    bench.advance(80_000)
    assert bench.state() is GroupState.EMPTY


def test_an_administrator_removes_a_member_by_its_instance(bench: Bench) -> None:
    ids = start(bench, "one", "two")
    assert bench.leave(("", "two"), ("", "three")) == [
        ErrorCode.NONE,
        ErrorCode.UNKNOWN_MEMBER_ID,
    ]
    assert set(bench.group().members) == {ids["one"]}


def test_a_static_member_may_join_a_pair_of_dynamic_ones(bench: Bench) -> None:
    ids = bench.stable(2)
    static = bench.join(instance="one")
    bench.join(ids[0])
    bench.join(ids[1])
    assert static.response.generation_id == 3
    assert bench.group().static_members == {"one": static.response.member_id}
