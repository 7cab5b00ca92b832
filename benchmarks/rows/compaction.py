"""Row 16: a log of keyed records is compacted: what it costs, and what Produce feels of it.

The records lie in the active segment, which is not compacted, until one that is much later begins
the next: from then on the broker is measured until its checkpoint says that all is clean.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks import brokers
from benchmarks.client import create_topic, produce_frame
from benchmarks.generators import finish_load, run_client, start_load
from benchmarks.measure import MB, Figures, Scale, Work, no_run
from compat.process import BrokerProcess

TOPIC: Final = "compacted"
OTHER_TOPIC: Final = "other"
OTHER_VALUE: Final = bytes(100)
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
CONNECTIONS: Final = 4
# Well below what either broker can do, so that a latency is no queue.
RATE: Final = 1_000
QUIET_S: Final = 5
QUIET_QUICK_S: Final = 1


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
        create_topic(broker.port, OTHER_TOPIC)
        quiet_s = float(scale.pick(QUIET_S, QUIET_QUICK_S))
        # The first round warms both up.
        _load_for(broker, scale, quiet_s)
        quiet = _load_for(broker, scale, quiet_s)
        _begin_segment(broker, scale)
        busy = _load_for(broker, scale, quiet_s)
        is_over = f"{TOPIC} 0 {records}" in _checkpoint(log_dir)
        _wait_until_clean(log_dir, records)
    return {
        "p99 µs quiet": quiet["p99_us"],
        "p99 µs meanwhile": busy["p99_us"],
        "p99 meanwhile / quiet": busy["p99_us"] / quiet["p99_us"],
        "compaction was over before": float(is_over),
    }


def _load_for(broker: BrokerProcess, scale: Scale, duration_s: float) -> dict[str, float]:
    frames = [produce_frame(OTHER_TOPIC, 0, OTHER_VALUE)]
    load = start_load(
        broker.port,
        frames,
        connections=CONNECTIONS,
        duration_s=duration_s,
        warmup_s=0.2,
        rate=RATE,
        pinned=scale.pinned,
    )
    return finish_load(load, "produce", 12)


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


def _checkpoint(log_dir: Path) -> list[str]:
    path = log_dir / CHECKPOINT
    return path.read_text().splitlines() if path.exists() else []


def _wait_until_clean(log_dir: Path, records: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while f"{TOPIC} 0 {records}" not in _checkpoint(log_dir):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{log_dir} is not clean: {_checkpoint(log_dir)}")
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
