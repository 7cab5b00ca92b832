"""Reading with several consumers until something holds."""

from collections.abc import Callable, Iterable, Sequence

from tests.support.clients.library import Consumer, Record
from tests.support.waiting import DEADLINE_S, wait_until

# How long one consumer waits while the others are not served.
POLL_TIMEOUT_S = 0.05


def read_until(
    consumers: Sequence[Consumer],
    condition: Callable[[list[Record]], object],
    deadline_s: float = DEADLINE_S,
) -> list[Record]:
    """Poll the consumers in turn until the condition holds for what they read in order."""
    records: list[Record] = []

    def poll_all() -> object:
        for consumer in consumers:
            records.extend(consumer.poll(POLL_TIMEOUT_S))
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
    consumer: Consumer, topic: str, partitions: Iterable[int], deadline_s: float = DEADLINE_S
) -> dict[int, list[Record]]:
    """Read from where the consumer is to the present ends. Gives the records by partition."""
    ends = {partition: consumer.bounds((topic, partition))[1] for partition in partitions}

    def is_through(_: list[Record]) -> bool:
        return all(
            consumer.position((topic, partition)) >= end for partition, end in ends.items() if end
        )

    found: dict[int, list[Record]] = {partition: [] for partition in ends}
    for record in read_until([consumer], is_through, deadline_s):
        found[record.partition].append(record)
    return found


def wait_for_assignments(
    consumers: Sequence[Consumer], condition: Callable[[list[set[tuple[str, int]]]], object]
) -> list[Record]:
    """Poll until the assignments, in the consumers' order, are as wanted. Gives what was read."""
    return read_until(consumers, lambda _: condition([each.assignment() for each in consumers]))
