"""Kafka's tool for configs, doing its verbs in one session, against real Kafka and pybroker.

Both brokers get the same topics; then each command runs against both.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from confluent_kafka.admin import AdminClient, NewTopic

from compat.console.session import Command, Session, StartBrokers
from compat.kafka import Tool

CONFIGS: Final = Tool("kafka.admin.ConfigCommand")
CLIENT_METRICS: Final = Tool("ClientMetricsCommand")

TOPICS: Final = {"orders": {"retention.ms": "1000000"}, "returns": {}}
SETTINGS: Final = {"log.retention.hours": "100", "message.max.bytes": "2000000"}

NORMALISED: Final = (
    # Kafka's storage tool sets it for the cluster.
    (re.compile(r"min\.insync\.replicas=.*"), ""),
    # The stack of the tool is its own.
    (re.compile(r"^at .*"), ""),
    (re.compile(r"^\.\.\. \d+ more"), ""),
)
# Of everything that a resource has, what pybroker has too and what is not of one machine.
OF_TOPIC: Final = re.compile(
    r"^(?!(local|remote|leader|follower|unclean|internal)\.)[a-z.]+=|^[A-Z]"
)
OF_BROKER: Final = re.compile(
    r"^(log\.(cleaner|retention|roll|flush\.interval|segment|index|message|cleanup|preallocate)"
    r"|message|compression|num\.partitions|group\.max|producer\.id|fetch\.max)[a-z.]*=|^[A-Z]"
)
OF_GROUP: Final = re.compile(r"^consumer\.[a-z.]+=|^[A-Z]")


def _configs(line: str, only: re.Pattern[str] = re.compile("")) -> Command:
    return Command(CONFIGS, line.split(), only=only)


def _metrics(line: str) -> Command:
    return Command(CLIENT_METRICS, line.split())


COMMANDS: Final = (
    # Topics.
    *map(
        _configs,
        (
            "--describe --topic orders",
            "--describe --topic returns",
            "--describe --entity-type topics",
            "--describe --topic nowhere",
            "--alter --topic orders --add-config segment.bytes=1048576,flush.ms=9",
            "--alter --topic orders --add-config cleanup.policy=[delete,compact]",
            "--describe --entity-type topics --entity-name orders",
            "--alter --topic orders --delete-config retention.ms",
            "--alter --topic orders --delete-config retention.ms",
            "--alter --topic orders --delete-config no.such.config",
            "--alter --topic orders --add-config flush.ms=10 --delete-config segment.bytes",
            "--describe --topic orders",
            "--alter --topic orders --add-config flush.ms=soon",
            "--alter --topic orders --add-config no.such.config=1",
            "--alter --topic orders --add-config segment.bytes=5",
            "--alter --topic nowhere --add-config flush.ms=5",
            "--alter --topic orders",
            "--describe --entity-type topics",
        ),
    ),
    _configs("--describe --all --topic orders", OF_TOPIC),
    # Brokers.
    *map(
        _configs,
        (
            "--describe --broker 1",
            "--describe --broker-defaults",
            "--alter --broker 1 --add-config message.max.bytes=3000000,log.retention.ms=7000000",
            "--alter --broker-defaults --add-config message.max.bytes=2500000",
            "--alter --entity-type brokers --entity-default --add-config log.roll.ms=60000",
            "--describe --broker 1",
            "--describe --broker-defaults",
            "--describe --entity-type brokers",
            "--describe --topic orders",
            "--alter --broker 1 --delete-config message.max.bytes",
            "--describe --broker 1",
            "--alter --broker 1 --delete-config message.max.bytes",
            "--alter --broker 1 --add-config num.partitions=5",
            "--alter --broker-defaults --add-config num.partitions=5",
            "--alter --broker 1 --add-config log.cleanup.policy=nonsense",
            "--alter --broker 1 --add-config log.segment.bytes=5",
            "--alter --broker 7 --add-config log.segment.bytes=5000000",
            "--describe --broker 7",
        ),
    ),
    _configs("--describe --all --broker 1", OF_BROKER),
    *map(
        _configs,
        (
            "--alter --broker 1 --delete-config log.retention.ms",
            "--alter --broker-defaults --delete-config message.max.bytes,log.roll.ms",
            "--describe --broker 1",
            "--describe --broker-defaults",
            # Groups.
            "--describe --group buyers",
            "--alter --group buyers --add-config consumer.heartbeat.interval.ms=7000",
            "--alter --group buyers --add-config consumer.session.timeout.ms=50000",
            "--alter --group sellers --add-config consumer.session.timeout.ms=55000",
            "--alter --group sharers --add-config share.auto.offset.reset=earliest",
            "--describe --group buyers",
            "--describe --group sharers",
            "--describe --entity-type groups",
            "--alter --group buyers --add-config consumer.heartbeat.interval.ms=1",
            "--alter --group buyers --add-config no.such.config=1",
            "--alter --group buyers --delete-config consumer.heartbeat.interval.ms",
            "--alter --group sharers --delete-config share.auto.offset.reset",
            "--describe --group buyers",
            "--describe --entity-type groups",
        ),
    ),
    _configs("--describe --all --group buyers", OF_GROUP),
    # Loggers, and subscriptions of client metrics.
    *map(
        _configs,
        (
            "--alter --broker-logger 1 --add-config root=WARN",
            "--alter --broker-logger 1 --add-config root=LOUD",
            "--alter --broker-logger 1 --add-config nobody=INFO",
            "--alter --broker-logger 1 --delete-config root",
            "--alter --client-metrics slow --add-config interval.ms=60000,metrics=[a.,b.]",
            "--describe --client-metrics slow",
            "--alter --client-metrics slow --add-config interval.ms=5",
            "--alter --client-metrics slow --delete-config interval.ms",
            "--describe --client-metrics slow",
            "--describe --entity-type client-metrics",
        ),
    ),
    *map(
        _metrics,
        (
            "--list",
            "--describe",
            "--alter --name quick --interval 1000 --metrics org.apache.kafka.consumer.",
            "--describe --name quick",
            "--delete --name quick",
            "--list",
        ),
    ),
)

SESSION: Final = Session("configs", SETTINGS, COMMANDS, NORMALISED)


def run_configs(start: StartBrokers) -> int:
    """Run every command against both brokers, print what differs, and give the exit code."""
    return SESSION.run(start, _prepared)


@contextmanager
def _prepared(servers: str) -> Iterator[None]:
    """Make topics."""
    topics = [NewTopic(name, 1, 1, config=configs) for name, configs in TOPICS.items()]
    admin = AdminClient({"bootstrap.servers": servers})
    for created in admin.create_topics(topics).values():
        created.result()
    yield
