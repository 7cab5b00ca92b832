"""Records come back as they were written: bit for bit, in order, by whichever client."""

import random
from collections.abc import Callable, Sequence

import pytest

from tests.support.clients import LIBRARIES
from tests.support.clients.library import Admin, Library, Message, Record
from tests.support.clients.reading import read_count

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
START_MS = 1_700_000_000_000
LARGE_RECORD_BYTES = 1_000_000

RANDOM = random.Random(7)
RANDOM_BYTES = RANDOM.randbytes(LARGE_RECORD_BYTES)

MESSAGES = [
    Message(b"value", b"key"),
    Message(b"no key"),
    Message(None, b"tombstone"),
    Message(b"", b"empty value"),
    Message(b"empty key", b""),
    Message(b"", b""),
    Message(b"with headers", b"key", (("a", b"1"), ("b", b""), ("a", b"2"), ("ü", b"\x00\xff"))),
    Message(None, b"tombstone with a header", (("why", b"gone"),)),
    Message("Grüße, 世界 🌍".encode(), "schlüssel".encode()),
    Message(bytes(range(256)), bytes(reversed(range(256)))),
    Message(bytes(100_000), b"compresses well"),
    Message(RANDOM_BYTES[:100_000], b"does not compress"),
]
LARGE_MESSAGES = [
    Message(bytes(LARGE_RECORD_BYTES), b"large"),
    Message(b"small"),
    Message(RANDOM_BYTES),
    Message(RANDOM_BYTES[1:]),
]


def dated(messages: Sequence[Message]) -> list[Message]:
    """Give each message a partition and a timestamp of its own, not all of them rising."""
    return [
        message._replace(timestamp_ms=START_MS + (index * 7_919) % 10_000, partition=0)
        for index, message in enumerate(messages)
    ]


def as_read(topic: str, messages: Sequence[Message], first_offset: int = 0) -> list[Record]:
    """What a consumer reads when these were written to the partition 0."""
    return [
        Record(
            topic,
            0,
            first_offset + index,
            message.timestamp_ms or 0,
            message.key,
            message.value,
            message.headers,
        )
        for index, message in enumerate(messages)
    ]


@pytest.mark.parametrize("codec", CODECS)
def test_records_come_back_bit_for_bit(library: Library, admin: Admin, codec: str) -> None:
    admin.create_topic("records", 1)
    messages = dated([*MESSAGES, *LARGE_MESSAGES])
    sent = library.producer(compression=codec).send_all("records", messages)
    assert [each.offset for each in sent] == list(range(len(messages)))
    reader = library.reader("records")
    assert read_count([reader], len(messages)) == as_read("records", messages)


def test_batches_of_every_client_and_codec_stand_in_one_log(
    connect: Callable[[str], Library],
) -> None:
    libraries = {name: connect(name) for name in LIBRARIES}
    libraries["aiokafka"].admin().create_topic("mixed", 1)
    messages: list[Message] = []
    for codec in CODECS:
        for library in libraries.values():
            written = dated(MESSAGES)
            library.producer(compression=codec).send_all("mixed", written)
            messages += written
    for library in libraries.values():
        found = read_count([library.reader("mixed")], len(messages))
        assert found == as_read("mixed", messages)


@pytest.mark.parametrize("acks", [0, 1, -1])
def test_records_are_stored_whatever_is_acknowledged(
    library: Library, admin: Admin, acks: int
) -> None:
    admin.create_topic("acks", 1)
    messages = dated([Message(str(number).encode()) for number in range(100)])
    producer = library.producer(idempotent=False, acks=acks)
    for message in messages:
        producer.send("acks", message)
    producer.flush()
    assert read_count([library.reader("acks")], 100) == as_read("acks", messages)


def test_a_key_always_goes_to_the_same_partition_and_stays_in_order(
    library: Library, admin: Admin
) -> None:
    admin.create_topic("keyed", 6)
    messages = [
        Message(str(number).encode(), f"customer-{number % 20}".encode()) for number in range(1_000)
    ]
    library.producer().send_all("keyed", messages)
    records = read_count([library.reader("keyed", range(6))], 1_000)
    for customer in range(20):
        key = f"customer-{customer}".encode()
        of_customer = [record for record in records if record.key == key]
        assert len({record.partition for record in of_customer}) == 1
        assert [int(record.value or b"") for record in of_customer] == list(
            range(customer, 1_000, 20)
        )
    assert len({record.partition for record in records}) == 6


def test_the_murmur2_partitions_of_two_clients_are_the_same(
    connect: Callable[[str], Library],
) -> None:
    libraries = [connect("kafka-python"), connect("aiokafka")]
    libraries[0].admin().create_topic("keyed", 12)
    messages = [Message(b"", f"key-{number}".encode()) for number in range(200)]
    first, other = (library.producer().send_all("keyed", messages) for library in libraries)
    assert [each.partition for each in first] == [each.partition for each in other]


def test_many_small_records_arrive_in_order(library: Library, admin: Admin) -> None:
    admin.create_topic("many", 1)
    messages = [Message(str(number).encode(), partition=0) for number in range(5_000)]
    library.producer(compression="lz4").send_all("many", messages)
    records = read_count([library.reader("many")], 5_000)
    assert [record.offset for record in records] == list(range(5_000))
    assert [int(record.value or b"") for record in records] == list(range(5_000))


def test_a_topic_is_created_by_its_first_record(library: Library) -> None:
    (sent,) = library.producer().send_all("unheard-of", [Message(b"first")])
    assert sent == (0, 0)
    (record,) = read_count([library.reader("unheard-of")], 1)
    assert record.value == b"first"


def test_a_record_that_is_too_large_for_the_topic_is_refused(
    library: Library, admin: Admin
) -> None:
    admin.create_topic("small-only", 1, configs={"max.message.bytes": "1000"})
    producer = library.producer()
    with pytest.raises(
        Exception, match=r"(?i)MessageSizeTooLarge|MSG_SIZE_TOO_LARGE|MessageTooLarge"
    ):
        producer.send_all("small-only", [Message(bytes(2_000))])
    (sent,) = library.producer().send_all("small-only", [Message(bytes(100))])
    assert sent.offset == 0
