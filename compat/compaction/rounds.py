"""A partition is written by real Kafka, copied to pybroker, and cleaned by both, round after round.

After each round the consumers of both must read the same at both isolation levels, and Kafka's
DumpLogSegments must find the same batches in both folders and nothing wrong with pybroker's.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import zip_longest
from pathlib import Path
from typing import Final

from compat.compaction.dumps import DumpedBatch, complaints, dump
from compat.compaction.writing import CONFIGS, TOPIC, create_topic, write, write_filler
from compat.kafka import RealKafka
from compat.logs.move import run_pybroker
from compat.logs.reading import LEVELS, messages
from compat.process import BrokerProcess
from compat.pybroker_process import PybrokerProcess

ROUNDS: Final = 3
FOLDER: Final = f"{TOPIC}-0"
KAFKA_HEAP: Final = "512M"
CHECKPOINT: Final = "cleaner-offset-checkpoint"
PATIENCE_S: Final = 60.0
POLL_S: Final = 0.05
SETTINGS: Final = {
    "transaction.state.log.num.partitions": "1",
    "offsets.topic.num.partitions": "1",
    "log.cleaner.backoff.ms": "200",
    "log.segment.delete.delay.ms": "0",
    "group.initial.rebalance.delay.ms": "0",
}

Record = tuple[int | None, tuple[int, int], bytes | None, bytes | None]


def run_rounds() -> int:
    """Clean at both, compare, print how it went, and give the exit code."""
    with ExitStack() as stack:
        kafka_place, our_place = (
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"compat-{name}-")))
            for name in ("kafka", "pybroker")
        )
        kafka = RealKafka(settings=SETTINGS, data_dir=kafka_place, heap=KAFKA_HEAP)
        kafka.settings["log.cleaner.enable"] = "false"  # Written down at the first start.
        with kafka:
            create_topic(kafka.bootstrap_servers)
            write(kafka.bootstrap_servers)
        source = our_place / "source" / FOLDER
        shutil.copytree(kafka_place / "logs" / FOLDER, source)
        configs = [word for item in CONFIGS.items() for word in ("--topic-config", "=".join(item))]
        data_dir = our_place / "data"
        words = (str(source), "--topic", TOPIC, "--data-dir", str(data_dir), *configs)
        run_pybroker("import-log", *words)
        with (kafka_place / "server.properties").open("a") as properties:
            properties.write("log.cleaner.enable=true\n")
        ours = PybrokerProcess(settings=SETTINGS, data_dir=our_place)
        stack.enter_context(kafka)
        stack.enter_context(ours)
        log_dirs = kafka_place / "logs", data_dir
        copied = len(dump(source))
        found = []
        for number in range(1, ROUNDS + 1):
            if number > 1:
                for broker in (kafka, ours):
                    write_filler(broker.bootstrap_servers, number)
            for log_dir in log_dirs:
                _wait_until_clean(log_dir)
            for line in _differences((kafka, ours), log_dirs):
                found.append(line)
                print(f"compaction: round {number}: DIFFERS: {line}", flush=True)
            left = len(dump(data_dir / FOLDER))
            copy = our_place / f"round-{number}" / FOLDER
            shutil.copytree(data_dir / FOLDER, copy)
            run_pybroker("log", "check", str(copy))
            print(f"compaction: round {number}: {left} of {copied} batches are left", flush=True)
    print(f"compaction: {ROUNDS} rounds, {len(found)} differences")
    return 1 if found else 0


def _wait_until_clean(log_dir: Path) -> None:
    """Wait until everything before the active segment was cleaned."""
    active = max(int(path.stem) for path in (log_dir / FOLDER).glob("*.log"))
    line = f"{TOPIC} 0 {active}"
    checkpoint = log_dir / CHECKPOINT
    deadline = time.monotonic() + PATIENCE_S
    while not (checkpoint.exists() and line in checkpoint.read_text().splitlines()):
        assert time.monotonic() < deadline, f"{log_dir} is not cleaned up to {active}"
        time.sleep(POLL_S)


def _differences(
    brokers: tuple[BrokerProcess, BrokerProcess], log_dirs: tuple[Path, Path]
) -> Iterator[str]:
    for level in LEVELS:
        expected, actual = (_read(broker.bootstrap_servers, level) for broker in brokers)
        for one, other in zip_longest(expected, actual):
            if one != other:
                yield f"{level}: {one} at Kafka, {other} at pybroker"
    theirs, ours = (dump(log_dir / FOLDER) for log_dir in log_dirs)
    for one, other in zip_longest(map(_comparable, theirs), map(_comparable, ours)):
        if one != other:
            yield f"{one} in Kafka's folder, {other} in pybroker's"
    yield from complaints(log_dirs[1] / FOLDER)


def _comparable(batch: DumpedBatch) -> DumpedBatch:
    """Without the leader epoch, which counts the starts of a broker."""
    return batch._replace(
        fields=tuple(field for field in batch.fields if field[0] != "partitionLeaderEpoch")
    )


def _read(bootstrap_servers: str, level: str) -> list[Record]:
    return [
        (message.offset(), message.timestamp(), message.key(), message.value())
        for message in messages(bootstrap_servers, level, TOPIC, 0)
    ]
