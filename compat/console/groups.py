"""Kafka's tools for groups, doing all their verbs in one session, against real Kafka and pybroker.

Both brokers get the same topics, records and commits; then each command runs against both, and what
it prints must be the same line by line. What differs between two runs of one broker is normalised:
ids of members and brokers' addresses.
"""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from compat.console.session import Command, Session, StartBrokers
from compat.kafka import Tool

GROUPS: Final = Tool("consumer.group.ConsumerGroupCommand")
ALL_GROUPS: Final = Tool("GroupsCommand")

TOPICS: Final = {"orders": 3, "returns": 1}
RECORDS: Final = 10  # In each partition, an hour apart from each other.
FIRST_TIMESTAMP_MS: Final = 1_704_067_200_000  # 2024-01-01T00:00:00Z
HOUR_MS: Final = 3_600_000
JOIN_TIMEOUT_S: Final = 30.0
CLASSIC_PROTOCOL: Final = {"session.timeout.ms": 300_000}
CONSUMER_PROTOCOL: Final = {"group.protocol": "consumer"}
SETTINGS: Final = {
    "group.initial.rebalance.delay.ms": "0",
    # A member that the tools' Java machines starve is no less alive.
    "group.consumer.session.timeout.ms": "60000",
    "group.consumer.max.session.timeout.ms": "60000",
}

NORMALISED: Final = (
    (re.compile(r"clerk-[0-9a-f-]{36}"), "MEMBER"),
    # As members of the consumer protocol make them.
    (re.compile(r"(?<![\w+/-])[A-Za-z0-9_+/-]{22}(?![\w+/-])"), "MEMBER"),
    # In the order of a hash map.
    (re.compile(r"Valid states are: .*"), "Valid states are ..."),
    (re.compile(r"(one of the following scenarios): .*"), r"\1 ..."),
)


def _groups(line: str, file: str = "") -> Command:
    return Command(GROUPS, line.split(), file)


def _reset(line: str, *, group: str = "idle", file: str = "") -> Command:
    return _groups(f"--reset-offsets --group {group} {line}", file)


COMMANDS: Final = (
    *map(
        _groups,
        (
            "--list",
            "--list --state",
            "--list --state Stable",
            "--list --state empty,STABLE",
            "--list --state nonsense",
            "--list --type",
            "--list --type classic",
            "--list --type Consumer",
            "--list --state Empty --type classic",
            "--describe --group live",
            "--describe --group live --offsets --verbose",
            "--describe --group live --members",
            "--describe --group live --members --verbose",
            "--describe --group live --state",
            "--describe --group live --state --verbose",
            "--describe --group idle",
            "--describe --group idle --members",
            "--describe --group idle --state",
            "--describe --group modern",
            "--describe --group modern --offsets --verbose",
            "--describe --group modern --members",
            "--describe --group modern --members --verbose",
            "--describe --group modern --state",
            "--describe --group modern --state --verbose",
            "--describe --group past",
            "--describe --group past --state",
            "--describe --group simple",
            "--describe --group nobody",
            "--describe --group nobody --state",
            "--describe --all-groups",
            "--describe --all-groups --state",
        ),
    ),
    *(
        Command(ALL_GROUPS, line.split())
        for line in (
            "--list",
            "--list --group-type classic",
            "--list --group-type consumer",
            "--list --consumer",
            "--list --protocol consumer",
            "--list --share",
        )
    ),
    _reset("--topic orders --to-earliest", group="live"),
    _reset("--topic orders --to-earliest --execute", group="live"),
    _reset("--topic orders --to-earliest --execute", group="modern"),
    _reset("--topic orders --to-offset 5 --execute", group="past"),
    *map(
        _reset,
        (
            "--topic orders --to-earliest",
            "--topic orders --to-latest --dry-run",
            "--topic orders:0,2 --to-offset 4 --dry-run",
            "--topic orders:0 --to-offset 400 --dry-run",
            "--topic orders:1 --to-offset -4 --dry-run",
            "--topic orders --shift-by 2 --dry-run",
            "--topic orders --shift-by -2 --dry-run",
            "--topic orders --shift-by 200 --dry-run",
            "--topic orders --to-current --dry-run",
            "--topic orders --to-datetime 2024-01-01T03:30:00.000 --dry-run",
            "--topic orders --to-datetime 2000-01-01T00:00:00.000 --dry-run",
            "--topic orders --to-datetime 2100-01-01T00:00:00.000 --dry-run",
            "--topic orders --to-datetime 2024-01-01T03:30:00.000+02:00 --dry-run",
            "--topic orders --to-datetime yesterday --dry-run",
            "--topic orders --by-duration PT1H --dry-run",
            "--topic orders --by-duration P20000D --dry-run",
            "--all-topics --to-earliest --dry-run",
            "--topic orders --topic returns --to-latest --dry-run",
            "--topic orders:0,1 --to-earliest --export --dry-run",
            "--topic orders:7 --to-earliest --dry-run",
            "--topic nowhere --to-earliest --dry-run",
            "--to-earliest --dry-run",
            "--topic orders",
            "--topic orders:0,1 --to-offset 3 --execute",
        ),
    ),
    _reset("--from-file FILE --dry-run", file="orders,0,1\norders,1,2\nreturns,0,3\n"),
    _reset("--from-file FILE --execute", file="orders,0,1\nreturns,0,3\n"),
    _reset("--from-file FILE --dry-run", file="orders,0\n"),
    _reset("--topic orders --to-latest --execute", group="newcomer"),
    _groups("--reset-offsets --all-groups --all-topics --to-earliest --dry-run"),
    _groups("--reset-offsets --group idle --group simple --all-topics --to-latest --export"),
    *map(
        _groups,
        (
            "--describe --group idle",
            "--describe --group newcomer",
            "--delete-offsets --group live --topic orders",
            "--delete-offsets --group modern --topic orders",
            "--delete-offsets --group modern --topic returns",
            "--delete-offsets --group past --topic orders:0",
            "--delete-offsets --group idle --topic orders:0",
            "--delete-offsets --group idle --topic orders:0,7",
            "--delete-offsets --group idle --topic nowhere",
            "--delete-offsets --group nobody --topic orders",
            "--describe --group idle",
            "--delete-offsets --group newcomer --topic orders",
            "--describe --group newcomer --state",
            "--delete --group live",
            "--delete --group modern",
            "--delete --group past",
            "--delete --group newcomer --group nobody --group idle",
            "--delete --all-groups",
            "--list",
        ),
    ),
)


SESSION: Final = Session("groups", SETTINGS, COMMANDS, NORMALISED)


@contextmanager
def _prepared(servers: str) -> Iterator[None]:
    """Make topics, records and groups.

    `live` and `modern`, of the consumer protocol, have a member; `idle` and `past` had one;
    `simple` never had.
    """
    config = {"bootstrap.servers": servers}
    kept = {"retention.ms": "-1"}
    topics = [NewTopic(name, count, 1, config=kept) for name, count in TOPICS.items()]
    admin = AdminClient({**config})
    for created in admin.create_topics(topics).values():
        created.result()
    producer = Producer(config)
    for topic, partitions in TOPICS.items():
        for partition in range(partitions):
            for number in range(RECORDS):
                timestamp = FIRST_TIMESTAMP_MS + number * HOUR_MS
                producer.produce(topic, b"record", partition=partition, timestamp=timestamp)
    assert producer.flush(JOIN_TIMEOUT_S) == 0
    with _member(config, "idle", ["orders", "returns"]) as consumer:
        consumer.commit(offsets=_positions("orders", 5, 6, 7), asynchronous=False)
        consumer.commit(offsets=_positions("returns", 10), asynchronous=False)
    simple = Consumer({**config, "group.id": "simple"})
    simple.commit(offsets=_positions("returns", 2), asynchronous=False)
    simple.close()
    with _member(config, "past", ["orders"], CONSUMER_PROTOCOL) as consumer:
        consumer.commit(offsets=_positions("orders", 8, 8, 8), asynchronous=False)
    with (
        _member(config, "live", ["orders"]) as live,
        _member(config, "modern", ["orders"], CONSUMER_PROTOCOL) as modern,
    ):
        for consumer in (live, modern):
            consumer.commit(offsets=_positions("orders", 1, 2, 3), asynchronous=False)
            consumer.commit(offsets=_positions("returns", 4), asynchronous=False)
        yield


@contextmanager
def _member(
    config: Mapping[str, str],
    group_id: str,
    topics: list[str],
    protocol: Mapping[str, str | int] = CLASSIC_PROTOCOL,
) -> Iterator[Consumer]:
    """Join a group, alone, and leave it."""
    consumer = Consumer(
        {
            **config,
            **protocol,
            "group.id": group_id,
            "client.id": "clerk",
            "enable.auto.commit": False,
            "auto.offset.reset": "latest",
            "max.poll.interval.ms": 86_400_000,
        }
    )
    assigned: list[TopicPartition] = []
    consumer.subscribe(topics, on_assign=lambda _, partitions: assigned.extend(partitions))
    deadline = time.monotonic() + JOIN_TIMEOUT_S
    while not assigned:
        consumer.poll(0.1)
        assert time.monotonic() < deadline, f"{group_id} assigns nothing"
    try:
        yield consumer
    finally:
        consumer.close()


def _positions(topic: str, *offsets: int) -> list[TopicPartition]:
    return [TopicPartition(topic, partition, offset) for partition, offset in enumerate(offsets)]


def run_groups(start: StartBrokers) -> int:
    """Run every command against both brokers, print what differs, and give the exit code."""
    return SESSION.run(start, _prepared)
