"""ConsumerGroupDescribe against a broker: raw frames in, exact fields out."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.protocol.consumer_group_describe import ConsumerGroupDescribeRequest
from tests.api.test_consumer_group_heartbeat import first, later
from tests.support.raw_client import create_topic


def described(client, *group_ids, version=1, **fields):
    request = ConsumerGroupDescribeRequest(group_ids=list(group_ids), **fields)
    return client.ask(request, version).groups


@pytest.mark.parametrize("version", range(2))
def test_a_group_with_what_its_members_have_and_shall_have(group_client, version):
    topic_id = create_topic(group_client, "orders", 2)
    group_client.ask(first("one", "orders", rack_id="here", instance_id="left"), 1)
    group_client.ask(first("two", "orders"), 1)
    group_client.ask(later("one", 2, instance_id="left"), 1)
    (group,) = described(group_client, "group", version=version)
    assert (group.error_code, group.group_state) == (0, "Reconciling")
    assert (group.group_epoch, group.assignment_epoch, group.assignor_name) == (3, 3, "uniform")
    one, two = sorted(group.members, key=lambda member: member.member_id)
    assert (one.instance_id, one.rack_id, one.member_epoch) == ("left", "here", 2)
    assert one.subscribed_topic_names == ["orders"]
    assert one.member_type == (1 if version else -1)
    # What it must still give up counts as what it has.
    (has,) = one.assignment.topic_partitions
    assert (has.topic_id, has.topic_name, has.partitions) == (topic_id, "orders", [0, 1])
    assert [each.partitions for each in one.target_assignment.topic_partitions] == [[0]]
    assert two.assignment.topic_partitions == []
    assert [each.partitions for each in two.target_assignment.topic_partitions] == [[1]]


def test_groups_that_are_none(group_client, start_member):
    start_member(group_id="classic").stable()
    unknown, classic, unnamed = described(group_client, "unknown", "classic", "")
    assert (unknown.error_code, unknown.error_message) == (
        ErrorCode.GROUP_ID_NOT_FOUND,
        "Group unknown not found.",
    )
    assert (classic.error_code, classic.error_message) == (
        ErrorCode.GROUP_ID_NOT_FOUND,
        "Group classic is not a consumer group.",
    )
    assert unnamed.error_code == ErrorCode.INVALID_GROUP_ID


def test_what_may_be_done_with_a_group_is_told_to_who_asks(group_client):
    group_client.ask(first("one", "orders"), 1)
    (group,) = described(group_client, "group")
    assert group.authorized_operations == -(2**31)
    (group,) = described(group_client, "group", include_authorized_operations=True)
    assert group.authorized_operations > 0
