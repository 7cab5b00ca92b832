"""What administrators see of a classic group: its line in ListGroups, and DescribeGroups."""

from typing import TYPE_CHECKING

from pybroker.errors import ErrorCode
from pybroker.groups.classic.state import GroupState
from pybroker.protocol.describe_groups import DescribeGroupsResponse
from pybroker.protocol.list_groups import ListGroupsResponse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pybroker.groups.classic.group import ClassicGroup
    from pybroker.groups.group import Group


class GroupFilter:
    """The filters of ListGroups. Empty: everything; names that mean nothing: nothing."""

    __slots__ = ("states", "types")

    def __init__(self, states: "Iterable[str]", types: "Iterable[str]") -> None:
        self.states = {state.strip().lower() for state in states}
        self.types = {group_type.lower() for group_type in types}

    def admits(self, group: "Group") -> bool:
        """Whether the group is wanted."""
        return (not self.states or group.state_name.lower() in self.states) and (
            not self.types or group.TYPE in self.types
        )


def list_group(group: "Group") -> ListGroupsResponse.ListedGroup:
    """Describe a group in one line."""
    return ListGroupsResponse.ListedGroup(
        group_id=group.group_id,
        protocol_type=group.type_of_protocol,
        group_state=group.state_name,
        group_type=group.TYPE,
    )


def describe_group(group: "ClassicGroup") -> DescribeGroupsResponse.DescribedGroup:
    """Describe a group and its members; what they subscribe to while the group is stable only."""
    protocol_name = group.protocol_name if group.state is GroupState.STABLE else None
    return DescribeGroupsResponse.DescribedGroup(
        group_id=group.group_id,
        group_state=group.state.value,
        protocol_type=group.protocol_type or "",
        protocol_data=protocol_name or "",
        members=[
            DescribeGroupsResponse.DescribedGroupMember(
                member_id=member.member_id,
                group_instance_id=member.group_instance_id,
                client_id=member.client_id,
                client_host=member.client_host,
                member_metadata=b"" if protocol_name is None else member.metadata(protocol_name),
                member_assignment=member.assignment,
            )
            for member in group.members.values()
        ],
    )


def describe_elsewhere(group_id: str) -> DescribeGroupsResponse.DescribedGroup:
    """Send the administrator to the node that coordinates the group."""
    return DescribeGroupsResponse.DescribedGroup(
        group_id=group_id, error_code=ErrorCode.NOT_COORDINATOR
    )


def describe_unknown(group_id: str, api_version: int) -> DescribeGroupsResponse.DescribedGroup:
    """Describe a group that does not exist: dead, and since version 6 an error (KIP-1043)."""
    return _not_found(group_id, f"Group {group_id} not found.", api_version)


def describe_other_kind(group_id: str, api_version: int) -> DescribeGroupsResponse.DescribedGroup:
    """Describe a consumer group: as a classic group it does not exist."""
    return _not_found(group_id, f"Group {group_id} is not a classic group.", api_version)


def _not_found(
    group_id: str, message: str, api_version: int
) -> DescribeGroupsResponse.DescribedGroup:
    described = DescribeGroupsResponse.DescribedGroup(
        group_id=group_id, group_state=GroupState.DEAD.value
    )
    if api_version >= 6:
        described.error_code = ErrorCode.GROUP_ID_NOT_FOUND
        described.error_message = message
    return described
