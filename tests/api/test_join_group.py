"""JoinGroup against a broker: raw frames in, exact fields out."""

import pytest

from pybroker.errors import ErrorCode
from tests.support.classic_member import group_state, wait_for_state
from tests.support.classic_requests import join_request


@pytest.mark.parametrize("version", range(4))
def test_before_version_4_one_join_is_enough(start_member, version):
    answer = start_member().join(version)
    assert (answer.error_code, answer.generation_id) == (0, 1)
    assert answer.leader == answer.member_id
    assert answer.member_id.startswith("member-")
    assert answer.protocol_name == "range"
    (member,) = answer.members
    assert (member.member_id, member.metadata) == (answer.member_id, b"all")


@pytest.mark.parametrize("version", range(4, 10))
def test_since_version_4_a_member_joins_with_the_id_that_it_was_given(start_member, version):
    answer = start_member().join(version)
    assert (answer.error_code, answer.generation_id) == (0, 1)
    assert answer.leader == answer.member_id
    assert answer.protocol_type == ("consumer" if version >= 7 else None)


@pytest.mark.parametrize("version", range(10))
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"group_id": ""}, ErrorCode.INVALID_GROUP_ID),
        ({"session_ms": 5_999}, ErrorCode.INVALID_SESSION_TIMEOUT),
        ({"protocols": {}}, ErrorCode.INCONSISTENT_GROUP_PROTOCOL),
        ({"member_id": "stranger"}, ErrorCode.UNKNOWN_MEMBER_ID),
    ],
)
def test_refusals_have_the_fields_of_every_version(group_client, version, arguments, code):
    answer = group_client.ask(join_request(**arguments), version)
    assert answer.error_code == code
    assert answer.member_id == arguments.get("member_id", "")
    assert answer.generation_id == -1
    assert (answer.leader, answer.members) == ("", [])
    assert answer.protocol_name == ("" if version < 7 else None)


def test_two_members_meet_in_the_next_generation(start_member):
    first, second = start_member().stable(), start_member()
    second.begin_join()
    wait_for_state(first.client, "PreparingRebalance")
    assert first.heartbeat() is ErrorCode.REBALANCE_IN_PROGRESS
    led = first.join()
    followed = second.end_join()
    assert (led.generation_id, followed.generation_id) == (2, 2)
    assert {member.member_id for member in led.members} == {first.member_id, second.member_id}
    assert followed.members == []
    assert followed.leader == first.member_id


def test_the_initial_delay_collects_members(start_broker, start_member):
    broker = start_broker(settings={"group.initial.rebalance.delay.ms": "400"})
    members = [start_member(broker) for _ in range(3)]
    for member in members:
        member.begin_join()
    answers = [member.end_join() for member in members]
    assert {answer.generation_id for answer in answers} == {1}
    assert sorted(len(answer.members) for answer in answers) == [0, 0, 3]


def test_a_member_that_does_not_come_back_is_dropped(start_member):
    first, second = start_member(), start_member()
    first.join(rebalance_ms=300)
    first.sync({first.member_id: b"x"})
    second.begin_join(rebalance_ms=300)
    answer = second.end_join()
    assert (answer.generation_id, answer.leader) == (2, second.member_id)
    assert first.heartbeat() is ErrorCode.UNKNOWN_MEMBER_ID


def test_a_static_member_that_comes_back_keeps_its_place(start_member):
    first = start_member(instance="one").stable()
    again = start_member(instance="one")
    answer = again.join()
    assert (answer.error_code, answer.generation_id, answer.skip_assignment) == (0, 1, True)
    assert answer.member_id != first.member_id
    assert again.sync().assignment == b"everything"
    assert first.heartbeat() is ErrorCode.FENCED_INSTANCE_ID


def test_a_full_group_says_so(start_broker, start_member):
    broker = start_broker(settings={"group.initial.rebalance.delay.ms": "0", "group.max.size": "1"})
    start_member(broker).stable()
    answer = start_member(broker).client.ask(join_request(), 9)
    assert answer.error_code == ErrorCode.GROUP_MAX_SIZE_REACHED


def test_members_keep_their_places_over_a_restart(restart_broker, start_member):
    member = start_member(restart_broker()).stable()
    back = start_member(restart_broker())
    back.member_id, back.generation_id = member.member_id, member.generation_id
    assert back.heartbeat() is ErrorCode.NONE
    assert back.sync().assignment == b"everything"
    assert group_state(back.client) == "Stable"


def test_who_waits_at_the_end_is_answered(restart_broker, start_member):
    broker = restart_broker()
    first, waiting = start_member(broker).stable(), start_member(broker)
    waiting.begin_join()
    wait_for_state(first.client, "PreparingRebalance")
    restart_broker()
    assert waiting.end_join().error_code == ErrorCode.NOT_COORDINATOR
