"""JoinGroup: who may come in, and whether that begins a rebalance.

The rules, in the order in which they are tried:
  * A group has room for `group.max.size` members.
  * Protocol type and at least one protocol are shared with all members.
  * A dynamic newcomer is given an id and comes again with it (version 4 and later, KIP-394), so
    that a lost answer leaves nobody behind; the id lapses after the session timeout.
  * A static newcomer takes the place of the member with its instance id, who is fenced (KIP-345).
    In a stable group nothing else changes, as long as the chosen protocol stays the same.
  * A member that knows its id joins the rebalance that runs, learns the present generation again,
    or begins a rebalance: when its metadata changed, or when it leads.
"""

from typing import TYPE_CHECKING, Final, NamedTuple

from pybroker.errors import ErrorCode
from pybroker.groups.classic import rebalance, snapshot
from pybroker.groups.classic.member import Member
from pybroker.groups.classic.rebalance import accepted, refused
from pybroker.groups.classic.state import GroupState
from pybroker.groups.rebalances import RebalanceReason, client_reason
from pybroker.protocol.sync_group import SyncGroupResponse

if TYPE_CHECKING:
    from pybroker.groups.classic.group import ClassicGroup
    from pybroker.groups.classic.member import Protocols
    from pybroker.groups.decision import Decision, Waiter
    from pybroker.protocol.join_group import JoinGroupRequest, JoinGroupResponse

# A newcomer cannot heartbeat before it is answered, and a parked request does not show whether its
# client is still there; a client that is retries well within this time.
NEW_MEMBER_JOIN_TIMEOUT_MS: Final = 300_000


class Joiner(NamedTuple):
    """What a JoinGroup brings beside its fields. `new_member_id` is used if it needs one."""

    api_version: int
    client_id: str
    client_host: str
    new_member_id: str
    waiter: "Waiter"


def join(
    group: "ClassicGroup", request: "JoinGroupRequest", joiner: Joiner, decision: "Decision"
) -> "JoinGroupResponse | None":
    """Decide a JoinGroup. None: it waits, and the answer goes to the waiter."""
    member_id = request.member_id
    protocols = _protocols_of(request)
    if not _has_room(group, member_id):
        member = group.members.get(member_id)
        if member is not None:
            rebalance.remove(group, member, decision)
        if group.pending.pop(member_id, None) is not None or member is not None:
            rebalance.maybe_complete(group, decision)
        return refused("", ErrorCode.GROUP_MAX_SIZE_REACHED)
    if not group.supports(request.protocol_type, [name for name, _ in protocols]):
        return refused(member_id, ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    if not member_id:
        return _join_unknown(group, request, joiner, decision)
    if member_id in group.pending and request.group_instance_id is None:
        _add(group, request, joiner, member_id, decision)
        return None
    refusal = group.refusal_of(member_id, request.group_instance_id)
    if refusal is not ErrorCode.NONE:
        return refused(member_id, refusal)
    member = group.members[member_id]
    if _needs_rebalance(group, member, protocols):
        is_change = member.protocols != protocols
        _update(group, member, request)
        rebalance.park_join(group, member, joiner.waiter, decision)
        if is_change:
            reason, why = RebalanceReason.MEMBER_CHANGED, f"updating metadata of member {member_id}"
        else:
            reason, why = RebalanceReason.LEADER_REJOINED, f"leader {member_id} joining again"
        _prepare_or_complete(group, reason, why, request, decision)
        return None
    # It did not receive its first answer, or it asks again for what it knows.
    return accepted(group, member)


def _protocols_of(request: "JoinGroupRequest") -> "Protocols":
    return tuple([(each.name, each.metadata) for each in request.protocols])


def _has_room(group: "ClassicGroup", member_id: str) -> bool:
    max_size = group.configs.group_max_size
    match group.state:
        case GroupState.PREPARING_REBALANCE:
            # Those who wait count, not those who are there: should the limit have become lower than
            # the size, then the last to join again are the ones who go.
            member = group.members.get(member_id)
            is_waiting = member is not None and member.join_waiter is not None
            return is_waiting or group.joined_count < max_size
        case GroupState.COMPLETING_REBALANCE | GroupState.STABLE:
            return member_id in group.members or len(group.members) < max_size
        case _:
            return True


def _needs_rebalance(group: "ClassicGroup", member: Member, protocols: "Protocols") -> bool:
    if group.state is GroupState.PREPARING_REBALANCE or member.protocols != protocols:
        return True
    # A leader that joins again wants to assign again: what it reads from the cluster has changed.
    return group.state is GroupState.STABLE and group.leader_id == member.member_id


def _join_unknown(
    group: "ClassicGroup", request: "JoinGroupRequest", joiner: Joiner, decision: "Decision"
) -> "JoinGroupResponse | None":
    new_member_id = joiner.new_member_id
    if request.group_instance_id is not None:
        old_member_id = group.static_members.get(request.group_instance_id)
        if old_member_id is not None:
            member = group.members[old_member_id]
            return _replace_static(group, member, request, joiner, decision)
    group.note_arrival(decision.now_ms)
    if request.group_instance_id is None and joiner.api_version >= 4:
        deadline_ms = decision.now_ms + request.session_timeout_ms
        group.pending[new_member_id] = deadline_ms
        group.wake_by(deadline_ms)
        return refused(new_member_id, ErrorCode.MEMBER_ID_REQUIRED)
    _add(group, request, joiner, new_member_id, decision)
    return None


def _add(
    group: "ClassicGroup",
    request: "JoinGroupRequest",
    joiner: Joiner,
    member_id: str,
    decision: "Decision",
) -> None:
    member = Member(
        member_id=member_id,
        group_instance_id=request.group_instance_id,
        client_id=joiner.client_id,
        client_host=joiner.client_host,
        rebalance_timeout_ms=rebalance_timeout_of(request),
        session_timeout_ms=request.session_timeout_ms,
        session_deadline_ms=decision.now_ms + NEW_MEMBER_JOIN_TIMEOUT_MS,
        protocols=_protocols_of(request),
    )
    member.is_new = True
    member.join_waiter = joiner.waiter
    if not group.members:
        group.protocol_type = request.protocol_type
    group.add(member)
    group.note_newcomer(decision.now_ms)
    group.wake_by(member.session_deadline_ms)
    group.is_member_added = True
    who = member_id
    if member.group_instance_id is not None:
        who = f"{member_id} with instance id {member.group_instance_id}"
    _prepare_or_complete(
        group, RebalanceReason.MEMBER_JOINED, f"adding new member {who}", request, decision
    )


def _prepare_or_complete(
    group: "ClassicGroup",
    reason: RebalanceReason,
    why: str,
    request: "JoinGroupRequest",
    decision: "Decision",
) -> None:
    why = f"{why}; client reason: {client_reason(request.reason)}"
    rebalance.prepare_or_complete(group, reason, why, decision)


def _update(group: "ClassicGroup", member: Member, request: "JoinGroupRequest") -> None:
    protocols = _protocols_of(request)
    group.count_protocols(member.protocols, -1)
    group.count_protocols(protocols, 1)
    member.protocols = protocols
    member.rebalance_timeout_ms = rebalance_timeout_of(request)
    member.session_timeout_ms = request.session_timeout_ms


def rebalance_timeout_of(request: "JoinGroupRequest") -> int:
    """Give how long a member may take to join again, in ms."""
    # Version 0 has none, and clients of that time meant their session timeout.
    if request.rebalance_timeout_ms < 0:
        return request.session_timeout_ms
    return request.rebalance_timeout_ms


def _replace_static(
    group: "ClassicGroup",
    member: Member,
    request: "JoinGroupRequest",
    joiner: Joiner,
    decision: "Decision",
) -> "JoinGroupResponse | None":
    old_leader_id = group.leader_id
    old_member_id = member.member_id
    fenced = refused(member.member_id, ErrorCode.FENCED_INSTANCE_ID)
    rebalance.answer_join(group, member, fenced, decision)
    if member.sync_waiter is not None:
        response = SyncGroupResponse(error_code=ErrorCode.FENCED_INSTANCE_ID)
        decision.answers.append((member.sync_waiter, response))
        member.sync_waiter = None
    group.rename_static(member, joiner.new_member_id)
    _update(group, member, request)
    group.extend_session(member, decision.now_ms)
    replacing = f"{member.member_id} takes the place of {old_member_id}"
    why = f"static member {member.group_instance_id} came back: {replacing}"
    if group.state is GroupState.STABLE and group.select_protocol() == group.protocol_name:
        again = _accepted_again(group, member, joiner.api_version, old_leader_id)
        decision.changes.extend(snapshot.changes_of(group))
        decision.note(f"Group {group.group_id} stays stable: {why}")
        return again
    rebalance.park_join(group, member, joiner.waiter, decision)
    # Between join and sync the leader assigns to the old id, so there too the group starts over.
    reason = RebalanceReason.STATIC_MEMBER_REPLACED
    _prepare_or_complete(group, reason, why, request, decision)
    return None


def _accepted_again(
    group: "ClassicGroup", member: Member, api_version: int, old_leader_id: str | None
) -> "JoinGroupResponse":
    response = accepted(group, member)
    if group.leader_id == member.member_id:
        if api_version >= 9:
            # KIP-814: it leads, may look at the members, and must leave the assignment alone.
            response.skip_assignment = True
            group.is_led = True
        else:
            # It is not told that it leads, or it would assign anew to a group that is stable.
            assert old_leader_id is not None
            response.leader = old_leader_id
            response.members = []
            group.is_led = False
    return response
