"""DescribeGroups against a broker: raw frames in, exact fields out."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.protocol.describe_groups import DescribeGroupsRequest, DescribeGroupsResponse

Described = DescribeGroupsResponse.DescribedGroup
Member = DescribeGroupsResponse.DescribedGroupMember


def described(client, *groups, version=6, **arguments):
    return client.ask(DescribeGroupsRequest(groups=list(groups), **arguments), version).groups


@pytest.mark.parametrize("version", range(7))
def test_a_stable_group(start_member, version):
    member = start_member(instance="one").stable()
    host = member.client.socket.getsockname()[0]
    assert described(member.client, "group", version=version) == [
        Described(
            group_id="group",
            group_state="Stable",
            protocol_type="consumer",
            protocol_data="range",
            members=[
                Member(
                    member_id=member.member_id,
                    group_instance_id="one" if version >= 4 else None,
                    client_id="member",
                    client_host=f"/{host}",
                    member_metadata=b"all",
                    member_assignment=b"everything",
                )
            ],
        )
    ]


@pytest.mark.parametrize("version", range(7))
def test_a_group_that_does_not_exist_is_dead(group_client, version):
    (group,) = described(group_client, "nobody", version=version)
    assert (group.group_state, group.members, group.protocol_type) == ("Dead", [], "")
    if version >= 6:
        assert group.error_code == ErrorCode.GROUP_ID_NOT_FOUND
        assert group.error_message == "Group nobody not found."
    else:
        assert (group.error_code, group.error_message) == (ErrorCode.NONE, None)


def test_groups_are_described_in_the_order_asked_for(start_member):
    member = start_member(group_id="a").stable()
    start_member(group_id="b").stable().leave()
    groups = described(member.client, "b", "nobody", "a")
    assert [(group.group_id, group.group_state) for group in groups] == [
        ("b", "Empty"),
        ("nobody", "Dead"),
        ("a", "Stable"),
    ]


def test_authorized_operations_are_told_if_asked_for(start_member):
    member = start_member().stable()
    (group,) = described(member.client, "group", include_authorized_operations=True)
    # READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS
    assert group.authorized_operations == 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11
    (group,) = described(member.client, "group")
    assert group.authorized_operations == -0x8000_0000
