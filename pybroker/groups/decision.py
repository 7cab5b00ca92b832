"""One decision while it is made: when it is made, and what follows from it beside the response.

Whoever carries it out stores the changes first and gives the answers then.
"""

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pybroker.groups.rebalances import RebalanceReason
    from pybroker.protocol.join_group import JoinGroupResponse
    from pybroker.protocol.sync_group import SyncGroupResponse
    from pybroker.store.consumer_groups import ConsumerGroupChange
    from pybroker.store.groups import GroupChange


class Waiter(Protocol):
    """Where the answer of a parked request goes. A future of the event loop is one."""

    def done(self) -> bool:
        """Whether nobody waits any more: answered already, or the connection is gone."""

    def set_result(self, result: Any, /) -> None:
        """Give the response."""


class Decision:
    """The outcome of one request or one deadline.

    `now_ms` is on the monotonic scale of deadlines, `wall_ms` on the one that people read.
    `answers` are (waiter, response) of requests that were parked until now, `rebalances` what was
    begun, and `lines` what the log tells of it.
    """

    __slots__ = ("answers", "changes", "lines", "now_ms", "rebalances", "wall_ms")

    def __init__(self, now_ms: int, wall_ms: int) -> None:
        self.now_ms = now_ms
        self.wall_ms = wall_ms
        self.changes: list[GroupChange | ConsumerGroupChange] = []
        self.answers: list[tuple[Waiter, JoinGroupResponse | SyncGroupResponse]] = []
        self.rebalances: list[RebalanceReason] = []
        self.lines: list[str] = []

    def rebalance(self, reason: "RebalanceReason", line: str) -> None:
        """Note that a rebalance begins, and why."""
        self.rebalances.append(reason)
        self.lines.append(line)

    def note(self, line: str) -> None:
        """Note what the log shall tell."""
        self.lines.append(line)
