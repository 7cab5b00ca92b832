"""A fetch that waits is answered by the append, not by a timer."""

from concurrent.futures import ThreadPoolExecutor

from pybroker import Broker
from tests.support.clients.library import Admin, Library, Message
from tests.support.waiting import DEADLINE_S, wait_until

# Longer than the test may take: what comes before has not waited for it.
FETCH_MAX_WAIT_MS = 100_000


def test_a_reader_that_would_wait_for_long_sees_each_record_at_its_append(
    broker: Broker, library: Library, admin: Admin
) -> None:
    admin.create_topic("quiet", 1)
    producer = library.producer()
    reader = library.reader("quiet", fetch_max_wait_ms=FETCH_MAX_WAIT_MS)
    assert reader.poll(0.1) == []
    with ThreadPoolExecutor(1) as thread:
        for number in range(10):
            fetches = broker.data_plane.counters()["fetch_requests"]
            reading = thread.submit(reader.poll, DEADLINE_S)
            producer.send_all("quiet", [Message(str(number).encode())])
            (record,) = reading.result(DEADLINE_S)
            assert record.value == str(number).encode()
            # The reader asks again when it is polled, and then it waits: it never asks in between.
            wait_until(
                lambda: (
                    not reader.poll(0) and broker.data_plane.counters()["fetch_requests"] > fetches  # noqa: B023
                )
            )
            assert broker.data_plane.counters()["fetch_requests"] <= fetches + 2
