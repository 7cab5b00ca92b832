"""ConsumerGroupHeartbeat: a member joins, lives, changes its mind, and takes its next step.

In this order: who is it, what does it want, is there a new target, what is its next step. A
heartbeat in which nothing happens changes nothing but the session.
"""

from typing import TYPE_CHECKING, Final, NamedTuple

from pybroker.groups.consumer import membership, snapshot
from pybroker.groups.consumer.member import ConsumerMember
from pybroker.groups.consumer.reconcile import drop_unsubscribed, owned_of, reconcile
from pybroker.groups.consumer.regular_expressions import resolve
from pybroker.groups.consumer.target import assign_if_due, raise_epoch
from pybroker.groups.rebalances import RebalanceReason
from pybroker.protocol.consumer_group_heartbeat import ConsumerGroupHeartbeatResponse

if TYPE_CHECKING:
    from pybroker.groups.consumer.group import ConsumerGroup
    from pybroker.groups.consumer.member import Assigned
    from pybroker.groups.consumer.reconcile import Owned
    from pybroker.groups.decision import Decision
    from pybroker.metadata.topics import Topics
    from pybroker.protocol.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest

# The short interval is not so short that all members together heartbeat more often than this.
HEARTBEATS_PER_MS: Final = 4
# How the interval grows after a change: with the time that has passed since, by these parts of it.
# A group that is settled is asked rarely soon; one that is not, for long enough to see it settle.
SETTLED_PART: Final = 2
UNSETTLED_PART: Final = 8

# How often a member is told an assignment that it does not say to own.
TIMES_TOLD_MAX: Final = 4


class Sender(NamedTuple):
    """What a heartbeat brings beside its fields. `new_member_id` is used if it brings no id."""

    client_id: str
    client_host: str
    new_member_id: str


def keep_alive(
    group: "ConsumerGroup",
    request: "ConsumerGroupHeartbeatRequest",
    sender_id: tuple[str | None, str],
    now_ms: int,
) -> ConsumerGroupHeartbeatResponse | None:
    """Answer a heartbeat in which nothing happens; None when it may be another.

    `sender_id` is the client's id and host.
    """
    member = group.members.get(request.member_id)
    if (
        member is None
        or request.member_epoch != member.member_epoch
        or member.member_epoch <= 0
        or member.member_id in group.unsettled
        or group.group_epoch != group.target_epoch
        or request.subscribed_topic_names is not None
        or request.topic_partitions is not None
        or request.rebalance_timeout_ms != -1
        or request.subscribed_topic_regex is not None
        or request.server_assignor is not None
        or request.rack_id is not None
        or request.instance_id != member.instance_id
        or member.classic is not None
        or member.told_at_ms is not None
        or (member.client_id, member.client_host) != sender_id
    ):
        return None
    deadline_ms = now_ms + group.configs.consumer_session_timeout_ms(group.group_id)
    if deadline_ms < group.wake_at_ms:
        return None  # The timeout has become shorter: somebody must see to the timer.
    member.session_deadline_ms = deadline_ms
    return ConsumerGroupHeartbeatResponse(
        member_id=member.member_id,
        member_epoch=member.member_epoch,
        heartbeat_interval_ms=interval_ms(group, now_ms),
    )


def heartbeat(
    group: "ConsumerGroup",
    request: "ConsumerGroupHeartbeatRequest",
    sender: Sender,
    topics: "Topics",
    decision: "Decision",
) -> ConsumerGroupHeartbeatResponse:
    """Decide a heartbeat of who does not leave. Raises KafkaError, with nothing changed."""
    owned = _owned(request)
    require_valid(group, request, owned, topics)
    member, is_new = _member(group, request, sender, decision)
    before = member.assigned
    if is_new:
        group.add(member)
    is_subscription_changed = _update(group, member, request, sender, decision, is_new=is_new)
    if is_new or is_subscription_changed:
        reason = RebalanceReason.MEMBER_JOINED if is_new else RebalanceReason.MEMBER_CHANGED
        what = "joined" if is_new else "changed its subscription"
        raise_epoch(group, topics, reason, f"member {member.member_id} {what}", decision)
    assign_if_due(group, topics, decision)
    reconcile(group, member, owned, topics, decision)
    if is_subscription_changed and not is_new:
        drop_unsubscribed(group, member, topics, decision)
    group.extend_session(member, decision.now_ms)
    return ConsumerGroupHeartbeatResponse(
        member_id=member.member_id,
        member_epoch=member.member_epoch,
        heartbeat_interval_ms=interval_ms(group, decision.now_ms),
        assignment=_assignment(member.assigned)
        if _is_to_be_told(group, member, request, before, decision.now_ms)
        else None,
    )


def require_valid(
    group: "ConsumerGroup",
    request: "ConsumerGroupHeartbeatRequest",
    owned: "Owned | None",
    topics: "Topics",
) -> None:
    """Raise whatever a group has against a heartbeat."""
    member_id, instance_id = request.member_id, request.instance_id
    membership.require_room(group, member_id)
    if request.member_epoch == 0:
        old = None if instance_id is None else group.static_member(instance_id)
        # One that asks again because its answer was lost finds its own place.
        if old is not None and old.member_id != member_id and old.classic is None:
            membership.require_released(old, member_id)
    else:
        member = membership.require(group, member_id, instance_id)
        membership.require_epoch(member, request.member_epoch, owned)
    pattern = request.subscribed_topic_regex
    if pattern and pattern not in group.resolved:
        resolve(pattern, topics.by_name)


def interval_ms(group: "ConsumerGroup", now_ms: int) -> int:
    """Say when a member shall come again: soon while something happens, or just did."""
    configs = group.configs
    steady_ms = configs.consumer_heartbeat_interval_ms(group.group_id)
    changed_at_ms = group.changed_at_ms
    if changed_at_ms is None:
        return steady_ms
    is_settled = not group.unsettled and group.group_epoch == group.target_epoch
    growing_ms = (now_ms - changed_at_ms) // (SETTLED_PART if is_settled else UNSETTLED_PART)
    if growing_ms >= steady_ms:
        if is_settled:
            group.changed_at_ms = None
        return steady_ms
    short_ms = configs.pybroker_consumer_reconciliation_heartbeat_interval_ms
    return min(steady_ms, max(short_ms, len(group.members) // HEARTBEATS_PER_MS, growing_ms))


def _owned(request: "ConsumerGroupHeartbeatRequest") -> "Owned | None":
    if request.topic_partitions is None:
        return None
    return owned_of((each.topic_id, each.partitions) for each in request.topic_partitions)


def _member(
    group: "ConsumerGroup",
    request: "ConsumerGroupHeartbeatRequest",
    sender: Sender,
    decision: "Decision",
) -> tuple[ConsumerMember, bool]:
    """Find who it is, and whether it is somebody new."""
    member_id = request.member_id or sender.new_member_id
    if request.member_epoch == 0 and request.instance_id is not None:
        old = group.static_member(request.instance_id)
        if old is not None and old.member_id != member_id:
            return membership.replace_static(group, old, member_id, decision), False
        if old is not None and old.member_epoch < 0:
            # It left for a while and comes back with the id that it had.
            group.assign(old, old.state, 0, old.assigned, old.pending_revocation)
            decision.changes.append(snapshot.assignment_set(group, old))
            return old, False
    return membership.found_or_new(group, member_id, request.instance_id)


def _update(
    group: "ConsumerGroup",
    member: ConsumerMember,
    request: "ConsumerGroupHeartbeatRequest",
    sender: Sender,
    decision: "Decision",
    *,
    is_new: bool,
) -> bool:
    """Note what a member wants; says whether that concerns its subscription."""
    wanted = (member.subscribed_topic_names, member.subscribed_topic_regex)
    before = _facts(member)
    if request.instance_id not in {None, member.instance_id}:
        group.set_instance(member, request.instance_id)
    if request.rack_id is not None:
        member.rack_id = request.rack_id
    if request.rebalance_timeout_ms != -1:
        member.rebalance_timeout_ms = request.rebalance_timeout_ms
    if request.server_assignor is not None:
        member.server_assignor = request.server_assignor
    if request.subscribed_topic_names is not None:
        member.subscribed_topic_names = tuple(sorted(set(request.subscribed_topic_names)))
    if request.subscribed_topic_regex is not None:
        member.subscribed_topic_regex = request.subscribed_topic_regex
    member.client_id = sender.client_id
    member.client_host = sender.client_host
    member.classic = None
    member.join_deadline_ms = None
    member.sync_deadline_ms = None
    if is_new or _facts(member) != before:
        decision.changes.append(snapshot.member_set(group, member))
    return wanted != (member.subscribed_topic_names, member.subscribed_topic_regex)


def _facts(member: ConsumerMember) -> tuple[object, ...]:
    return (
        member.instance_id,
        member.rack_id,
        member.rebalance_timeout_ms,
        member.server_assignor,
        member.subscribed_topic_names,
        member.subscribed_topic_regex,
        member.client_id,
        member.client_host,
        member.classic,
    )


def _is_full(request: "ConsumerGroupHeartbeatRequest") -> bool:
    """Whether a request tells everything, which a member does when it joins or after an error."""
    has_subscription = (
        request.subscribed_topic_names is not None or request.subscribed_topic_regex is not None
    )
    return request.member_epoch == 0 or (
        request.rebalance_timeout_ms != -1
        and has_subscription
        and request.topic_partitions is not None
    )


def _is_to_be_told(
    group: "ConsumerGroup",
    member: ConsumerMember,
    request: "ConsumerGroupHeartbeatRequest",
    before: "Assigned",
    now_ms: int,
) -> bool:
    """Whether a member hears its assignment: when it says everything, or when that changed.

    And again, a few times, when it does not say that it owns it: the answer may have gone to a
    connection that it had given up, whose request came late.
    """
    is_told = _is_full(request) or not _is_same(before, member.assigned)
    if _says_what_it_has(request, member):
        member.told_at_ms = None
    elif is_told:
        member.told_at_ms, member.times_told = now_ms, 1
    elif member.told_at_ms is not None:
        patience_ms = group.configs.consumer_heartbeat_interval_ms(group.group_id)
        is_told = now_ms - member.told_at_ms >= patience_ms
        if is_told:
            member.times_told += 1
            member.told_at_ms = now_ms if member.times_told < TIMES_TOLD_MAX else None
    return is_told


def _says_what_it_has(request: "ConsumerGroupHeartbeatRequest", member: ConsumerMember) -> bool:
    owned = request.topic_partitions
    return owned is not None and {
        each.topic_id: set(each.partitions) for each in owned if each.partitions
    } == {topic_id: set(partitions) for topic_id, partitions in member.assigned.items()}


def _is_same(before: "Assigned", after: "Assigned") -> bool:
    """Whether a member may use the same partitions as before; since when does not count."""
    return before is after or (
        before.keys() == after.keys()
        and all(before[topic_id].keys() == after[topic_id].keys() for topic_id in before)
    )


def _assignment(assigned: "Assigned") -> ConsumerGroupHeartbeatResponse.Assignment:
    return ConsumerGroupHeartbeatResponse.Assignment(
        topic_partitions=[
            ConsumerGroupHeartbeatResponse.TopicPartitions(
                topic_id=topic_id, partitions=sorted(partitions)
            )
            for topic_id, partitions in assigned.items()
        ]
    )
