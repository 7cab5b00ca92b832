"""The consumer protocol's requests: ConsumerGroupHeartbeat, ConsumerGroupDescribe; and topics."""

from typing import TYPE_CHECKING, Final

from pybroker.errors import ErrorCode, KafkaError
from pybroker.groups.classic import leaderless
from pybroker.groups.classic.group import ClassicGroup
from pybroker.groups.consumer import conversion, describe
from pybroker.groups.consumer.group import ConsumerGroup
from pybroker.groups.consumer.heartbeat import Sender, heartbeat, keep_alive
from pybroker.groups.consumer.leave import leave
from pybroker.groups.consumer.member import JOIN_EPOCH
from pybroker.groups.consumer.topic_changes import notice_topics
from pybroker.groups.consumer.validation import validate
from pybroker.groups.coordination import Coordination
from pybroker.protocol.consumer_group_heartbeat import ConsumerGroupHeartbeatResponse

if TYPE_CHECKING:
    from collections.abc import Collection

    from pybroker.groups.coordination import Caller
    from pybroker.groups.decision import Decision
    from pybroker.groups.loaded import AnyGroup
    from pybroker.protocol.consumer_group_describe import ConsumerGroupDescribeResponse
    from pybroker.protocol.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest


PROTOCOL: Final = "consumer"


class ConsumerConversation(Coordination):
    """What members that speak the consumer protocol ask, and who looks at their groups."""

    def consumer_heartbeat(
        self, request: "ConsumerGroupHeartbeatRequest", caller: "Caller"
    ) -> ConsumerGroupHeartbeatResponse:
        """Decide a ConsumerGroupHeartbeat."""
        client_host = f"/{caller.client_host}"  # As Java prints an address.
        group = self._loaded.by_id.get(request.group_id)
        if isinstance(group, ConsumerGroup) and len(self.node_ids) == 1:
            sender_id = (caller.client_id or "", client_host)
            response = keep_alive(group, request, sender_id, self._monotonic_ms())
            if response is not None:
                return response
        if PROTOCOL not in self.configs.group_coordinator_rebalance_protocols:
            return ConsumerGroupHeartbeatResponse(error_code=ErrorCode.UNSUPPORTED_VERSION)
        try:
            validate(request, caller.api_version, self.configs)
            if self._is_elsewhere(request.group_id, caller):
                return ConsumerGroupHeartbeatResponse(error_code=ErrorCode.NOT_COORDINATOR)
            decision = self._loaded.decision(self._monotonic_ms())
            if request.member_epoch < JOIN_EPOCH:
                return self._leave(request, decision)
            return self._heartbeat(request, caller, client_host, decision)
        except KafkaError as error:
            return ConsumerGroupHeartbeatResponse(
                error_code=error.code, error_message=error.message
            )

    def describe_consumer_group(
        self, group_id: str, caller: "Caller"
    ) -> "ConsumerGroupDescribeResponse.DescribedGroup":
        """Describe one consumer group."""
        refusal = self._refusal_of(group_id, caller)
        if refusal is not ErrorCode.NONE:
            return describe.describe_refused(group_id, refusal)
        group = self._loaded.find(group_id, self._monotonic_ms())
        if group is None:
            return describe.describe_unknown(group_id)
        if not isinstance(group, ConsumerGroup):
            return describe.describe_classic(group_id)
        return describe.describe_group(group, self.topics)

    def notice_topics(self, names: "Collection[str]", now_ms: int) -> None:
        """Let groups rebalance that read one of these topics, which came, went or grew."""
        for group in list(self._loaded.by_id.values()):
            decision = self._loaded.decision(now_ms)
            if isinstance(group, ClassicGroup):
                leaderless.notice_topics(group, self.topics, decision, names)
            elif group.members:
                notice_topics(group, self.topics, names, decision)
            self._loaded.carry_out(group, decision)

    def _heartbeat(
        self,
        request: "ConsumerGroupHeartbeatRequest",
        caller: "Caller",
        client_host: str,
        decision: "Decision",
    ) -> ConsumerGroupHeartbeatResponse:
        found = self._loaded.find(request.group_id, self._monotonic_ms())
        if request.member_epoch == JOIN_EPOCH:
            group = self._to_join(request, found, decision)
        elif found is None:
            message = f"Consumer group {request.group_id} not found."
            raise KafkaError(ErrorCode.GROUP_ID_NOT_FOUND, message)
        else:
            group = _require_consumer(found)
        sender = Sender(caller.client_id or "", client_host, self._new_short_uuid())
        response = heartbeat(group, request, sender, self.topics, decision)
        if group is not found:
            if isinstance(found, ClassicGroup):
                conversion.leave_classic(found, group, self.topics, decision)
            self._loaded.put(group)
        self._loaded.carry_out(group, decision)
        return response

    def _leave(
        self, request: "ConsumerGroupHeartbeatRequest", decision: "Decision"
    ) -> ConsumerGroupHeartbeatResponse:
        found = self._loaded.find(request.group_id, decision.now_ms)
        if found is None:
            message = f"Group {request.group_id} not found."
            raise KafkaError(ErrorCode.GROUP_ID_NOT_FOUND, message)
        group = _require_consumer(found)
        response = leave(group, request, self.topics, decision)
        self._loaded.carry_out(group, decision)
        return response

    def _to_join(
        self,
        request: "ConsumerGroupHeartbeatRequest",
        found: "AnyGroup | None",
        decision: "Decision",
    ) -> ConsumerGroup:
        """Give the group that somebody joins; it is not taken over yet if it is another."""
        if found is None:
            return ConsumerGroup(request.group_id, self.configs, decision.wall_ms)
        if isinstance(found, ConsumerGroup):
            return found
        return conversion.upgraded(found, self.topics, decision)


def _require_consumer(group: "AnyGroup") -> ConsumerGroup:
    if isinstance(group, ConsumerGroup):
        return group
    message = f"Group {group.group_id} is not a consumer group."
    raise KafkaError(ErrorCode.GROUP_ID_NOT_FOUND, message)
