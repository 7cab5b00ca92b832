"""A group coordinator with a clock that stands still, over a store in memory.

Requests are answered into an `Answer`. After each of them, and after each deadline, what the store
has is loaded into an empty state and compared with the state that lives.
"""

from collections.abc import Iterable, Mapping
from random import Random
from typing import Any, NamedTuple

from pybroker.errors import ErrorCode
from pybroker.groups.classic import snapshot
from pybroker.groups.classic.describe import GroupFilter
from pybroker.groups.classic.group import ClassicGroup
from pybroker.groups.classic.state import GroupState
from pybroker.groups.configs import GroupConfigs
from pybroker.groups.consumer.group import ConsumerGroup
from pybroker.groups.coordinator import GroupCoordinator
from pybroker.groups.decision import Decision
from pybroker.groups.loading import load
from pybroker.metadata.topics import Topics
from pybroker.protocol.leave_group import LeaveGroupRequest
from pybroker.protocol.offset_commit import OffsetCommitRequest
from pybroker.protocol.offset_fetch import OffsetFetchRequest
from pybroker.store import Store, StoreError
from pybroker.store.topics import PartitionSet, TopicCreated
from pybroker.timers import Timers
from tests.support.classic_requests import heartbeat_request, join_request, sync_request
from tests.support.consumer_groups import check_consumer_invariants, consumer_changes

START_MS = 50_000
WALL_AHEAD_MS = 1_700_000_000_000
TOPIC_ID = b"orders" + bytes(10)
PARTITIONS = 4


class Caller(NamedTuple):
    """A request's context."""

    api_version: int
    client_id: str | None = "app"
    client_host: str = "127.0.0.1"
    node_id: int = 1


class Answer:
    """Where one answer goes; a second one is an error."""

    def __init__(self) -> None:
        self.member_id = ""
        self.responses: list[Any] = []
        self.is_abandoned = False

    def done(self) -> bool:
        return bool(self.responses) or self.is_abandoned

    def set_result(self, result: Any, /) -> None:
        assert not self.done(), f"answered twice: {self.responses}, {result}"
        self.responses.append(result)

    @property
    def response(self) -> Any:
        (response,) = self.responses
        return response

    @property
    def code(self) -> ErrorCode:
        return ErrorCode(self.response.error_code)

    @property
    def is_waiting(self) -> bool:
        return not self.responses


class Bench:
    """The coordinator and everything around it."""

    def __init__(self, node_ids: tuple[int, ...] = (1,), **configs: int) -> None:
        self.now_ms = START_MS
        self.configs = GroupConfigs(**{"group_initial_rebalance_delay_ms": 0, **configs})
        self.node_ids = node_ids
        self.random = Random(7)
        self.store = Store(None)
        self.changes: list[Any] = []
        self.fails_to_store = False
        self._apply, self.store.apply = self.store.apply, self._record  # type: ignore[method-assign]
        self.start()

    def start(self) -> None:
        """Begin as a broker does: with what the store has, and nothing else."""
        self.timers = Timers(lambda _: None)
        self.coordinator = GroupCoordinator(
            store=self.store,
            timers=self.timers,
            topics=topics(),
            configs=self.configs,
            node_ids=self.node_ids,
            now_ms=self.wall_ms,
            monotonic_ms=lambda: self.now_ms,
            random_bytes=self.random.randbytes,
        )
        self.coordinator.start(self.now_ms)

    def wall_ms(self) -> int:
        return WALL_AHEAD_MS + self.now_ms

    def advance(self, delay_ms: int) -> None:
        """Let time pass, deadline by deadline."""
        end_ms = self.now_ms + delay_ms
        while True:
            deadline_ms = self.timers.next_deadline_ms()
            if deadline_ms is None or deadline_ms > end_ms:
                break
            self.now_ms = max(self.now_ms, deadline_ms)
            self.timers.fire(self.now_ms)
            self._compare()
        self.now_ms = end_ms

    def take_changes(self) -> list[Any]:
        """What was stored since the last time."""
        changes, self.changes = self.changes, []
        return changes

    def group(self, group_id: str = "group") -> ClassicGroup:
        group = self.coordinator._loaded.by_id[group_id]
        assert isinstance(group, ClassicGroup)
        return group

    def state(self, group_id: str = "group") -> GroupState:
        return self.group(group_id).state

    # Requests.

    def join(
        self,
        member_id: str = "",
        *,
        version: int = 9,
        client_id: str | None = "app",
        node_id: int = 1,
        **fields: Any,
    ) -> Answer:
        request = join_request(member_id, **fields)
        caller = Caller(version, client_id, node_id=node_id)
        answer = Answer()
        return self._answered(answer, self.coordinator.join(request, caller, answer))

    def join_new(self, **arguments: Any) -> Answer:
        """Join as a client does: ask for a member id, and join with it."""
        first = self.join(**arguments)
        assert first.code is ErrorCode.MEMBER_ID_REQUIRED
        answer = self.join(first.response.member_id, **arguments)
        answer.member_id = first.response.member_id
        return answer

    def sync(
        self,
        member_id: str,
        generation_id: int,
        assignments: Mapping[str, bytes] | None = None,
        **fields: Any,
    ) -> Answer:
        # As before version 5, unless it is said what the member takes the group for (KIP-559).
        fields = {"protocol_type": None, "protocol_name": None, **fields}
        request = sync_request(member_id, generation_id, assignments, **fields)
        answer = Answer()
        response = self.coordinator.sync(request, Caller(5), answer)
        return self._answered(answer, response)

    def heartbeat(self, member_id: str, generation_id: int, **fields: Any) -> ErrorCode:
        request = heartbeat_request(member_id, generation_id, **fields)
        code = self.coordinator.heartbeat(request, Caller(4))
        self._compare()
        return code

    def leave(
        self,
        *leavers: str | tuple[str, str | None],
        group_id: str = "group",
        reason: str | None = None,
    ) -> list[ErrorCode]:
        members = [
            LeaveGroupRequest.MemberIdentity(
                member_id=leaver if isinstance(leaver, str) else leaver[0],
                group_instance_id=None if isinstance(leaver, str) else leaver[1],
                reason=reason,
            )
            for leaver in leavers
        ]
        response = self.coordinator.leave(group_id, members, Caller(5))
        self._compare()
        assert response.error_code == 0
        return [ErrorCode(member.error_code) for member in response.members]

    def commit(
        self,
        offsets: Mapping[int, int],
        member_id: str = "",
        generation_id: int = -1,
        *,
        group_id: str = "group",
        topic: str = "orders",
        topic_id: bytes = bytes(16),
        version: int = 9,
        instance: str | None = None,
        metadata: str | None = "",
        leader_epoch: int = -1,
        retention_ms: int = -1,
    ) -> dict[int, ErrorCode]:
        request = OffsetCommitRequest(
            group_id=group_id,
            generation_id_or_member_epoch=generation_id,
            member_id=member_id,
            group_instance_id=instance,
            retention_time_ms=retention_ms,
            topics=[
                OffsetCommitRequest.Topic(
                    name="" if version >= 10 else topic,
                    topic_id=topic_id,
                    partitions=[
                        OffsetCommitRequest.Partition(
                            partition_index=index,
                            committed_offset=offset,
                            committed_leader_epoch=leader_epoch,
                            committed_metadata=metadata,
                        )
                        for index, offset in offsets.items()
                    ],
                )
            ],
        )
        response = self.coordinator.commit_offsets(request, Caller(version))
        self._compare()
        (answered,) = response.topics
        return {each.partition_index: ErrorCode(each.error_code) for each in answered.partitions}

    def committed(self, group_id: str = "group") -> dict[tuple[str, int], int]:
        """Everything that a group has committed."""
        request = OffsetFetchRequest(group_id=group_id, topics=None)
        response = self.coordinator.fetch_offsets(request, Caller(7))
        return {
            (topic.name, partition.partition_index): partition.committed_offset
            for topic in response.topics
            for partition in topic.partitions
        }

    def listed(self, states: Iterable[str] = (), types: Iterable[str] = ()) -> dict[str, str]:
        """State of the groups that ListGroups shows."""
        found = self.coordinator.list_groups(GroupFilter(states, types), Caller(5))
        return {group.group_id: group.group_state for group in found}

    def stable(self, count: int = 1, **arguments: Any) -> list[str]:
        """Make a stable group of new members and give their ids, the leader first.

        One member is in generation 1, more of them are in generation 2.
        """
        joined = [self.join_new(**arguments) for _ in range(count)]
        ids = [answer.member_id for answer in joined]
        group_id = arguments.get("group_id", "group")
        if count > 1:
            self.join(ids[0], **arguments)
        generation_id = self.group(group_id).generation_id
        assignments = {member_id: member_id.encode()[-4:] for member_id in ids}
        assert self.group(group_id).leader_id == ids[0]
        for member_id in ids:
            self.sync(member_id, generation_id, assignments, group_id=group_id)
        assert self.state(group_id) is GroupState.STABLE
        self.take_changes()
        return ids

    # Checks.

    def _record(self, changes: Iterable[Any]) -> None:
        changes = list(changes)
        if self.fails_to_store:
            raise StoreError("the disk is full")
        self.changes.extend(changes)
        self._apply(changes)

    def _answered(self, answer: Answer, response: Any) -> Answer:
        if response is not None:
            answer.set_result(response)
        self._compare()
        return answer

    def _compare(self) -> None:
        topics = self.coordinator.topics
        for group_id, group in self.coordinator._loaded.by_id.items():
            decision = Decision(self.now_ms, 0)
            loaded = load(self.store, group_id, self.configs, topics, decision)
            if isinstance(group, ConsumerGroup):
                check_consumer_invariants(group, topics)
                if not group.is_blank:
                    assert isinstance(loaded, ConsumerGroup)
                    assert consumer_changes(loaded) == consumer_changes(group)
                    assert loaded.owners == group.owners
                    assert loaded.resolved == group.resolved
            else:
                check_invariants(group)
                if group.state in {GroupState.STABLE, GroupState.EMPTY} and group.generation_id:
                    assert isinstance(loaded, ClassicGroup)
                    assert sorted_changes(loaded) == sorted_changes(group)
            if any(group.offsets.values()):
                assert loaded is not None
                assert loaded.offsets == {
                    topic: positions for topic, positions in group.offsets.items() if positions
                }


def topics() -> Topics:
    """One topic, `orders`."""
    partitions = [PartitionSet(TOPIC_ID, index, 1, 0, "1", "1") for index in range(PARTITIONS)]
    return Topics([TopicCreated(TOPIC_ID, "orders"), *partitions])


def sorted_changes(group: ClassicGroup) -> list[tuple[str, str]]:
    """What the store has of a group, in an order that does not depend on who came when."""
    return sorted((type(change).__name__, repr(change)) for change in snapshot.changes_of(group))


def check_invariants(group: ClassicGroup) -> None:
    """What `ClassicGroup` promises between any two decisions."""
    members = group.members
    assert group.joined_count == sum(each.join_waiter is not None for each in members.values())
    counts: dict[str, int] = {}
    for member in members.values():
        for name in {name for name, _ in member.protocols}:
            counts[name] = counts.get(name, 0) + 1
    assert group.protocol_counts == counts
    assert group.static_members == {
        member.group_instance_id: member_id
        for member_id, member in members.items()
        if member.group_instance_id is not None
    }
    assert all(member.member_id == member_id for member_id, member in members.items())
    assert not group.pending.keys() & members.keys()
    assert group.pending_sync <= members.keys()
    assert group.wake_at_ms <= group.next_deadline_ms()
    assert (group.leader_id in members) if members else group.leader_id is None
    match group.state:
        case GroupState.EMPTY:
            assert not members
        case GroupState.PREPARING_REBALANCE:
            assert group.join_deadline_ms is not None
            assert not any(each.sync_waiter for each in members.values())
        case GroupState.COMPLETING_REBALANCE:
            assert members
            assert group.sync_deadline_ms is not None or group.settle_deadline_ms is not None
            assert not group.joined_count
        case GroupState.STABLE:
            assert members
            assert not group.joined_count
            assert not any(each.sync_waiter for each in members.values())
            assert group.protocol_name is not None
        case GroupState.DEAD:
            raise AssertionError("a dead group is held")
