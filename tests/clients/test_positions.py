"""Where readers begin: by timestamp, by offset, at either end."""

import pytest

from tests.support.clients.library import Admin, Library, Message
from tests.support.clients.reading import read_count, read_through

START_MS = 1_700_000_000_000
STEP_MS = 1_000
RECORDS = 200

# (timestamp, offset of the first record at or after it)
TIMES = [
    (0, 0),
    (START_MS, 0),
    (START_MS + 1, 1),
    (START_MS + 57 * STEP_MS, 57),
    (START_MS + 57 * STEP_MS + 1, 58),
    (START_MS + (RECORDS - 1) * STEP_MS, RECORDS - 1),
    (START_MS + RECORDS * STEP_MS, None),
]


@pytest.fixture
def topic(admin: Admin, library: Library) -> str:
    """A topic with a record a second, in batches of several records."""
    admin.create_topic("clock", 1)
    messages = [
        Message(str(number).encode(), timestamp_ms=START_MS + number * STEP_MS)
        for number in range(RECORDS)
    ]
    library.producer(compression="zstd").send_all("clock", messages)
    return "clock"


def test_offsets_are_found_by_timestamp(library: Library, topic: str) -> None:
    reader = library.reader(topic)
    found = [reader.offset_for_time((topic, 0), timestamp_ms) for timestamp_ms, _ in TIMES]
    assert found == [offset for _, offset in TIMES]


def test_a_reader_goes_on_at_a_timestamp(library: Library, topic: str) -> None:
    reader = library.reader(topic)
    read_count([reader], RECORDS)
    offset = reader.offset_for_time((topic, 0), START_MS + 150 * STEP_MS)
    assert offset == 150
    reader.seek((topic, 0), offset)
    records = read_count([reader], RECORDS - 150)
    assert [record.offset for record in records] == list(range(150, RECORDS))
    assert records[0].timestamp_ms == START_MS + 150 * STEP_MS


@pytest.mark.parametrize("offset", [0, 1, 99, RECORDS - 1])
def test_a_reader_goes_on_at_an_offset_inside_a_batch(
    library: Library, topic: str, offset: int
) -> None:
    reader = library.reader(topic)
    read_count([reader], RECORDS)
    reader.seek((topic, 0), offset)
    records = read_count([reader], RECORDS - offset)
    assert [int(record.value or b"") for record in records] == list(range(offset, RECORDS))


def test_an_offset_out_of_range_begins_where_the_reader_says(library: Library, topic: str) -> None:
    reader = library.reader(topic)
    read_count([reader], RECORDS)
    reader.seek((topic, 0), RECORDS + 1_000)
    records = read_count([reader], RECORDS)
    assert records[0].offset == 0


def test_the_bounds_of_a_partition_are_its_first_offset_and_its_end(
    library: Library, admin: Admin, topic: str
) -> None:
    admin.create_topic("empty", 1)
    reader = library.reader(topic)
    assert reader.bounds((topic, 0)) == (0, RECORDS)
    assert reader.bounds(("empty", 0)) == (0, 0)


def test_the_broker_dates_records_of_a_topic_with_log_append_time(
    library: Library, admin: Admin
) -> None:
    admin.create_topic("dated", 1, configs={"message.timestamp.type": "LogAppendTime"})
    library.producer().send_all("dated", [Message(b"old", timestamp_ms=START_MS)] * 3)
    records = read_through(library.reader("dated"), "dated", [0])[0]
    assert [record.value for record in records] == [b"old"] * 3
    assert all(record.timestamp_ms > START_MS for record in records)
