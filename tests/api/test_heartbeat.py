"""Heartbeat against a broker: raw frames in, exact fields out."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.protocol.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest
from pybroker.protocol.heartbeat import HeartbeatRequest, HeartbeatResponse
from tests.support.held_clock import HeldClock


@pytest.mark.parametrize("version", range(5))
def test_a_member_is_alive(start_member, version):
    assert start_member().stable().heartbeat(version) is ErrorCode.NONE


@pytest.mark.parametrize("version", range(5))
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"group_id": ""}, ErrorCode.INVALID_GROUP_ID),
        ({"group_id": "nobody"}, ErrorCode.UNKNOWN_MEMBER_ID),
        ({"member_id": "stranger"}, ErrorCode.UNKNOWN_MEMBER_ID),
        ({"generation_id": 0}, ErrorCode.ILLEGAL_GENERATION),
    ],
)
def test_refusals(start_member, version, arguments, code):
    member = start_member().stable()
    wanted = {
        "group_id": "group",
        "generation_id": 1,
        "member_id": member.member_id,
        **arguments,
    }
    answer = member.client.ask(HeartbeatRequest(**wanted), version)
    assert answer == HeartbeatResponse(error_code=code)


def test_a_heartbeat_may_be_faster_than_the_assignment(start_member):
    member = start_member()
    member.join()
    assert member.heartbeat() is ErrorCode.NONE


def test_a_silent_member_expires(start_broker, start_member):
    broker = start_broker(
        settings={
            "group.initial.rebalance.delay.ms": "0",
            "group.min.session.timeout.ms": "100",
        }
    )
    silent, other = start_member(broker), start_member(broker)
    silent.join(session_ms=200)
    silent.sync({silent.member_id: b"x"})
    # The newcomer's generation begins when the silent one is given up.
    answer = other.join()
    assert [member.member_id for member in answer.members] == [other.member_id]
    assert silent.heartbeat() is ErrorCode.UNKNOWN_MEMBER_ID


def test_a_session_begins_when_the_heartbeat_is_answered(start_broker, start_member):
    # Python's clock is ahead of the data plane's, which stamped the heartbeats when they arrived:
    # they have waited for Python for nearly a session, and their clients with them.
    clock = HeldClock()
    settings = {"group.initial.rebalance.delay.ms": "0", "pybroker.group.settle.ms": "0"}
    broker = start_broker(settings=settings, clock=clock)
    classic, consumer = start_member(broker), start_member(broker).client
    classic.join(session_ms=45_000)
    classic.sync({classic.member_id: b"x"})
    beat = ConsumerGroupHeartbeatRequest(
        group_id="consumers",
        member_id="m",
        rebalance_timeout_ms=60_000,
        subscribed_topic_names=["t"],
        topic_partitions=[],
    )
    beat.member_epoch = consumer.ask(beat, 1).member_epoch
    for _ in range(3):
        clock.advance(broker, 44_000)
        assert classic.heartbeat() is ErrorCode.NONE
        assert consumer.ask(beat, 1).error_code == ErrorCode.NONE
