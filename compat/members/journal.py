"""What the members of a group have read and committed, and what must hold of it.

* Whoever begins to read a partition begins at or behind what is committed: nothing is read again
  but what was never committed.
* In the end everything that was produced has been read.
"""

import threading
from collections import defaultdict
from typing import Any, NamedTuple

Partition = int


class Span(NamedTuple):
    """Records that a member was given at once; `last` is inclusive."""

    first: int
    last: int


class Journal:
    """Lines of all members of one group on one topic, in the order in which they came."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: dict[Partition, list[Span]] = defaultdict(list)
        # By member and partition, what it reads next.
        self._positions: dict[str, dict[Partition, int]] = defaultdict(dict)
        self.committed: dict[Partition, int] = {}
        self.owned: dict[str, set[Partition]] = defaultdict(set)
        self.faults: list[str] = []
        self.rebalances = 0

    def add(self, member: str, event: dict[str, Any]) -> None:
        """Take in one line of a member."""
        with self._lock:
            match event["name"]:
                case "partitions_assigned":
                    self.rebalances += 1
                    self.owned[member] |= {each["partition"] for each in event["partitions"]}
                case "partitions_revoked" | "partitions_lost":
                    gone = {each["partition"] for each in event["partitions"]}
                    self.owned[member] -= gone
                    for partition in gone:
                        self._positions[member].pop(partition, None)
                case "records_consumed":
                    for each in event["partitions"]:
                        span = Span(each["minOffset"], each["maxOffset"])
                        self._consumed(member, each["partition"], span)
                case "offsets_committed" if event["success"]:
                    for each in event["offsets"]:
                        partition, offset = each["partition"], each["offset"]
                        self.committed[partition] = max(self.committed.get(partition, 0), offset)

    def forget(self, member: str) -> None:
        """Note that a member is gone."""
        with self._lock:
            self.owned.pop(member, None)
            self._positions.pop(member, None)

    def _consumed(self, member: str, partition: Partition, span: Span) -> None:
        self._spans[partition].append(span)
        position = self._positions[member].get(partition)
        self._positions[member][partition] = span.last + 1
        if span.first == position:
            return
        committed = self.committed.get(partition, 0)
        if span.first < committed:
            self.faults.append(
                f"{member} began partition {partition} at {span.first}, although {committed} "
                "was committed"
            )

    def is_shared(self, members: list[str], partitions: int) -> bool:
        """Say whether every partition has one owner, and every member has one at least."""
        with self._lock:
            owned = [self.owned.get(member, set()) for member in members]
            everything = sorted(partition for each in owned for partition in each)
        return all(owned) and everything == list(range(partitions))

    def missing(self, ends: dict[Partition, int]) -> dict[Partition, int]:
        """Give by partition the first record that nobody has read yet."""
        with self._lock:
            found = {}
            for partition, end in ends.items():
                reached = 0
                for span in sorted(self._spans[partition]):
                    if span.first > reached:
                        break
                    reached = max(reached, span.last + 1)
                if reached < end:
                    found[partition] = reached
            return found

    def read_again(self) -> int:
        """Count the records that were read more than once."""
        with self._lock:
            read = sum(
                each.last + 1 - each.first for spans in self._spans.values() for each in spans
            )
            reached = sum(
                max((each.last + 1 for each in spans), default=0) for spans in self._spans.values()
            )
            return read - reached
