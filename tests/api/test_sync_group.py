"""SyncGroup against a broker: raw frames in, exact fields out."""

import pytest

from pybroker.errors import ErrorCode
from tests.support.classic_member import wait_for_state
from tests.support.classic_requests import sync_request


@pytest.mark.parametrize("version", range(6))
def test_a_leader_takes_what_it_assigned(start_member, version):
    member = start_member()
    member.join()
    answer = member.sync({member.member_id: b"mine"}, version)
    assert (answer.error_code, answer.assignment) == (0, b"mine")
    expected = ("consumer", "range") if version >= 5 else (None, None)
    assert (answer.protocol_type, answer.protocol_name) == expected


def test_a_follower_waits_for_its_leader(start_member):
    leader, follower = start_member().stable(), start_member()
    follower.begin_join()
    wait_for_state(leader.client, "PreparingRebalance")
    leader.join()
    follower.end_join()
    follower.begin_sync()
    assert leader.sync({follower.member_id: b"yours"}).assignment == b""
    assert follower.end_sync().assignment == b"yours"
    assert leader.heartbeat() is follower.heartbeat() is ErrorCode.NONE


@pytest.mark.parametrize("version", range(6))
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"group_id": ""}, ErrorCode.INVALID_GROUP_ID),
        ({"group_id": "nobody"}, ErrorCode.UNKNOWN_MEMBER_ID),
        ({"member_id": "stranger"}, ErrorCode.UNKNOWN_MEMBER_ID),
        ({"generation_id": 7}, ErrorCode.ILLEGAL_GENERATION),
    ],
)
def test_refusals_have_the_fields_of_every_version(start_member, version, arguments, code):
    member = start_member().stable()
    wanted = {"member_id": member.member_id, "generation_id": 1, **arguments}
    answer = member.client.ask(sync_request(**wanted), version)
    assert answer.error_code == code
    assert (answer.protocol_type, answer.protocol_name, answer.assignment) == (None, None, b"")


@pytest.mark.parametrize(
    "names", [(None, "range"), ("consumer", None), ("connect", "range"), ("consumer", "sticky")]
)
def test_version_5_must_name_the_protocol_of_the_group(start_member, names):
    member = start_member().stable()
    request = sync_request(member.member_id, 1, protocol_type=names[0], protocol_name=names[1])
    answer = member.client.ask(request, 5)
    assert answer.error_code == ErrorCode.INCONSISTENT_GROUP_PROTOCOL


def test_a_follower_learns_that_its_leader_never_syncs(start_member):
    leader, follower = start_member(), start_member()
    leader.join(rebalance_ms=300)
    leader.sync({leader.member_id: b"x"})
    follower.begin_join(rebalance_ms=300)
    wait_for_state(leader.client, "PreparingRebalance")
    leader.join(rebalance_ms=300)
    follower.end_join()
    assert follower.sync().error_code == ErrorCode.REBALANCE_IN_PROGRESS
    assert follower.join().leader == follower.member_id
