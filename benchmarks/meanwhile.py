"""What Produce feels of work in the background: its p99 alone, and while the broker does it."""

import os
from collections.abc import Callable
from typing import Final

from benchmarks.client import create_topic, produce_frame
from benchmarks.generators import finish_load, start_load
from benchmarks.measure import Figures, Scale
from compat.process import BrokerProcess

OTHER_TOPIC: Final = "other"
OTHER_VALUE: Final = bytes(100)
CONNECTIONS: Final = 4
# Well below what either broker can do, so that a latency is no queue.
RATE: Final = 1_000
DURATION_S: Final = 5
DURATION_QUICK_S: Final = 1


def produce_meanwhile(
    broker: BrokerProcess, scale: Scale, begin: Callable[[], None], is_over: Callable[[], bool]
) -> Figures:
    """Produce to another topic alone, and then from the moment at which the work has begun."""
    create_topic(broker.port, OTHER_TOPIC)
    # What was written to prepare is on the disk before anything is measured.
    os.sync()
    # The first round warms both up.
    _load(broker, scale)
    quiet = _load(broker, scale)
    begin()
    busy = _load(broker, scale)
    return {
        "p99 µs quiet": quiet["p99_us"],
        "p99 µs meanwhile": busy["p99_us"],
        "p99 meanwhile / quiet": busy["p99_us"] / quiet["p99_us"],
        "work was over before": float(is_over()),
    }


def _load(broker: BrokerProcess, scale: Scale) -> dict[str, float]:
    load = start_load(
        broker.port,
        [produce_frame(OTHER_TOPIC, 0, OTHER_VALUE)],
        connections=CONNECTIONS,
        duration_s=float(scale.pick(DURATION_S, DURATION_QUICK_S)),
        warmup_s=0.2,
        rate=RATE,
        pinned=scale.pinned,
    )
    return finish_load(load, "produce", 12)
