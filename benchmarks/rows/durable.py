"""Row 13: every record is on the disk before it is acknowledged: `flush.messages=1`."""

from functools import partial
from typing import Final

from benchmarks.client import create_topic, delete_topic, produce_frame, stored_records
from benchmarks.generators import finish_load, producer_performance, start_load
from benchmarks.measure import Amount, Figures, Scale, Work, load_figures
from compat.process import BrokerProcess

TOPIC: Final = "durable"
PARTITIONS: Final = 6
VALUE: Final = bytes(range(100))
CONFIGS: Final = {"flush.messages": "1"}
DURATION_S: Final = 5
DURATION_QUICK_S: Final = 1
RECORDS: Final = 20_000
RECORDS_QUICK: Final = 1_000


def _closed_loop(
    broker: BrokerProcess, scale: Scale, *, connections: int
) -> tuple[Figures, Amount]:
    create_topic(broker.port, TOPIC, PARTITIONS, CONFIGS)
    load = start_load(
        broker.port,
        [produce_frame(TOPIC, partition, VALUE, acks=-1) for partition in range(PARTITIONS)],
        connections=connections,
        duration_s=scale.pick(DURATION_S, DURATION_QUICK_S),
        pinned=scale.pinned,
    )
    answer = finish_load(load, "produce", 12)
    stored = stored_records(broker.port, TOPIC, PARTITIONS)
    # What was under way when the time was up may be stored or not.
    assert answer["sent"] - connections <= stored <= answer["sent"], (stored, answer["sent"])
    delete_topic(broker.port, TOPIC)
    return load_figures(answer)


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
            partial(_closed_loop, connections=connections),
        )
        for connections in (1, 16, 64)
    ),
    Work(13, "durable one-record produce, ProducerPerformance", _java),
)
