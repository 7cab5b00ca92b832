"""The classic protocol's requests: JoinGroup, SyncGroup, Heartbeat, LeaveGroup."""

from typing import TYPE_CHECKING

from pybroker.errors import ErrorCode, KafkaError
from pybroker.groups.classic import leaderless, leave, rebalance
from pybroker.groups.classic.group import ClassicGroup
from pybroker.groups.classic.heartbeat import heartbeat
from pybroker.groups.classic.join import Joiner, join
from pybroker.groups.classic.sync import sync
from pybroker.groups.consumer import classic_members, conversion
from pybroker.groups.consumer.group import ConsumerGroup
from pybroker.groups.coordination import Coordination
from pybroker.protocol.leave_group import LeaveGroupResponse
from pybroker.protocol.sync_group import SyncGroupResponse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pybroker.groups.coordination import Caller
    from pybroker.groups.decision import Decision, Waiter
    from pybroker.protocol.heartbeat import HeartbeatRequest
    from pybroker.protocol.join_group import JoinGroupRequest, JoinGroupResponse
    from pybroker.protocol.leave_group import LeaveGroupRequest
    from pybroker.protocol.sync_group import SyncGroupRequest


class ClassicConversation(Coordination):
    """What members that speak the classic protocol ask."""

    def expect(self, group_id: str, connection_id: int) -> None:
        """Note that somebody asked who coordinates a group: a member may be about to join."""
        group = self._loaded.by_id.get(group_id)
        if group is None:
            self._early_arrivals.ask(group_id, connection_id, self._monotonic_ms())
        elif isinstance(group, ClassicGroup):
            group.expect(connection_id, self._monotonic_ms())

    def join(
        self, request: "JoinGroupRequest", caller: "Caller", waiter: "Waiter"
    ) -> "JoinGroupResponse | None":
        """Decide a JoinGroup. None: the answer goes to the waiter."""
        refusal = self._refusal_of(request.group_id, caller)
        configs = self.configs
        if refusal is ErrorCode.NONE and not (
            configs.group_min_session_timeout_ms
            <= request.session_timeout_ms
            <= configs.group_max_session_timeout_ms
        ):
            refusal = ErrorCode.INVALID_SESSION_TIMEOUT
        group = self._loaded.find(request.group_id, self._monotonic_ms())
        is_there = group is not None and not (isinstance(group, ConsumerGroup) and group.is_empty)
        if refusal is ErrorCode.NONE and not is_there and request.member_id:
            refusal = ErrorCode.UNKNOWN_MEMBER_ID
        if refusal is not ErrorCode.NONE:
            return rebalance.refused(request.member_id, refusal)
        decision = self._loaded.decision(self._monotonic_ms())
        if group is None:
            group = self._loaded.make(request.group_id, decision)
        elif isinstance(group, ConsumerGroup) and group.is_empty:
            group = conversion.emptied(group, decision)
            self._loaded.put(group)
        client_id = caller.client_id or ""
        joiner = Joiner(
            api_version=caller.api_version,
            client_id=client_id,
            client_host=f"/{caller.client_host}",  # As Java prints an address.
            new_member_id=f"{request.group_instance_id or client_id}-{self._new_uuid()}",
            waiter=waiter,
        )
        response: JoinGroupResponse | None
        if isinstance(group, ClassicGroup):
            group.arrivals = self._early_arrivals.pop(group.group_id) or group.arrivals
            response = join(group, request, joiner, decision)
            # A leader that came back as none may have missed something while it was away.
            leaderless.notice_topics(group, self.topics, decision)
        else:
            response = self._join_consumer_group(group, request, joiner, decision)
        self._loaded.carry_out(group, decision)
        self._loaded.drop_if_blank(group)
        return response

    def _join_consumer_group(
        self,
        group: ConsumerGroup,
        request: "JoinGroupRequest",
        joiner: Joiner,
        decision: "Decision",
    ) -> "JoinGroupResponse":
        # Members of consumer groups have ids of their own kind, whatever protocol they speak.
        joiner = joiner._replace(new_member_id=self._new_short_uuid())
        try:
            return classic_members.join(group, request, joiner, self.topics, decision)
        except classic_members.MemberIdRequiredError as required:
            return rebalance.refused(required.member_id, required.code)
        except KafkaError as error:
            return rebalance.refused("", error.code)

    def sync(
        self, request: "SyncGroupRequest", caller: "Caller", waiter: "Waiter"
    ) -> "SyncGroupResponse | None":
        """Decide a SyncGroup. None: the answer goes to the waiter."""
        group = self._locate(request.group_id, caller)
        if isinstance(group, ErrorCode):
            return SyncGroupResponse(error_code=group)
        decision = self._loaded.decision(self._monotonic_ms())
        if isinstance(group, ClassicGroup):
            response = sync(group, request, waiter, decision)
        else:
            try:
                response = classic_members.sync(group, request, self.topics, decision)
            except KafkaError as error:
                response = SyncGroupResponse(error_code=error.code)
        self._loaded.carry_out(group, decision)
        return response

    def heartbeat(self, request: "HeartbeatRequest", caller: "Caller") -> ErrorCode:
        """Decide a Heartbeat."""
        group = self._loaded.by_id.get(request.group_id)
        if group is None or len(self.node_ids) > 1:
            located = self._locate(request.group_id, caller)
            if isinstance(located, ErrorCode):
                return located
            group = located
        if isinstance(group, ClassicGroup):
            return heartbeat(group, request, self._monotonic_ms())
        decision = self._loaded.decision(self._monotonic_ms())
        try:
            code = classic_members.heartbeat(group, request, self.topics, decision)
        except KafkaError as error:
            code = error.code
        self._loaded.carry_out(group, decision)
        return code

    def leave(
        self,
        group_id: str,
        leavers: "Sequence[LeaveGroupRequest.MemberIdentity]",
        caller: "Caller",
    ) -> LeaveGroupResponse:
        """Let members of a group go."""
        refusal = self._refusal_of(group_id, caller)
        if refusal is not ErrorCode.NONE:
            return LeaveGroupResponse(error_code=refusal)
        group = self._loaded.find(group_id, self._monotonic_ms())
        if group is None:
            return leave.leave_unknown_group(leavers)
        decision = self._loaded.decision(self._monotonic_ms())
        if isinstance(group, ClassicGroup):
            response = leave.leave(group, leavers, decision)
        else:
            response = classic_members.leave(group, leavers, self.topics, decision)
        self._loaded.carry_out(group, decision)
        return response
