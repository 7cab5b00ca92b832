"""The requests about committed offsets. As in Kafka a group with an empty name may have them."""

from typing import TYPE_CHECKING

from pybroker.errors import ErrorCode
from pybroker.groups import offset_removal, offsets, positions
from pybroker.groups.coordination import Coordination
from pybroker.protocol.offset_delete import OffsetDeleteResponse

if TYPE_CHECKING:
    from pybroker.groups.coordination import Caller
    from pybroker.protocol.offset_commit import OffsetCommitRequest, OffsetCommitResponse
    from pybroker.protocol.offset_delete import OffsetDeleteRequest
    from pybroker.protocol.offset_fetch import OffsetFetchRequest, OffsetFetchResponse


class OffsetConversation(Coordination):
    """What consumers and administrators ask about positions."""

    def commit_offsets(
        self, request: "OffsetCommitRequest", caller: "Caller"
    ) -> "OffsetCommitResponse":
        """Decide an OffsetCommit."""
        group = self._loaded.by_id.get(request.group_id)
        if group is None or len(self.node_ids) > 1:
            if self._is_elsewhere(request.group_id, caller):
                return offsets.refuse(request, self.topics, ErrorCode.NOT_COORDINATOR)
            group = self._loaded.find(request.group_id, self._monotonic_ms())
        decision = self._loaded.decision(self._monotonic_ms())
        if group is None:
            if offsets.names_a_member(request):
                is_new = caller.api_version >= 9
                code = ErrorCode.GROUP_ID_NOT_FOUND if is_new else ErrorCode.ILLEGAL_GENERATION
                return offsets.refuse(request, self.topics, code)
            group = self._loaded.make(request.group_id, decision)
        response = offsets.commit(group, request, self.topics, caller.api_version, decision)
        self._loaded.carry_out(group, decision)
        if not decision.changes:
            self._loaded.drop_if_blank(group)
        return response

    def fetch_offsets(
        self, request: "OffsetFetchRequest", caller: "Caller"
    ) -> "OffsetFetchResponse":
        """Decide an OffsetFetch of versions 1 to 7."""
        if self._is_elsewhere(request.group_id, caller):
            return positions.refuse_one(request, ErrorCode.NOT_COORDINATOR, caller.api_version)
        return positions.fetch_one(
            self._loaded.find(request.group_id, self._monotonic_ms()), request
        )

    def fetch_group_offsets(
        self, wanted: "OffsetFetchRequest.Group", caller: "Caller"
    ) -> "OffsetFetchResponse.Group":
        """Decide one group of an OffsetFetch of version 8 or later."""
        if self._is_elsewhere(wanted.group_id, caller):
            return positions.refuse_group(wanted, ErrorCode.NOT_COORDINATOR)
        group = self._loaded.find(wanted.group_id, self._monotonic_ms())
        return positions.fetch_group(group, wanted, self.topics, caller.api_version)

    def delete_offsets(
        self, request: "OffsetDeleteRequest", caller: "Caller"
    ) -> OffsetDeleteResponse:
        """Decide an OffsetDelete."""
        refusal = self._refusal_of(request.group_id, caller)
        if refusal is not ErrorCode.NONE:
            return OffsetDeleteResponse(error_code=refusal)
        group = self._loaded.find(request.group_id, self._monotonic_ms())
        if group is None:
            return OffsetDeleteResponse(error_code=ErrorCode.GROUP_ID_NOT_FOUND)
        decision = self._loaded.decision(self._monotonic_ms())
        response = offset_removal.delete(group, request, self.topics, decision)
        self._loaded.carry_out(group, decision)
        return response

    def forget_topic(self, name: str, now_ms: int) -> None:
        """Remove what groups have committed in a topic that is deleted."""
        decision = self._loaded.decision(now_ms)
        offset_removal.forget_topic(self._loaded.by_id.values(), name, decision)
        self._loaded.store(decision)
