"""Row 3: catch up with what is in the page cache."""

from functools import partial
from typing import Final

from benchmarks.client import create_topic
from benchmarks.generators import consumer_performance, producer_performance
from benchmarks.measure import GB, Amount, Figures, Scale, Work
from compat.process import BrokerProcess

PARTITIONS: Final = 6
RECORDS: Final = {100: 3_000_000, 1024: 1_000_000}
RECORDS_QUICK: Final = 50_000


def _fill(broker: BrokerProcess, scale: Scale, *, record_bytes: int) -> None:
    create_topic(broker.port, f"hot-{record_bytes}", PARTITIONS)
    producer_performance(
        broker.bootstrap_servers,
        f"hot-{record_bytes}",
        records=scale.pick(RECORDS[record_bytes], RECORDS_QUICK),
        record_bytes=record_bytes,
        properties={"acks": "1", "enable.idempotence": "false"},
        pinned=scale.pinned,
    )


def _consume(broker: BrokerProcess, scale: Scale, *, record_bytes: int) -> tuple[Figures, Amount]:
    records = scale.pick(RECORDS[record_bytes], RECORDS_QUICK)
    figures = consumer_performance(
        broker.bootstrap_servers, f"hot-{record_bytes}", records=records, pinned=scale.pinned
    )
    return figures, Amount(gigabytes=records * record_bytes / GB)


WORKS: Final = tuple(
    Work(
        3,
        f"catch-up consume, hot, {record_bytes} B, ConsumerPerformance",
        partial(_consume, record_bytes=record_bytes),
        prepare=partial(_fill, record_bytes=record_bytes),
    )
    for record_bytes in (100, 1024)
)
