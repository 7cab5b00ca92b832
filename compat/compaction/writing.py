"""What is compacted: every codec, tombstones, transactions that committed and that aborted."""

import random
import time
from typing import Final

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

TOPIC: Final = "compacted"
# Markers have the time of the broker, which must not begin a segment.
START_MS: Final = int(time.time() * 1_000)
SEGMENT_MS: Final = 60_000
KEYS: Final = 25
SEED: Final = 7
FLUSH_S: Final = 30.0
CONFIGS: Final = {
    "cleanup.policy": "compact",
    "min.cleanable.dirty.ratio": "0",
    # Tombstones and markers get their horizon in one round, and go in the next.
    "delete.retention.ms": "1",
    "segment.ms": str(SEGMENT_MS),
}
CODECS: Final = ("none", "gzip", "snappy", "lz4", "zstd")


def create_topic(bootstrap_servers: str) -> None:
    """Make the topic."""
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    admin.create_topics([NewTopic(TOPIC, 1, 1, config=CONFIGS)])[TOPIC].result(FLUSH_S)


def write(bootstrap_servers: str) -> None:
    """Write everything into one segment, and close that."""
    chance = random.Random(SEED)
    for codec in CODECS:
        for acks in ("1", "all"):
            _write_some(_producer(bootstrap_servers, codec, acks=acks), chance, 30)
    first, second = (_transactional(bootstrap_servers, name) for name in ("first", "second"))
    for number in range(12):
        first.begin_transaction()
        second.begin_transaction()
        _write_some(first, chance, 4)
        _write_some(second, chance, 3)
        _end(first, aborts=number % 3 == 0)
        _end(second, aborts=number % 2 == 0)
    # An idempotent producer of which nothing stays but its last sequence.
    idempotent = _producer(bootstrap_servers, "none", acks="all")
    _append(idempotent, b"overwritten", b"first", START_MS)
    _append(_producer(bootstrap_servers, "none", acks="1"), b"overwritten", b"second", START_MS)
    write_filler(bootstrap_servers, 1)


def write_filler(bootstrap_servers: str, round_number: int) -> None:
    """Write a record that is so much later that it begins a segment."""
    producer = _producer(bootstrap_servers, "none", acks="1")
    at_ms = START_MS + 2 * SEGMENT_MS * round_number
    _append(producer, b"filler", b"%d" % round_number, at_ms)


def _write_some(producer: Producer, chance: random.Random, count: int) -> None:
    for _ in range(count):
        value = None if chance.random() < 0.15 else chance.randbytes(chance.randrange(60))
        at_ms = START_MS + chance.randrange(1_000)
        producer.produce(TOPIC, key=b"%d" % chance.randrange(KEYS), value=value, timestamp=at_ms)
    assert producer.flush(FLUSH_S) == 0


def _append(producer: Producer, key: bytes, value: bytes, at_ms: int) -> None:
    producer.produce(TOPIC, key=key, value=value, timestamp=at_ms)
    assert producer.flush(FLUSH_S) == 0


def _end(producer: Producer, *, aborts: bool) -> None:
    if aborts:
        producer.abort_transaction(FLUSH_S)
    else:
        producer.commit_transaction(FLUSH_S)


def _producer(bootstrap_servers: str, codec: str, *, acks: str) -> Producer:
    return Producer(
        {
            "bootstrap.servers": bootstrap_servers,
            "compression.type": codec,
            "acks": acks,
            "enable.idempotence": acks == "all",
            "linger.ms": 20,
        }
    )


def _transactional(bootstrap_servers: str, name: str) -> Producer:
    producer = Producer(
        {"bootstrap.servers": bootstrap_servers, "transactional.id": name, "linger.ms": 20}
    )
    producer.init_transactions(FLUSH_S)
    return producer
