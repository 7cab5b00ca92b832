"""The consumer protocol with a real client: librdkafka, which speaks both protocols of groups."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from threading import Event, Thread
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from pybroker import Broker
from tests.support.waiting import wait_until

PARTITIONS = 12
# Where the interval never changes it takes two rounds, which are ten seconds.
SETTLED_WITHIN_S = 5.0


class RunningConsumer:
    """A consumer that reads in a thread of its own and commits what it has read."""

    def __init__(self, broker: Broker, topic: str, *, protocol: str = "consumer") -> None:
        settings: dict[str, Any] = {
            "bootstrap.servers": broker.bootstrap_servers,
            "group.id": "group",
            "group.protocol": protocol,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
        if protocol == "classic":
            settings |= {
                "partition.assignment.strategy": "cooperative-sticky",
                "session.timeout.ms": 6_000,
                "heartbeat.interval.ms": 500,
            }
        self.assigned: frozenset[int] = frozenset()
        self.values: list[bytes] = []
        self._topic = topic
        self._consumer = Consumer(settings)
        self._stopping = Event()
        self._thread = Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        self._consumer.subscribe([self._topic])
        while not self._stopping.is_set():
            message = self._consumer.poll(0.01)
            self.assigned = frozenset(each.partition for each in self._consumer.assignment())
            if message is not None and message.error() is None:
                self.values.append(message.value())
                self._consumer.commit(message, asynchronous=False)
        self._consumer.close()


def is_shared(*consumers: RunningConsumer) -> bool:
    """Whether every partition has one reader, and they have equally many."""
    owned = sorted(partition for each in consumers for partition in each.assigned)
    sizes = [len(each.assigned) for each in consumers]
    return owned == list(range(PARTITIONS)) and max(sizes) - min(sizes) <= 1


@pytest.fixture
def start(broker: Broker) -> Iterator[Callable[..., RunningConsumer]]:
    """Start consumers of the topic `orders`."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    admin.create_topics([NewTopic("orders", PARTITIONS, 1)])["orders"].result()
    with ExitStack() as stack:

        def start(**options: str) -> RunningConsumer:
            consumer = RunningConsumer(broker, "orders", **options)
            stack.callback(consumer.stop)
            return consumer

        yield start


def produce(broker: Broker, first: int, count: int) -> set[bytes]:
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers})
    values = {b"%d" % number for number in range(first, first + count)}
    for value in values:
        producer.produce("orders", value, partition=int(value) % PARTITIONS)
    producer.flush()
    return values


def test_consumers_that_start_together_share_the_work_within_moments(broker, start):
    began = time.monotonic()
    consumers = [start() for _ in range(6)]
    wait_until(lambda: is_shared(*consumers))
    assert time.monotonic() - began < SETTLED_WITHIN_S
    values = produce(broker, 0, 60)
    wait_until(lambda: sum(len(each.values) for each in consumers) >= len(values))
    assert sorted(value for each in consumers for value in each.values) == sorted(values)


def test_who_comes_and_goes_moves_only_what_it_must(broker, start):
    first, second = start(), start()
    wait_until(lambda: is_shared(first, second))
    third = start()
    wait_until(lambda: is_shared(first, second, third))
    had = first.assigned, second.assigned
    third.stop()
    wait_until(lambda: is_shared(first, second))
    assert (had[0] <= first.assigned, had[1] <= second.assigned) == (True, True)


def test_a_group_is_upgraded_and_downgraded_while_it_reads(broker, start):
    old = [start(protocol="classic") for _ in range(2)]
    wait_until(lambda: is_shared(*old))
    values = produce(broker, 0, 48)
    wait_until(lambda: sum(len(each.values) for each in old) >= len(values))
    new = start()
    wait_until(lambda: is_shared(*old, new))
    values |= produce(broker, 48, 48)
    everybody = [*old, new]
    wait_until(lambda: {value for each in everybody for value in each.values} == values)
    old[0].stop()
    wait_until(lambda: is_shared(old[1], new))
    new.stop()
    wait_until(lambda: is_shared(old[1]))
    values |= produce(broker, 96, 48)
    wait_until(lambda: {value for each in everybody for value in each.values} == values)
