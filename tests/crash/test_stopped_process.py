"""The process is stopped for a while, as by a debugger, a full machine or a laptop's lid.

Nobody is missed whose request had arrived, however long it was; those who were silent are.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from compat.pybroker_process import PybrokerProcess
from pybroker.errors import ErrorCode
from pybroker.protocol.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest
from tests.support.classic_member import ClassicMember, group_state, wait_for_state
from tests.support.raw_client import RawClient
from tests.support.waiting import wait_until

SESSION_MS = 1_000
REBALANCE_MS = 1_000
MEMBERS = 30
ROUNDS = 2
# Longer than a session; beside it, one that ends when the sessions do.
STOPS_MS = [SESSION_MS - 1, SESSION_MS, SESSION_MS + 1, 2_000]

SETTINGS = {
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "100",
    "group.consumer.min.heartbeat.interval.ms": "100",
    "group.consumer.heartbeat.interval.ms": "100",
    "group.consumer.min.session.timeout.ms": "100",
    "group.consumer.session.timeout.ms": str(SESSION_MS),
}
CONSUMER_VERSION = 1


@pytest.fixture
def process() -> Iterator[PybrokerProcess]:
    """A broker in a process of its own."""
    with PybrokerProcess(settings=SETTINGS) as process:
        yield process


@pytest.fixture
def members(process: PybrokerProcess) -> Iterator[list[ClassicMember]]:
    """Groups of one member each, with sessions that begin together."""
    members = [
        ClassicMember(process.bootstrap_servers, group_id=f"group-{number}")
        for number in range(MEMBERS)
    ]
    for member in members:
        member.join(session_ms=SESSION_MS, rebalance_ms=REBALANCE_MS)
    for member in members:
        assert member.sync({member.member_id: b"all"}).error_code == ErrorCode.NONE
    yield members
    for member in members:
        member.close()


def stop(process: PybrokerProcess) -> None:
    os.kill(process.pid, signal.SIGSTOP)
    wait_until(lambda: state_of(process) == "T")


def go_on(process: PybrokerProcess) -> None:
    os.kill(process.pid, signal.SIGCONT)


def state_of(process: PybrokerProcess) -> str:
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]


def wait_until_passed(since_s: float, duration_ms: int) -> None:
    """Wait until a deadline of the broker's has passed, by the clock that it has too."""
    wait_until(lambda: time.monotonic() >= since_s + duration_ms / 1000)


@pytest.mark.parametrize("stopped_ms", STOPS_MS)
def test_nobody_is_missed_whose_heartbeat_had_arrived(
    process: PybrokerProcess, members: list[ClassicMember], stopped_ms: int
) -> None:
    for _ in range(ROUNDS):
        for member in members:
            assert member.heartbeat() is ErrorCode.NONE
        since_s = time.monotonic()
        stop(process)
        sent = [member.begin_heartbeat() for member in members]
        wait_until_passed(since_s, stopped_ms)
        go_on(process)
        assert [end() for end in sent] == [ErrorCode.NONE] * MEMBERS
    assert {group_state(each.client, each.group_id) for each in members} == {"Stable"}


def test_nobody_of_the_consumer_protocol_is_missed_either(process: PybrokerProcess) -> None:
    with ExitStack() as stack:
        clients = [
            stack.enter_context(RawClient(process.bootstrap_servers)) for _ in range(MEMBERS)
        ]
        epochs = [
            _consumer_answer(each, _consumer_sends(each, number, 0))
            for number, each in enumerate(clients)
        ]
        for _ in range(ROUNDS):
            since_s = time.monotonic()
            stop(process)
            sent = [
                _consumer_sends(each, number, epochs[number]) for number, each in enumerate(clients)
            ]
            wait_until_passed(since_s, 2 * SESSION_MS)
            go_on(process)
            answers = [_consumer_answer(*each) for each in zip(clients, sent, strict=True)]
            assert answers == epochs


def _consumer_sends(client: RawClient, number: int, epoch: int) -> int:
    """Send a heartbeat of the member of a group of its own. Gives its correlation id."""
    request = ConsumerGroupHeartbeatRequest(
        group_id=f"consumer-{number}", member_id="member", member_epoch=epoch
    )
    if epoch == 0:
        request.rebalance_timeout_ms = REBALANCE_MS
        request.subscribed_topic_names = ["nothing"]
        request.topic_partitions = []
    return client.send(request, CONSUMER_VERSION)


def _consumer_answer(client: RawClient, correlation_id: int) -> int:
    """Give the member epoch that a heartbeat is answered with."""
    answer = client.receive(ConsumerGroupHeartbeatRequest, CONSUMER_VERSION, correlation_id)
    assert answer.error_code == ErrorCode.NONE, answer
    return int(answer.member_epoch)


def test_a_heartbeat_behind_another_request_counts_too(
    process: PybrokerProcess, members: list[ClassicMember]
) -> None:
    for _ in range(ROUNDS):
        for member in members:
            assert member.heartbeat() is ErrorCode.NONE
        since_s = time.monotonic()
        stop(process)
        stale = [member.begin_heartbeat(generation_id=0) for member in members]
        sent = [member.begin_heartbeat() for member in members]
        wait_until_passed(since_s, 2 * SESSION_MS)
        go_on(process)
        assert [end() for end in stale] == [ErrorCode.ILLEGAL_GENERATION] * MEMBERS
        assert [end() for end in sent] == [ErrorCode.NONE] * MEMBERS


def test_nobody_is_dropped_whose_join_had_arrived(process: PybrokerProcess) -> None:
    leader = ClassicMember(process.bootstrap_servers)
    leader.join(session_ms=30_000, rebalance_ms=REBALANCE_MS)
    leader.sync({leader.member_id: b"all"})
    other = ClassicMember(process.bootstrap_servers)
    other.begin_join(session_ms=30_000, rebalance_ms=REBALANCE_MS)
    wait_for_state(leader.client, "PreparingRebalance")
    since_s = time.monotonic()
    stop(process)
    leader.begin_join(session_ms=30_000, rebalance_ms=REBALANCE_MS)
    wait_until_passed(since_s, 2 * REBALANCE_MS)
    go_on(process)
    joined = leader.end_join()
    assert joined.error_code == ErrorCode.NONE
    assert {each.member_id for each in joined.members} == {leader.member_id, joined.member_id} | {
        other.end_join().member_id
    }
    leader.close()
    other.close()


def test_a_member_that_was_silent_is_missed(
    process: PybrokerProcess, members: list[ClassicMember]
) -> None:
    stop(process)
    since_s = time.monotonic()
    sent = [member.begin_heartbeat() for member in members[1:]]
    wait_until_passed(since_s, 2 * SESSION_MS)
    go_on(process)
    assert [end() for end in sent] == [ErrorCode.NONE] * (MEMBERS - 1)
    with RawClient(process.bootstrap_servers) as observer:
        wait_for_state(observer, "Empty", members[0].group_id)
