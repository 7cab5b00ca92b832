"""Pairs of runs, A, B, A, B, and what their ratios are."""

import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Final, NamedTuple

from benchmarks import brokers
from benchmarks.client import create_topic, delete_topic
from benchmarks.generators import producer_performance
from benchmarks.measure import Figures, Scale, Work, measured
from compat.process import BrokerProcess

# A JVM is warm after five million records.
WARM_UP_RECORDS: Final = 5_000_000
WARM_UP_RECORDS_QUICK: Final = 20_000
WARM_UP_TOPIC: Final = "warm-up"


class Result(NamedTuple):
    """One work: the figures of every pair, by side. The sides are named A and B."""

    row: int
    title: str
    names: tuple[str, str]
    pairs: list[tuple[Figures, Figures]]

    def ratios(self, figure: str) -> list[float]:
        """Give A's figure over B's for each pair, where B's is not zero."""
        return [a[figure] / b[figure] for a, b in self.pairs if b.get(figure)]

    def medians(self, figure: str) -> tuple[float, float]:
        """Give the medians of both sides."""
        return (
            statistics.median(a[figure] for a, _ in self.pairs),
            statistics.median(b[figure] for _, b in self.pairs),
        )

    def as_json(self) -> dict[str, Any]:
        """Give what can be stored."""
        return {**self._asdict(), "pairs": [list(pair) for pair in self.pairs]}


def from_json(stored: Mapping[str, Any]) -> Result:
    """Read what `as_json` gave."""
    pairs = [(pair[0], pair[1]) for pair in stored["pairs"]]
    first, second = stored["names"]
    return Result(stored["row"], stored["title"], (first, second), pairs)


def run_group(
    works: Sequence[Work], names: tuple[str, str], *, pairs: int, scale: Scale
) -> Iterator[Result]:
    """Measure works that share a pair of brokers; give each result as soon as it is there."""
    with ExitStack() as stack:
        sides: list[BrokerProcess] = []
        if any(work.own_broker is None for work in works):
            for name in names:
                broker = stack.enter_context(brokers.make(name, pinned=scale.pinned))
                _warm_up(broker, scale)
                sides.append(broker)
        for work in works:
            yield _measure(work, names, sides, pairs=pairs, scale=scale)


def _measure(
    work: Work,
    names: tuple[str, str],
    sides: Sequence[BrokerProcess],
    *,
    pairs: int,
    scale: Scale,
) -> Result:
    _say(f"row {work.row}: {work.title}")
    if work.own_broker is not None:
        found = [
            (work.own_broker(names[0], scale), work.own_broker(names[1], scale))
            for _ in range(pairs)
        ]
        return Result(work.row, work.title, names, found)
    if work.prepare is not None:
        for broker in sides:
            work.prepare(broker, scale)
    found = []
    for number in range(pairs + 1):
        with sides[1].paused():
            first = measured(work, sides[0], scale)
        with sides[0].paused():
            pair = (first, measured(work, sides[1], scale))
        _say(f"  {'warm-up' if number == 0 else number}: {_first_figures(pair)}")
        if number > 0:
            found.append(pair)
    return Result(work.row, work.title, names, found)


def _first_figures(pair: tuple[Figures, Figures]) -> str:
    shown = list(pair[0])[:3]
    return ", ".join(f"{name} {pair[0][name]:.1f} / {pair[1][name]:.1f}" for name in shown)


def _warm_up(broker: BrokerProcess, scale: Scale) -> None:
    create_topic(broker.port, WARM_UP_TOPIC, partitions=6)
    producer_performance(
        broker.bootstrap_servers,
        WARM_UP_TOPIC,
        records=scale.pick(WARM_UP_RECORDS, WARM_UP_RECORDS_QUICK),
        record_bytes=100,
        properties={"acks": "1", "enable.idempotence": "false"},
        pinned=scale.pinned,
    )
    delete_topic(broker.port, WARM_UP_TOPIC)


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)
