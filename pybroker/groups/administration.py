"""What administrators ask about groups: lists, descriptions, deletion."""

from typing import TYPE_CHECKING

from pybroker.errors import ErrorCode
from pybroker.groups.classic import describe
from pybroker.groups.classic.group import ClassicGroup
from pybroker.groups.coordination import Coordination

if TYPE_CHECKING:
    from pybroker.groups.coordination import Caller
    from pybroker.protocol.describe_groups import DescribeGroupsResponse
    from pybroker.protocol.list_groups import ListGroupsResponse


class Administration(Coordination):
    """What administrators ask."""

    def list_groups(
        self, wanted: describe.GroupFilter, caller: "Caller"
    ) -> "list[ListGroupsResponse.ListedGroup]":
        """List the groups that this node coordinates."""
        return [
            describe.list_group(group)
            for group in self._loaded.find_all(self._monotonic_ms())
            if wanted.admits(group) and not self._is_elsewhere(group.group_id, caller)
        ]

    def member_counts(self) -> dict[str, int]:
        """Count the members of the groups in memory; other groups have none."""
        return {group_id: group.member_count for group_id, group in self._loaded.by_id.items()}

    def describe_group(
        self, group_id: str, caller: "Caller"
    ) -> "DescribeGroupsResponse.DescribedGroup":
        """Describe one group."""
        if self._is_elsewhere(group_id, caller):
            return describe.describe_elsewhere(group_id)
        group = self._loaded.find(group_id, self._monotonic_ms())
        if group is None:
            return describe.describe_unknown(group_id, caller.api_version)
        if not isinstance(group, ClassicGroup):
            return describe.describe_other_kind(group_id, caller.api_version)
        return describe.describe_group(group)

    def delete_group(self, group_id: str, caller: "Caller") -> ErrorCode:
        """Delete a group without members, and what it has committed."""
        if self._is_elsewhere(group_id, caller):
            return ErrorCode.NOT_COORDINATOR
        group = self._loaded.find(group_id, self._monotonic_ms())
        if group is None:
            return ErrorCode.GROUP_ID_NOT_FOUND
        if not group.is_empty:
            return ErrorCode.NON_EMPTY_GROUP
        decision = self._loaded.decision(self._monotonic_ms())
        self._loaded.delete(group, decision)
        return ErrorCode.NONE
