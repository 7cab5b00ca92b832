"""Row 17: what Produce feels while a gigabyte in 64 segments is deleted from another log."""

import time
from functools import partial
from pathlib import Path
from typing import Final

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from benchmarks import brokers
from benchmarks.client import create_topic
from benchmarks.generators import producer_performance
from benchmarks.meanwhile import RATE, produce_meanwhile
from benchmarks.measure import Figures, Scale, Work, no_run
from compat.process import BrokerProcess

TOPIC: Final = "deleted"
RECORD_BYTES: Final = 1_000
RECORDS: Final = 1_000_000
RECORDS_QUICK: Final = 50_000
SEGMENT_BYTES: Final = 16 * 1024 * 1024
SETTINGS: Final = {"log.retention.check.interval.ms": "1000"}
PATIENCE_S: Final = 60.0
POLL_S: Final = 0.01


def _produce_meanwhile(name: str, scale: Scale) -> Figures:
    with brokers.make(name, pinned=scale.pinned, settings=SETTINGS) as broker:
        create_topic(broker.port, TOPIC, 1, {"segment.bytes": str(SEGMENT_BYTES)})
        producer_performance(
            broker.bootstrap_servers,
            TOPIC,
            records=scale.pick(RECORDS, RECORDS_QUICK),
            record_bytes=RECORD_BYTES,
            properties={"acks": "1"},
            pinned=scale.pinned,
        )
        folder = broker.data_dir / ("logs" if name == "kafka" else "data") / f"{TOPIC}-0"
        figures = produce_meanwhile(
            broker, scale, partial(_delete_records, broker), lambda: len(_segments(folder)) == 1
        )
        _wait_until_deleted(folder)
        return figures


def _delete_records(broker: BrokerProcess) -> None:
    """Move the log's start to its end: retention deletes what lies before it."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    asked = admin.delete_records([TopicPartition(TOPIC, 0, -1)])
    for answer in asked.values():
        answer.result()


def _segments(folder: Path) -> list[Path]:
    return [*folder.glob("*.log"), *folder.glob("*.log.deleted")]


def _wait_until_deleted(folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while len(_segments(folder)) > 1:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{folder} still has {_segments(folder)}")
        time.sleep(POLL_S)


WORKS: Final = (
    Work(
        17,
        f"Produce at {RATE} requests/s while 1 GB is deleted",
        no_run,
        own_broker=_produce_meanwhile,
    ),
)
