"""What happens when a deadline passes: sessions end, ids lapse, joining and syncing come to an end.

A deadline is an ordinary decision at its time. Sessions come first: the dead are not waited for.
"""

from typing import TYPE_CHECKING

from pybroker.groups.classic import rebalance
from pybroker.groups.classic.state import GroupState
from pybroker.groups.classic.sync import settle
from pybroker.groups.rebalances import RebalanceReason, names

if TYPE_CHECKING:
    from pybroker.groups.classic.group import ClassicGroup
    from pybroker.groups.decision import Decision


def expire(group: "ClassicGroup", decision: "Decision") -> None:
    """Do everything that is due at `decision.now_ms`, and find out when to look again."""
    _expire_pending(group, decision)
    _expire_sessions(group, decision)
    now_ms = decision.now_ms
    if group.join_deadline_ms is not None and group.join_deadline_ms <= now_ms:
        rebalance.join_deadline_passed(group, decision)
    if group.sync_deadline_ms is not None and group.sync_deadline_ms <= now_ms:
        _expire_pending_sync(group, decision)
    if group.settle_deadline_ms is not None and group.settle_deadline_ms <= now_ms:
        _settle(group, decision)
    group.wake_at_ms = group.next_deadline_ms()


def _settle(group: "ClassicGroup", decision: "Decision") -> None:
    group.settle_deadline_ms = None
    if group.state is GroupState.COMPLETING_REBALANCE:
        settle(group, decision)
    else:
        rebalance.maybe_complete(group, decision)


def _expire_pending(group: "ClassicGroup", decision: "Decision") -> None:
    lapsed = [
        member_id
        for member_id, deadline_ms in group.pending.items()
        if deadline_ms <= decision.now_ms
    ]
    for member_id in lapsed:
        del group.pending[member_id]
    if lapsed:
        decision.note(
            f"Group {group.group_id} removed pending members that never joined: {names(lapsed)}"
        )
        _go_on_without(group, decision)


def _expire_sessions(group: "ClassicGroup", decision: "Decision") -> None:
    expired = [
        member
        for member in group.members.values()
        if member.session_deadline_ms <= decision.now_ms and not member.is_waiting()
    ]
    for member in expired:
        rebalance.remove(group, member, decision)
    if not expired:
        return
    why = f"session timeout of {names([member.member_id for member in expired])}"
    if group.state in {GroupState.STABLE, GroupState.COMPLETING_REBALANCE}:
        rebalance.prepare(group, RebalanceReason.SESSION_EXPIRED, why, decision)
    else:
        decision.note(f"Group {group.group_id} removed members: {why}")
        _go_on_without(group, decision)


def _go_on_without(group: "ClassicGroup", decision: "Decision") -> None:
    """End the rebalance, the initial one too, if it waited for nobody else."""
    if group.state is GroupState.PREPARING_REBALANCE and group.has_all_joined():
        rebalance.complete(group, decision)


def _expire_pending_sync(group: "ClassicGroup", decision: "Decision") -> None:
    group.sync_deadline_ms = None
    assert group.state in {GroupState.STABLE, GroupState.COMPLETING_REBALANCE}
    late = sorted(group.pending_sync & group.members.keys())
    for member_id in late:
        rebalance.remove(group, group.members[member_id], decision)
    why = f"no SyncGroup within the rebalance timeout from {names(late)}"
    rebalance.prepare(group, RebalanceReason.SYNC_TIMED_OUT, why, decision)
