"""A restart of the broker in the middle: clients go on, and nothing acknowledged is lost."""

from collections.abc import Callable

import pytest

from compat.pybroker_process import PybrokerProcess
from tests.support.clients.library import Library
from tests.support.clients.reading import read_through
from tests.support.clients.streams import MemberStream, ProducerStream
from tests.support.waiting import wait_until

PARTITIONS = 3
RECORDS_BETWEEN = 600

ENDS: dict[str, Callable[[PybrokerProcess], None]] = {
    "clean": PybrokerProcess.stop,
    "kill": PybrokerProcess.kill,
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_clients_go_on_after_a_restart_and_nothing_is_lost_or_doubled(
    process: PybrokerProcess, process_library: Library, end: Callable[[PybrokerProcess], None]
) -> None:
    library = process_library
    library.admin().create_topic("orders", PARTITIONS)
    sending = ProducerStream(library.producer(), "orders", range(PARTITIONS))
    reading = MemberStream(library.member("readers", "orders"))
    with sending, reading:
        for _ in range(2):
            sending.wait_until_at_least(sending.done() + RECORDS_BETWEEN)
            reading.wait_until_at_least(reading.done() + RECORDS_BETWEEN)
            end(process)
            process.start()
        sending.wait_until_at_least(sending.done() + RECORDS_BETWEEN)
        sending.stop()
        reader = library.reader("orders", range(PARTITIONS))
        found = read_through(reader, "orders", range(PARTITIONS))
        sending.check(found)
        stored = {record for records in found.values() for record in records}
        assert len(stored) == sum(sending.sent.values())
        # The member sees the same records at the same offsets, whatever it reads again.
        wait_until(lambda: len(reading.records) >= len(stored) and set(reading.records) == stored)


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_a_group_resumes_at_its_commits_after_a_restart(
    process: PybrokerProcess, process_library: Library, end: Callable[[PybrokerProcess], None]
) -> None:
    library = process_library
    library.admin().create_topic("orders", PARTITIONS)
    with ProducerStream(library.producer(), "orders", range(PARTITIONS)) as sending:
        sending.wait_until_at_least(RECORDS_BETWEEN)
    member = library.member("readers", "orders")
    with MemberStream(member) as reading:
        wait_until(lambda: sum(reading.committed.values()) == sending.done())
    library.forget(member)
    member.close()
    end(process)
    process.start()
    member = library.member("readers", "orders")
    wait_until(lambda: member.poll(0.2) == [] and len(member.assignment()) == PARTITIONS)
    for partition in range(PARTITIONS):
        committed = reading.committed["orders", partition]
        assert member.committed(("orders", partition)) == committed
