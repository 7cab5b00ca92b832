"""kill -9 under a group: members keep their places, and what was committed is there."""

from collections.abc import Iterator

import pytest

from compat.pybroker_process import PybrokerProcess
from pybroker.errors import ErrorCode
from pybroker.protocol.offset_commit import OffsetCommitRequest
from pybroker.protocol.offset_fetch import OffsetFetchRequest
from tests.support.classic_member import ClassicMember, group_state
from tests.support.raw_client import RawClient, create_topic

COMMITS = 50


@pytest.fixture
def process() -> Iterator[PybrokerProcess]:
    """A broker in a process of its own, whose groups begin at once."""
    with PybrokerProcess(settings={"group.initial.rebalance.delay.ms": "0"}) as process:
        yield process


def test_members_and_offsets_survive(process: PybrokerProcess) -> None:
    member = ClassicMember(process.bootstrap_servers).stable()
    create_topic(member.client, "orders", COMMITS)
    for index in range(COMMITS):
        answer = member.client.ask(_commit(member, index), 9)
        assert answer.topics[0].partitions[0].error_code == ErrorCode.NONE

    process.kill()
    process.start()
    back = ClassicMember(process.bootstrap_servers)
    back.member_id, back.generation_id = member.member_id, member.generation_id
    assert back.heartbeat() is ErrorCode.NONE
    assert back.sync().assignment == b"everything"
    assert group_state(back.client) == "Stable"
    assert _committed(back.client) == {index: index + 100 for index in range(COMMITS)}

    # It rebalances as if nothing had happened.
    assert back.join().generation_id == 2
    member.close()
    back.close()


def _commit(member: ClassicMember, index: int) -> OffsetCommitRequest:
    partition = OffsetCommitRequest.Partition(partition_index=index, committed_offset=index + 100)
    return OffsetCommitRequest(
        group_id=member.group_id,
        generation_id_or_member_epoch=member.generation_id,
        member_id=member.member_id,
        topics=[OffsetCommitRequest.Topic(name="orders", partitions=[partition])],
    )


def _committed(client: RawClient) -> dict[int, int]:
    request = OffsetFetchRequest(group_id="group", topics=None)
    return {
        partition.partition_index: partition.committed_offset
        for topic in client.ask(request, 7).topics
        for partition in topic.partitions
    }
