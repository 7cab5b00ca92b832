"""Reading with several consumers until something holds."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.support.clients.library import Consumer, Record
from tests.support.waiting import DEADLINE_S, wait_until

POLL_TIMEOUT_S = 0.2


def read_until(
    consumers: Sequence[Consumer],
    condition: Callable[[list[Record]], object],
    deadline_s: float = DEADLINE_S,
) -> list[Record]:
    """Poll until the condition holds for what was read, in order by consumer.

    The consumers poll at the same time, as those of an application do: kafka-python 3.0.12 joins
    anew when a join ended while it did not poll, so that members who poll in turn would keep each
    other rebalancing.
    """
    records: list[Record] = []

    def poll(consumer: Consumer) -> list[Record]:
        return consumer.poll(POLL_TIMEOUT_S)

    with ThreadPoolExecutor(len(consumers)) as threads:

        def poll_all() -> object:
            for found in threads.map(poll, consumers):
                records.extend(found)
            return condition(records)

        wait_until(poll_all, deadline_s)
    return records


def read_count(
    consumers: Sequence[Consumer], count: int, deadline_s: float = DEADLINE_S
) -> list[Record]:
    """Read so many records. More of them fail the test."""
    records = read_until(consumers, lambda read: len(read) >= count, deadline_s)
    assert len(records) == count
    return records


def read_through(
    reader: Consumer, topic: str, partitions: Iterable[int], deadline_s: float = DEADLINE_S
) -> dict[int, list[Record]]:
    """Read partitions from their start to their present ends. Gives the records by partition."""
    bounds = {partition: reader.bounds((topic, partition)) for partition in partitions}
    missing = {partition: end for partition, (first, end) in bounds.items() if first < end}
    found: dict[int, list[Record]] = {partition: [] for partition in bounds}

    def is_through() -> bool:
        for record in reader.poll(POLL_TIMEOUT_S):
            found[record.partition].append(record)
            if record.offset + 1 == missing.get(record.partition):
                del missing[record.partition]
        return not missing

    wait_until(is_through, deadline_s)
    return found


def wait_for_assignments(
    consumers: Sequence[Consumer], condition: Callable[[list[set[tuple[str, int]]]], object]
) -> list[Record]:
    """Poll until the assignments, in the consumers' order, are as wanted. Gives what was read."""
    return read_until(consumers, lambda _: condition([each.assignment() for each in consumers]))
