"""Committed offsets that go: OffsetDelete, expiry by age, deleted topics."""

from collections.abc import Mapping

import pytest

from pybroker.errors import ErrorCode
from pybroker.groups.classic.state import GroupState
from pybroker.groups.expiry import GROUPS_AT_ONCE
from pybroker.groups.loaded import LOAD_MEMBERS_AFTER_MS
from pybroker.protocol.offset_delete import OffsetDeleteRequest
from pybroker.store import Store
from pybroker.store import groups as stored
from pybroker.store.consumer_groups import ConsumerGroupSet
from pybroker.store.groups import GroupDeleted, OffsetRemoved
from tests.support.groups import Bench, Caller
from tests.support.subscriptions import subscription

HOUR_MS = 3_600_000
RETENTION_MS = 7 * 24 * HOUR_MS
READS_ORDERS: Mapping[str, bytes] = {"range": subscription("orders")}
READS_OTHERS: Mapping[str, bytes] = {"range": subscription("others")}


@pytest.fixture
def bench() -> Bench:
    return Bench(group_max_session_timeout_ms=RETENTION_MS)


def delete(
    bench: Bench, *indexes: int, group_id: str = "group", topic: str = "orders"
) -> ErrorCode | dict[int, ErrorCode]:
    partitions = [OffsetDeleteRequest.Partition(partition_index=index) for index in indexes]
    request = OffsetDeleteRequest(
        group_id=group_id, topics=[OffsetDeleteRequest.Topic(name=topic, partitions=partitions)]
    )
    response = bench.coordinator.delete_offsets(request, Caller(0))
    bench._compare()
    if response.error_code:
        return ErrorCode(response.error_code)
    (answered,) = response.topics
    return {each.partition_index: ErrorCode(each.error_code) for each in answered.partitions}


def expire(bench: Bench, after_ms: int) -> None:
    """Look for what is too old in a while, to the end."""
    bench.now_ms += after_ms
    bench.coordinator.expire_offsets(bench.now_ms)
    bench.advance(1_000)


def test_positions_are_deleted_and_what_is_not_there_is_no_error(bench: Bench) -> None:
    bench.commit({0: 7, 1: 8})
    bench.take_changes()
    assert delete(bench, 0, 2, 9) == {
        0: ErrorCode.NONE,
        2: ErrorCode.NONE,
        9: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    }
    assert bench.take_changes() == [OffsetRemoved("group", "orders", 0)]
    assert bench.committed() == {("orders", 1): 8}
    assert delete(bench, 0, topic="gone") == {0: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}
    assert delete(bench, 0, group_id="nobody") is ErrorCode.GROUP_ID_NOT_FOUND


def test_positions_that_members_read_by_stay(bench: Bench) -> None:
    (member_id,) = bench.stable(protocols=READS_ORDERS)
    bench.commit({0: 7}, member_id, 1)
    assert delete(bench, 0) == {0: ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC}
    bench.leave(member_id)
    assert delete(bench, 0) == {0: ErrorCode.NONE}


def test_positions_that_members_read_by_no_more_are_deleted(bench: Bench) -> None:
    (member_id,) = bench.stable(protocols=READS_OTHERS)
    bench.commit({0: 7}, member_id, 1)
    assert delete(bench, 0) == {0: ErrorCode.NONE}


@pytest.mark.parametrize("metadata", [b"", b"\0", b"\xff\xff\0\0", b"\0\0\0\0\0\x09"])
def test_a_subscription_that_cannot_be_read_counts_as_everything(
    bench: Bench, metadata: bytes
) -> None:
    (member_id,) = bench.stable(protocols={"range": metadata})
    bench.commit({0: 7}, member_id, 1)
    assert delete(bench, 0) == {0: ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC}
    bench.now_ms += 2 * RETENTION_MS
    bench.coordinator.expire_offsets(bench.now_ms)
    assert bench.committed() == {("orders", 0): 7}


def test_a_version_that_is_not_known_yet_is_read_by_its_beginning(bench: Bench) -> None:
    metadata = b"\x00\x63" + subscription("orders", version=0)[2:] + b"more"
    (member_id,) = bench.stable(protocols={"range": metadata})
    bench.commit({0: 7}, member_id, 1)
    assert delete(bench, 0) == {0: ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC}


def test_a_group_of_another_kind_with_members_keeps_everything(bench: Bench) -> None:
    (member_id,) = bench.stable(protocol_type="connect")
    bench.commit({0: 7}, member_id, 1)
    assert delete(bench, 0) is ErrorCode.NON_EMPTY_GROUP
    bench.leave(member_id)
    assert delete(bench, 0) == {0: ErrorCode.NONE}


def test_positions_of_simple_users_age_since_their_commit(bench: Bench) -> None:
    bench.commit({0: 1})
    bench.now_ms += HOUR_MS
    bench.commit({1: 2})
    bench.take_changes()
    expire(bench, RETENTION_MS - HOUR_MS - 1)
    assert bench.take_changes() == []
    expire(bench, 0)
    assert bench.take_changes() == [OffsetRemoved("group", "orders", 0)]
    assert bench.committed() == {("orders", 1): 2}


def test_a_group_without_positions_goes_too(bench: Bench) -> None:
    bench.commit({0: 1})
    expire(bench, RETENTION_MS)
    assert bench.listed() == {}
    assert list(stored.load(bench.store, "group")) == []


def test_positions_of_an_empty_group_age_since_it_is_empty(bench: Bench) -> None:
    (member_id,) = bench.stable(session_ms=60_000, protocols=READS_ORDERS)
    bench.commit({0: 1}, member_id, 1)
    for _ in range(3):
        bench.advance(50_000)
        bench.heartbeat(member_id, 1)
    bench.leave(member_id)
    bench.take_changes()
    expire(bench, RETENTION_MS - 1)
    assert bench.committed() == {("orders", 0): 1}
    bench.commit({0: 2})  # Somebody sets the group back: that does not make it younger.
    expire(bench, 1)
    assert bench.committed() == {}
    assert GroupDeleted("group") in bench.take_changes()


def keep_alive(bench: Bench, member_id: str, for_ms: int) -> None:
    end_ms = bench.now_ms + for_ms
    while bench.now_ms < end_ms:
        bench.advance(min(HOUR_MS, end_ms - bench.now_ms))
        assert bench.heartbeat(member_id, 1) is ErrorCode.NONE


def test_a_stable_group_loses_positions_in_topics_that_it_left(bench: Bench) -> None:
    (member_id,) = bench.stable(session_ms=2 * HOUR_MS, protocols=READS_OTHERS)
    bench.commit({0: 1}, member_id, 1)
    keep_alive(bench, member_id, RETENTION_MS)
    expire(bench, 0)
    assert bench.committed() == {}
    assert bench.state() is GroupState.STABLE


@pytest.mark.parametrize(
    ("protocol_type", "protocols"), [("consumer", READS_ORDERS), ("connect", READS_OTHERS)]
)
def test_a_stable_group_keeps_what_it_reads_or_does_not_tell(
    bench: Bench, protocol_type: str, protocols: Mapping[str, bytes]
) -> None:
    (member_id,) = bench.stable(
        session_ms=2 * HOUR_MS, protocols=protocols, protocol_type=protocol_type
    )
    bench.commit({0: 1}, member_id, 1, version=4, retention_ms=1)
    keep_alive(bench, member_id, RETENTION_MS)
    expire(bench, 0)
    assert bench.committed() == {("orders", 0): 1}


def test_a_commit_with_a_retention_of_its_own_goes_by_that(bench: Bench) -> None:
    bench.commit({0: 1}, version=4, retention_ms=HOUR_MS)
    bench.commit({1: 2}, version=4, retention_ms=2 * RETENTION_MS)
    expire(bench, HOUR_MS)
    assert bench.committed() == {("orders", 1): 2}
    expire(bench, 2 * RETENTION_MS)
    assert bench.committed() == {}


def test_groups_that_are_not_in_memory_expire_a_few_at_a_time(bench: Bench) -> None:
    count = 3 * GROUPS_AT_ONCE
    for number in range(count):
        bench.commit({0: 1}, group_id=f"old-{number}")
    bench.now_ms += RETENTION_MS
    for number in range(count):
        bench.commit({0: 1}, group_id=f"young-{number}")
    bench.start()
    bench.coordinator.expire_offsets(bench.now_ms)
    assert len(stored.group_ids(bench.store)) == 2 * count - GROUPS_AT_ONCE
    bench.advance(10)
    assert set(stored.group_ids(bench.store)) == {f"young-{number}" for number in range(count)}
    assert bench.coordinator._loaded.by_id == {}


def test_members_are_known_again_before_their_positions_could_go(bench: Bench) -> None:
    (member_id,) = bench.stable(session_ms=HOUR_MS, protocols=READS_ORDERS)
    bench.commit({0: 1}, member_id, 1)
    bench.now_ms += 2 * RETENTION_MS
    bench.start()
    bench.coordinator.expire_offsets(bench.now_ms)
    bench.advance(LOAD_MEMBERS_AFTER_MS)
    assert bench.committed() == {("orders", 0): 1}


def test_an_empty_group_without_positions_goes_at_once(bench: Bench) -> None:
    (member_id,) = bench.stable()
    bench.leave(member_id)
    bench.start()
    expire(bench, 0)
    assert bench.listed() == {}


def test_consumer_groups_are_looked_at_when_nothing_is_left_of_them() -> None:
    store = Store(None)
    store.apply([ConsumerGroupSet(name, 1, 1, 0, 0) for name in ("left", "read", "kept")])
    store.apply([stored.OffsetCommitted("kept", "orders", 0, 1, -1, "", RETENTION_MS, -1)])
    store.apply([stored.OffsetCommitted("read", "orders", 0, 1, -1, "", 0, -1)])
    found = stored.group_ids_to_expire(
        store, first_group_id="", now_ms=RETENTION_MS, retention_ms=RETENTION_MS, limit=9
    )
    assert found == ["left", "read"]


def test_a_consumer_group_goes_with_its_last_position(bench: Bench) -> None:
    bench.store.apply([ConsumerGroupSet("modern", 2, 2, 0, bench.wall_ms())])
    bench.start()
    bench.commit({0: 1}, group_id="modern")
    expire(bench, RETENTION_MS - 1)
    assert bench.listed() == {"modern": "Empty"}
    expire(bench, 1)
    assert bench.listed() == {}
    bench.start()
    assert bench.listed() == {}


def test_a_group_that_somebody_is_about_to_join_stays(bench: Bench) -> None:
    (member_id,) = bench.stable()
    bench.leave(member_id)
    assert bench.join().code is ErrorCode.MEMBER_ID_REQUIRED
    expire(bench, 0)
    assert bench.listed() == {"group": "Empty"}


def test_a_deleted_topic_takes_the_positions_of_all_groups_along(bench: Bench) -> None:
    bench.commit({0: 1}, group_id="here")
    bench.commit({0: 1}, group_id="there")
    bench.start()
    assert bench.committed("here") == {("orders", 0): 1}
    bench.coordinator.forget_topic("orders", bench.now_ms)
    assert bench.committed("here") == {}
    assert bench.committed("there") == {}
    expire(bench, 0)
    assert bench.listed() == {}
