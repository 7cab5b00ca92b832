"""One member of a classic group: who it is, what it can do, and what it waits for."""

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pybroker.groups.decision import Waiter

Protocols: TypeAlias = tuple[tuple[str, bytes], ...]
"""(name, metadata) of the protocols that a member supports, in the order of its preference."""


class Member:
    """A member. `session_deadline_ms` is on the monotonic scale.

    `join_waiter` and `sync_waiter` hold the parked JoinGroup and SyncGroup, if there is one.
    `is_new` until its first generation: it may not know its id yet and cannot heartbeat.
    """

    __slots__ = (
        "assignment",
        "client_host",
        "client_id",
        "group_instance_id",
        "is_new",
        "join_waiter",
        "member_id",
        "protocols",
        "rebalance_timeout_ms",
        "session_deadline_ms",
        "session_timeout_ms",
        "sync_waiter",
    )

    def __init__(
        self,
        *,
        member_id: str,
        group_instance_id: str | None,
        client_id: str,
        client_host: str,
        rebalance_timeout_ms: int,
        session_timeout_ms: int,
        session_deadline_ms: int,
        protocols: Protocols,
        assignment: bytes = b"",
    ) -> None:
        self.member_id = member_id
        self.group_instance_id = group_instance_id
        self.client_id = client_id
        self.client_host = client_host
        self.rebalance_timeout_ms = rebalance_timeout_ms
        self.session_timeout_ms = session_timeout_ms
        self.session_deadline_ms = session_deadline_ms
        self.protocols = protocols
        self.assignment = assignment
        self.join_waiter: Waiter | None = None
        self.sync_waiter: Waiter | None = None
        self.is_new = False

    def is_waiting(self) -> bool:
        """Whether its silence is the broker's doing: a request of it is parked."""
        return not self.is_new and (self.join_waiter is not None or self.sync_waiter is not None)

    def metadata(self, protocol_name: str | None) -> bytes:
        """Look up what it said about a protocol."""
        for name, metadata in self.protocols:
            if name == protocol_name:
                return metadata
        raise AssertionError(f"member {self.member_id!r} does not support {protocol_name!r}")
