"""More partitions than descriptors: files are opened on demand, and nothing is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from compat.pybroker_process import PybrokerProcess
from tests.support.raw_client import RawClient, create_topic
from tests.support.record_batches import produce, record_batch

PARTITIONS = 1_000
DESCRIPTORS = 200
BATCH = record_batch([1_700_000_000_000])


class ModestBroker(PybrokerProcess):
    """A broker that may have few descriptors."""

    def command(self) -> list[str]:
        limit = f'ulimit -n {DESCRIPTORS}; exec "$@"'
        return ["sh", "-c", limit, "sh", *super().command()]

    def open_files(self) -> int:
        """How many descriptors it has."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))


@pytest.fixture
def modest(tmp_path: Path) -> Iterator[ModestBroker]:
    with ModestBroker(data_dir=tmp_path) as process:
        yield process


def test_a_thousand_partitions_are_written_and_read_with_two_hundred_descriptors(
    modest: ModestBroker,
) -> None:
    with RawClient(modest.bootstrap_servers) as client:
        create_topic(client, "t", PARTITIONS)
        for expected in range(2):
            for partition in range(PARTITIONS):
                assert produce(client, "t", partition, BATCH) == expected
            assert modest.open_files() < DESCRIPTORS
    modest.kill()
    modest.start()
    with RawClient(modest.bootstrap_servers) as client:
        for partition in range(PARTITIONS):
            assert produce(client, "t", partition, BATCH) == 2
    modest.stop()
    assert "ERROR" not in modest.log()
