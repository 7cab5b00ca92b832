"""DeleteGroups against a broker: raw frames in, exact fields out."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.protocol.delete_groups import DeleteGroupsRequest, DeleteGroupsResponse
from pybroker.protocol.list_groups import ListGroupsRequest


def delete(client, *groups, version=2):
    answer = client.ask(DeleteGroupsRequest(groups_names=list(groups)), version)
    assert isinstance(answer, DeleteGroupsResponse)
    return [(result.group_id, ErrorCode(result.error_code)) for result in answer.results]


@pytest.mark.parametrize("version", range(3))
def test_each_group_has_its_answer(start_member, version):
    member = start_member(group_id="busy").stable()
    start_member(group_id="left").stable().leave()
    assert delete(member.client, "busy", "left", "nobody", "", version=version) == [
        ("busy", ErrorCode.NON_EMPTY_GROUP),
        ("left", ErrorCode.NONE),
        ("nobody", ErrorCode.GROUP_ID_NOT_FOUND),
        ("", ErrorCode.GROUP_ID_NOT_FOUND),
    ]
    (group,) = member.client.ask(ListGroupsRequest(), 5).groups
    assert group.group_id == "busy"


def test_a_group_that_is_named_twice_is_answered_once(start_member):
    member = start_member().stable()
    member.leave()
    assert delete(member.client, "group", "group") == [("group", ErrorCode.NONE)]


def test_a_deleted_group_is_gone_after_a_restart(restart_broker, start_member):
    member = start_member(restart_broker()).stable()
    member.leave()
    assert delete(member.client, "group") == [("group", ErrorCode.NONE)]
    client = start_member(restart_broker()).client
    assert client.ask(ListGroupsRequest(), 5).groups == []
