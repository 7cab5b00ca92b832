"""Produces random records with confluent-kafka as fast as it can, and says how long it took."""

import json
import os
import sys
import time
from typing import Any, Final

from confluent_kafka import KafkaError, Message, Producer

# Payloads repeat after so many; making one for each record would measure the random generator.
PAYLOADS: Final = 64
QUEUED_RECORDS: Final = 500_000
FLUSH_TIMEOUT_S: Final = 300


def main(arguments: dict[str, Any]) -> dict[str, float]:
    """Produce and give the seconds from the second record to the last acknowledgement."""
    failed: list[KafkaError] = []

    def delivered(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            failed.append(error)

    producer = Producer(
        {
            "bootstrap.servers": arguments["bootstrap_servers"],
            "acks": arguments["acks"],
            "enable.idempotence": arguments["acks"] == "all",
            "linger.ms": 5,
            "queue.buffering.max.messages": QUEUED_RECORDS,
            "queue.buffering.max.kbytes": 1 << 20,
            # Only failures are reported one by one.
            "delivery.report.only.error": True,
        }
    )
    topic = arguments["topic"]
    payloads = [os.urandom(arguments["record_bytes"]) for _ in range(PAYLOADS)]
    # The first record waits for connections and, if need be, for a producer id; librdkafka may
    # take half a second for that, whatever the broker does.
    producer.produce(topic, payloads[0], on_delivery=delivered)
    producer.flush(FLUSH_TIMEOUT_S)
    start = time.monotonic()
    for number in range(1, arguments["records"]):
        while True:
            try:
                producer.produce(topic, payloads[number % PAYLOADS], on_delivery=delivered)
                break
            except BufferError:
                producer.poll(0.01)
        if number % 1000 == 0:
            producer.poll(0)
    left = producer.flush(FLUSH_TIMEOUT_S)
    seconds = time.monotonic() - start
    if failed or left:
        raise RuntimeError(f"{left} records are left and {len(failed)} failed: {failed[:3]}")
    return {"seconds": seconds}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
