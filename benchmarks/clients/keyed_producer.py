"""Produces records with random keys with confluent-kafka; the last one begins a segment."""

import json
import os
import random
import sys
import time
from typing import Any, Final

from confluent_kafka import KafkaError, Message, Producer

PAYLOADS: Final = 64
QUEUED_RECORDS: Final = 500_000
FLUSH_TIMEOUT_S: Final = 300
KEY_BYTES: Final = 20


def main(arguments: dict[str, Any]) -> dict[str, float]:
    """Produce `records` with `keys` keys, or one that is `ahead_ms` ahead of now."""
    failed: list[KafkaError] = []

    def delivered(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            failed.append(error)

    producer = Producer(
        {
            "bootstrap.servers": arguments["bootstrap_servers"],
            "linger.ms": 5,
            "queue.buffering.max.messages": QUEUED_RECORDS,
            "queue.buffering.max.kbytes": 1 << 20,
            "delivery.report.only.error": True,
        }
    )
    topic, keys = arguments["topic"], arguments["keys"]
    at_ms = int(time.time() * 1000) + arguments["ahead_ms"]
    value_bytes = arguments["record_bytes"] - KEY_BYTES
    payloads = [os.urandom(value_bytes) for _ in range(PAYLOADS)]
    chance = random.Random(1)
    for number in range(arguments["records"]):
        key = b"%020d" % chance.randrange(keys)
        value = payloads[number % PAYLOADS]
        while True:
            try:
                producer.produce(topic, value, key, timestamp=at_ms, on_delivery=delivered)
                break
            except BufferError:
                producer.poll(0.01)
        if number % 1000 == 0:
            producer.poll(0)
    left = producer.flush(FLUSH_TIMEOUT_S)
    if failed or left:
        raise RuntimeError(f"{left} records are left and {len(failed)} failed: {failed[:3]}")
    return {}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
