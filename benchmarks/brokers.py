"""Both brokers behind one interface, pinned to the broker's core, with the same settings."""

from collections.abc import Mapping
from typing import Final

from compat.kafka import RealKafka
from compat.process import BrokerProcess
from compat.pybroker_process import PybrokerProcess

BROKER_CPU: Final = 0
CLIENT_CPU: Final = 1

# Neither side waits before a first assignment, nor keeps the files of deleted topics for a minute.
SAME_SETTINGS: Final = {
    "group.initial.rebalance.delay.ms": "0",
    "log.segment.delete.delay.ms": "1000",
}

# Kafka is paused while the other side is measured, and must not be fenced for it.
KAFKA_SETTINGS: Final = {"broker.session.timeout.ms": "3600000"}
NAMES: Final = ("pybroker", "kafka")


def make(
    name: str,
    *,
    pinned: bool = True,
    pausable: bool = True,
    settings: Mapping[str, str] | None = None,
) -> BrokerProcess:
    """Make a broker that is not started yet; Kafka has its default heap.

    A Kafka that may be paused is slow to start again after it was killed: it waits for the session
    of its former self. `pausable=False` leaves that session as it is by default.
    """
    cpu = BROKER_CPU if pinned else None
    both = {**SAME_SETTINGS, **(settings or {})}
    if name == "kafka":
        return RealKafka(settings=(KAFKA_SETTINGS if pausable else {}) | both, cpu=cpu)
    return PybrokerProcess(settings=both, cpu=cpu)
