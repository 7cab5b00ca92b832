"""What readers see of records and topics that are deleted under them."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from tests.support.clients.library import Admin, Library, Message
from tests.support.clients.reading import read_count, read_until

RECORDS = 200


@pytest.fixture
def topic(admin: Admin, library: Library) -> str:
    """A topic with records that count, in batches of several."""
    admin.create_topic("counted", 1)
    messages = [Message(str(number).encode()) for number in range(RECORDS)]
    library.producer().send_all("counted", messages)
    return "counted"


def test_a_reader_in_a_deleted_range_goes_on_where_the_log_starts(
    library: Library, admin: Admin, topic: str
) -> None:
    reader = library.reader(topic)
    read_count([reader], RECORDS)
    admin.delete_records((topic, 0), 120)
    reader.seek((topic, 0), 10)
    records = read_count([reader], RECORDS - 120)
    assert [record.offset for record in records] == list(range(120, RECORDS))
    assert reader.bounds((topic, 0)) == (120, RECORDS)


def test_a_reader_of_a_log_that_was_emptied_reads_what_comes(
    library: Library, admin: Admin, topic: str
) -> None:
    admin.delete_records((topic, 0), RECORDS)
    reader = library.reader(topic)
    library.producer().send_all(topic, [Message(b"new")])
    (record,) = read_count([reader], 1)
    assert (record.offset, record.value) == (RECORDS, b"new")


def test_topics_that_come_and_go_disturb_no_reader_of_another(
    library: Library, admin: Admin, topic: str
) -> None:
    is_over = Event()
    reader, producer = library.reader(topic), library.producer()

    def come_and_go() -> int:
        for count in itertools.count(1):
            name = f"passing-{count}"
            admin.create_topic(name, 3)
            producer.send_all(name, [Message(b"x" * 1_000)] * 30)
            admin.delete_topic(name)
            if is_over.is_set():
                return count
        raise AssertionError

    with ThreadPoolExecutor(1) as threads:
        deleted = threads.submit(come_and_go)
        try:
            writer = library.producer()
            for number in range(RECORDS, 3 * RECORDS):
                writer.send_all(topic, [Message(str(number).encode())])
            records = read_until([reader], lambda read: len(read) >= 3 * RECORDS)
        finally:
            is_over.set()
        assert deleted.result() > 1
    assert [int(record.value or b"") for record in records] == list(range(3 * RECORDS))
