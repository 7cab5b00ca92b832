"""A partition moves from real Kafka to pybroker, and is read at both."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from compat.kafka import RealKafka
from compat.logs import recorded, writing
from compat.logs.reading import Partition, read
from compat.pybroker_process import PybrokerProcess

KAFKA_HEAP: Final = "512M"
KAFKA_SETTINGS: Final = {
    "transaction.state.log.num.partitions": "1",
    "offsets.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
}
FOLDER: Final = f"{writing.TOPIC}-0"


@contextmanager
def written_by_kafka() -> Iterator[tuple[Path, dict[str, Partition]]]:
    """Give the log directory of a Kafka that wrote the partition and is stopped, and what it read.

    Three starts of the broker are three leader epochs.
    """
    place = Path(tempfile.mkdtemp(prefix="compat-logs-"))
    try:
        kafka = RealKafka(settings=KAFKA_SETTINGS, data_dir=place, heap=KAFKA_HEAP)
        with kafka:
            writing.create_topic(kafka.bootstrap_servers)
            writing.write_plain(kafka.bootstrap_servers)
            writing.write_transactions(kafka.bootstrap_servers, "first")
        with kafka:
            writing.write_transactions(kafka.bootstrap_servers, "second")
            writing.delete_first(kafka.bootstrap_servers)
        with kafka:
            left_open = writing.leave_open(kafka.bootstrap_servers)
            partition = read(kafka.bootstrap_servers)
        del left_open
        yield place / "logs", partition
    finally:
        shutil.rmtree(place, ignore_errors=True)


def import_log(source: Path, data_dir: Path) -> None:
    """Run `pybroker import-log`."""
    run_pybroker("import-log", str(source), "--topic", writing.TOPIC, "--data-dir", str(data_dir))


def run_pybroker(*words: str) -> None:
    """Run a command of pybroker that must succeed, and print the end of what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "pybroker", *words],
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    print(f"logs: {done.stdout.strip().splitlines()[-1]}", flush=True)


def run_move() -> int:
    """Move a partition, compare what is read of it, print how it went, and give the exit code."""
    with written_by_kafka() as (log_dir, expected), tempfile.TemporaryDirectory() as place:
        source, data_dir = log_dir / FOLDER, Path(place) / "data"
        run_pybroker("log", "check", str(source))
        import_log(source, data_dir)
        with PybrokerProcess(data_dir=Path(place)) as pybroker:
            actual = read(pybroker.bootstrap_servers)
        run_pybroker("log", "check", str(data_dir))
    found = differences(expected, actual)
    for line in found:
        print(f"logs: DIFFERS: {line}")
    records = ", ".join(f"{len(read.records)} {level}" for level, read in expected.items())
    print(f"logs: records of Kafka read at pybroker: {records}; {len(found)} differences")
    return 1 if found else 0


def record_move() -> int:
    """Keep a partition that Kafka wrote, and what it read of it, for the tests."""
    with written_by_kafka() as (log_dir, expected):
        recorded.keep(log_dir, FOLDER, expected)
    print(f"logs: recorded in {recorded.PLACE}")
    return 0


def differences(expected: Mapping[str, Partition], actual: Mapping[str, Partition]) -> list[str]:
    """Say in what the one is not the other."""
    return [
        f"{level}: {name}: {one!r} at Kafka, {other!r} at pybroker"
        for level, left in expected.items()
        for name, one, other in zip(Partition._fields, left, actual[level], strict=True)
        if one != other
    ]
