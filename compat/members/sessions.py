"""What the members of a group go through, and the clients that it is tried with."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, Self

from confluent_kafka import ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from compat.members.journal import Journal
from compat.members.member import TOPIC, Member, Place, build_go_member
from compat.process import BrokerProcess

PARTITIONS: Final = 6
GROUP: Final = "readers"
WAIT_S: Final = 90.0
LOOK_S: Final = 0.02
PRODUCE_PAUSE_S: Final = 0.02
PRODUCED_AT_ONCE: Final = 10

SETTINGS: Final = {
    "group.initial.rebalance.delay.ms": "0",
    "group.consumer.min.session.timeout.ms": "1000",
    "group.consumer.session.timeout.ms": "6000",
    "group.consumer.min.heartbeat.interval.ms": "500",
    "group.consumer.heartbeat.interval.ms": "500",
}


class Traffic:
    """Numbers, produced without a pause until the end of the `with`."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._producer = Producer({"bootstrap.servers": bootstrap_servers, "linger.ms": 0})
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._produce, name="traffic")
        self.ends = dict.fromkeys(range(PARTITIONS), 0)

    def _produce(self) -> None:
        number = 0
        while not self._stopping.wait(PRODUCE_PAUSE_S):
            for _ in range(PRODUCED_AT_ONCE):
                partition = number % PARTITIONS
                self._producer.produce(
                    TOPIC, str(number), partition=partition, on_delivery=self._delivered
                )
                number += 1
            self._producer.poll(0)
        assert self._producer.flush(WAIT_S) == 0

    def _delivered(self, error: object, message: object) -> None:
        assert error is None, error
        partition, offset = message.partition(), message.offset()  # type: ignore[attr-defined]
        self.ends[partition] = max(self.ends[partition], offset + 1)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()


class Group:
    """The members that are there now."""

    def __init__(self, place: Place) -> None:
        self.journal = Journal()
        self._place = place
        self._members: list[Member] = []
        self._started = 0

    def start(self, kind: str) -> None:
        """Start one more member."""
        self._started += 1
        name = f"{kind}-{self._started}"
        self._members.append(Member(name, kind, self._place, self.journal))

    def kill_oldest(self) -> str:
        """End the oldest member without a word. Gives its kind."""
        member = self._members.pop(0)
        member.kill()
        return member.kind

    def let_oldest_leave(self) -> str:
        """Let the oldest member leave. Gives its kind."""
        member = self._members.pop(0)
        member.leave()
        return member.kind

    def settle(self) -> None:
        """Wait until the partitions are shared by all."""
        names = [member.name for member in self._members]
        self.wait_until(
            lambda: self.journal.is_shared(names, PARTITIONS), lambda: f"{dict(self.journal.owned)}"
        )

    def wait_until(self, condition: Callable[[], object], state: Callable[[], str]) -> None:
        """Return once the condition holds; fail with the state when it does not in time."""
        end = time.monotonic() + WAIT_S
        while not condition():
            for member in self._members:
                member.check()
            assert time.monotonic() < end, f"not within {WAIT_S:.0f} s: {state()}"
            time.sleep(LOOK_S)

    def end(self) -> None:
        """Let everybody leave."""
        while self._members:
            self.let_oldest_leave()


Script = Callable[[Group, Sequence[str]], None]


def come_and_go(group: Group, kinds: Sequence[str]) -> None:
    """Three members share; one is killed and replaced; one leaves."""
    for number in range(3):
        group.start(kinds[number % len(kinds)])
    group.settle()
    group.start(group.kill_oldest())
    group.settle()
    group.let_oldest_leave()
    group.settle()


def replace_each(group: Group, kinds: Sequence[str]) -> None:
    """Each member of the first kind is replaced by one of the second, and then back again."""
    first, second = kinds
    for _ in range(3):
        group.start(first)
    group.settle()
    for kind in (second, first):
        for _ in range(3):
            group.let_oldest_leave()
            group.start(kind)
            group.settle()


SESSIONS: Final[tuple[tuple[str, Script, Sequence[str]], ...]] = (
    ("java, classic", come_and_go, ["java-classic"]),
    ("java, consumer", come_and_go, ["java-consumer"]),
    ("go, classic", come_and_go, ["go-classic"]),
    ("go, consumer", come_and_go, ["go-consumer"]),
    ("confluent, classic", come_and_go, ["confluent-classic"]),
    ("confluent, consumer", come_and_go, ["confluent-consumer"]),
    ("kafka-python", come_and_go, ["kafka-python"]),
    ("aiokafka", come_and_go, ["aiokafka"]),
    ("classic ones mixed", come_and_go, ["java-classic", "go-classic", "kafka-python"]),
    ("consumer ones mixed", come_and_go, ["java-consumer", "go-consumer", "confluent-consumer"]),
    ("both protocols", come_and_go, ["java-consumer", "aiokafka", "go-classic"]),
    ("java replaced", replace_each, ["java-classic", "java-consumer"]),
    ("confluent replaced", replace_each, ["confluent-classic", "confluent-consumer"]),
    ("go replaced", replace_each, ["go-classic", "go-consumer"]),
    ("python by java", replace_each, ["kafka-python", "java-consumer"]),
)


def run_sessions(
    start: Callable[[Mapping[str, str]], BrokerProcess], only: Sequence[str] = ()
) -> int:
    """Run every session against one broker, print how each went, and give the exit code."""
    build_go_member()
    failed = 0
    chosen = [each for each in SESSIONS if not only or each[0] in only]
    for name, script, kinds in chosen:
        began = time.monotonic()
        with start(SETTINGS) as broker, readers(broker) as group:
            fault = play(broker, group, script, kinds)
        failed += fault is not None
        print(
            f"members: {name} {'done' if fault is None else f'FAILED: {fault}'}, "
            f"{group.journal.rebalances} assignments, {group.journal.read_again()} records read "
            f"again, {time.monotonic() - began:.0f} s",
            flush=True,
        )
    print(f"members: {len(chosen) - failed} of {len(chosen)} sessions done")
    return 1 if failed else 0


@contextmanager
def readers(broker: BrokerProcess) -> Iterator[Group]:
    """Give a group of a new topic, whose members leave in the end.

    The group begins with committed offsets. Without them librdkafka 2.16 asks where the log begins,
    and when a rebalance comes before the answer, it goes back there half a second later.
    """
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1)])[TOPIC].result()
    starts = [TopicPartition(TOPIC, partition, 0) for partition in range(PARTITIONS)]
    committed = admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(GROUP, starts)])
    committed[GROUP].result()
    group = Group(Place(broker.bootstrap_servers, GROUP))
    try:
        yield group
    finally:
        group.end()


def play(broker: BrokerProcess, group: Group, script: Script, kinds: Sequence[str]) -> str | None:
    """Let a group go through a script under traffic. Gives what went wrong, or None."""
    journal = group.journal
    try:
        with Traffic(broker.bootstrap_servers) as traffic:
            script(group, kinds)
        group.wait_until(
            lambda: not journal.missing(traffic.ends), lambda: f"{journal.missing(traffic.ends)}"
        )
    except AssertionError as error:
        return str(error)
    return "; ".join(journal.faults) or None
