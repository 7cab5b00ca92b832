"""Partitions that pybroker wrote, looked over by Kafka's DumpLogSegments, and read by real Kafka.

The folders have everything in them that a log goes through: rolled segments in every codec, a kill
-9 with the recovery that follows, deleted records, compaction.
"""

import re
import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from compat.kafka import RealKafka, Tool
from compat.logs import writing
from compat.logs.move import FOLDER, KAFKA_HEAP, KAFKA_SETTINGS, differences
from compat.logs.reading import Partition, read
from compat.process import BrokerProcess
from compat.pybroker_process import PybrokerProcess

COMPACTED: Final = "compacted"
COMPACTED_FOLDER: Final = f"{COMPACTED}-0"
COMPACTED_CONFIGS: Final = {
    "cleanup.policy": "compact",
    "min.cleanable.dirty.ratio": "0.01",
    "segment.index.bytes": "240",
    "index.interval.bytes": "100",
}
PYBROKER_SETTINGS: Final = {"log.cleaner.backoff.ms": "100"}
KEYS: Final = 20
VALUES_PER_KEY: Final = 40
CLEANED_WITHIN_S: Final = 60.0
POLL_S: Final = 0.05
DUMP: Final = Tool("DumpLogSegments")
DUMPED_SUFFIXES: Final = (".log", ".index", ".timeindex", ".txnindex", ".snapshot")
# What the tool says of files that are not what they should be.
COMPLAINTS: Final = re.compile(
    r"is followed by|isvalid: false|ismatch|ut of order|not found|Exception|rror"
)
# It says so of every segment that does not start at 0, Kafka's own too.
FIRST_BATCH: Final = " -1 is followed by"
# Offsets that compaction took away are no complaint about a compacted log.
GAPS: Final = "is followed by"
KAFKAS_CHECKPOINTS: Final = (
    ".kafka_cleanshutdown",
    "recovery-point-offset-checkpoint",
    "replication-offset-checkpoint",
    "log-start-offset-checkpoint",
)


def write(broker: BrokerProcess) -> dict[str, Partition]:
    """Write, kill, recover, write and delete. Gives what is then read."""
    writing.create_topic(broker.bootstrap_servers)
    writing.write_plain(broker.bootstrap_servers)
    broker.kill()
    broker.start()
    writing.write_plain(broker.bootstrap_servers)
    writing.delete_first(broker.bootstrap_servers)
    writing.write_after(broker.bootstrap_servers)
    return read(broker.bootstrap_servers)


def write_compacted(broker: BrokerProcess) -> None:
    """Write the same keys again and again, so that the cleaner has something to take away."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    topic = NewTopic(COMPACTED, 1, 1, config=dict(COMPACTED_CONFIGS))
    admin.create_topics([topic])[COMPACTED].result(writing.FLUSH_S)
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "enable.idempotence": True})
    for value in range(VALUES_PER_KEY):
        for key in range(KEYS):
            producer.produce(COMPACTED, key=b"%d" % key, value=b"%d" % value * 20)
        assert producer.flush(writing.FLUSH_S) == 0


def wait_until_cleaned(data_dir: Path) -> None:
    """Wait until the cleaner has come through."""
    checkpoint = data_dir / "cleaner-offset-checkpoint"
    deadline = time.monotonic() + CLEANED_WITHIN_S
    while not (checkpoint.exists() and COMPACTED in checkpoint.read_text()):
        assert time.monotonic() < deadline, "the cleaner did not come"
        time.sleep(POLL_S)


def complaints(folder: Path, *, is_compacted: bool) -> list[str]:
    """Give the lines in which DumpLogSegments finds something wrong."""
    files = [file for file in sorted(folder.iterdir()) if file.suffix in DUMPED_SUFFIXES]
    assert files, f"nothing to look at in {folder}"
    indexes = [file for file in files if file.suffix in {".index", ".timeindex"}]
    found = []
    for flags, which in (
        (("--deep-iteration", "--print-data-log"), files),
        (("--verify-index-only",), indexes),
        (("--index-sanity-check",), indexes),
    ):
        result = DUMP.run(*flags, "--files", ",".join(map(str, which)))
        assert result.exit_code == 0, f"{flags}: {result}"
        lines = [*result.lines, *result.stderr.splitlines()]
        found += [f"{flags[0]}: {each}" for each in _wrong(lines, is_compacted=is_compacted)]
    return found


def _wrong(lines: Iterable[str], *, is_compacted: bool) -> Iterable[str]:
    for line in lines:
        is_gap = GAPS in line and (is_compacted or FIRST_BATCH in line)
        if COMPLAINTS.search(line) and not is_gap:
            yield line


def read_at_kafka(source: Path) -> dict[str, Partition]:
    """Give the folder to a Kafka that has the topic, and read it there."""
    place = Path(tempfile.mkdtemp(prefix="compat-logs-"))
    try:
        kafka = RealKafka(settings=KAFKA_SETTINGS, data_dir=place, heap=KAFKA_HEAP)
        with kafka:
            writing.create_topic(kafka.bootstrap_servers)
        target = place / "logs" / FOLDER
        for file in target.iterdir():
            # The topic's id is Kafka's own.
            if file.name != "partition.metadata":
                file.unlink()
        for file in source.iterdir():
            if file.suffix in DUMPED_SUFFIXES or file.name == "leader-epoch-checkpoint":
                shutil.copy(file, target)
        # As after a crash, it looks at every record.
        for name in KAFKAS_CHECKPOINTS:
            (place / "logs" / name).unlink(missing_ok=True)
        starts = f"0\n1\n{writing.TOPIC} 0 {writing.DELETED_BEFORE}\n"
        (place / "logs" / "log-start-offset-checkpoint").write_text(starts)
        with kafka:
            return read(kafka.bootstrap_servers)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def run_back() -> int:
    """Write at pybroker, look at it with Kafka's eyes, and give the exit code."""
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        data_dir = place / "data"
        with PybrokerProcess(settings=PYBROKER_SETTINGS, data_dir=place) as pybroker:
            expected = write(pybroker)
            write_compacted(pybroker)
            wait_until_cleaned(data_dir)
        found = complaints(data_dir / FOLDER, is_compacted=False)
        found += complaints(data_dir / COMPACTED_FOLDER, is_compacted=True)
        actual = read_at_kafka(data_dir / FOLDER)
    # `differences` names Kafka first.
    found += differences(actual, expected)
    for line in found:
        print(f"logs: DIFFERS: {line}")
    records = len(expected["read_uncommitted"].records)
    print(f"logs: {records} records of pybroker read at Kafka, {len(found)} differences")
    return 1 if found else 0
