"""What the coordinator does around decisions: loading, failing to store, nodes, administrators."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.groups.classic.describe import GroupFilter
from pybroker.groups.classic.state import GroupState
from pybroker.groups.loaded import LOAD_MEMBERS_AFTER_MS
from pybroker.store import Store, StoreError
from pybroker.store.groups import GroupDeleted, GroupMembersRemoved, GroupOffsetsRemoved
from tests.support.groups import Bench, Caller


def test_members_keep_their_places_over_a_restart(bench: Bench) -> None:
    leader, follower = bench.stable(2)
    bench.start()
    assert bench.heartbeat(leader, 2) is ErrorCode.NONE
    assert bench.sync(follower, 2).response.assignment == follower.encode()[-4:]
    assert bench.commit({0: 1}, follower, 2) == {0: ErrorCode.NONE}
    assert bench.join(follower).response.generation_id == 2
    assert bench.state() is GroupState.STABLE


def test_sessions_run_after_a_restart_although_nobody_asks(bench: Bench) -> None:
    bench.stable(2, session_ms=10_000)
    bench.start()
    assert bench.coordinator._loaded.by_id == {}
    bench.advance(LOAD_MEMBERS_AFTER_MS)
    assert bench.state() is GroupState.STABLE
    bench.advance(10_000)
    assert bench.state() is GroupState.EMPTY


def test_sessions_run_although_the_store_could_not_be_read_at_first(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.stable(session_ms=10_000)
    bench.start()
    with monkeypatch.context() as patched:
        patched.setattr(Store, "query", refuse_to_read)
        with pytest.raises(StoreError):
            bench.advance(LOAD_MEMBERS_AFTER_MS)
    bench.advance(LOAD_MEMBERS_AFTER_MS)
    assert bench.state() is GroupState.STABLE
    bench.advance(10_000)
    assert bench.state() is GroupState.EMPTY


def refuse_to_read(*_: object) -> None:
    raise StoreError("The control state cannot be read: disk I/O error")


def test_a_generation_that_was_never_stable_is_forgotten_by_a_restart(bench: Bench) -> None:
    leader, follower = bench.stable(2)
    bench.join(leader)
    bench.join(follower)
    assert bench.group().generation_id == 3
    bench.start()
    assert bench.heartbeat(leader, 3) is ErrorCode.ILLEGAL_GENERATION
    assert bench.heartbeat(leader, 2) is ErrorCode.NONE


def test_an_empty_group_goes_on_counting_after_a_restart(bench: Bench) -> None:
    (member_id,) = bench.stable()
    bench.leave(member_id)
    bench.start()
    assert bench.join_new().response.generation_id == 3


def test_a_write_that_fails_drops_what_was_decided(bench: Bench) -> None:
    leader, follower = bench.stable(2)
    bench.join(leader)
    joined = bench.join(follower)
    assert joined.response.generation_id == 3
    waiting = bench.sync(follower, 3)
    newcomer = bench.join_new(group_id="other")
    bench.fails_to_store = True
    with pytest.raises(StoreError):
        bench.sync(leader, 3, {leader: b"new"})
    assert bench.coordinator._loaded.by_id == {}
    # The answer that it would have had belongs to what could not be stored.
    assert waiting.code is ErrorCode.NOT_COORDINATOR
    assert newcomer.code is ErrorCode.NONE
    bench.fails_to_store = False
    assert bench.heartbeat(leader, 2) is ErrorCode.NONE
    assert bench.sync(leader, 2).response.assignment == leader.encode()[-4:]


def test_a_commit_that_fails_is_not_seen(bench: Bench) -> None:
    bench.commit({0: 1})
    bench.fails_to_store = True
    with pytest.raises(StoreError):
        bench.commit({0: 2})
    bench.fails_to_store = False
    assert bench.committed() == {("orders", 0): 1}


def test_everybody_who_waits_is_sent_away_at_the_end(bench: Bench) -> None:
    ids = bench.stable(2)
    joining = bench.join(ids[0])
    other = bench.stable(2, group_id="other")
    for member_id in other:
        bench.join(member_id, group_id="other")
    syncing = bench.sync(other[1], 3, group_id="other")
    bench.coordinator.close()
    assert (joining.code, syncing.code) == (ErrorCode.NOT_COORDINATOR,) * 2
    bench.advance(1_000_000)


def test_groups_are_listed_by_state_and_type(bench: Bench) -> None:
    bench.stable(group_id="stable")
    (member_id,) = bench.stable(group_id="left")
    bench.leave(member_id, group_id="left")
    bench.commit({0: 1}, group_id="simple")
    bench.stable(group_id="busy")
    bench.join_new(group_id="busy")
    bench.start()
    assert bench.listed() == {
        "busy": "Stable",
        "left": "Empty",
        "simple": "Empty",
        "stable": "Stable",
    }
    assert set(bench.listed(states=["sTaBle "])) == {"busy", "stable"}
    assert set(bench.listed(states=["Empty", "Stable"], types=["Classic"])) == set(bench.listed())
    assert bench.listed(states=["Funny"]) == bench.listed(types=["consumer"]) == {}


def test_a_stable_group_is_described_whole(bench: Bench) -> None:
    (member_id,) = bench.stable()
    described = bench.coordinator.describe_group("group", Caller(6))
    assert (described.error_code, described.group_state) == (0, "Stable")
    assert (described.protocol_type, described.protocol_data) == ("consumer", "range")
    (member,) = described.members
    assert (member.member_id, member.client_id, member.client_host) == (
        member_id,
        "app",
        "/127.0.0.1",
    )
    assert member.member_metadata == b"all"
    assert member.member_assignment == member_id.encode()[-4:]


def test_during_a_rebalance_members_are_described_without_metadata(bench: Bench) -> None:
    bench.stable()
    bench.join_new()
    described = bench.coordinator.describe_group("group", Caller(6))
    assert (described.group_state, described.protocol_data) == ("PreparingRebalance", "")
    assert [member.member_metadata for member in described.members] == [b"", b""]


@pytest.mark.parametrize(
    ("version", "code", "message"),
    [(5, 0, None), (6, ErrorCode.GROUP_ID_NOT_FOUND, "Group nobody not found.")],
)
def test_a_group_that_does_not_exist_is_dead(
    bench: Bench, version: int, code: int, message: str | None
) -> None:
    described = bench.coordinator.describe_group("nobody", Caller(version))
    assert (described.group_state, described.error_code) == ("Dead", code)
    assert described.error_message == message


def test_an_empty_group_is_deleted_with_its_offsets(bench: Bench) -> None:
    (member_id,) = bench.stable()
    bench.commit({0: 1}, member_id, 1)
    caller = Caller(2)
    assert bench.coordinator.delete_group("group", caller) is ErrorCode.NON_EMPTY_GROUP
    bench.leave(member_id)
    bench.take_changes()
    assert bench.coordinator.delete_group("group", caller) is ErrorCode.NONE
    assert bench.take_changes() == [
        GroupDeleted("group"),
        GroupMembersRemoved("group"),
        GroupOffsetsRemoved("group"),
    ]
    assert bench.coordinator.delete_group("group", caller) is ErrorCode.GROUP_ID_NOT_FOUND
    assert bench.coordinator.delete_group("", caller) is ErrorCode.GROUP_ID_NOT_FOUND
    assert bench.committed() == {}
    assert bench.listed() == {}
    assert bench.join_new().response.generation_id == 1


def test_a_pending_id_that_lapses_leaves_no_group(bench: Bench) -> None:
    bench.join(session_ms=6_000)
    assert bench.listed() == {"group": "Empty"}
    bench.advance(6_000)
    assert bench.coordinator._loaded.by_id == {}


def test_a_node_that_does_not_coordinate_a_group_says_so() -> None:
    bench = Bench(node_ids=(1, 2, 3))
    there = bench.coordinator.coordinator_of("group", 50)
    answers = {node: bench.join(node_id=node).code for node in (1, 2, 3)}
    assert answers.pop(there) is ErrorCode.MEMBER_ID_REQUIRED
    assert set(answers.values()) == {ErrorCode.NOT_COORDINATOR}


def test_every_node_lists_its_own_groups() -> None:
    bench = Bench(node_ids=(1, 2, 3))
    names = [f"group-{number}" for number in range(20)]
    for name in names:
        node_id = bench.coordinator.coordinator_of(name, 50)
        bench.join(version=3, group_id=name, node_id=node_id)
    listed = [
        group.group_id
        for node in (1, 2, 3)
        for group in bench.coordinator.list_groups(GroupFilter((), ()), Caller(5, node_id=node))
    ]
    assert sorted(listed) == sorted(names)


def test_a_group_has_one_timer(bench: Bench) -> None:
    ids = bench.stable(50, session_ms=10_000)
    for _ in range(100):
        for member_id in ids:
            bench.heartbeat(member_id, 2)
        bench.advance(1_000)
    live = [entry for entry in bench.timers._heap if entry[2].callback is not None]
    assert len(live) == 1
