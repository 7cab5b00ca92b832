"""LeaveGroup against a broker: raw frames in, exact fields out."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.protocol.leave_group import LeaveGroupRequest, LeaveGroupResponse
from tests.support.classic_member import group_state

Identity = LeaveGroupRequest.MemberIdentity
Answer = LeaveGroupResponse.MemberResponse


@pytest.mark.parametrize("version", range(3))
def test_before_version_3_one_member_leaves(start_member, version):
    member = start_member().stable()
    request = LeaveGroupRequest(group_id="group", member_id=member.member_id)
    assert member.client.ask(request, version) == LeaveGroupResponse()
    assert group_state(member.client) == "Empty"
    answer = member.client.ask(request, version)
    assert answer == LeaveGroupResponse(error_code=ErrorCode.UNKNOWN_MEMBER_ID)


@pytest.mark.parametrize("version", range(3, 6))
def test_each_member_has_its_answer(start_member, version):
    member = start_member().stable()
    static = start_member(group_id="static", instance="one").stable()
    leavers = [Identity(member_id=member.member_id), Identity(member_id="stranger")]
    answer = member.client.ask(LeaveGroupRequest(group_id="group", members=leavers), version)
    assert answer == LeaveGroupResponse(
        members=[
            Answer(member_id=member.member_id, group_instance_id=None),
            Answer(
                member_id="stranger",
                group_instance_id=None,
                error_code=ErrorCode.UNKNOWN_MEMBER_ID,
            ),
        ]
    )
    by_instance = [Identity(group_instance_id="one")]
    request = LeaveGroupRequest(group_id="static", members=by_instance)
    answer = static.client.ask(request, version)
    assert answer == LeaveGroupResponse(members=[Answer(group_instance_id="one")])
    assert group_state(member.client, "static") == "Empty"


@pytest.mark.parametrize("version", range(6))
def test_a_group_without_a_name_is_refused_as_a_whole(group_client, version):
    members = [Identity(member_id="a")] if version >= 3 else []
    answer = group_client.ask(LeaveGroupRequest(members=members), version)
    assert answer == LeaveGroupResponse(error_code=ErrorCode.INVALID_GROUP_ID)


def test_nobody_is_in_a_group_that_does_not_exist(group_client):
    request = LeaveGroupRequest(group_id="nobody", members=[Identity(member_id="a")])
    (answer,) = group_client.ask(request, 5).members
    assert answer.error_code == ErrorCode.UNKNOWN_MEMBER_ID
    request = LeaveGroupRequest(group_id="nobody", member_id="a")
    assert group_client.ask(request, 2).error_code == ErrorCode.UNKNOWN_MEMBER_ID
