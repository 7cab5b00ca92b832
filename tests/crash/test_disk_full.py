"""A full disk: records are refused whole, everything else goes on, and so do they with new space.

The disk is a small tmpfs. Where it cannot be mounted, the tests are skipped.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pybroker.errors import ErrorCode
from pybroker.protocol.offset_commit import OffsetCommitRequest
from pybroker.protocol.offset_fetch import OffsetFetchRequest
from pybroker.protocol.produce import ProduceRequest
from tests.crash.conftest import SETTINGS, CrashingBroker
from tests.support.clients import library_class
from tests.support.clients.library import Message
from tests.support.clients.reading import read_through
from tests.support.raw_client import RawClient, create_topic
from tests.support.record_batches import record_batch
from tests.support.waiting import wait_until

DISK_BYTES = 48 * 1024 * 1024
BALLAST_BYTES = 16 * 1024 * 1024
START_MS = 1_700_000_000_000
VALUE = b"x" * 50_000
BATCH = record_batch([START_MS] * 3, value=VALUE)
RECORDS_PER_BATCH = 3
# What a client sends again by itself, with Kafka's rules.
RETRIABLE = {ErrorCode.KAFKA_STORAGE_ERROR, ErrorCode.NOT_LEADER_OR_FOLLOWER}
MOST_BATCHES = 2 * DISK_BYTES // len(BATCH)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[CrashingBroker]:
    """A broker on a small disk, most of which something else takes."""
    disk = tmp_path / "data"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        pytest.skip(f"no small disk can be mounted: {error}")
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted: {mounted.stderr.strip()}")
    try:
        ballast(tmp_path).write_bytes(bytes(BALLAST_BYTES))
        with CrashingBroker(settings=SETTINGS, data_dir=tmp_path) as process:
            wait_until((disk / "reserve").exists)
            yield process
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def ballast(data_dir: Path) -> Path:
    """Give the path of what fills the disk."""
    return data_dir / "data" / "ballast"


def test_records_are_refused_whole_and_taken_again_with_new_space(
    full_disk: CrashingBroker,
) -> None:
    with full_disk.client() as client:
        create_topic(client, "orders")
        stored = fill(client)
        assert stored
        assert log_bytes(full_disk) == stored * len(BATCH), "nothing half-written is left"
        assert count_records(full_disk) == stored * RECORDS_PER_BATCH
        assert try_produce(client) in RETRIABLE, "the partition waits for space"

        ballast(full_disk.data_dir).unlink()
        wait_until(lambda: try_produce(client) == ErrorCode.NONE)
        assert count_records(full_disk) == (stored + 1) * RECORDS_PER_BATCH


def test_the_control_state_is_written_on_a_full_disk(full_disk: CrashingBroker) -> None:
    with full_disk.client() as client:
        create_topic(client, "orders")
        fill(client)
        # The first one may find no space. That frees the reserve, and clients try again.
        wait_until(lambda: commit(client, 0) == ErrorCode.NONE)
        for number in range(20):
            assert commit(client, number) == ErrorCode.NONE
        create_topic(client, "more", 2)
        assert committed(client) == 19
    full_disk.kill_and_start()
    with full_disk.client() as client:
        assert committed(client) == 19


def test_a_broker_killed_on_a_full_disk_starts_on_it(full_disk: CrashingBroker) -> None:
    with full_disk.client() as client:
        create_topic(client, "orders")
        stored = fill(client)
    full_disk.kill_and_start()
    with full_disk.client() as client:
        assert try_produce(client) in RETRIABLE
    assert count_records(full_disk) == stored * RECORDS_PER_BATCH
    with full_disk.client() as client:
        ballast(full_disk.data_dir).unlink()
        wait_until(lambda: try_produce(client) == ErrorCode.NONE)
    assert count_records(full_disk) == (stored + 1) * RECORDS_PER_BATCH


def test_a_producer_waits_for_space_and_loses_nothing(full_disk: CrashingBroker) -> None:
    with (
        full_disk.client() as client,
        library_class("confluent-kafka")(full_disk.bootstrap_servers) as library,
    ):
        create_topic(client, "orders")
        create_topic(client, "waiting")
        fill(client)
        producer = library.producer()
        on_their_way = [
            producer.send("waiting", Message(b"%d" % number + VALUE)) for number in range(20)
        ]
        ballast(full_disk.data_dir).unlink()
        producer.flush()
        assert [each.wait().offset for each in on_their_way] == list(range(20))


def fill(client: RawClient) -> int:
    """Produce until the disk takes no more. Gives how many batches it has taken."""
    for stored in range(MOST_BATCHES):
        code = try_produce(client)
        if code != ErrorCode.NONE:
            assert code in RETRIABLE
            return stored
    raise AssertionError("the disk is not full")


def try_produce(client: RawClient) -> int:
    """Append a batch, and give the error code."""
    data = ProduceRequest.PartitionProduceData(index=0, records=BATCH)
    topic = ProduceRequest.TopicProduceData(name="orders", partition_data=[data])
    request = ProduceRequest(acks=-1, timeout_ms=30_000, topic_data=[topic])
    return int(client.ask(request, 9).responses[0].partition_responses[0].error_code)


def log_bytes(process: CrashingBroker) -> int:
    """Give the size of the partition's .log files."""
    return sum(file.stat().st_size for file in process.partition_files("orders", 0, ".log"))


def count_records(process: CrashingBroker) -> int:
    """Read everything, and check that it is in order."""
    with library_class("confluent-kafka")(process.bootstrap_servers) as library:
        found = read_through(library.reader("orders", [0]), "orders", [0])[0]
    assert [record.offset for record in found] == list(range(len(found)))
    assert all(record.value == VALUE for record in found)
    return len(found)


def commit(client: RawClient, offset: int) -> int:
    """Store a position of a group without members, and give the error code."""
    partition = OffsetCommitRequest.Partition(partition_index=0, committed_offset=offset)
    topic = OffsetCommitRequest.Topic(name="orders", partitions=[partition])
    request = OffsetCommitRequest(group_id="readers", topics=[topic])
    return int(client.ask(request, 8).topics[0].partitions[0].error_code)


def committed(client: RawClient) -> int:
    """Give the position of the group."""
    topic = OffsetFetchRequest.Topic(name="orders", partition_indexes=[0])
    answer = client.ask(OffsetFetchRequest(group_id="readers", topics=[topic]), 7)
    return int(answer.topics[0].partitions[0].committed_offset)
