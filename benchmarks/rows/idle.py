"""Row 11: what a broker uses while nothing happens."""

import time
from functools import partial
from typing import Any, Final

from benchmarks import brokers
from benchmarks.client import create_topic, frames
from benchmarks.generators import finish_load, start_load
from benchmarks.measure import MB, Figures, Scale, Work, no_run

TOPIC: Final = "polled"
IDLE_S: Final = 60
IDLE_QUICK_S: Final = 3
SETTLE_S: Final = 10
SETTLE_QUICK_S: Final = 1
LONG_POLL_MS: Final = 500


def _fetch() -> bytes:
    asked = {"partition": 0, "fetch_offset": 0, "partition_max_bytes": 1 << 20}
    body: dict[str, Any] = {
        "max_wait": LONG_POLL_MS,
        "min_bytes": 1,
        "max_bytes": 1 << 20,
        "session_epoch": -1,
        "topics": [{"topic": TOPIC, "partitions": [asked]}],
    }
    return frames("fetch", 12, [body])[0]


def _idle(name: str, scale: Scale, *, consumers: int) -> Figures:
    settle_s = scale.pick(SETTLE_S, SETTLE_QUICK_S)
    idle_s = scale.pick(IDLE_S, IDLE_QUICK_S)
    with brokers.make(name, pinned=scale.pinned) as broker:
        create_topic(broker.port, TOPIC)
        load = None
        if consumers:
            load = start_load(
                broker.port,
                [_fetch()],
                connections=consumers,
                warmup_s=settle_s,
                duration_s=idle_s + 2,
                pinned=scale.pinned,
            )
        # Time itself is what is measured here.
        time.sleep(settle_s)
        before = broker.usage()
        time.sleep(idle_s)
        after = broker.usage()
        if load is not None:
            finish_load(load, "fetch", 12)
    return {
        "CPU ms/s": (after.cpu_s - before.cpu_s) * 1000 / idle_s,
        "RSS MB": after.rss_bytes / MB,
        "peak RSS MB": after.peak_rss_bytes / MB,
    }


WORKS: Final = tuple(
    Work(
        11,
        f"idle for {IDLE_S} s with {consumers} long-polling consumers",
        no_run,
        own_broker=partial(_idle, consumers=consumers),
    )
    for consumers in (0, 1_000)
)
