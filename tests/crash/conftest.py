"""A broker in a process of its own, over a directory that outlives it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from compat.pybroker_process import PybrokerProcess
from tests.support.raw_client import RawClient

SETTINGS = {"group.initial.rebalance.delay.ms": "0"}


class CrashingBroker(PybrokerProcess):
    """A broker that is killed and looked into."""

    def kill_and_start(self) -> None:
        """End it without a word, and start it again."""
        self.kill()
        self.start()

    def client(self) -> RawClient:
        """Connect."""
        return RawClient(self.bootstrap_servers)

    def partition_files(self, topic: str, partition: int, suffix: str) -> list[Path]:
        """Find the files of a partition, in the order of their offsets."""
        folder = self.data_dir / "data" / f"{topic}-{partition}"
        return sorted(folder.glob(f"*{suffix}"))

    def log_file_exists(self, topic: str, partition: int) -> bool:
        """Say whether a partition has a .log."""
        return bool(self.partition_files(topic, partition, ".log"))

    def log_file(self, topic: str, partition: int) -> Path:
        """Find the one .log of a partition."""
        (file,) = self.partition_files(topic, partition, ".log")
        return file


@pytest.fixture
def process(tmp_path: Path) -> Iterator[CrashingBroker]:
    """A broker whose groups begin at once."""
    with CrashingBroker(settings=SETTINGS, data_dir=tmp_path) as process:
        yield process
