"""What the producers here share: confluent-kafka, fed as fast as it takes records."""

import os
from collections.abc import Iterable, Mapping
from itertools import repeat
from typing import Any, Final

from confluent_kafka import KafkaError, Message, Producer

# Payloads repeat after so many; making one for each record would measure the random generator.
PAYLOADS: Final = 64
QUEUED_RECORDS: Final = 500_000
FLUSH_TIMEOUT_S: Final = 300
FULL_QUEUE_POLL_S: Final = 0.01
RECORDS_PER_POLL: Final = 1_000


class EagerProducer:
    """A producer of one topic, with payloads of a size, that counts what is not delivered."""

    def __init__(
        self, bootstrap_servers: str, topic: str, payload_bytes: int, config: Mapping[str, Any]
    ) -> None:
        self._topic = topic
        self._payloads = [os.urandom(payload_bytes) for _ in range(PAYLOADS)]
        self._failed: list[KafkaError] = []
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap_servers,
                "linger.ms": 5,
                "queue.buffering.max.messages": QUEUED_RECORDS,
                "queue.buffering.max.kbytes": 1 << 20,
                # Only failures are reported one by one.
                "delivery.report.only.error": True,
                **config,
            }
        )

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._failed.append(error)

    def produce(
        self, numbers: range, keys: Iterable[bytes | None] = repeat(None), **options: Any
    ) -> None:
        """Hand over the records of these numbers, each with its key; waits while the queue is full.

        It is one loop for all of them: what Python does for each record is part of the figures.
        """
        produce, payloads, topic = self._producer.produce, self._payloads, self._topic
        for number, key in zip(numbers, keys, strict=False):
            value = payloads[number % PAYLOADS]
            while True:
                try:
                    produce(topic, value, key, on_delivery=self._delivered, **options)
                    break
                except BufferError:
                    self._producer.poll(FULL_QUEUE_POLL_S)
            if number % RECORDS_PER_POLL == 0:
                self._producer.poll(0)

    def flush(self) -> None:
        """Wait for every record; raise if one was not delivered."""
        left = self._producer.flush(FLUSH_TIMEOUT_S)
        if self._failed or left:
            failed = self._failed
            raise RuntimeError(f"{left} records are left and {len(failed)} failed: {failed[:3]}")
