"""Everything that a consumer can learn of a partition, so that two brokers can be compared."""

from typing import Any, Final, NamedTuple

from confluent_kafka import Consumer, IsolationLevel, Message, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from compat.logs.writing import TOPIC

READ_S: Final = 30.0
END_OF_PARTITION: Final = "_PARTITION_EOF"
LEVELS: Final = ("read_committed", "read_uncommitted")
TIMESTAMPS: Final = range(1_699_999_990_000, 1_700_000_310_000, 15_500)
ISOLATION: Final = {
    "read_committed": IsolationLevel.READ_COMMITTED,
    "read_uncommitted": IsolationLevel.READ_UNCOMMITTED,
}


class Record(NamedTuple):
    """One record as a consumer gets it."""

    offset: int
    timestamp: tuple[int, int]
    leader_epoch: int | None
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


class Partition(NamedTuple):
    """What one isolation level shows of a partition."""

    records: tuple[Record, ...]
    earliest: int
    latest: int
    largest_timestamp: tuple[int, int]
    by_timestamp: tuple[tuple[int, int], ...]


def read(bootstrap_servers: str) -> dict[str, Partition]:
    """Read the partition at both isolation levels."""
    return {level: _read(bootstrap_servers, level) for level in LEVELS}


def _read(bootstrap_servers: str, level: str) -> Partition:
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    earliest = _offset(admin, level, OffsetSpec.earliest())[0]
    return Partition(
        records=tuple(
            _record(message) for message in messages(bootstrap_servers, level, TOPIC, earliest)
        ),
        earliest=earliest,
        latest=_offset(admin, level, OffsetSpec.latest())[0],
        largest_timestamp=_offset(admin, level, OffsetSpec.max_timestamp()),
        by_timestamp=tuple(
            _offset(admin, level, OffsetSpec.for_timestamp(at)) for at in TIMESTAMPS
        ),
    )


def messages(bootstrap_servers: str, level: str, topic: str, offset: int) -> list[Message]:
    """Read partition 0 of a topic from an offset to its end, at one of LEVELS."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": f"reader-{level}",
            "isolation.level": level,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
        }
    )
    found: list[Message] = []
    try:
        consumer.assign([TopicPartition(topic, 0, offset)])
        while True:
            message = consumer.poll(READ_S)
            assert message is not None, "the end of the partition was not reached"
            error = message.error()
            if error is not None:
                assert error.name() == END_OF_PARTITION, error
                return found
            found.append(message)
    finally:
        consumer.close()


def _record(message: Message) -> Record:
    # All that is written here has a key, a value, and headers whose values are bytes.
    offset, key, value = message.offset(), message.key(), message.value()
    headers: Any = message.headers() or []
    assert offset is not None
    assert key is not None
    assert value is not None
    return Record(
        offset=offset,
        timestamp=message.timestamp(),
        leader_epoch=message.leader_epoch(),
        key=key,
        value=value,
        headers=tuple((name, content) for name, content in headers),
    )


def _offset(admin: AdminClient, level: str, spec: OffsetSpec) -> tuple[int, int]:
    found = admin.list_offsets(
        {TopicPartition(TOPIC, 0): spec}, isolation_level=ISOLATION[level], request_timeout=READ_S
    )
    result = next(iter(found.values())).result(READ_S)
    return result.offset, result.timestamp
