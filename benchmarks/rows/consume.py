"""Row 3: catch up with what is in the page cache (hot), or only on the disk (cold)."""

import os
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.client import create_topic
from benchmarks.generators import consumer_performance, producer_performance
from benchmarks.measure import GB, Amount, Figures, Scale, Work
from compat.process import BrokerProcess

PARTITIONS: Final = 6
RECORDS: Final = {100: 3_000_000, 1024: 1_000_000}
RECORDS_QUICK: Final = 50_000
READ_BYTES: Final = 1024 * 1024


def _fill(broker: BrokerProcess, scale: Scale, *, topic: str, record_bytes: int) -> None:
    create_topic(broker.port, topic, PARTITIONS)
    producer_performance(
        broker.bootstrap_servers,
        topic,
        records=scale.pick(RECORDS[record_bytes], RECORDS_QUICK),
        record_bytes=record_bytes,
        properties={"acks": "1", "enable.idempotence": "false"},
        pinned=scale.pinned,
    )


def _consume(
    broker: BrokerProcess, scale: Scale, *, topic: str, record_bytes: int, is_cold: bool
) -> tuple[Figures, Amount]:
    for segment in broker.data_dir.rglob(f"{topic}-[0-9]*/*.log"):
        _evict(segment) if is_cold else _read(segment)
    records = scale.pick(RECORDS[record_bytes], RECORDS_QUICK)
    figures = consumer_performance(
        broker.bootstrap_servers, topic, records=records, pinned=scale.pinned
    )
    return figures, Amount(gigabytes=records * record_bytes / GB)


def _evict(segment: Path) -> None:
    """Write a segment to the disk and drop it from the page cache."""
    descriptor = os.open(segment, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def _read(segment: Path) -> None:
    """Bring a segment into the page cache: a machine may drop what nobody has read for long."""
    with segment.open("rb", buffering=0) as file:
        while file.read(READ_BYTES):
            pass


def _work(record_bytes: int, temperature: str) -> Work:
    topic = f"{temperature}-{record_bytes}"
    return Work(
        3,
        f"catch-up consume, {temperature}, {record_bytes} B, ConsumerPerformance",
        partial(_consume, topic=topic, record_bytes=record_bytes, is_cold=temperature == "cold"),
        prepare=partial(_fill, topic=topic, record_bytes=record_bytes),
    )


WORKS: Final = tuple(
    _work(record_bytes, temperature)
    for temperature in ("hot", "cold")
    for record_bytes in (100, 1024)
)
