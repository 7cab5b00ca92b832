"""The two groups that read the example's topics, each with a client library of its own."""

import gzip
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING

import confluent_kafka
import kafka
from bank_data import Transaction

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

POLL_TIMEOUT_S = 0.2


class Tally:
    """What was published or read: how many records, where, and a sum in which order is nothing."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.places: set[tuple[str, int, int]] = set()
        self.checksum = 0

    def add(
        self, topic: str, partition: int, offset: int, key: bytes | None, value: bytes | None
    ) -> None:
        """Count a record."""
        self.counts[topic] += 1
        self.places.add((topic, partition, offset))
        self.checksum += zlib.crc32((key or b"") + b"\0" + (value or b""))

    def __add__(self, other: "Tally") -> "Tally":
        total = Tally()
        total.counts = self.counts + other.counts
        total.places = self.places | other.places
        total.checksum = self.checksum + other.checksum
        return total

    def is_each_once(self, published: "Tally") -> bool:
        """Say whether these are the published records, each exactly once."""
        return (
            self.counts == published.counts
            and self.places == published.places
            and self.checksum == published.checksum
        )


class Reader(threading.Thread):
    """A group member on a thread of its own, until it is stopped."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.tally = Tally()
        self.assigned = 0
        self._stopping = threading.Event()
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self.read(self._stopping.is_set)
        except BaseException as error:
            self._error = error

    def read(self, is_stopping: Callable[[], bool]) -> None:
        """Read, then commit and leave the group, which closing a consumer does."""
        raise NotImplementedError

    def stop(self) -> None:
        """Let it end, and raise what went wrong."""
        self._stopping.set()
        self.join()
        if self._error is not None:
            raise self._error


class BalanceReader(Reader):
    """Follows the balances of the customers in its partitions, with confluent-kafka."""

    def __init__(self, bootstrap_servers: str, topics: Sequence[str]) -> None:
        super().__init__()
        self.balances: dict[str, Decimal] = {}
        self.flagged: Counter[str] = Counter()
        self.emptied = 0
        self.out_of_order = 0
        self._topics = list(topics)
        self._consumer = confluent_kafka.Consumer(
            {
                "bootstrap.servers": bootstrap_servers,
                "group.id": "balances",
                "auto.offset.reset": "earliest",
            }
        )

    def read(self, is_stopping: Callable[[], bool]) -> None:
        self._consumer.subscribe(self._topics)
        try:
            while not is_stopping():
                message = self._consumer.poll(POLL_TIMEOUT_S)
                self.assigned = len(self._consumer.assignment())
                if message is None:
                    continue
                if message.error():
                    raise confluent_kafka.KafkaException(message.error())
                place = message.topic(), message.partition(), message.offset()
                self.tally.add(*place, message.key(), message.value())
                if message.topic() == "transactions":
                    self._follow(Transaction.from_csv(message.value()))
        finally:
            self._consumer.close()

    def _follow(self, transaction: Transaction) -> None:
        customer = transaction.nameOrig
        if self.balances.get(customer, transaction.oldbalanceOrg) != transaction.oldbalanceOrg:
            self.out_of_order += 1
        self.balances[customer] = transaction.newbalanceOrig
        self.emptied += transaction.isFraud
        if transaction.isFlaggedFraud:
            self.flagged[customer] += 1


class ArchiveReader(Reader):
    """Writes everything into compressed files, one a topic, with kafka-python."""

    def __init__(self, bootstrap_servers: str, topics: Sequence[str], folder: "Path") -> None:
        super().__init__()
        self.files = {topic: folder / f"{topic}.gz" for topic in topics}
        self._consumer = kafka.KafkaConsumer(
            bootstrap_servers=bootstrap_servers,
            group_id="archive",
            auto_offset_reset="earliest",
        )
        # It then knows the partitions of the topics when it joins its group.
        self._consumer.topics()
        self._consumer.subscribe(topics)

    def read(self, is_stopping: Callable[[], bool]) -> None:
        with ExitStack() as stack:
            self._archive(is_stopping, stack)

    def _archive(self, is_stopping: Callable[[], bool], stack: ExitStack) -> None:
        files: dict[str, IO[bytes]] = {
            topic: stack.enter_context(gzip.GzipFile(file, "wb", compresslevel=1))
            for topic, file in self.files.items()
        }
        try:
            while not is_stopping():
                found = self._consumer.poll(timeout_ms=int(POLL_TIMEOUT_S * 1000))
                self.assigned = len(self._consumer.assignment())
                for record in (record for records in found.values() for record in records):
                    place = record.topic, record.partition, record.offset
                    self.tally.add(*place, record.key, record.value)
                    files[record.topic].write(record.value + b"\n")
        finally:
            self._consumer.close()
