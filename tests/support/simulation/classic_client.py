"""Consumers of the classic protocol: eager ones give everything back before they join again,
cooperative ones keep what they have until the leader says otherwise.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from pybroker.errors import ErrorCode
from pybroker.protocol.codec import codec
from pybroker.protocol.consumer_protocol import (
    ConsumerProtocolAssignment,
    ConsumerProtocolSubscription,
)
from pybroker.protocol.heartbeat import HeartbeatRequest
from pybroker.protocol.join_group import JoinGroupRequest
from pybroker.protocol.leave_group import LeaveGroupRequest
from pybroker.protocol.sync_group import SyncGroupRequest
from tests.support.simulation.client import (
    BACKOFF_MS,
    NO_ID,
    REQUEST_TIMEOUT_MS,
    Client,
    partitions_of,
    unexpected,
)
from tests.support.simulation.ledger import Partition

if TYPE_CHECKING:
    from tests.support.simulation.world import World

SESSION_MS = 6_000
REBALANCE_MS = 10_000
HEARTBEAT_MS = 1_500
JOIN_TIMEOUT_MS = REBALANCE_MS + REQUEST_TIMEOUT_MS
SUBSCRIPTION_VERSION = 2
# Before 9 a static leader that comes back does not learn that it leads.
JOIN_VERSIONS = (5, 8, 9)


class ClassicClient(Client):
    """What both kinds have in common."""

    COMMIT_VERSION = 9
    PROTOCOL: ClassVar[str]
    IS_COOPERATIVE: ClassVar[bool]

    def __init__(self, world: "World", name: str, instance: str | None) -> None:
        super().__init__(world, name, instance)
        self.join_version = world.random.choice(JOIN_VERSIONS)

    def forget(self) -> None:
        super().forget()
        # The topics as the leader knew them when it assigned; None for a follower.
        self.assigned_by: dict[str, int] | None = None

    def owned_topics(self) -> list[tuple[str, bytes, list[int]]]:
        by_topic: dict[str, list[int]] = {}
        for topic, index in sorted(self.owned):
            by_topic.setdefault(topic, []).append(index)
        return [(topic, NO_ID, indexes) for topic, indexes in by_topic.items()]

    def may_change(self) -> bool:
        # It may end before it has told: as in Kafka, a static member that comes back with another
        # subscription begins no rebalance.
        return self.instance is None

    def subscription_changed(self) -> None:
        if self.is_up:
            self.join_again()

    def join_again(self) -> None:
        """Join, after giving up what is given up first."""
        if not self.IS_COOPERATIVE:
            self.owned = frozenset()
        self.join()

    # JoinGroup.

    def join(self) -> None:
        request = JoinGroupRequest(
            group_id=self.world.GROUP,
            session_timeout_ms=SESSION_MS,
            rebalance_timeout_ms=REBALANCE_MS,
            member_id=self.member_id,
            group_instance_id=self.instance,
            protocol_type="consumer",
            protocols=[
                JoinGroupRequest.Protocol(
                    name=self.PROTOCOL,
                    metadata=write_subscription(self.topics, self.owned, self.epoch),
                )
            ],
        )

        def deliver() -> Any:
            answer = self.world.answer()
            return answer.first(
                self.world.coordinator.join(
                    request, self.world.caller(self.join_version, self.name), answer
                )
            )

        self.ask(deliver, self._joined, no_answer=self.join_again, timeout_ms=JOIN_TIMEOUT_MS)

    def _joined(self, response: Any) -> None:
        if response.error_code == ErrorCode.MEMBER_ID_REQUIRED:
            self.member_id = response.member_id
            self.join()
            return
        if response.error_code != ErrorCode.NONE:
            self.refused(response.error_code)
            return
        self.member_id = response.member_id
        self.assigned_by = None
        assignments: dict[str, frozenset[Partition]] = {}
        if response.leader == self.member_id:
            self.assigned_by = self.world.partition_counts()
            if response.skip_assignment:
                # It does not know which topics it has assigned before, so it will assign again.
                self.assigned_by = {}
            else:
                assignments = self._assign(response.members, self.assigned_by)
        self._sync(response.generation_id, assignments)

    def _assign(
        self, members: list[Any], partition_counts: dict[str, int]
    ) -> dict[str, frozenset[Partition]]:
        """Spread each topic over its subscribers; nobody gets what another has not given back."""
        subscriptions = {
            each.member_id: read_subscription(each.metadata) for each in sorted(members, key=_id)
        }
        claims: dict[Partition, tuple[int, str]] = {}
        for member_id, (_, owned, generation_id) in subscriptions.items():
            for partition in owned:
                # KIP-792: who owned it later has it.
                claim = (generation_id, member_id)
                claims[partition] = max(claims.get(partition, claim), claim)
        assignments: dict[str, set[Partition]] = {each: set() for each in subscriptions}
        for topic, count in partition_counts.items():
            subscribers = [
                each for each, (topics, _, _) in subscriptions.items() if topic in topics
            ]
            for index in range(count if subscribers else 0):
                member_id = subscribers[index % len(subscribers)]
                claim = claims.get((topic, index))
                if not self.IS_COOPERATIVE or claim is None or claim[1] == member_id:
                    assignments[member_id].add((topic, index))
        return {each: frozenset(partitions) for each, partitions in assignments.items()}

    # SyncGroup.

    def _sync(self, generation_id: int, assignments: dict[str, frozenset[Partition]]) -> None:
        owner = self.owner
        request = SyncGroupRequest(
            group_id=self.world.GROUP,
            generation_id=generation_id,
            member_id=self.member_id,
            group_instance_id=self.instance,
            protocol_type="consumer",
            protocol_name=self.PROTOCOL,
            assignments=[
                SyncGroupRequest.Assignment(
                    member_id=member_id, assignment=write_assignment(partitions)
                )
                for member_id, partitions in assignments.items()
            ],
        )

        def given(response: Any) -> None:
            if response.error_code == ErrorCode.NONE:
                partitions = read_assignment(response.assignment)
                self.world.ledger.give(partitions, generation_id, owner)

        def deliver() -> Any:
            answer = self.world.answer(given)
            return answer.first(
                self.world.coordinator.sync(request, self.world.caller(5, self.name), answer)
            )

        self.ask(
            deliver,
            lambda response: self._synced(generation_id, response),
            no_answer=self.join_again,
            timeout_ms=JOIN_TIMEOUT_MS,
        )

    def _synced(self, generation_id: int, response: Any) -> None:
        if response.error_code != ErrorCode.NONE:
            self.refused(response.error_code)
            return
        before, self.owned = self.owned, read_assignment(response.assignment)
        self.epoch = generation_id
        if before - self.owned:
            # KIP-429: what it has given back can be given to others in a second rebalance.
            self.later(1, self.join_again)
        else:
            self.later(HEARTBEAT_MS, self.heartbeat)

    # Heartbeat, and how it is told to begin again.

    def heartbeat(self) -> None:
        if self.assigned_by is not None and self.assigned_by != self.world.partition_counts():
            self.join_again()
            return
        if self.world.random.random() < 0.3:
            self.commit()
        request = HeartbeatRequest(
            group_id=self.world.GROUP,
            generation_id=self.epoch,
            member_id=self.member_id,
            group_instance_id=self.instance,
        )
        self.ask(
            lambda: self.world.coordinator.heartbeat(request, self.world.caller(4, self.name)),
            self._heard,
            no_answer=self.heartbeat,
        )

    def _heard(self, code: ErrorCode) -> None:
        match ErrorCode(code):
            case ErrorCode.NONE:
                self.later(HEARTBEAT_MS, self.heartbeat)
            case ErrorCode.REBALANCE_IN_PROGRESS:
                self.commit()
                self.join_again()
            case other:
                self.refused(other)

    def refused(self, code: int) -> None:
        match ErrorCode(code):
            case ErrorCode.UNKNOWN_MEMBER_ID | ErrorCode.FENCED_INSTANCE_ID:
                # A fenced one ends; a supervisor starts it again.
                self.member_id = ""
                self.forget()
            case ErrorCode.ILLEGAL_GENERATION:
                self.forget()
            case ErrorCode.REBALANCE_IN_PROGRESS | ErrorCode.NOT_COORDINATOR:
                pass
            case ErrorCode.INCONSISTENT_GROUP_PROTOCOL if self.world.is_mixed:
                # The subscriptions of the group cannot be told from those of another; try again.
                self.forget()
            case other:
                raise unexpected(self, other)
        self.later(BACKOFF_MS, self.join_again)

    def leave(self) -> None:
        member_id = self.member_id
        if member_id and self.instance is None:
            identity = LeaveGroupRequest.MemberIdentity(member_id=member_id)
            caller = self.world.caller
            self.world.send(
                lambda: self.world.coordinator.leave(
                    self.world.GROUP, [identity], caller(5, self.name)
                ),
                lambda _: None,
            )
        self.stop()


class EagerClient(ClassicClient):
    """Gives everything back first."""

    KIND = "eager"
    PROTOCOL = "range"
    IS_COOPERATIVE = False


class CooperativeClient(ClassicClient):
    """Keeps what it has."""

    KIND = "cooperative"
    PROTOCOL = "cooperative-sticky"
    IS_COOPERATIVE = True


def _id(member: Any) -> str:
    member_id: str = member.group_instance_id or member.member_id
    return member_id


@lru_cache(maxsize=4_096)
def write_subscription(
    topics: frozenset[str], owned: frozenset[Partition], generation_id: int
) -> bytes:
    """What a consumer says in JoinGroup."""
    by_topic: dict[str, list[int]] = {}
    for topic, index in sorted(owned):
        by_topic.setdefault(topic, []).append(index)
    subscription = ConsumerProtocolSubscription(
        topics=sorted(topics),
        owned_partitions=[
            ConsumerProtocolSubscription.TopicPartition(topic=topic, partitions=indexes)
            for topic, indexes in by_topic.items()
        ],
        generation_id=generation_id,
    )
    body = codec(ConsumerProtocolSubscription, SUBSCRIPTION_VERSION).encode(subscription)
    return SUBSCRIPTION_VERSION.to_bytes(2, "big") + body


@lru_cache(maxsize=4_096)
def read_subscription(
    metadata: bytes,
) -> tuple[frozenset[str], frozenset[Partition], int]:
    """Topics, owned partitions, and in which generation."""
    read = codec(ConsumerProtocolSubscription, SUBSCRIPTION_VERSION).decode(metadata[2:])
    owned = partitions_of((each.topic, each.partitions) for each in read.owned_partitions)
    return frozenset(read.topics), owned, read.generation_id


@lru_cache(maxsize=4_096)
def write_assignment(partitions: frozenset[Partition]) -> bytes:
    """What the leader says in SyncGroup."""
    by_topic: dict[str, list[int]] = {}
    for topic, index in sorted(partitions):
        by_topic.setdefault(topic, []).append(index)
    assignment = ConsumerProtocolAssignment(
        assigned_partitions=[
            ConsumerProtocolAssignment.TopicPartition(topic=topic, partitions=indexes)
            for topic, indexes in by_topic.items()
        ]
    )
    return (1).to_bytes(2, "big") + codec(ConsumerProtocolAssignment, 1).encode(assignment)


@lru_cache(maxsize=4_096)
def read_assignment(assignment: bytes) -> frozenset[Partition]:
    """What a member is told in SyncGroup; nothing at all from a leader that left it out."""
    if not assignment:
        return frozenset()
    read = codec(ConsumerProtocolAssignment, 1).decode(assignment[2:])
    return partitions_of((each.topic, each.partitions) for each in read.assigned_partitions)
