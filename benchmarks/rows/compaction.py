"""Row 16: a log of keyed records is compacted: what it costs, and what Produce feels of it.

The records lie in the active segment, which is not compacted, until one that is much later begins
the next: from then on the broker is measured until its checkpoint says that all is clean.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks import brokers
from benchmarks.client import create_topic
from benchmarks.generators import run_client
from benchmarks.meanwhile import RATE, produce_meanwhile
from benchmarks.measure import MB, Figures, Scale, Work, no_run
from compat.process import BrokerProcess

TOPIC: Final = "compacted"
RECORD_BYTES: Final = 100
RECORDS: Final = 10_000_000
RECORDS_QUICK: Final = 200_000
RECORDS_PER_KEY: Final = 10
SEGMENT_MS: Final = 1_200_000
AHEAD_MS: Final = 2 * SEGMENT_MS
CONFIGS: Final = {
    "cleanup.policy": "compact",
    "min.cleanable.dirty.ratio": "0.01",
    "segment.bytes": str(2**31 - 1),
    "segment.ms": str(SEGMENT_MS),
}
SETTINGS: Final = {"log.cleaner.backoff.ms": "500"}
CHECKPOINT: Final = "cleaner-offset-checkpoint"
PATIENCE_S: Final = 600.0
POLL_S: Final = 0.01


def _compact(name: str, scale: Scale) -> Figures:
    with _dirty(name, scale) as (broker, log_dir, records):
        segment = log_dir / f"{TOPIC}-0" / f"{0:020}.log"
        before_bytes = segment.stat().st_size
        broker.reset_peak_rss()
        before = broker.usage()
        _begin_segment(broker, scale)
        start = time.monotonic()
        _wait_until_clean(log_dir, records)
        seconds = time.monotonic() - start
        after = broker.usage()
        return {
            "CPU-s": after.cpu_s - before.cpu_s,
            "CPU-s/GB": (after.cpu_s - before.cpu_s) / before_bytes * 1e9,
            "seconds": seconds,
            "MB left": segment.stat().st_size / MB,
            "peak RSS MB": after.peak_rss_bytes / MB,
        }


def _produce_meanwhile(name: str, scale: Scale) -> Figures:
    with _dirty(name, scale) as (broker, log_dir, records):
        figures = produce_meanwhile(
            broker,
            scale,
            partial(_begin_segment, broker, scale),
            lambda: _is_clean(log_dir, records),
        )
        _wait_until_clean(log_dir, records)
        return figures


@contextmanager
def _dirty(name: str, scale: Scale) -> Iterator[tuple[BrokerProcess, Path, int]]:
    """Give a broker with a full active segment, its log directory, and the number of records."""
    records = scale.pick(RECORDS, RECORDS_QUICK)
    with brokers.make(name, pinned=scale.pinned, settings=SETTINGS) as broker:
        create_topic(broker.port, TOPIC, 1, CONFIGS)
        _produce(broker, scale, records=records, ahead_ms=0)
        yield broker, broker.data_dir / ("logs" if name == "kafka" else "data"), records


def _begin_segment(broker: BrokerProcess, scale: Scale) -> None:
    _produce(broker, scale, records=1, ahead_ms=AHEAD_MS)


def _produce(broker: BrokerProcess, scale: Scale, *, records: int, ahead_ms: int) -> None:
    arguments = {
        "bootstrap_servers": broker.bootstrap_servers,
        "topic": TOPIC,
        "records": records,
        "record_bytes": RECORD_BYTES,
        "keys": max(records // RECORDS_PER_KEY, 1),
        "ahead_ms": ahead_ms,
    }
    run_client("benchmarks.clients.keyed_producer", arguments, pinned=scale.pinned)


def _is_clean(log_dir: Path, records: int) -> bool:
    path = log_dir / CHECKPOINT
    return path.exists() and f"{TOPIC} 0 {records}" in path.read_text().splitlines()


def _wait_until_clean(log_dir: Path, records: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not _is_clean(log_dir, records):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{log_dir} is not clean")
        time.sleep(POLL_S)


WORKS: Final = (
    Work(
        16,
        f"compaction of {RECORDS * RECORD_BYTES / 1e9:.0f} GB of {RECORD_BYTES} B keyed records",
        no_run,
        own_broker=_compact,
    ),
    Work(16, f"Produce at {RATE} requests/s meanwhile", no_run, own_broker=_produce_meanwhile),
)
