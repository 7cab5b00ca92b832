"""The groups in memory: found or loaded, stored, woken at their deadlines, and dropped together.

Promises:
  * A group is loaded from the store at its first use, and stays in memory.
  * Changes are stored before answers are given. If they cannot be stored, every group is dropped,
    those who wait are sent away, and the next request loads what the store has: there is one way to
    recover, and a start is the same.
  * A group has one timer, at its earliest deadline or before it; a deadline is a decision like any.
"""

from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from pybroker.errors import ErrorCode
from pybroker.groups.classic import rebalance, snapshot
from pybroker.groups.classic.expire import expire
from pybroker.groups.classic.group import ClassicGroup
from pybroker.groups.classic.state import GroupState
from pybroker.groups.consumer import conversion
from pybroker.groups.consumer import leave as consumer_leave
from pybroker.groups.consumer import snapshot as consumer_snapshot
from pybroker.groups.consumer.group import ConsumerGroup
from pybroker.groups.decision import Decision
from pybroker.groups.group import NEVER_MS
from pybroker.groups.loading import load
from pybroker.groups.rebalances import RebalanceCounts
from pybroker.store import StoreError
from pybroker.store import consumer_groups as stored_consumer
from pybroker.store import groups as stored
from pybroker.store.groups import GroupOffsetsRemoved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pybroker.groups.configs import GroupConfigs
    from pybroker.metadata.topics import Topics
    from pybroker.store import Store
    from pybroker.timers import Timers

# Sessions of members that were stored begin with the broker; this keeps them out of its start-up.
LOAD_MEMBERS_AFTER_MS: Final = 1_000


AnyGroup: TypeAlias = ClassicGroup | ConsumerGroup


class LoadedGroups:
    """Groups by id, and what carries out their decisions. `now_ms` is the wall clock.

    `topics` gives the topics as they are.
    """

    def __init__(
        self,
        store: "Store",
        timers: "Timers",
        configs: "GroupConfigs",
        now_ms: "Callable[[], int]",
        topics: "Callable[[], Topics]",
    ) -> None:
        self.by_id: dict[str, AnyGroup] = {}
        self.rebalances = RebalanceCounts()
        self._store = store
        self._timers = timers
        self._configs = configs
        self._now_ms = now_ms
        self._topics = topics

    def start(self, now_ms: int) -> None:
        """Load groups with members soon: their sessions run although nobody asks for them."""
        self._timers.schedule(now_ms + LOAD_MEMBERS_AFTER_MS, self._load_members)

    def unload(self, now_ms: int) -> None:
        """Drop every group, because the store has not got what was decided last."""
        self.close()
        self.start(now_ms)

    def close(self) -> None:
        """Drop every group, and send away those who wait."""
        groups = list(self.by_id.values())
        self.by_id.clear()
        for group in groups:
            if group.timer is not None:
                group.timer.cancel()
            if isinstance(group, ClassicGroup):
                _send_away(group)

    # Finding.

    def find(self, group_id: str, now_ms: int) -> AnyGroup | None:
        """Find a group, in memory or in the store."""
        group = self.by_id.get(group_id)
        if group is None:
            self._load((group_id,), now_ms)
            group = self.by_id.get(group_id)
        return group

    def find_all(self, now_ms: int) -> "Iterable[AnyGroup]":
        """Find every group that there is."""
        self._load(stored.group_ids(self._store), now_ms)
        self._load(stored_consumer.group_ids(self._store), now_ms)
        return self.by_id.values()

    def make(self, group_id: str, decision: Decision) -> ClassicGroup:
        """Make a group that was not found."""
        group = self.by_id[group_id] = ClassicGroup(group_id, self._configs, decision.wall_ms)
        return group

    def put(self, group: AnyGroup) -> None:
        """Hold a group, in the place of the one that it was made of."""
        before = self.by_id.get(group.group_id)
        if before is not None and before.timer is not None:
            before.timer.cancel()
        self.by_id[group.group_id] = group

    def drop_if_blank(self, group: AnyGroup) -> None:
        """Forget a group that nobody is in, came to, or has stored anything for."""
        if group.is_blank:
            self.by_id.pop(group.group_id, None)

    def _load_members(self, now_ms: int) -> None:
        try:
            self._load(stored.group_ids_with_members(self._store), now_ms)
            self._load(stored_consumer.group_ids_with_members(self._store), now_ms)
        except StoreError:
            self.start(now_ms)
            raise

    def _load(self, group_ids: "Iterable[str]", now_ms: int) -> None:
        for group_id in group_ids:
            if group_id in self.by_id:
                continue
            decision = self.decision(now_ms)
            group = load(self._store, group_id, self._configs, self._topics(), decision)
            if group is not None:
                self.by_id[group_id] = group
                self.carry_out(group, decision)

    # Carrying out.

    def decision(self, now_ms: int) -> Decision:
        """Begin a decision at a time on the monotonic scale."""
        return Decision(now_ms, self._now_ms())

    def carry_out(self, group: AnyGroup, decision: Decision) -> None:
        """Store the changes, give the answers, and wake up at the group's next deadline."""
        if decision.changes:
            if isinstance(group, ConsumerGroup) and group.is_to_be_downgraded:
                group = conversion.downgraded(group, self._topics(), decision)
                self.put(group)
            self.store(decision)
        if decision.answers:
            _answer(decision)
        if decision.lines:
            self.rebalances.report(decision)
        timer = group.timer
        if group.wake_at_ms < (NEVER_MS if timer is None else timer.deadline_ms):
            if timer is not None:
                timer.cancel()
            group.timer = self._timers.schedule(
                group.wake_at_ms, partial(self._deadline_passed, group)
            )

    def store(self, decision: Decision) -> None:
        """Store the changes, or drop every group."""
        try:
            self._store.apply(decision.changes)
        except StoreError:
            # The answers belong to what was not stored: who waits for one is sent away.
            decision.answers = [
                (waiter, type(response)(error_code=ErrorCode.NOT_COORDINATOR))
                for waiter, response in decision.answers
            ]
            _answer(decision)
            self.unload(decision.now_ms)
            raise

    def delete(self, group: AnyGroup, decision: Decision) -> None:
        """Drop a group without members, here and in the store."""
        if isinstance(group, ClassicGroup):
            decision.changes.extend(snapshot.deletion_of(group))
            group.transition_to(GroupState.DEAD, decision.wall_ms)
        else:
            decision.changes.extend(consumer_snapshot.deletion_of(group))
            decision.changes.append(GroupOffsetsRemoved(group.group_id))
        if group.timer is not None:
            group.timer.cancel()
        del self.by_id[group.group_id]
        self.store(decision)

    def _deadline_passed(self, group: AnyGroup, now_ms: int) -> None:
        group.timer = None
        decision = self.decision(now_ms)
        if isinstance(group, ClassicGroup):
            expire(group, decision)
        else:
            consumer_leave.expire(group, self._topics(), decision)
        self.carry_out(group, decision)
        self.drop_if_blank(group)


def _send_away(group: ClassicGroup) -> None:
    """Answer whoever waits: the group is not here any more."""
    decision = Decision(0, 0)
    for member in group.members.values():
        refused = rebalance.refused(member.member_id, ErrorCode.NOT_COORDINATOR)
        rebalance.answer_join(group, member, refused, decision)
        rebalance.answer_sync(member, ErrorCode.NOT_COORDINATOR, decision)
    _answer(decision)


def _answer(decision: Decision) -> None:
    for waiter, response in decision.answers:
        if not waiter.done():
            waiter.set_result(response)
