"""One schedule: the broker, its topics, the network, the members, and what goes wrong.

For a while requests and answers are delayed, doubled and lost; members join, leave, crash, restart
as another kind, fall asleep and read other topics; topics come, grow and go; the broker is killed
or fails to write. Then all of that ends, and the group must settle. Everything is chosen by one
seed: the same seed plays the same schedule.
"""

import heapq
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final, NamedTuple

from pybroker.groups.classic.group import ClassicGroup
from pybroker.groups.classic.state import GroupState
from pybroker.groups.consumer.group import ConsumerGroup
from pybroker.groups.consumer.member import ConsumerMember
from pybroker.groups.consumer.state import ConsumerGroupState
from pybroker.groups.coordinator import GroupCoordinator
from pybroker.groups.rebalances import RebalanceReason
from pybroker.metadata.topics import Topics
from pybroker.store import StoreError
from pybroker.store.topics import TopicCreated
from tests.support.groups import Answer, Bench, Caller
from tests.support.simulation.classic_client import CooperativeClient, EagerClient
from tests.support.simulation.client import Client
from tests.support.simulation.consumer_client import ConsumerClient
from tests.support.simulation.disturbances import (
    DISTURBANCES,
    PARTITIONS_MAX,
    TOPICS_MAX,
    partition_set,
    start_somebody,
)
from tests.support.simulation.ledger import Ledger

SESSION_MS: Final = 6_000
REBALANCE_MS: Final = 10_000
# Dead members expire, then the others rebalance; a dead leader may cost that once more, and what
# was sent before the end arrives late.
CALM_WITHIN_MS: Final = 4 * (SESSION_MS + REBALANCE_MS)
CALM_AFTER_MS: Final = 8_000
CALM_LOOK_MS: Final = 2_000

# Every so many events the state is compared with what it promises.
CHECK_EVERY: Final = 100

CONFIGS: Final = {
    "group_consumer_session_timeout_ms": SESSION_MS,
    "group_consumer_heartbeat_interval_ms": 1_500,
    "pybroker_consumer_reconciliation_heartbeat_interval_ms": 200,
}


class Plan(NamedTuple):
    """What kind of schedule it is."""

    kinds: Sequence[type[Client]]
    members: int
    disturbed_ms: int


def plan(random: Random) -> Plan:
    """Choose who takes part: small groups mostly, since they see more of one another."""
    kinds: list[Sequence[type[Client]]] = [
        [EagerClient],
        [CooperativeClient],
        [ConsumerClient],
        [ConsumerClient],
        [ConsumerClient, EagerClient],
        [ConsumerClient, CooperativeClient],
    ]
    members = random.choice([2, 3, 3, 4, 5, 6, 8])
    if random.random() < 0.02:
        members = random.randrange(15, 31)
    return Plan(random.choice(kinds), members, random.randrange(5_000, 25_000))


class SimulatedBench(Bench):
    """Compares when it is told to, since a schedule has thousands of decisions."""

    def _compare(self) -> None:
        pass

    def compare(self) -> None:
        super()._compare()


class RecordedAnswer(Answer):
    """An answer that tells what it was, once."""

    def __init__(self, given: Callable[[Any], None] | None) -> None:
        super().__init__()
        self._given = given
        self.on_answered: Callable[[Any], None] | None = None

    def first(self, response: Any) -> "RecordedAnswer":
        """Take the response that came at once, if one did."""
        if response is not None:
            self.set_result(response)
        return self

    def set_result(self, result: Any, /) -> None:
        super().set_result(result)
        if self._given is not None:
            self._given(result)
        if self.on_answered is not None:
            self.on_answered(result)


class World:
    """One schedule."""

    GROUP: Final = "group"

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.plan = plan(self.random)
        self.is_mixed = len(self.plan.kinds) > 1
        self.bench = SimulatedBench(
            group_initial_rebalance_delay_ms=self.random.choice([0, 0, 1_000]),
            pybroker_group_settle_ms=self.random.choice([0, 60]),
            group_consumer_assignment_interval_ms=self.random.choice([0, 0, 1_000]),
            **CONFIGS,
        )
        self.ledger = Ledger()
        self.checked = 0
        self.topics = Topics([])
        self.topic_names: dict[bytes, str] = {}
        self.bench.coordinator.topics = self.topics
        for number in range(self.random.randrange(1, 3)):
            self.create_topic(f"topic-{number}")
        self.is_disturbed = True
        self.events: list[tuple[int, int, Callable[[], None]]] = []
        self.sequence = 0
        self.answers: list[RecordedAnswer] = []
        instances = self.random.choice([0, 0, 2, self.plan.members])
        self.clients = [
            self.new_client(
                f"client-{number}", f"instance-{number}" if number < instances else None
            )
            for number in range(self.plan.members)
        ]

    @property
    def now_ms(self) -> int:
        return self.bench.now_ms

    @property
    def coordinator(self) -> GroupCoordinator:
        return self.bench.coordinator

    # Playing.

    def run(self) -> None:
        end_ms = self.now_ms + self.plan.disturbed_ms
        for _ in self.clients:
            self.after(self.random.randrange(3_000), lambda: start_somebody(self))
        self.after(self.random.randrange(2_000), self._disturb)
        self._play_until(end_ms)
        self.is_disturbed = False
        self.bench.fails_to_store = False
        if not any(client.is_up for client in self.clients):
            self.clients[0].start()
        for client in self.clients:
            client.asleep_until_ms = 0
        # Before that, late requests of the disturbance still arrive, and the dead have sessions.
        self._play_until(end_ms + CALM_AFTER_MS)
        while not self._is_calm() and self.now_ms < end_ms + CALM_WITHIN_MS:
            self._play_until(self.now_ms + CALM_LOOK_MS)
        self._check_calm()

    def after(self, delay_ms: int, event: Callable[[], None]) -> None:
        self.sequence += 1
        heapq.heappush(self.events, (self.now_ms + delay_ms, self.sequence, event))

    def _play_until(self, end_ms: int) -> None:
        """Let events and deadlines come in the order of their times."""
        bench = self.bench
        while True:
            next_ms = min(self.events[0][0] if self.events else end_ms, end_ms)
            deadline_ms = bench.timers.next_deadline_ms()
            if deadline_ms is not None and deadline_ms <= next_ms:
                bench.now_ms = max(deadline_ms, bench.now_ms)
                self.attempt(lambda: bench.timers.fire(bench.now_ms))
                self._look()
                continue
            bench.now_ms = max(bench.now_ms, next_ms)
            if not self.events or self.events[0][0] > end_ms:
                return
            heapq.heappop(self.events)[2]()

    def rebalances(self) -> dict[RebalanceReason, int]:
        """How many began, since the broker was killed last."""
        return self.coordinator.rebalances.by_reason

    def attempt(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except StoreError:
            return None  # The connection gets an error that says nothing; the client tries again.

    def _look(self) -> None:
        """Note an empty group, and compare now and then."""
        group = self.coordinator._loaded.by_id.get(self.GROUP)
        if group is not None and group.is_empty:
            self.ledger.begin_anew()
        self.checked += 1
        if self.checked % CHECK_EVERY == 0 and not self.bench.fails_to_store:
            self.bench.compare()

    # What goes wrong.

    def _disturb(self) -> None:
        if not self.is_disturbed:
            return
        self.random.choice(DISTURBANCES)(self)
        self.after(self.random.randrange(20, 2_500), self._disturb)

    # Topics.

    def some_topics(self) -> frozenset[str]:
        """Choose what somebody reads: mostly the same as everybody, and sometimes what is not."""
        if self.random.random() < 0.6:
            return frozenset({"topic-0", "topic-1"})
        names = [f"topic-{number}" for number in range(TOPICS_MAX)]
        return frozenset(self.random.sample(names, self.random.randrange(1, TOPICS_MAX)))

    def partition_counts(self) -> dict[str, int]:
        """The topics as a client's metadata has them."""
        return {name: len(topic.partitions) for name, topic in self.topics.by_name.items()}

    def create_topic(self, name: str) -> None:
        topic_id = self.random.randbytes(16)
        self.topic_names[topic_id] = name
        count = self.random.randrange(1, PARTITIONS_MAX)
        partitions = [partition_set(topic_id, index) for index in range(count)]
        self.change_topics(name, [TopicCreated(topic_id, name), *partitions])

    def change_topics(self, name: str, changes: list[Any]) -> None:
        self.topics.apply(changes)
        self.attempt(lambda: self.coordinator.notice_topics([name], self.now_ms))
        self._look()

    # Members.

    def new_client(self, name: str, instance: str | None) -> Client:
        return self.random.choice(self.plan.kinds)(self, name, instance)

    def new_member_id(self, name: str) -> str:
        """Make an id as a client does."""
        self.sequence += 1
        return f"{name}-{self.sequence}"

    def consumer_member(self, member_id: str) -> ConsumerMember | None:
        """Find a member of the consumer group."""
        group = self.coordinator._loaded.by_id.get(self.GROUP)
        return group.members.get(member_id) if isinstance(group, ConsumerGroup) else None

    def is_present(self, member_id: str, epoch: int) -> bool:
        """Whether a member of the consumer group is in this epoch."""
        member = self.consumer_member(member_id)
        return member is not None and member.member_epoch == epoch

    # The network.

    def caller(self, version: int, client_id: str) -> Caller:
        return Caller(version, client_id)

    def answer(self, given: Callable[[Any], None] | None = None) -> RecordedAnswer:
        return RecordedAnswer(given)

    def send(self, ask: Callable[[], Any], receive: Callable[[Any], None]) -> None:
        """Carry a request to the broker and its answer back, perhaps."""
        self.after(self._delay_ms(), lambda: self._deliver(ask, receive))
        if self.is_disturbed and self.random.random() < 0.04:
            self.after(self._delay_ms(), lambda: self._deliver(ask, lambda _: None))

    def _delay_ms(self) -> int:
        if self.is_disturbed and self.random.random() < 0.05:
            return self.random.randrange(5_000)
        return self.random.randrange(1, 20)

    def _deliver(self, ask: Callable[[], Any], receive: Callable[[Any], None]) -> None:
        if self.is_disturbed and self.random.random() < 0.02:
            return
        answer = self.attempt(ask)
        self._look()
        if answer is None:
            return
        if not isinstance(answer, RecordedAnswer):
            self._carry_back(answer, receive)
        elif answer.responses:
            self._carry_back(answer.response, receive)
        else:
            answer.on_answered = lambda response: self._carry_back(response, receive)
            self.answers = [each for each in self.answers if not each.done()]
            self.answers.append(answer)

    def _carry_back(self, response: Any, receive: Callable[[Any], None]) -> None:
        if not (self.is_disturbed and self.random.random() < 0.02):
            self.after(self._delay_ms(), lambda: receive(response))

    # What must hold in the end.

    def _is_calm(self) -> bool:
        try:
            self._check_calm()
        except (AssertionError, KeyError):
            return False
        return True

    def _check_calm(self) -> None:
        group = self.coordinator._loaded.by_id[self.GROUP]
        alive = [client for client in self.clients if client.is_up]
        if isinstance(group, ClassicGroup):
            assert group.state is GroupState.STABLE, group.state
        else:
            assert group.state is ConsumerGroupState.STABLE, group.state
            speaks = any(isinstance(client, ConsumerClient) for client in alive)
            assert speaks, "nobody speaks the consumer protocol"
        members = set(group.members)
        assert members == {client.member_id for client in alive}, f"members {members}"
        owned = sorted(partition for client in alive for partition in client.owned)
        wanted = sorted(
            (name, index)
            for name, count in self.partition_counts().items()
            if any(name in client.topics for client in alive)
            for index in range(count)
        )
        assert owned == wanted, f"owned {owned}, wanted {wanted}"
        assert all(name in client.topics for client in alive for name, _ in client.owned)
        assert not [answer for answer in self.answers if not answer.done()]
        self.bench.compare()


def simulate(seed: int) -> World:
    """Play the schedule of one seed."""
    world = World(seed)
    try:
        world.run()
    except BaseException as error:
        kinds = [kind.KIND for kind in world.plan.kinds]
        error.add_note(f"the schedule of seed {seed}, {kinds}, {world.plan.members} members")
        raise
    return world
