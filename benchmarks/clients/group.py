"""Starts the members of one group together and says when every partition had its owner.

A member counts as settled when it has its even share; the group when all have, and the shares are
all partitions. When members of the classic protocol joined is read off librdkafka's log: it spends
some 50 ms before.
"""

import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Final

from confluent_kafka import Consumer, TopicPartition

SETTLE_TIMEOUT_S: Final = 60.0
TURN_S: Final = 0.001
STDERR: Final = 2
# Level, seconds since the epoch, facility, client, and the text.
JOINING: Final = re.compile(rb"%7\|([0-9.]+)\|JOIN\|([^|]*)\|.* Joining group ")


class Member:
    """One consumer and what it owns."""

    def __init__(self, properties: dict[str, Any], topic: str) -> None:
        self.owned: set[int] = set()
        self._is_incremental = (
            properties.get("partition.assignment.strategy") == "cooperative-sticky"
            or properties.get("group.protocol") == "consumer"
        )
        self.consumer = Consumer(properties)
        self.consumer.subscribe([topic], on_assign=self._assigned, on_revoke=self._revoked)

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        if self._is_incremental:
            consumer.incremental_assign(partitions)
            self.owned |= {each.partition for each in partitions}
        else:
            consumer.assign(partitions)
            self.owned = {each.partition for each in partitions}

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        if self._is_incremental:
            consumer.incremental_unassign(partitions)
            self.owned -= {each.partition for each in partitions}
        else:
            consumer.unassign()
            self.owned = set()


def _last_joined_s(log: IO[bytes]) -> float | None:
    """Give when the last member asked to join for the first time, in seconds since the epoch."""
    log.seek(0)
    joined: dict[bytes, float] = {}
    for seconds, client in JOINING.findall(log.read()):
        joined.setdefault(client, float(seconds))
    return max(joined.values(), default=None)


@contextmanager
def _stderr_into(log: IO[bytes]) -> Iterator[None]:
    """Have librdkafka log into a file."""
    before = os.dup(STDERR)
    os.dup2(log.fileno(), STDERR)
    try:
        yield
    finally:
        os.dup2(before, STDERR)
        os.close(before)


def main(arguments: dict[str, Any]) -> dict[str, float]:
    """Give the milliseconds to the last assignment since the last start and the last join."""
    with tempfile.TemporaryFile() as log:
        with _stderr_into(log):
            since_start_ms, settled_at_s = _settle(arguments)
        last_joined_s = _last_joined_s(log)
    figures = {"all assigned ms": since_start_ms}
    if last_joined_s is not None:
        figures["last join to all assigned ms"] = (settled_at_s - last_joined_s) * 1000
    return figures


def _settle(arguments: dict[str, Any]) -> tuple[float, float]:
    """Start the members and wait. Gives the milliseconds it took, and when that was."""
    count, partitions = arguments["members"], arguments["partitions"]
    properties = {
        "bootstrap.servers": arguments["bootstrap_servers"],
        "group.id": arguments["group_id"],
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "debug": "cgrp",
        **arguments["properties"],
    }
    members = [Member(properties, arguments["topic"]) for _ in range(count)]
    started = time.monotonic()
    shares = (partitions // count, -(-partitions // count))
    while True:
        for member in members:
            member.consumer.poll(0)
        is_even = all(shares[0] <= len(member.owned) <= shares[1] for member in members)
        if is_even and len(set().union(*(member.owned for member in members))) == partitions:
            break
        if time.monotonic() - started > SETTLE_TIMEOUT_S:
            raise TimeoutError(f"shares are {[len(member.owned) for member in members]}")
        time.sleep(TURN_S)
    settled, settled_at_s = time.monotonic(), time.time()
    for member in members:
        member.consumer.close()
    return (settled - started) * 1000, settled_at_s


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
