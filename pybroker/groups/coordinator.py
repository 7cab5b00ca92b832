"""What handlers call: requests about groups, from the group's name to the decision carried out.

A request at a node that does not coordinate the group is refused first; then the group is found or
made, decides, and `loaded` carries out the decision.
"""

from typing import TYPE_CHECKING, Protocol

from pybroker.errors import ErrorCode
from pybroker.groups import offset_removal, offsets, positions
from pybroker.groups.classic import describe, leave, rebalance
from pybroker.groups.classic.group import ClassicGroup
from pybroker.groups.classic.heartbeat import heartbeat
from pybroker.groups.classic.join import Joiner, join
from pybroker.groups.classic.state import GroupState
from pybroker.groups.classic.sync import sync
from pybroker.groups.expiry import OffsetExpiry
from pybroker.groups.loaded import LoadedGroups
from pybroker.groups.placement import coordinator_for
from pybroker.metadata.uuids import random_uuid
from pybroker.protocol.leave_group import LeaveGroupRequest, LeaveGroupResponse
from pybroker.protocol.offset_delete import OffsetDeleteResponse
from pybroker.protocol.sync_group import SyncGroupResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pybroker.groups.configs import GroupConfigs
    from pybroker.groups.decision import Waiter
    from pybroker.groups.rebalances import RebalanceCounts
    from pybroker.metadata.topics import Topics
    from pybroker.protocol.describe_groups import DescribeGroupsResponse
    from pybroker.protocol.heartbeat import HeartbeatRequest
    from pybroker.protocol.join_group import JoinGroupRequest, JoinGroupResponse
    from pybroker.protocol.list_groups import ListGroupsResponse
    from pybroker.protocol.offset_commit import OffsetCommitRequest, OffsetCommitResponse
    from pybroker.protocol.offset_delete import OffsetDeleteRequest
    from pybroker.protocol.offset_fetch import OffsetFetchRequest, OffsetFetchResponse
    from pybroker.protocol.sync_group import SyncGroupRequest
    from pybroker.store import Store
    from pybroker.timers import Timers


class Caller(Protocol):
    """What the coordinator must know of a request beside the message: the request's context."""

    @property
    def api_version(self) -> int:
        """The version that the client speaks."""

    @property
    def client_id(self) -> str | None:
        """What the client calls itself."""

    @property
    def client_host(self) -> str:
        """The client's address."""

    @property
    def node_id(self) -> int:
        """The node that was asked."""

    @property
    def received_at_ms(self) -> int:
        """When, on the monotonic scale."""


class GroupCoordinator:
    """The coordinator of every group, for all nodes of this process.

    `node_ids` and `topics` may be replaced when there are others. `now_ms` is the wall clock;
    `random_bytes(n)` gives n of them.
    """

    def __init__(
        self,
        *,
        store: "Store",
        timers: "Timers",
        topics: "Topics",
        configs: "GroupConfigs",
        node_ids: "Sequence[int]",
        now_ms: "Callable[[], int]",
        random_bytes: "Callable[[int], bytes]",
    ) -> None:
        self.node_ids = node_ids
        self.configs = configs
        self.topics = topics
        self._random_bytes = random_bytes
        self._loaded = LoadedGroups(store, timers, configs, now_ms)
        self._expiry = OffsetExpiry(store, timers, configs, self._loaded)

    @property
    def rebalances(self) -> "RebalanceCounts":
        """How many rebalances began, by reason."""
        return self._loaded.rebalances

    # The life of the coordinator.

    def start(self, now_ms: int) -> None:
        """Begin the sessions of stored members."""
        self._loaded.start(now_ms)

    def unload(self, now_ms: int) -> None:
        """Drop every group, because the store has not got what was decided last."""
        self._loaded.unload(now_ms)

    def close(self) -> None:
        """Drop every group, and send away those who wait."""
        self._loaded.close()

    # The classic protocol.

    def join(
        self, request: "JoinGroupRequest", caller: Caller, waiter: "Waiter"
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
        group = self._loaded.find(request.group_id, caller.received_at_ms)
        if refusal is ErrorCode.NONE and group is None and request.member_id:
            refusal = ErrorCode.UNKNOWN_MEMBER_ID
        if refusal is not ErrorCode.NONE:
            return rebalance.refused(request.member_id, refusal)
        decision = self._loaded.decision(caller.received_at_ms)
        if group is None:
            group = self._loaded.make(request.group_id, decision)
        client_id = caller.client_id or ""
        joiner = Joiner(
            api_version=caller.api_version,
            client_id=client_id,
            client_host=f"/{caller.client_host}",  # As Java prints an address.
            new_member_id=f"{request.group_instance_id or client_id}-{self._new_uuid()}",
            waiter=waiter,
        )
        response = join(group, request, joiner, decision)
        self._loaded.carry_out(group, decision)
        self._loaded.drop_if_blank(group)
        return response

    def sync(
        self, request: "SyncGroupRequest", caller: Caller, waiter: "Waiter"
    ) -> "SyncGroupResponse | None":
        """Decide a SyncGroup. None: the answer goes to the waiter."""
        group = self._locate(request.group_id, caller)
        if isinstance(group, ErrorCode):
            return SyncGroupResponse(error_code=group)
        decision = self._loaded.decision(caller.received_at_ms)
        response = sync(group, request, waiter, decision)
        self._loaded.carry_out(group, decision)
        return response

    def heartbeat(self, request: "HeartbeatRequest", caller: Caller) -> ErrorCode:
        """Decide a Heartbeat."""
        group = self._loaded.by_id.get(request.group_id)
        if group is None or len(self.node_ids) > 1:
            located = self._locate(request.group_id, caller)
            if isinstance(located, ErrorCode):
                return located
            group = located
        return heartbeat(group, request, caller.received_at_ms)

    def leave(
        self,
        group_id: str,
        leavers: "Sequence[LeaveGroupRequest.MemberIdentity]",
        caller: Caller,
    ) -> LeaveGroupResponse:
        """Let members of a group go."""
        refusal = self._refusal_of(group_id, caller)
        if refusal is not ErrorCode.NONE:
            return LeaveGroupResponse(error_code=refusal)
        group = self._loaded.find(group_id, caller.received_at_ms)
        if group is None:
            return leave.leave_unknown_group(leavers)
        decision = self._loaded.decision(caller.received_at_ms)
        response = leave.leave(group, leavers, decision)
        self._loaded.carry_out(group, decision)
        return response

    # Committed offsets. As in Kafka a group with an empty name may have them.

    def commit_offsets(
        self, request: "OffsetCommitRequest", caller: Caller
    ) -> "OffsetCommitResponse":
        """Decide an OffsetCommit."""
        group = self._loaded.by_id.get(request.group_id)
        if group is None or len(self.node_ids) > 1:
            if self._is_elsewhere(request.group_id, caller):
                return offsets.refuse(request, self.topics, ErrorCode.NOT_COORDINATOR)
            group = self._loaded.find(request.group_id, caller.received_at_ms)
        decision = self._loaded.decision(caller.received_at_ms)
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

    def fetch_offsets(self, request: "OffsetFetchRequest", caller: Caller) -> "OffsetFetchResponse":
        """Decide an OffsetFetch of versions 1 to 7."""
        if self._is_elsewhere(request.group_id, caller):
            return positions.refuse_one(request, ErrorCode.NOT_COORDINATOR, caller.api_version)
        return positions.fetch_one(
            self._loaded.find(request.group_id, caller.received_at_ms), request
        )

    def fetch_group_offsets(
        self, wanted: "OffsetFetchRequest.Group", caller: Caller
    ) -> "OffsetFetchResponse.Group":
        """Decide one group of an OffsetFetch of version 8 or later."""
        if self._is_elsewhere(wanted.group_id, caller):
            return positions.refuse_group(wanted, ErrorCode.NOT_COORDINATOR)
        group = self._loaded.find(wanted.group_id, caller.received_at_ms)
        return positions.fetch_group(group, wanted, self.topics, caller.api_version)

    def delete_offsets(
        self, request: "OffsetDeleteRequest", caller: Caller
    ) -> OffsetDeleteResponse:
        """Decide an OffsetDelete."""
        if self._is_elsewhere(request.group_id, caller):
            return OffsetDeleteResponse(error_code=ErrorCode.NOT_COORDINATOR)
        group = self._loaded.find(request.group_id, caller.received_at_ms)
        if group is None:
            return OffsetDeleteResponse(error_code=ErrorCode.GROUP_ID_NOT_FOUND)
        decision = self._loaded.decision(caller.received_at_ms)
        response = offset_removal.delete(group, request, self.topics, decision)
        self._loaded.carry_out(group, decision)
        return response

    def expire_offsets(self, now_ms: int) -> None:
        """Remove positions that are too old, and empty groups that have none."""
        self._expiry.run(now_ms)

    def forget_topic(self, name: str, now_ms: int) -> None:
        """Remove what groups have committed in a topic that is deleted."""
        decision = self._loaded.decision(now_ms)
        offset_removal.forget_topic(self._loaded.by_id.values(), name, decision)
        self._loaded.store(decision)

    # What administrators ask.

    def list_groups(
        self, wanted: describe.GroupFilter, caller: Caller
    ) -> "list[ListGroupsResponse.ListedGroup]":
        """List the groups that this node coordinates."""
        return [
            describe.list_group(group)
            for group in self._loaded.find_all(caller.received_at_ms)
            if wanted.admits(group) and not self._is_elsewhere(group.group_id, caller)
        ]

    def describe_group(
        self, group_id: str, caller: Caller
    ) -> "DescribeGroupsResponse.DescribedGroup":
        """Describe one group."""
        if self._is_elsewhere(group_id, caller):
            return describe.describe_elsewhere(group_id)
        group = self._loaded.find(group_id, caller.received_at_ms)
        if group is None:
            return describe.describe_unknown(group_id, caller.api_version)
        return describe.describe_group(group)

    def delete_group(self, group_id: str, caller: Caller) -> ErrorCode:
        """Delete a group without members, and what it has committed."""
        if self._is_elsewhere(group_id, caller):
            return ErrorCode.NOT_COORDINATOR
        group = self._loaded.find(group_id, caller.received_at_ms)
        if group is None:
            return ErrorCode.GROUP_ID_NOT_FOUND
        if group.state is not GroupState.EMPTY:
            return ErrorCode.NON_EMPTY_GROUP
        decision = self._loaded.decision(caller.received_at_ms)
        self._loaded.delete(group, decision)
        return ErrorCode.NONE

    def coordinator_of(self, key: str, partition_count: int) -> int:
        """Choose the node that coordinates a group id or a transactional id."""
        return coordinator_for(key, partition_count, self.node_ids)

    # Finding groups.

    def _refusal_of(self, group_id: str, caller: Caller) -> ErrorCode:
        if not group_id:
            return ErrorCode.INVALID_GROUP_ID
        if self._is_elsewhere(group_id, caller):
            return ErrorCode.NOT_COORDINATOR
        return ErrorCode.NONE

    def _is_elsewhere(self, group_id: str, caller: Caller) -> bool:
        if len(self.node_ids) == 1:
            return False
        partition_count = self.configs.offsets_topic_num_partitions
        return self.coordinator_of(group_id, partition_count) != caller.node_id

    def _locate(self, group_id: str, caller: Caller) -> ClassicGroup | ErrorCode:
        """Find a group that the caller claims to be a member of, or say why it is not."""
        refusal = self._refusal_of(group_id, caller)
        if refusal is not ErrorCode.NONE:
            return refusal
        group = self._loaded.find(group_id, caller.received_at_ms)
        return ErrorCode.UNKNOWN_MEMBER_ID if group is None else group

    def _new_uuid(self) -> str:
        """Make a random uuid and write it as Java does."""
        digits = random_uuid(self._random_bytes).hex()
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
