"""A member goes: with epoch -1 for good, as a static one with -2 for a while.

Whoever goes for good, or is put out, makes the others rebalance at their next heartbeats.
"""

from typing import TYPE_CHECKING, Final

from pybroker.groups.consumer import membership, snapshot
from pybroker.groups.consumer.member import LEAVE_STATIC_EPOCH, NOTHING
from pybroker.groups.consumer.target import raise_epoch
from pybroker.groups.rebalances import RebalanceReason, names
from pybroker.protocol.consumer_group_heartbeat import ConsumerGroupHeartbeatResponse

if TYPE_CHECKING:
    from pybroker.groups.consumer.group import ConsumerGroup
    from pybroker.groups.consumer.member import ConsumerMember
    from pybroker.groups.decision import Decision
    from pybroker.metadata.topics import Topics
    from pybroker.protocol.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest

# What happens when which deadline of a member has passed.
DEADLINES: Final = (
    ("the member session expired", RebalanceReason.SESSION_EXPIRED, "session_deadline_ms"),
    (
        "the member did not give up its partitions within the rebalance timeout",
        RebalanceReason.REBALANCE_TIMED_OUT,
        "rebalance_deadline_ms",
    ),
    (
        "the classic member failed to join within the rebalance timeout",
        RebalanceReason.REBALANCE_TIMED_OUT,
        "join_deadline_ms",
    ),
    (
        "the classic member failed to sync within the rebalance timeout",
        RebalanceReason.SYNC_TIMED_OUT,
        "sync_deadline_ms",
    ),
)


def leave(
    group: "ConsumerGroup",
    request: "ConsumerGroupHeartbeatRequest",
    topics: "Topics",
    decision: "Decision",
) -> ConsumerGroupHeartbeatResponse:
    """Decide a heartbeat of a member that leaves. Raises KafkaError."""
    member_id, instance_id = request.member_id, request.instance_id
    member = membership.require(group, member_id, instance_id)
    if request.member_epoch == LEAVE_STATIC_EPOCH:
        _leave_for_a_while(group, member, decision)
    else:
        why = f"member {member_id} left"
        put_out(group, [member], (RebalanceReason.MEMBER_LEFT, why), topics, decision)
    return ConsumerGroupHeartbeatResponse(member_id=member_id, member_epoch=request.member_epoch)


def put_out(
    group: "ConsumerGroup",
    members: "list[ConsumerMember]",
    cause: tuple[RebalanceReason, str],
    topics: "Topics",
    decision: "Decision",
) -> None:
    """Put members out, and let the others rebalance; `cause` is for metrics and the log."""
    membership.remove(group, members, decision)
    is_last = group.is_to_be_downgraded or any(member.classic is None for member in members)
    group.is_to_be_downgraded = group.is_missing_member = is_last and group.may_be_downgraded()
    if group.is_to_be_downgraded:
        decision.note(f"Group {group.group_id} lost members: {cause[1]}")
    else:
        raise_epoch(group, topics, *cause, decision)


def expire(group: "ConsumerGroup", topics: "Topics", decision: "Decision") -> None:
    """Put out everybody whose time is over, and find out when to look again."""
    now_ms = decision.now_ms
    for what, reason, attribute in DEADLINES:
        late = [
            member
            for member in group.members.values()
            if (deadline_ms := getattr(member, attribute)) is not None and deadline_ms <= now_ms
        ]
        if late:
            why = f"{what}: {names([member.member_id for member in late])}"
            put_out(group, late, (reason, why), topics, decision)
    group.wake_at_ms = group.next_deadline_ms()


def _leave_for_a_while(
    group: "ConsumerGroup", member: "ConsumerMember", decision: "Decision"
) -> None:
    """Keep a static member's place until its session ends; what it had to give up, it has."""
    group.assign(member, member.state, LEAVE_STATIC_EPOCH, member.assigned, NOTHING)
    member.rebalance_deadline_ms = None
    decision.changes.append(snapshot.assignment_set(group, member))
    decision.note(f"Static member {member.instance_id} of group {group.group_id} left for a while")
