"""Row 12: kill -9 with a full log, restart, and the time until its last record can be read."""

import time
from typing import Final

from benchmarks import brokers
from benchmarks.client import Client, create_topic, stored_records
from benchmarks.generators import producer_performance
from benchmarks.measure import MB, Figures, Scale, Work, no_run
from compat.process import BrokerProcess

TOPIC: Final = "survivor"
PARTITIONS: Final = 6
RECORD_BYTES: Final = 1024
RECORDS: Final = 10_000_000
RECORDS_QUICK: Final = 100_000
FETCH_BYTES: Final = 1 << 20


def _recover(name: str, scale: Scale) -> Figures:
    records = scale.pick(RECORDS, RECORDS_QUICK)
    with brokers.make(name, pinned=scale.pinned, pausable=False) as broker:
        create_topic(broker.port, TOPIC, PARTITIONS)
        producer_performance(
            broker.bootstrap_servers,
            TOPIC,
            records=records,
            record_bytes=RECORD_BYTES,
            properties={"acks": "all"},
            pinned=scale.pinned,
        )
        broker.kill()
        start = time.monotonic()
        broker.launch()
        broker.wait_until_ready()
        answered = time.monotonic()
        _read_last_records(broker)
        readable = time.monotonic()
        usage = broker.usage()
        lost = records - stored_records(broker.port, TOPIC, PARTITIONS)
    return {
        "restart to ApiVersions s": answered - start,
        "restart to last record s": readable - start,
        "CPU-s": usage.cpu_s,
        "peak RSS MB": usage.peak_rss_bytes / MB,
        "acknowledged records lost": lost,
    }


def _read_last_records(broker: BrokerProcess) -> None:
    with Client(broker.port) as client:
        wanted = [{"partition_index": index, "timestamp": -1} for index in range(PARTITIONS)]
        ends = client.ask_until_it_works(
            "list_offsets", 7, topics=[{"name": TOPIC, "partitions": wanted}]
        )
        for end in ends["topics"][0]["partitions"]:
            asked = {
                "partition": end["partition_index"],
                "fetch_offset": end["offset"] - 1,
                "partition_max_bytes": FETCH_BYTES,
            }
            answer = client.ask_until_it_works(
                "fetch",
                12,
                max_wait=0,
                min_bytes=1,
                max_bytes=FETCH_BYTES,
                session_epoch=-1,
                topics=[{"topic": TOPIC, "partitions": [asked]}],
            )
            assert answer["responses"][0]["partitions"][0]["records"], "the last record is gone"


WORKS: Final = (
    Work(
        12,
        f"kill -9 with {RECORDS * RECORD_BYTES / 1e9:.0f} GB in {PARTITIONS} partitions, restart",
        no_run,
        own_broker=_recover,
    ),
)
