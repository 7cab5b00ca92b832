"""A classic consumer group: its members, their protocols, its generation. Sans-IO.

Promises that hold between any two decisions:
  * The state moves along `state.TRANSITIONS` only.
  * `protocol_counts` counts the members that support a protocol, `joined_count` those that wait in
    JoinGroup, and `static_members` maps instance ids to members and to nobody else.
  * `wake_at_ms` is not later than the earliest deadline. It may be earlier: a heartbeat moves a
    deadline without a word, and whoever wakes up too early looks again.
"""

from typing import TYPE_CHECKING, Final

from pybroker.errors import ErrorCode
from pybroker.groups.classic.state import TRANSITIONS, GroupState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pybroker.groups.classic.member import Member, Protocols
    from pybroker.groups.configs import GroupConfigs
    from pybroker.store.groups import OffsetCommitted
    from pybroker.timers import Timer

NEVER_MS: Final = 1 << 62  # Later than every deadline.


class ClassicGroup:
    """One group. A group that only commits offsets is EMPTY and has no protocol type.

    Deadlines are on the monotonic scale, `state_timestamp_ms` (since when the state holds) is the
    wall clock's. `pending` maps member ids that were handed out to when they lapse.
    """

    __slots__ = (
        "configs",
        "generation_id",
        "group_id",
        "initial_delay_ms",
        "initial_remaining_ms",
        "is_member_added",
        "join_deadline_ms",
        "joined_count",
        "leader_id",
        "members",
        "offsets",
        "pending",
        "pending_sync",
        "previous_state",
        "protocol_counts",
        "protocol_name",
        "protocol_type",
        "state",
        "state_timestamp_ms",
        "static_members",
        "sync_deadline_ms",
        "timer",
        "wake_at_ms",
    )

    def __init__(self, group_id: str, configs: "GroupConfigs", state_timestamp_ms: int) -> None:
        self.group_id = group_id
        self.configs = configs
        self.state = GroupState.EMPTY
        self.previous_state = GroupState.DEAD
        self.state_timestamp_ms = state_timestamp_ms
        self.generation_id = 0
        self.protocol_type: str | None = None
        self.protocol_name: str | None = None
        self.leader_id: str | None = None
        self.members: dict[str, Member] = {}
        self.static_members: dict[str, str] = {}
        self.pending: dict[str, int] = {}
        self.pending_sync: set[str] = set()
        self.protocol_counts: dict[str, int] = {}
        self.joined_count = 0
        self.join_deadline_ms: int | None = None
        self.sync_deadline_ms: int | None = None
        # Of the initial rebalance only: the delay that runs, what may still follow it, and whether
        # somebody came meanwhile, which is what extends it.
        self.initial_delay_ms = 0
        self.initial_remaining_ms = 0
        self.is_member_added = False
        self.wake_at_ms = NEVER_MS
        self.timer: Timer | None = None  # The coordinator's.
        self.offsets: dict[str, dict[int, OffsetCommitted]] = {}

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

    # Deadlines.

    def wake_by(self, deadline_ms: int) -> None:
        """Note a deadline that was set."""
        self.wake_at_ms = min(self.wake_at_ms, deadline_ms)

    def extend_session(self, member: "Member", now_ms: int) -> None:
        """Let a member's session begin anew."""
        member.session_deadline_ms = now_ms + member.session_timeout_ms
        self.wake_by(member.session_deadline_ms)

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
        return min(deadlines, default=NEVER_MS)
