"""The state machine of a classic group, as a table.

    state                 who is in it                   leaves it when
    --------------------  -----------------------------  ----------------------------------------
    EMPTY                 nobody; offsets may be stored  somebody joins
    PREPARING_REBALANCE   members that must join again   all have, or the rebalance timeout passed
    COMPLETING_REBALANCE  a new generation without       the leader syncs; somebody joins with
                          assignments                    other metadata, goes, or does not sync
    STABLE                a generation with assignments  somebody joins or goes; the leader joins
    DEAD                  nobody: the group was deleted  never

How each request of a member of the present generation is met:

    state                 JoinGroup         SyncGroup              Heartbeat    OffsetCommit
    --------------------  ----------------  ---------------------  -----------  ------------
    EMPTY                 UNKNOWN_MEMBER    UNKNOWN_MEMBER         UNKNOWN_...  UNKNOWN_...
    PREPARING_REBALANCE   waits             REBALANCE_IN_PROGRESS  the same     stored
    COMPLETING_REBALANCE  same generation,  waits for the leader   NONE         REBALANCE_...
                          or a rebalance
    STABLE                same generation,  the assignment         NONE         stored
                          or a rebalance
"""

from enum import Enum
from typing import Final


class GroupState(Enum):
    """A state, with the name that Kafka shows."""

    EMPTY = "Empty"
    PREPARING_REBALANCE = "PreparingRebalance"
    COMPLETING_REBALANCE = "CompletingRebalance"
    STABLE = "Stable"
    DEAD = "Dead"


TRANSITIONS: Final = {
    GroupState.EMPTY: frozenset((GroupState.PREPARING_REBALANCE, GroupState.DEAD)),
    GroupState.PREPARING_REBALANCE: frozenset(
        (GroupState.COMPLETING_REBALANCE, GroupState.EMPTY, GroupState.DEAD)
    ),
    GroupState.COMPLETING_REBALANCE: frozenset(
        (GroupState.STABLE, GroupState.PREPARING_REBALANCE, GroupState.DEAD)
    ),
    GroupState.STABLE: frozenset((GroupState.PREPARING_REBALANCE, GroupState.DEAD)),
    GroupState.DEAD: frozenset[GroupState](),
}
