"""A producer and a group member that go on while the broker is stopped and started.

Values are numbers, counted per partition from 0, so that whoever reads a partition sees at once
what is missing, doubled or out of order.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from tests.support.clients.library import Consumer, Message, Producer, Record
from tests.support.waiting import wait_until

# Records of each partition that are on their way at a time.
RECORDS_IN_FLIGHT = 20
POLL_TIMEOUT_S = 0.2


class Stream(ABC):
    """Work on a thread of its own until it is stopped. What it raises is raised by `stop`."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=type(self).__name__)

    @abstractmethod
    def step(self) -> None:
        """Do some of the work."""

    def stop(self) -> None:
        """Let the present step end."""
        self._stopping.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def wait_until_at_least(self, count: int, deadline_s: float = 60.0) -> None:
        """Wait until so much is done."""
        wait_until(lambda: self._error is not None or self.done() >= count, deadline_s)
        if self._error is not None:
            raise self._error

    @abstractmethod
    def done(self) -> int:
        """Say how much is done."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.stop()
        else:
            self._stopping.set()
            self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self.step()
        except BaseException as error:
            self._error = error


class ProducerStream(Stream):
    """Sends numbered records to some partitions, and notes how far they are acknowledged."""

    def __init__(self, producer: Producer, topic: str, partitions: Sequence[int]) -> None:
        super().__init__()
        self._producer = producer
        self._topic = topic
        # By partition: the number that is sent next.
        self.sent = dict.fromkeys(partitions, 0)
        # By partition: offset by number of what is acknowledged.
        self.acknowledged: dict[int, dict[int, int]] = {each: {} for each in partitions}

    def step(self) -> None:
        on_their_way = []
        for _ in range(RECORDS_IN_FLIGHT):
            for partition, number in self.sent.items():
                message = Message(str(number).encode(), b"%d" % partition, partition=partition)
                sent = self._producer.send(self._topic, message)
                on_their_way.append((partition, number, sent))
            self.sent = {partition: number + 1 for partition, number in self.sent.items()}
        self._producer.flush()
        for partition, number, sent in on_their_way:
            self.acknowledged[partition][number] = sent.wait().offset

    def done(self) -> int:
        """Give how many records are acknowledged."""
        return sum(len(each) for each in self.acknowledged.values())

    def check(self, found: dict[int, list[Record]]) -> None:
        """Everything acknowledged was read once, in order, where the acknowledgement says."""
        for partition, acknowledged in self.acknowledged.items():
            numbers = [int(record.value or b"") for record in found[partition]]
            assert numbers == list(range(len(numbers))), f"partition {partition}"
            assert len(numbers) >= len(acknowledged)
            offsets = {int(record.value or b""): record.offset for record in found[partition]}
            assert acknowledged.items() <= offsets.items()


class MemberStream(Stream):
    """A group member that commits what it has read whenever it can."""

    def __init__(self, consumer: Consumer) -> None:
        super().__init__()
        self._consumer = consumer
        self.records: list[Record] = []
        self.failed_steps = 0
        # What the group has certainly read, by partition.
        self.committed: dict[tuple[str, int], int] = {}

    def step(self) -> None:
        try:
            read = self._consumer.poll(POLL_TIMEOUT_S)
            self.records += read
            ends = {(each.topic, each.partition): each.offset + 1 for each in read}
            self._consumer.commit(ends)
            self.committed |= ends
        except Exception:
            # The broker is away, or the group rebalances. A later commit says more than this one.
            self.failed_steps += 1

    def done(self) -> int:
        """Give how many records it has read, the same one perhaps more than once."""
        return len(self.records)
