"""Row 13: every record is on the disk before it is acknowledged: `flush.messages=1`."""

from functools import partial
from typing import Final

from benchmarks.client import create_topic, delete_topic
from benchmarks.generators import producer_performance
from benchmarks.measure import Amount, Figures, Scale, Work
from benchmarks.produce_loop import VALUE, produce_in_a_loop
from compat.process import BrokerProcess

TOPIC: Final = "durable"
PARTITIONS: Final = 6
CONFIGS: Final = {"flush.messages": "1"}
RECORDS: Final = 20_000
RECORDS_QUICK: Final = 1_000


def _java(broker: BrokerProcess, scale: Scale) -> tuple[Figures, Amount]:
    records = scale.pick(RECORDS, RECORDS_QUICK)
    create_topic(broker.port, TOPIC, PARTITIONS, CONFIGS)
    figures = producer_performance(
        broker.bootstrap_servers,
        TOPIC,
        records=records,
        record_bytes=len(VALUE),
        properties={"acks": "all", "batch.size": "1", "linger.ms": "0"},
        pinned=scale.pinned,
    )
    delete_topic(broker.port, TOPIC)
    return figures, Amount(requests=records)


WORKS: Final = (
    *(
        Work(
            13,
            f"durable one-record produce, {connections} producers, closed loop",
            partial(
                produce_in_a_loop,
                topic=TOPIC,
                partitions=PARTITIONS,
                connections=connections,
                acks=-1,
                configs=CONFIGS,
            ),
        )
        for connections in (1, 16, 64)
    ),
    Work(13, "durable one-record produce, ProducerPerformance", _java),
)
