"""Members of the classic protocol in a consumer group, on the coordinator's bench.

A member joins with what it owns, syncs for what it has, and heartbeats until it must join again, as
a cooperative consumer does; an eager one owns nothing when it joins.
"""

from collections.abc import Mapping, Sequence

from pybroker.errors import ErrorCode
from pybroker.groups.classic.consumer_data import read_assignment
from pybroker.protocol.consumer_protocol import ConsumerProtocolSubscription, encode_versioned
from tests.support.consumer_bench import ConsumerBench
from tests.support.groups import Answer

Partitions = Mapping[str, Sequence[int]]


def subscription(topics: Sequence[str], owned: Partitions, version: int = 3) -> bytes:
    return encode_versioned(
        ConsumerProtocolSubscription(
            topics=list(topics),
            owned_partitions=[
                ConsumerProtocolSubscription.TopicPartition(topic=name, partitions=list(indexes))
                for name, indexes in owned.items()
            ],
        ),
        version,
    )


class ClassicConsumer:
    """One member."""

    def __init__(
        self,
        bench: ConsumerBench,
        *topics: str,
        instance: str | None = None,
        protocol: str = "range",
        is_eager: bool = False,
    ) -> None:
        self.bench = bench
        self.topics = topics or ("orders",)
        self.instance = instance
        self.protocol = protocol
        self.is_eager = is_eager
        self.member_id = ""
        self.generation_id = -1
        self.owned: dict[str, list[int]] = {}

    def join(self) -> Answer:
        """Join; whoever needs an id for that gets it first."""
        metadata = subscription(self.topics, {} if self.is_eager else self.owned)
        answer = self.bench.join(
            self.member_id,
            instance=self.instance,
            protocols={self.protocol: metadata},
            session_ms=10_000,
        )
        if not answer.is_waiting:
            if answer.code is ErrorCode.MEMBER_ID_REQUIRED:
                self.member_id = answer.response.member_id
                return self.join()
            if answer.code is ErrorCode.NONE:
                self.joined(answer)
        return answer

    def joined(self, answer: Answer) -> None:
        self.member_id = answer.response.member_id
        self.generation_id = answer.response.generation_id

    def sync(self, assignments: Mapping[str, bytes] | None = None) -> ErrorCode:
        """Fetch what it has."""
        answer = self.bench.sync(
            self.member_id, self.generation_id, assignments, instance=self.instance
        )
        if answer.code is ErrorCode.NONE:
            assigned = read_assignment(answer.response.assignment).assigned_partitions
            self.owned = {each.topic: list(each.partitions) for each in assigned}
        return answer.code

    def heartbeat(self) -> ErrorCode:
        return self.bench.heartbeat(self.member_id, self.generation_id, instance=self.instance)

    def come_in(self) -> None:
        """Join and sync."""
        assert self.join().code is ErrorCode.NONE
        assert self.sync() is ErrorCode.NONE

    def follow(self) -> bool:
        """Heartbeat, and join again if that is what it is told; says whether it was."""
        if self.heartbeat() is ErrorCode.NONE:
            return False
        self.come_in()
        return True
