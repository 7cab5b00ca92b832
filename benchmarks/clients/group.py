"""Starts the members of one group together and says when every partition had its owner.

A member counts as settled when it has its even share; the group when all have, and the shares are
all partitions.
"""

import json
import sys
import time
from typing import Any, Final

from confluent_kafka import Consumer, TopicPartition

SETTLE_TIMEOUT_S: Final = 60.0
TURN_S: Final = 0.001


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


def main(arguments: dict[str, Any]) -> dict[str, float]:
    """Start the members, wait, and give the milliseconds since the last one was started."""
    count, partitions = arguments["members"], arguments["partitions"]
    properties = {
        "bootstrap.servers": arguments["bootstrap_servers"],
        "group.id": arguments["group_id"],
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
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
    settled = time.monotonic()
    for member in members:
        member.consumer.close()
    return {"all assigned ms": (settled - started) * 1000}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
