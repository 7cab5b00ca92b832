"""A disk that is full: what is refused, what goes on, and how it comes back by itself."""

from pathlib import Path

import pytest

from pybroker import Broker
from pybroker.errors import ErrorCode
from pybroker.protocol.create_topics import CreateTopicsRequest
from tests.support.partition_errors import fetch_error, list_offsets_error, produce_error
from tests.support.raw_client import RawClient, create_topic
from tests.support.record_batches import produce, record_batch
from tests.support.small_disk import small_disk
from tests.support.waiting import wait_until

DISK_BYTES = 24 * 1024 * 1024
FILLER_BYTES = 8 * 1024 * 1024
SMALL = record_batch([1_700_000_000_000])
LARGE = record_batch([1_700_000_000_000], value=b"x" * 100_000)


@pytest.fixture
def disk(tmp_path: Path):
    with small_disk(tmp_path / "disk", DISK_BYTES) as path:
        yield path


def fill(client: RawClient, topic: str) -> int:
    """Produce until nothing fits any more; gives the number of records."""
    count = 0
    for batch in (LARGE, SMALL):
        while (code := produce_error(client, topic, 0, batch)) == ErrorCode.NONE:
            count += 1
        assert code == ErrorCode.KAFKA_STORAGE_ERROR
    return count


def fill_file(path: Path) -> None:
    """Write until nothing fits any more."""
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4_096))


def try_to_create(client: RawClient, name: str) -> int:
    topic = CreateTopicsRequest.CreatableTopic(name=name, num_partitions=1, replication_factor=1)
    code: int = client.ask(CreateTopicsRequest(topics=[topic]), 7).topics[0].error_code
    return code


def test_records_are_refused_until_there_is_space_and_none_is_lost(disk: Path) -> None:
    filler = disk / "filler"
    filler.write_bytes(bytes(FILLER_BYTES))
    data = disk / "data"
    with Broker(data_dir=data) as broker, RawClient(broker.bootstrap_servers) as client:
        create_topic(client, "t")
        count = fill(client, "t")
        assert fetch_error(client, "t", 0) == ErrorCode.NONE
        assert list_offsets_error(client, "t", 0) == ErrorCode.NONE
        assert produce_error(client, "t", 0, LARGE) == ErrorCode.KAFKA_STORAGE_ERROR
        filler.unlink()
        wait_until(lambda: produce_error(client, "t", 0, LARGE) == ErrorCode.NONE)
        assert produce(client, "t", 0, SMALL) == count + 1
        fill(client, "t")
    with Broker(data_dir=data) as broker, RawClient(broker.bootstrap_servers) as client:
        assert fetch_error(client, "t", 0) == ErrorCode.NONE
        assert list_offsets_error(client, "t", 0) == ErrorCode.NONE


def test_the_control_state_has_the_reserve(disk: Path, caplog: pytest.LogCaptureFixture) -> None:
    filler = disk / "filler"
    filler.write_bytes(bytes(FILLER_BYTES))
    data = disk / "data"
    reserve = data / "reserve"
    with Broker(data_dir=data) as broker, RawClient(broker.bootstrap_servers) as client:
        wait_until(reserve.exists)
        assert reserve.stat().st_size == DISK_BYTES // 64
        create_topic(client, "t")
        fill(client, "t")
        created: list[str] = []
        while reserve.exists():
            name = f"topic-{len(created)}"
            code = try_to_create(client, name)
            if code == ErrorCode.NONE:
                created.append(name)
            else:
                assert code == ErrorCode.COORDINATOR_NOT_AVAILABLE
        assert "its reserve goes to the control state" in caplog.text
        assert try_to_create(client, "with-the-reserve") == ErrorCode.NONE
        assert produce_error(client, "t", 0, SMALL) == ErrorCode.KAFKA_STORAGE_ERROR
        assert fetch_error(client, "t", 0) == ErrorCode.NONE
        filler.unlink()
        wait_until(reserve.exists)
        wait_until(lambda: produce_error(client, "t", 0, SMALL) == ErrorCode.NONE)
        for name in (*created, "with-the-reserve"):
            wait_until(lambda name=name: produce_error(client, name, 0, SMALL) == ErrorCode.NONE)  # type: ignore[misc]


def test_a_broker_starts_on_a_full_disk(disk: Path) -> None:
    data, filler = disk / "data", disk / "filler"
    with Broker(data_dir=data) as broker, RawClient(broker.bootstrap_servers) as client:
        create_topic(client, "t")
        produce(client, "t", 0, SMALL)
        wait_until((data / "reserve").exists)
    with pytest.raises(OSError, match="No space"):
        fill_file(filler)
    with Broker(data_dir=data) as broker, RawClient(broker.bootstrap_servers) as client:
        assert fetch_error(client, "t", 0) == ErrorCode.NONE
        filler.unlink()
        wait_until(lambda: produce_error(client, "t", 0, SMALL) == ErrorCode.NONE)
