"""Row 5: many partitions: time to create them, a steady load spread over all, what they cost."""

import time
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks import brokers
from benchmarks.client import Client, create_topic, stored_records
from benchmarks.generators import producer_performance
from benchmarks.measure import GB, MB, Figures, Scale, Work, no_run
from compat.process import BrokerProcess

TOPIC: Final = "spread"
QUICK_DIVISOR: Final = 10
# Kafka makes no more than 10,000 records of one request.
PARTITIONS_A_REQUEST: Final = 5_000
RATE: Final = 20_000
RECORD_BYTES: Final = 100
DURATION_S: Final = 20
DURATION_QUICK_S: Final = 1


def _many(name: str, scale: Scale, *, partitions: int) -> Figures:
    partitions = scale.pick(partitions, partitions // QUICK_DIVISOR)
    records = RATE * scale.pick(DURATION_S, DURATION_QUICK_S)
    with brokers.make(name, pinned=scale.pinned) as broker:
        start = time.monotonic()
        _create(broker, partitions)
        created_s = time.monotonic() - start
        idle = broker.usage()
        produced = producer_performance(
            broker.bootstrap_servers,
            TOPIC,
            records=records,
            record_bytes=RECORD_BYTES,
            properties={"acks": "1", "enable.idempotence": "false"},
            rate=RATE,
            pinned=scale.pinned,
        )
        loaded = broker.usage()
        files = len(list(Path(f"/proc/{broker.pid}/fd").iterdir()))
        stored = stored_records(broker.port, TOPIC, partitions)
        assert stored == records, f"{stored} of {records} records were stored"
        broker.stop()
        start = time.monotonic()
        broker.launch()
        broker.wait_until_ready()
        started_s = time.monotonic() - start
        started = broker.usage()
    return {
        "created s": created_s,
        "RSS when created MB": idle.rss_bytes / MB,
        "MB/s": produced["MB/s"],
        "p99 ms": produced["p99 ms"],
        "broker CPU-s/GB": (loaded.cpu_s - idle.cpu_s) / (records * RECORD_BYTES / GB),
        "RSS under load MB": loaded.rss_bytes / MB,
        "files open": files,
        "clean start s": started_s,
        "RSS after a start MB": started.rss_bytes / MB,
    }


def _create(broker: BrokerProcess, partitions: int) -> None:
    create_topic(broker.port, TOPIC, min(partitions, PARTITIONS_A_REQUEST))
    with Client(broker.port) as client:
        for count in range(2 * PARTITIONS_A_REQUEST, partitions + 1, PARTITIONS_A_REQUEST):
            wanted = {"name": TOPIC, "count": count, "assignments": None}
            client.ask("create_partitions", 3, topics=[wanted], timeout=60_000)
    # Counts what every partition holds, so it waits for all of them.
    assert stored_records(broker.port, TOPIC, partitions) == 0


WORKS: Final = tuple(
    Work(
        5,
        f"{partitions} partitions, {RATE} records/s of {RECORD_BYTES} B, ProducerPerformance",
        no_run,
        own_broker=partial(_many, partitions=partitions),
    )
    for partitions in (1_000, 10_000)
)
