"""What every group is, whichever protocol its members speak: the face that offsets and lists see.

`LoadedGroups.by_id` holds groups of both kinds. What is the same for both, or asked of both, is
here; the conversations of a protocol are in its own package. Sans-IO.
"""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

from pybroker.errors import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from pybroker.groups.configs import GroupConfigs
    from pybroker.store.groups import OffsetCommitted
    from pybroker.timers import Timer

CONSUMER_PROTOCOL_TYPE: Final = "consumer"  # As members name themselves in JoinGroup.
NEVER_MS: Final = 1 << 62  # Later than every deadline.

PartitionCheck: TypeAlias = "Callable[[bytes, int], ErrorCode]"
"""Says of (topic id, partition) whether the member may commit there; NONE if it may."""


class Group(ABC):
    """One group.

    `offsets` holds what it has committed, by topic name and partition. `wake_at_ms` is not later
    than its earliest deadline, on the monotonic scale; `timer` is the coordinator's.
    `state_timestamp_ms` says since when the state holds, on the wall clock.
    """

    __slots__ = ("configs", "group_id", "offsets", "state_timestamp_ms", "timer", "wake_at_ms")

    TYPE: ClassVar[str]
    """As ListGroups shows it: classic or consumer."""

    def __init__(self, group_id: str, configs: "GroupConfigs", state_timestamp_ms: int) -> None:
        self.group_id = group_id
        self.configs = configs
        self.state_timestamp_ms = state_timestamp_ms
        self.offsets: dict[str, dict[int, OffsetCommitted]] = {}
        self.wake_at_ms = NEVER_MS
        self.timer: Timer | None = None

    # What administrators see.

    @property
    @abstractmethod
    def state_name(self) -> str:
        """The state, as Kafka writes it."""

    @property
    @abstractmethod
    def type_of_protocol(self) -> str:
        """The protocol type; empty when nobody has set one."""

    @property
    @abstractmethod
    def member_count(self) -> int:
        """How many members it has."""

    @property
    @abstractmethod
    def is_empty(self) -> bool:
        """Whether nobody is in it: it may be deleted, and outsiders may commit."""

    @property
    @abstractmethod
    def is_blank(self) -> bool:
        """Whether nothing at all is lost when it is forgotten."""

    @property
    def is_abandoned(self) -> bool:
        """Whether nobody is in it, and it has no positions: the regular look removes it."""
        return self.is_empty and not self.has_offsets()

    @abstractmethod
    def subscribes_to(self, topic: str) -> bool:
        """Whether a member may still read the topic: its offsets must neither go nor expire."""

    # Offsets.

    def has_offsets(self) -> bool:
        """Whether it has committed anything that it still has."""
        return any(self.offsets.values())

    @abstractmethod
    def validate_commit(
        self,
        *,
        member_id: str,
        group_instance_id: str | None,
        epoch: int,
        api_version: int,
        is_transactional: bool,
    ) -> "tuple[ErrorCode, PartitionCheck | None]":
        """Judge a commit by who sends it: `epoch` is its generation id or member epoch.

        Gives the error of every partition, or NONE with the check that each partition must pass
        too; None when all may be committed.
        """

    @abstractmethod
    def validate_fetch(self, member_id: str | None, member_epoch: int) -> ErrorCode:
        """Judge an OffsetFetch by who sends it; outsiders may read everything."""

    @abstractmethod
    def validate_offset_delete(self) -> ErrorCode:
        """Judge an OffsetDelete; `subscribes_to` is asked for each topic besides."""

    def retention_begins_ms(self, position: "OffsetCommitted") -> int | None:
        """Say since when a position that nobody reads by ages; None: it does not (KIP-211)."""
        return position.commit_timestamp_ms

    @abstractmethod
    def note_commit(self, member_id: str, now_ms: int) -> None:
        """Take a member's commit for a sign of life, where the protocol does."""

    # Deadlines.

    def wake_by(self, deadline_ms: int) -> None:
        """Note a deadline that was set."""
        self.wake_at_ms = min(self.wake_at_ms, deadline_ms)

    @abstractmethod
    def next_deadline_ms(self) -> int:
        """Find the earliest deadline."""
