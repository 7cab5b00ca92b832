"""OffsetCommit, decision by decision."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.groups.classic.state import GroupState
from pybroker.store.groups import OffsetCommitted
from tests.support.groups import START_MS, TOPIC_ID, WALL_AHEAD_MS, Bench

NOW_MS = WALL_AHEAD_MS + START_MS


def test_somebody_without_a_member_makes_a_group_that_only_commits(bench: Bench) -> None:
    answers = bench.commit({0: 7, 3: 9}, leader_epoch=5, metadata="mark")
    assert answers == {0: ErrorCode.NONE, 3: ErrorCode.NONE}
    assert bench.take_changes() == [
        OffsetCommitted("group", "orders", 0, 7, 5, "mark", NOW_MS, -1),
        OffsetCommitted("group", "orders", 3, 9, 5, "mark", NOW_MS, -1),
    ]
    assert bench.committed() == {("orders", 0): 7, ("orders", 3): 9}
    assert bench.listed() == {"group": "Empty"}


def test_a_member_commits_in_its_generation(bench: Bench) -> None:
    (member_id,) = bench.stable()
    assert bench.commit({1: 4}, member_id, 1) == {1: ErrorCode.NONE}
    assert bench.commit({1: 5}, member_id, 1) == {1: ErrorCode.NONE}
    assert bench.committed() == {("orders", 1): 5}


def test_a_group_with_an_empty_name_may_commit(bench: Bench) -> None:
    assert bench.commit({0: 1}, group_id="") == {0: ErrorCode.NONE}
    assert bench.committed("") == {("orders", 0): 1}


def test_no_metadata_is_empty_metadata(bench: Bench) -> None:
    bench.commit({0: 1}, metadata=None)
    assert bench.group().offsets["orders"][0].metadata == ""


def test_a_retention_of_old_clients_is_kept_as_a_time(bench: Bench) -> None:
    bench.commit({0: 1}, version=4, retention_ms=60_000)
    assert bench.group().offsets["orders"][0].expire_timestamp_ms == NOW_MS + 60_000


@pytest.mark.parametrize(
    ("member_id", "generation_id", "instance", "code"),
    [
        ("stranger", 1, None, ErrorCode.UNKNOWN_MEMBER_ID),
        ("", 1, None, ErrorCode.UNKNOWN_MEMBER_ID),
        ("", -1, None, ErrorCode.UNKNOWN_MEMBER_ID),
        ("MEMBER", 0, None, ErrorCode.ILLEGAL_GENERATION),
        ("MEMBER", 2, None, ErrorCode.ILLEGAL_GENERATION),
        ("MEMBER", -1, None, ErrorCode.ILLEGAL_GENERATION),
        ("MEMBER", 1, "instance", ErrorCode.UNKNOWN_MEMBER_ID),
    ],
)
def test_nobody_else_commits_to_a_group_with_members(
    bench: Bench, member_id: str, generation_id: int, instance: str | None, code: ErrorCode
) -> None:
    (known,) = bench.stable()
    if member_id == "MEMBER":
        member_id = known
    answers = bench.commit({0: 1, 1: 2}, member_id, generation_id, instance=instance)
    assert answers == {0: code, 1: code}
    assert bench.take_changes() == []
    assert bench.committed() == {}


@pytest.mark.parametrize(
    ("version", "code"),
    [(8, ErrorCode.ILLEGAL_GENERATION), (9, ErrorCode.GROUP_ID_NOT_FOUND)],
)
def test_a_generation_of_a_group_that_nobody_knows_is_refused(
    bench: Bench, version: int, code: ErrorCode
) -> None:
    assert bench.commit({0: 1}, "member", 1, version=version) == {0: code}
    assert bench.listed() == {}


def test_between_join_and_sync_positions_are_of_an_earlier_generation(bench: Bench) -> None:
    ids = bench.stable(2)
    for member_id in ids:
        bench.join(member_id)
    assert bench.state() is GroupState.COMPLETING_REBALANCE
    assert bench.commit({0: 1}, ids[0], 3) == {0: ErrorCode.REBALANCE_IN_PROGRESS}
    assert bench.commit({0: 1}, ids[0], 2) == {0: ErrorCode.ILLEGAL_GENERATION}


def test_a_member_that_must_join_again_may_still_commit(bench: Bench) -> None:
    (member_id,) = bench.stable()
    bench.join_new()
    assert bench.state() is GroupState.PREPARING_REBALANCE
    assert bench.commit({0: 1}, member_id, 1) == {0: ErrorCode.NONE}


def test_a_commit_extends_the_session(bench: Bench) -> None:
    (member_id,) = bench.stable(session_ms=10_000)
    bench.advance(9_000)
    bench.commit({0: 1}, member_id, 1)
    bench.advance(9_999)
    assert bench.state() is GroupState.STABLE


def test_partitions_that_do_not_exist_are_answered_by_themselves(bench: Bench) -> None:
    unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert bench.commit({-1: 1, 0: 1, 4: 1}) == {-1: unknown, 0: ErrorCode.NONE, 4: unknown}
    assert bench.commit({0: 1}, topic="gone") == {0: unknown}
    assert bench.commit({0: 1, 9: 1}, "stranger", 1) == {
        0: ErrorCode.UNKNOWN_MEMBER_ID,
        9: unknown,
    }


def test_commits_to_nothing_leave_no_group(bench: Bench) -> None:
    bench.commit({0: 1}, topic="gone")
    bench.commit({99: 1})
    assert bench.coordinator._loaded.by_id == {}


def test_topics_are_named_by_id_since_version_10(bench: Bench) -> None:
    assert bench.commit({0: 8}, version=10, topic_id=TOPIC_ID) == {0: ErrorCode.NONE}
    assert bench.committed() == {("orders", 0): 8}
    assert bench.commit({0: 8}, version=10, topic_id=bytes(15) + b"9") == {
        0: ErrorCode.UNKNOWN_TOPIC_ID
    }
    assert bench.commit({7: 8}, version=10, topic_id=TOPIC_ID) == {
        7: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    }


def test_metadata_has_a_limit() -> None:
    bench = Bench(offset_metadata_max_bytes=4)
    assert bench.commit({0: 1}, metadata="five!") == {0: ErrorCode.OFFSET_METADATA_TOO_LARGE}
    assert bench.committed() == {}
    assert bench.commit({0: 1}, metadata="four") == {0: ErrorCode.NONE}


def test_the_limit_of_metadata_counts_what_java_counts() -> None:
    bench = Bench(offset_metadata_max_bytes=4)
    assert bench.commit({0: 1}, metadata="\u00e9" * 4) == {0: ErrorCode.NONE}
    assert bench.commit({0: 1}, metadata="\U0001f600" * 2) == {0: ErrorCode.NONE}
    too_large = {0: ErrorCode.OFFSET_METADATA_TOO_LARGE}
    assert bench.commit({0: 1}, metadata="\U0001f600" * 3) == too_large


def test_offsets_stay_when_the_members_go(bench: Bench) -> None:
    (member_id,) = bench.stable()
    bench.commit({0: 3}, member_id, 1)
    bench.leave(member_id)
    assert bench.committed() == {("orders", 0): 3}
    assert bench.commit({0: 4}) == {0: ErrorCode.NONE}


def test_a_topic_that_is_deleted_takes_its_offsets_with_it(bench: Bench) -> None:
    bench.commit({0: 3})
    bench.commit({1: 3}, group_id="other")
    bench.start()
    assert bench.committed("other") == {("orders", 1): 3}
    bench.coordinator.forget_topic("orders", bench.now_ms)
    assert bench.committed("group") == bench.committed("other") == {}
    bench.start()
    assert bench.committed("group") == bench.committed("other") == {}
