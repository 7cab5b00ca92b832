"""Row 4: from send to receipt at fixed rates."""

from functools import partial
from typing import Any, Final

from benchmarks.client import create_topic, delete_topic
from benchmarks.generators import finish_client, start_client
from benchmarks.measure import Amount, Figures, Scale, Work
from compat.process import BrokerProcess

TOPIC: Final = "end-to-end"
PARTITIONS: Final = 6
RECORD_BYTES: Final = 100
WARMUP_S: Final = 2
DURATION_S: Final = 6
DURATION_QUICK_S: Final = 1
MODULE: Final = "benchmarks.clients.end_to_end"


def _pair(
    broker: BrokerProcess, scale: Scale, *, rate: int, linger_ms: int
) -> tuple[Figures, Amount]:
    create_topic(broker.port, TOPIC, PARTITIONS)
    seconds = WARMUP_S + scale.pick(DURATION_S, DURATION_QUICK_S)
    arguments: dict[str, Any] = {
        "bootstrap_servers": broker.bootstrap_servers,
        "topic": TOPIC,
        "partitions": PARTITIONS,
        "rate": rate,
        "linger_ms": linger_ms,
        "records": rate * seconds,
        "counted_from": rate * WARMUP_S,
        "record_bytes": RECORD_BYTES,
    }
    with (
        start_client(MODULE, arguments | {"half": "consume"}, pinned=scale.pinned) as consumer,
        start_client(MODULE, arguments | {"half": "produce"}, pinned=scale.pinned) as producer,
    ):
        sent = finish_client(producer)
        figures: Figures = finish_client(consumer)
    assert sent["left"] == 0, sent
    delete_topic(broker.port, TOPIC)
    return figures, Amount(gigabytes=rate * seconds * RECORD_BYTES / 1e9)


# Without lingering a record is a request, and at the higher rates that alone fills Kafka's core.
WORKS: Final = tuple(
    Work(
        4,
        f"end-to-end at {rate} records/s, linger.ms={linger_ms}, confluent-kafka",
        partial(_pair, rate=rate, linger_ms=linger_ms),
    )
    for rate, linger_ms in ((1_000, 0), (10_000, 1), (50_000, 1))
)
