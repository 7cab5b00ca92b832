"""What is written to a partition before its folder changes hands: a bit of everything.

Transactions that are committed, aborted, interleaved and left open; idempotent and plain records in
every codec; timestamps that go back and forth; leader epochs, by restarts; deleted records.
"""

from typing import TYPE_CHECKING, Final

from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

if TYPE_CHECKING:
    from collections.abc import Callable

TOPIC: Final = "moved"
CODECS: Final = ("none", "gzip", "snappy", "lz4", "zstd")
FIRST_TIMESTAMP_MS: Final = 1_700_000_000_000
RECORDS_PER_CODEC: Final = 12
TRANSACTION_TIMEOUT_MS: Final = 600_000
FLUSH_S: Final = 30.0
# A segment takes the records of some seconds, so that transactions reach over its end.
TOPIC_CONFIGS: Final = {
    "segment.ms": "20000",
    "index.interval.bytes": "400",
    "retention.ms": "-1",
}
TRANSACTIONS_FROM_MS: Final = FIRST_TIMESTAMP_MS + 90_000
AFTER_MS: Final = FIRST_TIMESTAMP_MS + 300_000
DELETED_BEFORE: Final = 3


def create_topic(bootstrap_servers: str) -> None:
    """Make the topic with one partition."""
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    topic = NewTopic(TOPIC, num_partitions=1, replication_factor=1, config=dict(TOPIC_CONFIGS))
    admin.create_topics([topic])[TOPIC].result(FLUSH_S)


def write_plain(bootstrap_servers: str) -> None:
    """Write batches in every codec, by idempotent producers and others."""
    for number, codec in enumerate(CODECS):
        producer = Producer(
            {
                "bootstrap.servers": bootstrap_servers,
                "compression.type": codec,
                "enable.idempotence": number % 2 == 0,
                "linger.ms": 1000,
            }
        )
        for index in range(RECORDS_PER_CODEC):
            # Every third record is older than the one before it.
            timestamp = FIRST_TIMESTAMP_MS + 1000 * (number * RECORDS_PER_CODEC + index)
            _send(producer, f"{codec}-{index}", timestamp - 2500 * (index % 3 == 2))
        assert producer.flush(FLUSH_S) == 0


def write_transactions(bootstrap_servers: str, term: str) -> None:
    """Write transactions, two at a time: the one commits, the other aborts or takes turns."""
    first, second = (_transactional(bootstrap_servers, f"{term}-{name}") for name in "ab")
    for turn in range(4):
        first.begin_transaction()
        second.begin_transaction()
        for index in range(6):
            for name, producer in (("a", first), ("b", second)):
                timestamp = TRANSACTIONS_FROM_MS + 2000 * (6 * turn + index)
                _send(producer, f"{term}-{name}-{turn}-{index}", timestamp)
                # A batch per record, so that the two take turns.
                assert producer.flush(FLUSH_S) == 0
        ends: tuple[Callable[[float], None], ...] = (
            second.abort_transaction if turn % 2 == 0 else second.commit_transaction,
            first.commit_transaction if turn < 3 else first.abort_transaction,
        )
        for end in ends:
            end(FLUSH_S)


def leave_open(bootstrap_servers: str) -> Producer:
    """Begin a transaction and leave it so; plain records follow it."""
    producer = _transactional(bootstrap_servers, "open")
    producer.begin_transaction()
    _send(producer, "open-0", AFTER_MS)
    assert producer.flush(FLUSH_S) == 0
    write_after(bootstrap_servers)
    return producer


def write_after(bootstrap_servers: str) -> None:
    """Write one more plain record."""
    producer = Producer({"bootstrap.servers": bootstrap_servers})
    _send(producer, "after", AFTER_MS + 1000)
    assert producer.flush(FLUSH_S) == 0


def delete_first(bootstrap_servers: str) -> None:
    """Move the log start offset into the first segment."""
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    place = TopicPartition(TOPIC, 0, DELETED_BEFORE)
    admin.delete_records([place])[place].result(FLUSH_S)


def _transactional(bootstrap_servers: str, transactional_id: str) -> Producer:
    producer = Producer(
        {
            "bootstrap.servers": bootstrap_servers,
            "transactional.id": transactional_id,
            "transaction.timeout.ms": TRANSACTION_TIMEOUT_MS,
            "compression.type": "lz4",
        }
    )
    producer.init_transactions(FLUSH_S)
    return producer


def _send(producer: Producer, value: str, timestamp_ms: int) -> None:
    producer.produce(
        TOPIC,
        value=value,
        key=f"key of {value}",
        partition=0,
        timestamp=timestamp_ms,
        headers=[("of", value.encode())],
    )
