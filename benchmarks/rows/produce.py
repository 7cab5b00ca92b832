"""Row 1: produce small records to six partitions, as fast as it goes and at a fixed rate."""

from functools import partial
from typing import Any, Final

from benchmarks.client import create_topic, delete_topic, stored_records
from benchmarks.generators import producer_performance, run_client
from benchmarks.measure import GB, Amount, Figures, Scale, Work
from compat.process import BrokerProcess

TOPIC: Final = "produced"
PARTITIONS: Final = 6
RECORDS: Final = {100: 2_000_000, 1024: 700_000}
RECORDS_QUICK: Final = 20_000
FIXED_RATE: Final = 50_000
FIXED_RATE_S: Final = 10


def _java(
    broker: BrokerProcess, scale: Scale, *, record_bytes: int, acks: str, rate: int = -1
) -> tuple[Figures, Amount]:
    records = FIXED_RATE * FIXED_RATE_S if rate > 0 else RECORDS[record_bytes]
    records = scale.pick(records, RECORDS_QUICK)
    properties = {"acks": acks, "enable.idempotence": "true" if acks == "all" else "false"}
    create_topic(broker.port, TOPIC, PARTITIONS)
    figures = producer_performance(
        broker.bootstrap_servers,
        TOPIC,
        records=records,
        record_bytes=record_bytes,
        properties=properties,
        rate=rate,
        pinned=scale.pinned,
    )
    return figures, _finish(broker, records, record_bytes)


def _confluent(
    broker: BrokerProcess, scale: Scale, *, record_bytes: int, acks: str
) -> tuple[Figures, Amount]:
    records = scale.pick(RECORDS[record_bytes], RECORDS_QUICK)
    create_topic(broker.port, TOPIC, PARTITIONS)
    arguments: dict[str, Any] = {
        "bootstrap_servers": broker.bootstrap_servers,
        "topic": TOPIC,
        "records": records,
        "record_bytes": record_bytes,
        "acks": acks,
    }
    found = run_client("benchmarks.clients.producer", arguments, pinned=scale.pinned)
    rate = records / found["seconds"]
    figures = {"records/s": rate, "MB/s": rate * record_bytes / 1e6}
    return figures, _finish(broker, records, record_bytes)


def _finish(broker: BrokerProcess, records: int, record_bytes: int) -> Amount:
    stored = stored_records(broker.port, TOPIC, PARTITIONS)
    assert stored == records, f"{stored} of {records} records were stored"
    delete_topic(broker.port, TOPIC)
    return Amount(gigabytes=records * record_bytes / GB)


WORKS: Final = (
    *(
        Work(
            1,
            f"produce {record_bytes} B, acks={acks}, {generator}",
            partial(run, record_bytes=record_bytes, acks=acks),
        )
        for generator, run in (("ProducerPerformance", _java), ("confluent-kafka", _confluent))
        for record_bytes in (100, 1024)
        for acks in ("1", "all")
    ),
    Work(
        1,
        f"produce 1024 B, acks=1, ProducerPerformance at {FIXED_RATE} records/s",
        partial(_java, record_bytes=1024, acks="1", rate=FIXED_RATE),
    ),
)
