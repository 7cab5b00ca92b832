"""The coordinator's bench with members of the consumer protocol.

After every request and every deadline the bench checks what a group promises, and that the store
gives the same group back.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pybroker.errors import ErrorCode
from pybroker.groups.consumer.group import ConsumerGroup
from pybroker.groups.consumer.state import ConsumerGroupState, MemberState
from pybroker.metadata.topics import Topics
from pybroker.protocol.consumer_group_describe import ConsumerGroupDescribeResponse
from pybroker.protocol.consumer_group_heartbeat import (
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
)
from pybroker.store.topics import PartitionSet, TopicCreated, TopicDeleted
from tests.support.groups import Bench, Caller

NO_PACE = {"group_consumer_assignment_interval_ms": 0}

Owned = Mapping[str, Iterable[int]]


def topic_id_of(name: str) -> bytes:
    return name.encode().ljust(16, b".")


def make_topics(sizes: Mapping[str, int]) -> Topics:
    topics = Topics()
    for name, size in sizes.items():
        topics.apply([TopicCreated(topic_id_of(name), name), *partitions_of(name, range(size))])
    return topics


def partitions_of(name: str, indexes: Iterable[int]) -> list[PartitionSet]:
    return [PartitionSet(topic_id_of(name), index, 1, 0, "1", "1") for index in indexes]


class ConsumerBench(Bench):
    """A coordinator over some topics, with members that heartbeat as they are told."""

    def __init__(self, topics: Mapping[str, int] | None = None, **configs: Any) -> None:
        self.all_topics = make_topics(topics or {"orders": 4})
        super().__init__(**{**NO_PACE, **configs})

    def start(self) -> None:
        super().start()
        self.coordinator.topics = self.all_topics

    def consumer_group(self, group_id: str = "group") -> ConsumerGroup:
        group = self.coordinator._loaded.by_id[group_id]
        assert isinstance(group, ConsumerGroup)
        return group

    def group_state(self) -> ConsumerGroupState:
        return self.consumer_group().state

    def ask(
        self,
        member_id: str,
        epoch: int = 0,
        *,
        topics: Sequence[str] | None = None,
        regex: str | None = None,
        owned: Owned | None = None,
        instance: str | None = None,
        assignor: str | None = None,
        rack: str | None = None,
        rebalance_ms: int = -1,
        group_id: str = "group",
        version: int = 1,
        node_id: int = 1,
    ) -> ConsumerGroupHeartbeatResponse:
        """Send a heartbeat with the fields that are given."""
        request = ConsumerGroupHeartbeatRequest(
            group_id=group_id,
            member_id=member_id,
            member_epoch=epoch,
            instance_id=instance,
            rack_id=rack,
            rebalance_timeout_ms=rebalance_ms,
            subscribed_topic_names=None if topics is None else list(topics),
            subscribed_topic_regex=regex,
            server_assignor=assignor,
            topic_partitions=None if owned is None else _pairs(owned),
        )
        caller = Caller(version, node_id=node_id)
        response = self.coordinator.consumer_heartbeat(request, caller)
        self._compare()
        return response

    def join_consumer(
        self, member_id: str, *topics: str, **fields: Any
    ) -> ConsumerGroupHeartbeatResponse:
        """Join as a client does, with everything that a first heartbeat says."""
        whole = {"topics": topics or ("orders",), "owned": {}, "rebalance_ms": 60_000, **fields}
        response = self.ask(member_id, 0, **whole)
        assert response.error_code == 0, response
        return response

    def settle(self, *member_ids: str, rounds: int = 8) -> None:
        """Let members do what they are told until the group is stable."""
        for _ in range(rounds):
            for member_id in member_ids or tuple(self.consumer_group().members):
                member = self.consumer_group().members[member_id]
                if member.classic is None and member.member_epoch >= 0:
                    self.ask(member_id, member.member_epoch, owned=self.assigned(member_id))
            if self.group_state() is ConsumerGroupState.STABLE:
                return
        raise AssertionError(f"{self.group_state()} after {rounds} rounds")

    def stable_members(self, *member_ids: str, **fields: Any) -> None:
        for member_id in member_ids:
            self.join_consumer(member_id, **fields)
        self.settle()
        self.take_changes()

    def describe(self, group_id: str = "group") -> ConsumerGroupDescribeResponse.DescribedGroup:
        return self.coordinator.describe_consumer_group(group_id, Caller(1))

    # What members have, by topic name.

    def assigned(self, member_id: str) -> dict[str, list[int]]:
        member = self.consumer_group().members[member_id]
        return self._by_name(member.assigned)

    def pending(self, member_id: str) -> dict[str, list[int]]:
        return self._by_name(self.consumer_group().members[member_id].pending_revocation)

    def target(self, member_id: str) -> dict[str, list[int]]:
        return self._by_name(self.consumer_group().target_of(member_id))

    def member_state(self, member_id: str) -> tuple[MemberState, int]:
        member = self.consumer_group().members[member_id]
        return member.state, member.member_epoch

    def _by_name(self, owned: Mapping[bytes, Iterable[int]]) -> dict[str, list[int]]:
        return {
            topic_id.rstrip(b".").decode(): sorted(indexes) for topic_id, indexes in owned.items()
        }

    # Topics.

    def create_topic(self, name: str, size: int) -> None:
        self.all_topics.apply(
            [TopicCreated(topic_id_of(name), name), *partitions_of(name, range(size))]
        )
        self._notice(name)

    def grow_topic(self, name: str, size: int) -> None:
        present = len(self.all_topics.by_name[name].partitions)
        self.all_topics.apply(partitions_of(name, range(present, size)))
        self._notice(name)

    def delete_topic(self, name: str) -> None:
        self.all_topics.apply([TopicDeleted(topic_id_of(name))])
        self._notice(name)

    def _notice(self, name: str) -> None:
        self.coordinator.notice_topics([name], self.now_ms)
        self._compare()


def refusal(response: ConsumerGroupHeartbeatResponse) -> tuple[ErrorCode, str | None]:
    return ErrorCode(response.error_code), response.error_message


def told(response: ConsumerGroupHeartbeatResponse) -> dict[str, list[int]] | None:
    """What a member is told that it is assigned, by topic name."""
    assert response.error_code == 0, response
    if response.assignment is None:
        return None
    return {
        each.topic_id.rstrip(b".").decode(): each.partitions
        for each in response.assignment.topic_partitions
    }


def _pairs(owned: Owned) -> list[ConsumerGroupHeartbeatRequest.TopicPartitions]:
    return [
        ConsumerGroupHeartbeatRequest.TopicPartitions(
            topic_id=topic_id_of(name), partitions=list(indexes)
        )
        for name, indexes in owned.items()
    ]
