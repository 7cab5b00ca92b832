"""Row 10: from exec to the first answer, and to the first acknowledged record."""

import statistics
import time
from typing import Final

from benchmarks import brokers
from benchmarks.client import Client, create_topic, produce_frame
from benchmarks.measure import MB, Figures, Scale, Work, no_run
from compat.differential.conversation import error_codes

TOPIC: Final = "first"
STARTS: Final = 20
STARTS_QUICK: Final = 2


def _one_start(name: str, scale: Scale) -> Figures:
    broker = brokers.make(name, pinned=scale.pinned)
    broker.prepare()
    start = time.monotonic()
    with broker.launched():
        broker.wait_until_ready()
        answered = time.monotonic()
        create_topic(broker.port, TOPIC)
        with Client(broker.port) as client:
            answer = client.exchange("produce", 12, produce_frame(TOPIC, 0, b"first"))
        acknowledged = time.monotonic()
        assert error_codes(answer) == {"NONE"}, answer
        usage = broker.usage()
    return {
        "exec to ApiVersions ms": (answered - start) * 1000,
        "exec to acked record ms": (acknowledged - start) * 1000,
        "CPU-s": usage.cpu_s,
        "RSS MB": usage.rss_bytes / MB,
    }


def _starts(name: str, scale: Scale) -> Figures:
    runs = [_one_start(name, scale) for _ in range(scale.pick(STARTS, STARTS_QUICK))]
    return {figure: statistics.median(run[figure] for run in runs) for figure in runs[0]}


WORKS: Final = (Work(10, "start, empty, median of 20", no_run, own_broker=_starts),)
