"""One run of one work on one broker: its figures, and what the broker used meanwhile."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from compat.process import BrokerProcess

MB: Final = 1e6
GB: Final = 1e9

Figures = dict[str, float]


class Scale(NamedTuple):
    """How much a run does. `quick` is for checking that everything runs, not for figures."""

    quick: bool
    pinned: bool

    def pick(self, full: int, quick: int) -> int:
        """Give the amount for a full or for a quick run."""
        return quick if self.quick else full


class Amount(NamedTuple):
    """What the broker handled during a run, to put its CPU time into proportion."""

    gigabytes: float = 0.0
    requests: int = 0


class Work(NamedTuple):
    """Something to be measured on each broker."""

    row: int
    title: str
    run: Callable[[BrokerProcess, Scale], tuple[Figures, Amount]]
    prepare: Callable[[BrokerProcess, Scale], None] | None = None
    own_broker: Callable[[str, Scale], Figures] | None = None
    """For works that start brokers themselves: called with the broker's name, in place of `run`."""


def measured(work: Work, broker: BrokerProcess, scale: Scale) -> Figures:
    """Run a work and add CPU and memory of the broker."""
    broker.reset_peak_rss()
    before = broker.usage()
    figures, amount = work.run(broker, scale)
    after = broker.usage()
    cpu_s = after.cpu_s - before.cpu_s
    if amount.gigabytes:
        figures["broker CPU-s/GB"] = cpu_s / amount.gigabytes
    if amount.requests:
        figures["broker CPU µs/request"] = cpu_s * 1e6 / amount.requests
    figures["RSS MB"] = after.rss_bytes / MB
    figures["peak RSS MB"] = after.peak_rss_bytes / MB
    return figures


def no_run(_broker: BrokerProcess, _scale: Scale) -> tuple[Figures, Amount]:
    """Stand in for `run` where `own_broker` does it."""
    raise AssertionError("this work starts its own brokers")


def load_figures(answer: Mapping[str, Any]) -> tuple[Figures, Amount]:
    """Take the figures of the closed loop."""
    figures = {
        "requests/s": answer["requests"] / answer["seconds"],
        "p50 µs": answer["p50_us"],
        "p99 µs": answer["p99_us"],
        "p99.9 µs": answer["p999_us"],
    }
    return figures, Amount(requests=answer["sent"])
