"""Why groups rebalance: a fixed set of reasons, counted for metrics and told in the log.

A decision notes each rebalance that it begins (`Decision.rebalance`) and what else a reader of the
log wants to know (`Decision.note`); whoever carries it out counts, and writes the lines at info.
What clients say of their reasons (KIP-800) is part of a line, cut to a limit.
"""

import logging
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pybroker.groups.decision import Decision

logger = logging.getLogger("pybroker.groups")

# KIP-800: Java's clients cut their reasons to this length; others may not.
CLIENT_REASON_MAX_CHARACTERS: Final = 255
NOT_PROVIDED: Final = "not provided"
# Member ids that a line names, of those that one event concerns.
NAMES_PER_LINE: Final = 5


class RebalanceReason(Enum):
    """What begins a rebalance, with its name in metrics.

    A rebalance of a classic group is a new generation; of a consumer group, a new group epoch.
    """

    MEMBER_JOINED = "member-joined"
    MEMBER_CHANGED = "member-changed"
    MEMBER_LEFT = "member-left"
    LEADER_REJOINED = "leader-rejoined"
    STATIC_MEMBER_REPLACED = "static-member-replaced"
    SESSION_EXPIRED = "session-expired"
    REBALANCE_TIMED_OUT = "rebalance-timed-out"
    SYNC_TIMED_OUT = "sync-timed-out"
    TOPICS_CHANGED = "topics-changed"
    GROUP_CONVERTED = "group-converted"
    GROUP_TOO_LARGE = "group-too-large"


class RebalanceCounts:
    """How many rebalances began since the broker did, by reason."""

    __slots__ = ("by_reason",)

    def __init__(self) -> None:
        self.by_reason = dict.fromkeys(RebalanceReason, 0)

    def report(self, decision: "Decision") -> None:
        """Count what a decision began, and write its lines."""
        for reason in decision.rebalances:
            self.by_reason[reason] += 1
        for line in decision.lines:
            logger.info(line)


def client_reason(reason: str | None) -> str:
    """Give what a client says of its reason, within the limit."""
    return reason[:CLIENT_REASON_MAX_CHARACTERS] if reason else NOT_PROVIDED


def names(member_ids: "list[str]") -> str:
    """List member ids for a line, the first few of them."""
    shown = ", ".join(member_ids[:NAMES_PER_LINE])
    more = len(member_ids) - NAMES_PER_LINE
    return f"{shown} and {more} more" if more > 0 else shown
