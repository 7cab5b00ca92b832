"""A classic consumer group: its members, their protocols, its generation. Sans-IO.

Promises that hold between any two decisions:
  * The state moves along `state.TRANSITIONS` only.
  * `protocol_counts` counts the members that support a protocol, `joined_count` those that wait in
    JoinGroup, and `static_members` maps instance ids to members and to nobody else.
  * `wake_at_ms` is not later than the earliest deadline. It may be earlier: a heartbeat moves a
    deadline without a word, and whoever wakes up too early looks again.
"""

from typing import TYPE_CHECKING, ClassVar, Final

from pybroker.errors import ErrorCode
from pybroker.groups.classic.arrivals import Arrivals
from pybroker.groups.classic.state import TRANSITIONS, GroupState
from pybroker.groups.group import CONSUMER_PROTOCOL_TYPE, NEVER_MS, Group

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pybroker.groups.classic.member import Member, Protocols
    from pybroker.groups.configs import GroupConfigs
    from pybroker.groups.group import PartitionCheck
    from pybroker.store.groups import OffsetCommitted


# A rebalance outlasts its last newcomer by this share of `pybroker.group.settle.ms`.
QUIET_SHARE: Final = 4
# Who asks for the coordinator and never comes keeps the others waiting for so many times of it.
PATIENCE: Final = 4


class ClassicGroup(Group):
    """One group. A group that only commits offsets is EMPTY and has no protocol type.

    Deadlines are on the monotonic scale. `pending` maps member ids that were handed out to when
    they lapse. `is_led` is false when no client believes to be the leader (`leaderless`).
    """

    TYPE: ClassVar[str] = "classic"

    __slots__ = (
        "arrivals",
        "generation_id",
        "initial_delay_ms",
        "initial_remaining_ms",
        "is_led",
        "is_member_added",
        "join_deadline_ms",
        "joined_count",
        "leader_id",
        "members",
        "pending",
        "pending_sync",
        "previous_state",
        "protocol_counts",
        "protocol_name",
        "protocol_type",
        "quiet_at_ms",
        "settle_deadline_ms",
        "settled_at_ms",
        "settles_by_ms",
        "state",
        "static_members",
        "sync_deadline_ms",
    )

    def __init__(self, group_id: str, configs: "GroupConfigs", state_timestamp_ms: int) -> None:
        super().__init__(group_id, configs, state_timestamp_ms)
        self.state = GroupState.EMPTY
        self.previous_state = GroupState.DEAD
        self.generation_id = 0
        self.protocol_type: str | None = None
        self.protocol_name: str | None = None
        self.leader_id: str | None = None
        self.is_led = True
        self.members: dict[str, Member] = {}
        self.static_members: dict[str, str] = {}
        self.pending: dict[str, int] = {}
        self.pending_sync: set[str] = set()
        self.protocol_counts: dict[str, int] = {}
        self.joined_count = 0
        self.join_deadline_ms: int | None = None
        self.sync_deadline_ms: int | None = None
        # Members of an application start together: who is on their way, until when more newcomers
        # are expected soon, and at all, and at the latest whatever is asked; and when to look again
        # while somebody is kept waiting for that.
        self.arrivals = Arrivals(configs.pybroker_group_settle_ms)
        self.quiet_at_ms = 0
        self.settled_at_ms = 0
        self.settles_by_ms = 0
        self.settle_deadline_ms: int | None = None
        # Of the initial rebalance only: the delay that runs, what may still follow it, and whether
        # somebody came meanwhile, which is what extends it.
        self.initial_delay_ms = 0
        self.initial_remaining_ms = 0
        self.is_member_added = False

    def transition_to(self, state: GroupState, wall_ms: int) -> None:
        """Move to a state that the table allows."""
        assert state in TRANSITIONS[self.state], f"group {self.group_id!r}: {self.state} to {state}"
        self.previous_state = self.state
        self.state = state
        self.state_timestamp_ms = wall_ms

    # Members.

    def add(self, member: "Member") -> None:
        """Take in a member whose protocols were checked. The first one sets type and leader."""
        assert member.member_id not in self.members
        if member.group_instance_id is not None:
            assert member.group_instance_id not in self.static_members
            self.static_members[member.group_instance_id] = member.member_id
        if self.leader_id is None:
            self.leader_id = member.member_id
        self.members[member.member_id] = member
        self.count_protocols(member.protocols, 1)
        self.joined_count += member.join_waiter is not None
        self.pending.pop(member.member_id, None)

    def discard(self, member: "Member") -> None:
        """Take out a member, and lead by another."""
        assert member.join_waiter is None
        assert member.sync_waiter is None
        del self.members[member.member_id]
        self.count_protocols(member.protocols, -1)
        self.pending_sync.discard(member.member_id)
        if member.group_instance_id is not None:
            del self.static_members[member.group_instance_id]
        if self.leader_id == member.member_id:
            self.leader_id = next(iter(self.members), None)

    def rename_static(self, member: "Member", new_member_id: str) -> None:
        """Give a static member, who came back, its new id and nothing else."""
        assert member.group_instance_id is not None
        old_member_id = member.member_id
        del self.members[old_member_id]
        member.member_id = new_member_id
        self.members[new_member_id] = member
        self.static_members[member.group_instance_id] = new_member_id
        if self.leader_id == old_member_id:
            self.leader_id = new_member_id
        if old_member_id in self.pending_sync:
            self.pending_sync.remove(old_member_id)
            self.pending_sync.add(new_member_id)

    def refusal_of(self, member_id: str, group_instance_id: str | None) -> ErrorCode:
        """Say what is wrong with who somebody claims to be; NONE if nothing is."""
        if group_instance_id is not None:
            static_member_id = self.static_members.get(group_instance_id)
            if static_member_id is None:
                return ErrorCode.UNKNOWN_MEMBER_ID
            if static_member_id != member_id:
                return ErrorCode.FENCED_INSTANCE_ID
        return ErrorCode.NONE if member_id in self.members else ErrorCode.UNKNOWN_MEMBER_ID

    def has_all_joined(self) -> bool:
        """Whether the generation can begin without waiting for anybody."""
        return self.joined_count == len(self.members) and not self.pending

    def rebalance_timeout_ms(self) -> int:
        """Take the longest that a member asked for."""
        return max((member.rebalance_timeout_ms for member in self.members.values()), default=0)

    # Protocols.

    def count_protocols(self, protocols: "Protocols", step: int) -> None:
        """Count a member's protocols in or out; a name that is given twice counts once."""
        counts = self.protocol_counts
        for name in {name for name, _ in protocols}:
            count = counts.get(name, 0) + step
            if count:
                counts[name] = count
            else:
                del counts[name]

    def supports(self, protocol_type: str, names: "Iterable[str]") -> bool:
        """Whether somebody with these protocols finds one that every member supports."""
        if self.state is GroupState.EMPTY:
            return bool(protocol_type) and any(True for _ in names)
        size = len(self.members)
        return self.protocol_type == protocol_type and any(
            self.protocol_counts.get(name, 0) == size for name in names
        )

    def select_protocol(self) -> str:
        """Let each member vote for the first of its protocols that all have; most votes win."""
        size = len(self.members)
        votes: dict[str, int] = {}
        for member in self.members.values():
            vote = next(name for name, _ in member.protocols if self.protocol_counts[name] == size)
            votes[vote] = votes.get(vote, 0) + 1
        return max(votes, key=votes.__getitem__)

    # What is asked of groups of every kind.

    @property
    def state_name(self) -> str:
        """The state, as Kafka writes it."""
        return self.state.value

    @property
    def type_of_protocol(self) -> str:
        """The protocol type; empty when nobody has set one."""
        return self.protocol_type or ""

    @property
    def member_count(self) -> int:
        """How many members it has."""
        return len(self.members)

    @property
    def is_empty(self) -> bool:
        """Whether nobody is in it."""
        return self.state is GroupState.EMPTY

    @property
    def is_blank(self) -> bool:
        """Whether nobody is in it, came to it, or has stored anything for it."""
        return self.generation_id == 0 and self.is_abandoned

    @property
    def is_abandoned(self) -> bool:
        """Whether nobody is in it or came to it, and it has no positions."""
        return self.state is GroupState.EMPTY and not self.pending and not self.has_offsets()

    def subscribes_to(self, topic: str) -> bool:
        """Whether a member may still read the topic; what no consumer says counts as all."""
        from pybroker.groups.classic import subscription  # noqa: PLC0415 - administrators only

        return subscription.subscribes_to(self, topic)

    def validate_commit(
        self,
        *,
        member_id: str,
        group_instance_id: str | None,
        epoch: int,
        api_version: int,
        is_transactional: bool,
    ) -> "tuple[ErrorCode, PartitionCheck | None]":
        """Judge a commit: a member's is of the present generation, an outsider's finds nobody."""
        del api_version
        if epoch < 0 and self.state is GroupState.EMPTY:
            return ErrorCode.NONE, None
        if epoch >= 0 or member_id or group_instance_id is not None:
            refusal = self.refusal_of(member_id, group_instance_id)
            if refusal is not ErrorCode.NONE:
                return refusal, None
            if epoch != self.generation_id:
                return ErrorCode.ILLEGAL_GENERATION, None
        elif self.state is not GroupState.EMPTY and not is_transactional:
            return ErrorCode.UNKNOWN_MEMBER_ID, None
        if self.state is GroupState.COMPLETING_REBALANCE and not is_transactional:
            # It has no assignment in this generation yet: the positions are of an earlier one.
            return ErrorCode.REBALANCE_IN_PROGRESS, None
        return ErrorCode.NONE, None

    def validate_fetch(self, member_id: str | None, member_epoch: int) -> ErrorCode:
        """Judge an OffsetFetch: classic groups are an open book."""
        del member_id, member_epoch
        return ErrorCode.NONE

    def validate_offset_delete(self) -> ErrorCode:
        """Judge an OffsetDelete: of an empty group, or of one whose subscriptions are known."""
        if self.state is GroupState.EMPTY or (
            self.protocol_type == CONSUMER_PROTOCOL_TYPE and self.state is not GroupState.DEAD
        ):
            return ErrorCode.NONE
        return ErrorCode.NON_EMPTY_GROUP

    def retention_begins_ms(self, position: "OffsetCommitted") -> int | None:
        """Say since when a position ages, on the wall clock; None: it does not."""
        from pybroker.groups.classic import subscription  # noqa: PLC0415 - as above

        return subscription.retention_begins_ms(self, position)

    def note_commit(self, member_id: str, now_ms: int) -> None:
        """Take a commit for a heartbeat."""
        if self.state is GroupState.STABLE or self.state is GroupState.PREPARING_REBALANCE:
            member = self.members.get(member_id)
            if member is not None:
                deadline_ms = now_ms + member.session_timeout_ms
                member.session_deadline_ms = max(member.session_deadline_ms, deadline_ms)

    # Deadlines.

    def extend_session(self, member: "Member", now_ms: int) -> None:
        """Let a member's session begin anew."""
        member.session_deadline_ms = now_ms + member.session_timeout_ms
        self.wake_by(member.session_deadline_ms)

    def expect(self, connection_id: int, now_ms: int) -> None:
        """Take a question for the coordinator as the announcement of a newcomer."""
        self.arrivals.ask(connection_id, now_ms)

    def note_arrival(self, now_ms: int) -> None:
        """Expect more newcomers for `pybroker.group.settle.ms` since the first one asked for us."""
        settle_ms = self.configs.pybroker_group_settle_ms
        if now_ms >= self.all_settled_at_ms():
            self.settled_at_ms = self.arrivals.since_ms(now_ms) + settle_ms
            self.settles_by_ms = now_ms + PATIENCE * settle_ms
        self.arrivals.come(now_ms)
        self.note_newcomer(now_ms)

    def note_newcomer(self, now_ms: int) -> None:
        """Expect that whoever started together with a newcomer comes within a moment."""
        self.quiet_at_ms = now_ms + self.configs.pybroker_group_settle_ms // QUIET_SHARE

    def all_joined_at_ms(self) -> int:
        """Give when a rebalance need not wait for newcomers any longer."""
        return max(self.quiet_at_ms, min(self.arrivals.until_ms(), self.settles_by_ms))

    def all_settled_at_ms(self) -> int:
        """Give when assignments need not be kept back any longer."""
        return max(self.settled_at_ms, self.all_joined_at_ms())

    def next_deadline_ms(self) -> int:
        """Find the earliest deadline; those who wait for the broker have none."""
        deadlines = [
            member.session_deadline_ms
            for member in self.members.values()
            if not member.is_waiting()
        ]
        deadlines.extend(self.pending.values())
        if self.join_deadline_ms is not None:
            deadlines.append(self.join_deadline_ms)
        if self.sync_deadline_ms is not None:
            deadlines.append(self.sync_deadline_ms)
        if self.settle_deadline_ms is not None:
            deadlines.append(self.settle_deadline_ms)
        return min(deadlines, default=NEVER_MS)
