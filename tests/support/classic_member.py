"""A member of a classic group on a raw connection: joins, syncs, heartbeats, in any version."""

from collections.abc import Callable, Mapping
from typing import Any

from pybroker.errors import ErrorCode
from pybroker.protocol.describe_groups import DescribeGroupsRequest
from pybroker.protocol.heartbeat import HeartbeatRequest
from pybroker.protocol.join_group import JoinGroupRequest
from pybroker.protocol.leave_group import LeaveGroupRequest
from tests.support.classic_requests import heartbeat_request, join_request, sync_request
from tests.support.raw_client import RawClient
from tests.support.waiting import wait_until

# Longer than any test: a member on a raw connection heartbeats when it is told to.
SESSION_MS = 30_000


def group_state(client: RawClient, group_id: str = "group") -> str:
    """Ask what state a group is in."""
    (group,) = client.ask(DescribeGroupsRequest(groups=[group_id]), 5).groups
    return str(group.group_state)


def wait_for_state(client: RawClient, state: str, group_id: str = "group") -> None:
    """Return as soon as a group is in a state."""
    wait_until(lambda: group_state(client, group_id) == state)


class ClassicMember:
    """One member with its own connection. `begin_join` and `begin_sync` do not wait; `end_*` do."""

    def __init__(
        self, bootstrap_servers: str, group_id: str = "group", instance: str | None = None
    ) -> None:
        self.client = RawClient(bootstrap_servers, client_id="member")
        self.group_id = group_id
        self.instance = instance
        self.member_id = ""
        self.generation_id = -1
        self._pending: tuple[type[Any], int, int] | None = None

    def close(self) -> None:
        self.client.close()

    def begin_join(self, version: int = 9, **arguments: Any) -> None:
        """Send a JoinGroup, with a member id if the version wants one."""
        if not self.member_id and self.instance is None and version >= 4:
            answer = self.client.ask(self._join(arguments), version)
            assert answer.error_code == ErrorCode.MEMBER_ID_REQUIRED, answer
            self.member_id = answer.member_id
        self._begin(self._join(arguments), version)

    def end_join(self) -> Any:
        response = self._end()
        if response.error_code == ErrorCode.NONE:
            self.member_id = response.member_id
            self.generation_id = response.generation_id
        return response

    def join(self, version: int = 9, **arguments: Any) -> Any:
        self.begin_join(version, **arguments)
        return self.end_join()

    def begin_sync(self, assignments: Mapping[str, bytes] | None = None, version: int = 5) -> None:
        request = sync_request(
            self.member_id,
            self.generation_id,
            assignments,
            group_id=self.group_id,
            instance=self.instance,
        )
        self._begin(request, version)

    def end_sync(self) -> Any:
        return self._end()

    def sync(self, assignments: Mapping[str, bytes] | None = None, version: int = 5) -> Any:
        self.begin_sync(assignments, version)
        return self.end_sync()

    def begin_heartbeat(
        self, version: int = 4, generation_id: int | None = None
    ) -> Callable[[], ErrorCode]:
        """Send a Heartbeat. Gives how to wait for its answer, which keeps its place."""
        request = heartbeat_request(
            self.member_id,
            self.generation_id if generation_id is None else generation_id,
            group_id=self.group_id,
            instance=self.instance,
        )
        correlation_id = self.client.send(request, version)

        def end() -> ErrorCode:
            answer = self.client.receive(HeartbeatRequest, version, correlation_id)
            return ErrorCode(answer.error_code)

        return end

    def heartbeat(self, version: int = 4) -> ErrorCode:
        return self.begin_heartbeat(version)()

    def leave(self) -> ErrorCode:
        identity = LeaveGroupRequest.MemberIdentity(member_id=self.member_id)
        request = LeaveGroupRequest(group_id=self.group_id, members=[identity])
        (answer,) = self.client.ask(request, 5).members
        return ErrorCode(answer.error_code)

    def stable(self) -> "ClassicMember":
        """Join and sync alone."""
        assert self.join().error_code == ErrorCode.NONE
        assert self.sync({self.member_id: b"everything"}).assignment == b"everything"
        return self

    def _join(self, arguments: dict[str, Any]) -> JoinGroupRequest:
        arguments = {"session_ms": SESSION_MS, **arguments}
        return join_request(
            self.member_id, group_id=self.group_id, instance=self.instance, **arguments
        )

    def _begin(self, request: Any, version: int) -> None:
        assert self._pending is None
        self._pending = (type(request), version, self.client.send(request, version))

    def _end(self) -> Any:
        assert self._pending is not None
        pending, self._pending = self._pending, None
        return self.client.receive(*pending)
