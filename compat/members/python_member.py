"""confluent-kafka, kafka-python or aiokafka as a member that prints what VerifiableConsumer prints.

Arguments: library, bootstrap servers, group id, topic, protocol. It commits what it has read after
every poll, and leaves when it is terminated.
"""

import asyncio
import json
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

HEARTBEAT_MS = 500
SESSION_MS = 6_000
POLL_S = 0.1

Read = tuple[int, int]
"""Partition and offset of a record."""


def say(name: str, **facts: Any) -> None:
    """Print one line."""
    print(json.dumps({"name": name, **facts}), flush=True)


def say_partitions(name: str, partitions: Iterable[int]) -> None:
    """Print what was assigned or revoked."""
    say(name, partitions=[{"partition": partition} for partition in sorted(partitions)])


def say_consumed(records: list[Read]) -> dict[int, int]:
    """Print what was read. Gives what to commit."""
    offsets: dict[int, list[int]] = {}
    for partition, offset in records:
        offsets.setdefault(partition, []).append(offset)
    spans = [
        {"partition": partition, "minOffset": min(each), "maxOffset": max(each)}
        for partition, each in offsets.items()
    ]
    say("records_consumed", count=len(records), partitions=spans)
    return {partition: max(each) + 1 for partition, each in offsets.items()}


def say_committed(offsets: dict[int, int], *, success: bool) -> None:
    """Print what was committed, or was not."""
    pairs = [{"partition": partition, "offset": offset} for partition, offset in offsets.items()]
    say("offsets_committed", offsets=pairs, success=success)


class Stop:
    """Whether it was terminated."""

    def __init__(self) -> None:
        self.is_set = False
        signal.signal(signal.SIGTERM, self._set)

    def _set(self, *_: object) -> None:
        self.is_set = True


@contextmanager
def committing(offsets: dict[int, int], refusal: type[Exception]) -> Iterator[None]:
    """Print whether the `with` committed these offsets; it raises `refusal` where they were not."""
    try:
        yield
    except refusal:
        say_committed(offsets, success=False)
    else:
        say_committed(offsets, success=True)


def confluent(servers: str, group_id: str, topic: str, protocol: str) -> None:
    """Run a member of librdkafka."""
    kafka = import_module("confluent_kafka")

    config: dict[str, Any] = {
        "bootstrap.servers": servers,
        "group.id": group_id,
        "group.protocol": protocol,
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
    }
    if protocol == "classic":
        config |= {"session.timeout.ms": SESSION_MS, "heartbeat.interval.ms": HEARTBEAT_MS}
    consumer = kafka.Consumer(config)

    def tell(name: str) -> Any:
        return lambda _, partitions: say_partitions(name, [each.partition for each in partitions])

    consumer.subscribe(
        [topic],
        on_assign=tell("partitions_assigned"),
        on_revoke=tell("partitions_revoked"),
        on_lost=tell("partitions_lost"),
    )
    stop = Stop()
    while not stop.is_set:
        messages = [each for each in consumer.consume(500, POLL_S) if each.error() is None]
        if messages:
            ends = say_consumed([(each.partition(), each.offset()) for each in messages])
            wanted = [kafka.TopicPartition(topic, *pair) for pair in ends.items()]
            with committing(ends, kafka.KafkaException):
                for answered in consumer.commit(offsets=wanted, asynchronous=False):
                    if answered.error is not None:
                        raise kafka.KafkaException(answered.error)
    consumer.close()


# kafka-python and aiokafka take the configs of the Java client, in snake case, and listeners.


def java_style(servers: str, group_id: str) -> dict[str, Any]:
    """Give the configs of a member."""
    return {
        "bootstrap_servers": servers,
        "group_id": group_id,
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "session_timeout_ms": SESSION_MS,
        "heartbeat_interval_ms": HEARTBEAT_MS,
    }


def listener(base: type) -> Any:
    """Make a listener of a library's class that prints what it hears."""

    class Listener(base):  # type: ignore[misc]
        def on_partitions_assigned(self, assigned: Any) -> None:
            say_partitions("partitions_assigned", [each.partition for each in assigned])

        def on_partitions_revoked(self, revoked: Any) -> None:
            say_partitions("partitions_revoked", [each.partition for each in revoked])

    return Listener()


def reads_of(found: Mapping[Any, Iterable[Any]]) -> list[Read]:
    """List what a poll found, which is by partition."""
    return [(each.partition, each.offset) for batch in found.values() for each in batch]


def kafka_python(servers: str, group_id: str, topic: str, _protocol: str) -> None:
    """Run a member of kafka-python."""
    kafka = import_module("kafka")
    consumer = kafka.KafkaConsumer(**java_style(servers, group_id))
    # A leader that does not know the topic yet assigns nothing at first.
    consumer.partitions_for_topic(topic)
    consumer.subscribe([topic], listener=listener(kafka.ConsumerRebalanceListener))
    stop = Stop()
    while not stop.is_set:
        reads = reads_of(consumer.poll(timeout_ms=int(POLL_S * 1_000)))
        if reads:
            ends = say_consumed(reads)
            wanted = {
                kafka.TopicPartition(topic, partition): kafka.OffsetAndMetadata(offset, "", -1)
                for partition, offset in ends.items()
            }
            with committing(ends, kafka.errors.KafkaError):
                consumer.commit(wanted)
    consumer.close()


def aiokafka(servers: str, group_id: str, topic: str, _protocol: str) -> None:
    """Run a member of aiokafka."""
    asyncio.run(_aiokafka(servers, group_id, topic))


async def _aiokafka(servers: str, group_id: str, topic: str) -> None:
    errors = import_module("aiokafka.errors")
    stop = Stop()
    while not stop.is_set:
        try:
            await _aiokafka_until(stop, servers, group_id, topic)
        except errors.KafkaError as error:
            # When the group changes its protocol, Kafka refuses the JoinGroup that waits, and
            # aiokafka 0.14 gives up; its application starts again.
            if errors.RebalanceInProgressError.__name__ not in str(error):
                raise


async def _aiokafka_until(stop: Stop, servers: str, group_id: str, topic: str) -> None:
    aiokafka = import_module("aiokafka")
    # Its own default is shared with none of the others.
    assignor = import_module("aiokafka.coordinator.assignors.range").RangePartitionAssignor
    consumer = aiokafka.AIOKafkaConsumer(
        **java_style(servers, group_id), partition_assignment_strategy=[assignor]
    )
    consumer.subscribe([topic], listener=listener(aiokafka.ConsumerRebalanceListener))
    try:
        await consumer.start()
        while not stop.is_set:
            reads = reads_of(await consumer.getmany(timeout_ms=int(POLL_S * 1_000)))
            if reads:
                ends = say_consumed(reads)
                wanted = {
                    aiokafka.TopicPartition(topic, partition): offset
                    for partition, offset in ends.items()
                }
                with committing(ends, aiokafka.errors.KafkaError):
                    await consumer.commit(wanted)
    finally:
        await consumer.stop()


LIBRARIES = {"confluent": confluent, "kafka-python": kafka_python, "aiokafka": aiokafka}

if __name__ == "__main__":
    LIBRARIES[sys.argv[1]](*sys.argv[2:])
