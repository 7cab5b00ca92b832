"""One half of a pair that measures from send to receipt; the send time is in the record.

Both halves read CLOCK_MONOTONIC, which all processes of a machine share.
"""

import json
import struct
import sys
import time
from typing import Any, Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

HEAD: Final = struct.Struct("<qq")
QUEUED_RECORDS: Final = 5_000_000
TICK_S: Final = 0.001
RECEIVE_TIMEOUT_S: Final = 30.0
FLUSH_TIMEOUT_S: Final = 60


def produce(arguments: dict[str, Any]) -> dict[str, float]:
    """Send at a fixed rate, a tick's worth of records at a time."""
    producer = Producer(
        {
            "bootstrap.servers": arguments["bootstrap_servers"],
            "acks": "1",
            "linger.ms": arguments["linger_ms"],
            "queue.buffering.max.messages": QUEUED_RECORDS,
        }
    )
    topic, rate, total = arguments["topic"], arguments["rate"], arguments["records"]
    padding = bytes(arguments["record_bytes"] - HEAD.size)
    producer.list_topics(topic)
    start = time.monotonic()
    sent = 0
    while sent < total:
        due = min(total, int((time.monotonic() - start) * rate) + 1)
        while sent < due:
            producer.produce(topic, HEAD.pack(time.monotonic_ns(), sent) + padding)
            sent += 1
        producer.poll(0)
        time.sleep(TICK_S / 2)
    left = producer.flush(FLUSH_TIMEOUT_S)
    return {"seconds": time.monotonic() - start, "left": left}


def consume(arguments: dict[str, Any]) -> dict[str, float]:
    """Receive everything, check that each number came once, and give latencies in µs."""
    consumer = Consumer(
        {
            "bootstrap.servers": arguments["bootstrap_servers"],
            "group.id": "end-to-end",
            "enable.auto.commit": False,
        }
    )
    partitions = range(arguments["partitions"])
    consumer.assign([TopicPartition(arguments["topic"], n, OFFSET_BEGINNING) for n in partitions])
    total, counted_from = arguments["records"], arguments["counted_from"]
    seen = bytearray(total)
    latencies = []
    for _ in range(total):
        message = consumer.poll(RECEIVE_TIMEOUT_S)
        now = time.monotonic_ns()
        if message is None or message.error():
            raise RuntimeError(f"{sum(seen)} of {total} came, then {message and message.error()}")
        value = message.value()
        assert value is not None, "a record without a value is not ours"
        sent_at, number = HEAD.unpack_from(value)
        seen[number] += 1
        if number >= counted_from:
            latencies.append(now - sent_at)
    consumer.close()
    if seen != b"\1" * total:
        raise RuntimeError("a record is missing or came twice")
    latencies.sort()
    count = len(latencies)
    return {
        "mean µs": sum(latencies) / count / 1000,
        "p50 µs": latencies[count // 2] / 1000,
        "p99 µs": latencies[count * 99 // 100] / 1000,
        "p99.9 µs": latencies[count * 999 // 1000] / 1000,
    }


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    print(json.dumps(produce(given) if given["half"] == "produce" else consume(given)))
