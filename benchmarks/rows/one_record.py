"""Row 2: one record a request, one request at a time on each connection."""

from functools import partial
from typing import Final

from benchmarks.client import create_topic, delete_topic
from benchmarks.generators import producer_performance
from benchmarks.measure import Amount, Figures, Scale, Work
from benchmarks.produce_loop import VALUE, produce_in_a_loop
from compat.process import BrokerProcess

TOPIC: Final = "one-record"
PARTITIONS: Final = 6
RECORDS: Final = 100_000
RECORDS_QUICK: Final = 5_000


def _java(broker: BrokerProcess, scale: Scale) -> tuple[Figures, Amount]:
    records = scale.pick(RECORDS, RECORDS_QUICK)
    create_topic(broker.port, TOPIC, PARTITIONS)
    figures = producer_performance(
        broker.bootstrap_servers,
        TOPIC,
        records=records,
        record_bytes=len(VALUE),
        properties={
            "acks": "1",
            "enable.idempotence": "false",
            "batch.size": "1",
            "linger.ms": "0",
        },
        pinned=scale.pinned,
    )
    delete_topic(broker.port, TOPIC)
    return figures, Amount(requests=records)


WORKS: Final = (
    *(
        Work(
            2,
            f"one-record produce, {connections} connections, closed loop",
            partial(produce_in_a_loop, topic=TOPIC, partitions=PARTITIONS, connections=connections),
        )
        for connections in (1, 8, 64)
    ),
    Work(2, "one-record produce, ProducerPerformance batch.size=1 linger.ms=0", _java),
)
