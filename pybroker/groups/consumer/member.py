"""One member of a consumer group: what it asked for, what it has, and its deadlines."""

from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from pybroker.groups.consumer.state import MemberState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pybroker.groups.classic.member import Protocols

Target: TypeAlias = "Mapping[bytes, frozenset[int]]"
"""Partitions by topic id: what a member shall have."""

Assigned: TypeAlias = "Mapping[bytes, Mapping[int, int]]"
"""By topic id and partition, since which member epoch a member has it (KIP-1251)."""

NOTHING: Final[Assigned] = {}
NO_TARGET: Final[Target] = {}

JOIN_EPOCH: Final = 0
LEAVE_EPOCH: Final = -1
LEAVE_STATIC_EPOCH: Final = -2


class ClassicMembership(NamedTuple):
    """What a member that speaks the classic protocol said in its JoinGroup."""

    session_timeout_ms: int
    protocols: "Protocols"


class ConsumerMember:
    """A member. Mappings are replaced and never changed; deadlines are on the monotonic scale.

    `subscribed_topic_names` is sorted; `subscribed_topic_regex` is empty when there is none.
    `assigned` is what it may use, `pending_revocation` what it must give up first; both count as
    owned. `classic` is None for a member that speaks the consumer protocol. `told_at_ms` is when it
    was told an assignment that it has not said to own yet; None when it has, or was told
    `times_told` times in vain.
    """

    __slots__ = (
        "assigned",
        "classic",
        "client_host",
        "client_id",
        "instance_id",
        "join_deadline_ms",
        "member_epoch",
        "member_id",
        "pending_revocation",
        "previous_member_epoch",
        "rack_id",
        "rebalance_deadline_ms",
        "rebalance_timeout_ms",
        "server_assignor",
        "session_deadline_ms",
        "state",
        "subscribed_topic_names",
        "subscribed_topic_regex",
        "sync_deadline_ms",
        "times_told",
        "told_at_ms",
    )

    def __init__(self, member_id: str) -> None:
        self.member_id = member_id
        self.instance_id: str | None = None
        self.rack_id: str | None = None
        self.client_id = ""
        self.client_host = ""
        self.rebalance_timeout_ms = -1
        self.subscribed_topic_names: tuple[str, ...] = ()
        self.subscribed_topic_regex = ""
        self.server_assignor: str | None = None
        self.classic: ClassicMembership | None = None
        self.state = MemberState.STABLE
        self.member_epoch = 0
        self.previous_member_epoch = 0
        self.assigned: Assigned = NOTHING
        self.pending_revocation: Assigned = NOTHING
        self.session_deadline_ms = 0
        self.rebalance_deadline_ms: int | None = None
        self.join_deadline_ms: int | None = None
        self.sync_deadline_ms: int | None = None
        self.told_at_ms: int | None = None
        self.times_told = 0

    def is_reconciled_to(self, target_epoch: int) -> bool:
        """Whether there is nothing left to do for it in this epoch."""
        return self.state is MemberState.STABLE and self.member_epoch == target_epoch

    def assignment_epoch(self, topic_id: bytes, partition: int) -> int | None:
        """Say since which epoch it owns a partition; None when it does not."""
        for owned in (self.assigned, self.pending_revocation):
            partitions = owned.get(topic_id)
            if partitions is not None and partition in partitions:
                return partitions[partition]
        return None

    def deadlines_ms(self) -> list[int]:
        """Give every deadline that is set."""
        others = (self.rebalance_deadline_ms, self.join_deadline_ms, self.sync_deadline_ms)
        return [self.session_deadline_ms, *(each for each in others if each is not None)]
