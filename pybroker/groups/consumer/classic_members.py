"""Members of a consumer group that speak the classic protocol: while a group is upgraded or back.

Such a member takes one step with each JoinGroup, which tells what it owns, and fetches what it has
with SyncGroup. Its generation is its member epoch. Nobody waits: every request is answered at once.
Heartbeats tell it to join again as long as there is a step that it can take. What it is late for,
and when it is put out for that, is in docs/groups.md.
"""

from typing import TYPE_CHECKING

from pybroker.errors import ErrorCode, KafkaError, ProtocolError
from pybroker.groups.classic.consumer_data import read_subscription, write_assignment
from pybroker.groups.classic.join import rebalance_timeout_of
from pybroker.groups.consumer import membership, snapshot
from pybroker.groups.consumer.leave import put_out
from pybroker.groups.consumer.member import ClassicMembership, ConsumerMember
from pybroker.groups.consumer.reconcile import owned_of, reconcile
from pybroker.groups.consumer.state import MemberState
from pybroker.groups.consumer.target import assign_if_due, raise_epoch
from pybroker.groups.group import CONSUMER_PROTOCOL_TYPE
from pybroker.groups.rebalances import RebalanceReason, names
from pybroker.protocol.join_group import JoinGroupResponse
from pybroker.protocol.leave_group import LeaveGroupResponse
from pybroker.protocol.sync_group import SyncGroupResponse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pybroker.groups.classic.join import Joiner
    from pybroker.groups.consumer.group import ConsumerGroup
    from pybroker.groups.decision import Decision
    from pybroker.metadata.topics import Topics
    from pybroker.protocol.consumer_protocol import ConsumerProtocolSubscription
    from pybroker.protocol.heartbeat import HeartbeatRequest
    from pybroker.protocol.join_group import JoinGroupRequest
    from pybroker.protocol.leave_group import LeaveGroupRequest
    from pybroker.protocol.sync_group import SyncGroupRequest

MEMBER_ID_REQUIRED_VERSION = 4


def join(
    group: "ConsumerGroup",
    request: "JoinGroupRequest",
    joiner: "Joiner",
    topics: "Topics",
    decision: "Decision",
) -> JoinGroupResponse:
    """Decide a JoinGroup. Raises KafkaError, with nothing changed."""
    _require_valid(group, request)
    if (
        not request.member_id
        and request.group_instance_id is None
        and joiner.api_version >= MEMBER_ID_REQUIRED_VERSION
    ):
        raise MemberIdRequiredError(joiner.new_member_id)
    subscription = _subscription(group, request)
    member, is_new = _member(group, request, joiner, decision)
    if is_new:
        group.add(member)
    is_changed = _update(group, member, (request, subscription, joiner), decision, is_new=is_new)
    if is_new or is_changed:
        reason = RebalanceReason.MEMBER_JOINED if is_new else RebalanceReason.MEMBER_CHANGED
        what = "joined" if is_new else "changed its subscription"
        raise_epoch(group, topics, reason, f"classic member {member.member_id} {what}", decision)
    assign_if_due(group, topics, decision)
    owned = owned_of(
        (topics.by_name[each.topic].topic_id, each.partitions)
        for each in subscription.owned_partitions
        if each.topic in topics.by_name
    )
    reconcile(group, member, owned, topics, decision)
    member.join_deadline_ms = None
    member.sync_deadline_ms = decision.now_ms + member.rebalance_timeout_ms
    group.wake_by(member.sync_deadline_ms)
    group.extend_session(member, decision.now_ms)
    return JoinGroupResponse(
        generation_id=member.member_epoch,
        protocol_type=CONSUMER_PROTOCOL_TYPE,
        protocol_name=request.protocols[0].name,
        member_id=member.member_id,
    )


class MemberIdRequiredError(KafkaError):
    """A newcomer shall come again with this id (KIP-394)."""

    def __init__(self, member_id: str) -> None:
        super().__init__(ErrorCode.MEMBER_ID_REQUIRED)
        self.member_id = member_id


def sync(
    group: "ConsumerGroup", request: "SyncGroupRequest", topics: "Topics", decision: "Decision"
) -> SyncGroupResponse:
    """Decide a SyncGroup. Raises KafkaError."""
    member, classic = _require_classic(group, request.member_id, request.group_instance_id)
    _require_generation(member, request.generation_id)
    protocol_name, metadata = classic.protocols[0]
    if request.protocol_type not in {None, CONSUMER_PROTOCOL_TYPE} or request.protocol_name not in {
        None,
        protocol_name,
    }:
        raise KafkaError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    assign_if_due(group, topics, decision)
    if (
        group.target_epoch > member.member_epoch
        and member.state is not MemberState.UNREVOKED_PARTITIONS
    ):
        _await_join(group, member, decision)
        raise KafkaError(ErrorCode.REBALANCE_IN_PROGRESS)
    member.sync_deadline_ms = None
    group.extend_session(member, decision.now_ms)
    return SyncGroupResponse(
        protocol_type=request.protocol_type,
        protocol_name=request.protocol_name,
        assignment=write_assignment(member.assigned, topics, metadata),
    )


def heartbeat(
    group: "ConsumerGroup", request: "HeartbeatRequest", topics: "Topics", decision: "Decision"
) -> ErrorCode:
    """Decide a Heartbeat. Raises KafkaError."""
    member, _ = _require_classic(group, request.member_id, request.group_instance_id)
    _require_generation(member, request.generation_id)
    group.extend_session(member, decision.now_ms)
    assign_if_due(group, topics, decision)
    if (
        group.target_epoch > member.member_epoch
        or member.state is MemberState.UNREVOKED_PARTITIONS
        or (
            member.state is MemberState.UNRELEASED_PARTITIONS and not group.waits_for_others(member)
        )
    ):
        _await_join(group, member, decision)
        return ErrorCode.REBALANCE_IN_PROGRESS
    return ErrorCode.NONE


def leave(
    group: "ConsumerGroup",
    leavers: "Iterable[LeaveGroupRequest.MemberIdentity]",
    topics: "Topics",
    decision: "Decision",
) -> LeaveGroupResponse:
    """Let members go, each with its own answer, and rebalance once for all of them."""
    gone: dict[str, ConsumerMember] = {}
    answers = []
    for leaver in leavers:
        member_id, code = leaver.member_id, ErrorCode.NONE
        try:
            member = _leaver(group, leaver, gone)
        except KafkaError as error:
            code = error.code
        else:
            gone[member.member_id] = member
        answers.append(
            LeaveGroupResponse.MemberResponse(
                member_id=member_id,
                group_instance_id=leaver.group_instance_id,
                error_code=code,
            )
        )
    if gone:
        why = f"explicit LeaveGroup of {names(list(gone))}"
        cause = (RebalanceReason.MEMBER_LEFT, why)
        put_out(group, list(gone.values()), cause, topics, decision)
    return LeaveGroupResponse(members=answers)


def _leaver(
    group: "ConsumerGroup",
    leaver: "LeaveGroupRequest.MemberIdentity",
    gone: "dict[str, ConsumerMember]",
) -> ConsumerMember:
    member_id, instance_id = leaver.member_id, leaver.group_instance_id
    if instance_id is not None and not member_id:
        # An administrator knows the instance only.
        member_id = group.static_members.get(instance_id, "")
    # Administrators make members of either protocol leave.
    member = membership.require(group, member_id, instance_id)
    if member.member_id in gone:
        raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID)
    return member


def _require_classic(
    group: "ConsumerGroup", member_id: str, instance_id: str | None
) -> tuple[ConsumerMember, ClassicMembership]:
    member = membership.require(group, member_id, instance_id)
    if member.classic is None:
        message = f"Member {member_id} does not use the classic protocol."
        raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID, message)
    return member, member.classic


def _require_generation(member: ConsumerMember, generation_id: int) -> None:
    if generation_id != member.member_epoch:
        raise KafkaError(ErrorCode.ILLEGAL_GENERATION)


def _require_valid(group: "ConsumerGroup", request: "JoinGroupRequest") -> None:
    """Refuse what a group has against a JoinGroup."""
    if not group.configs.may_mix():
        raise KafkaError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    membership.require_room(group, request.member_id)
    classic = [each.classic for each in group.members.values() if each.classic is not None]
    is_shared = any(
        all(any(name == each.name for name, _ in one.protocols) for one in classic)
        for each in request.protocols
    )
    if request.protocol_type != CONSUMER_PROTOCOL_TYPE or not is_shared:
        raise KafkaError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)


def _subscription(
    group: "ConsumerGroup", request: "JoinGroupRequest"
) -> "ConsumerProtocolSubscription":
    """Read what a member that comes with its id wants."""
    if request.member_id and request.group_instance_id is not None:
        membership.require_static(group, request.member_id, request.group_instance_id)
    try:
        return read_subscription(request.protocols[0].metadata)
    except ProtocolError:
        raise KafkaError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL) from None


def _member(
    group: "ConsumerGroup", request: "JoinGroupRequest", joiner: "Joiner", decision: "Decision"
) -> tuple[ConsumerMember, bool]:
    member_id = request.member_id or joiner.new_member_id
    if request.group_instance_id is not None and not request.member_id:
        old = group.static_member(request.group_instance_id)
        if old is not None:
            was_last = old.classic is None
            new = membership.replace_static(group, old, member_id, decision)
            # The newcomer counts as classic from here on.
            new.classic = ClassicMembership(request.session_timeout_ms, ())
            group.is_to_be_downgraded = was_last and group.may_be_downgraded()
            return new, False
    return membership.found_or_new(group, member_id, request.group_instance_id)


def _update(
    group: "ConsumerGroup",
    member: ConsumerMember,
    what: "tuple[JoinGroupRequest, ConsumerProtocolSubscription, Joiner]",
    decision: "Decision",
    *,
    is_new: bool,
) -> bool:
    """Note what a member wants; says whether that concerns its subscription."""
    request, subscription, joiner = what
    wanted = (member.subscribed_topic_names, member.subscribed_topic_regex)
    before = snapshot.member_set(group, member)
    if subscription.rack_id is not None:
        member.rack_id = subscription.rack_id
    member.rebalance_timeout_ms = rebalance_timeout_of(request)
    member.subscribed_topic_names = tuple(sorted(set(subscription.topics)))
    member.subscribed_topic_regex = ""
    member.client_id = joiner.client_id
    member.client_host = joiner.client_host
    member.rebalance_deadline_ms = None
    protocols = tuple([(each.name, each.metadata) for each in request.protocols])
    member.classic = ClassicMembership(request.session_timeout_ms, protocols)
    after = snapshot.member_set(group, member)
    if is_new or after != before:
        decision.changes.append(after)
    return wanted != (member.subscribed_topic_names, member.subscribed_topic_regex)


def _await_join(group: "ConsumerGroup", member: ConsumerMember, decision: "Decision") -> None:
    """Expect a member to join within its rebalance timeout, from the first time it is told."""
    if member.join_deadline_ms is None:
        member.join_deadline_ms = decision.now_ms + member.rebalance_timeout_ms
        group.wake_by(member.join_deadline_ms)
