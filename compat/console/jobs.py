"""A working day with Kafka's console tools: topics, records from stdin, offsets, groups.

Each job checks what a user would see. They run in order and build on one another.
"""

import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Final

from compat.kafka import Tool, ToolResult
from compat.process import BrokerProcess

TOPIC: Final = "orders"
GROUP: Final = "warehouse"
PARTITIONS: Final = 3
ORDERS: Final = [f"customer-{number % 7}:order-{number}" for number in range(50)]
IDLE_MS: Final = "10000"

TOPICS: Final = Tool("TopicCommand")
PRODUCER: Final = Tool("ConsoleProducer")
CONSUMER: Final = Tool("consumer.ConsoleConsumer")
OFFSETS: Final = Tool("GetOffsetShell")
GROUPS: Final = Tool("consumer.group.ConsumerGroupCommand")


class Desk:
    """Runs tools against one broker and insists on success."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._at = ("--bootstrap-server", bootstrap_servers)

    def run(self, tool: Tool, *arguments: str, stdin: str = "") -> ToolResult:
        """Run a tool that must succeed."""
        result = tool.run(*self._at, *arguments, stdin=stdin)
        assert result.exit_code == 0, f"{arguments} exit {result.exit_code}: {result}"
        return result

    def refused(self, tool: Tool, *arguments: str) -> ToolResult:
        """Run a tool that must fail."""
        result = tool.run(*self._at, *arguments)
        assert result.exit_code != 0, f"{arguments} succeeded: {result}"
        return result


def create_and_list(desk: Desk) -> None:
    """TopicCommand creates a topic, lists it, and refuses to create it twice."""
    create = ("--create", "--topic", TOPIC, "--partitions", str(PARTITIONS))
    made = desk.run(TOPICS, *create, "--replication-factor", "1", "--config", "retention.ms=-1")
    assert f"Created topic {TOPIC}." in made.stdout, made
    assert TOPIC in desk.run(TOPICS, "--list").lines
    assert "already exists" in desk.refused(TOPICS, *create).stdout
    desk.run(TOPICS, *create, "--if-not-exists")


def describe_topic(desk: Desk) -> None:
    """TopicCommand describes partitions, leader and configs."""
    described = desk.run(TOPICS, "--describe", "--topic", TOPIC).stdout
    assert f"PartitionCount: {PARTITIONS}" in described, described
    assert "retention.ms=-1" in described, described
    assert described.count("Leader: 1") == PARTITIONS, described


def add_partitions(desk: Desk) -> None:
    """TopicCommand adds partitions and cannot take them away."""
    desk.run(TOPICS, "--create", "--topic", "grown", "--partitions", "1")
    desk.run(TOPICS, "--alter", "--topic", "grown", "--partitions", "4")
    described = desk.run(TOPICS, "--describe", "--topic", "grown").stdout
    assert "PartitionCount: 4" in described, described
    desk.refused(TOPICS, "--alter", "--topic", "grown", "--partitions", "2")


def produce_from_stdin(desk: Desk) -> None:
    """ConsoleProducer sends stdin, keyed, in two codecs."""
    keyed = ("--reader-property", "parse.key=true", "--reader-property", "key.separator=:")
    first, second = ORDERS[:25], ORDERS[25:]
    for lines, codec in ((first, "none"), (second, "gzip")):
        arguments = ("--topic", TOPIC, *keyed, "--compression-codec", codec)
        desk.run(PRODUCER, *arguments, stdin="\n".join(lines) + "\n")


def consume_with_a_group(desk: Desk) -> None:
    """ConsoleConsumer reads everything from the beginning and commits for its group."""
    printed = ("--formatter-property", "print.key=true")
    separated = ("--formatter-property", "key.separator=:")
    read = desk.run(
        CONSUMER,
        *("--topic", TOPIC, "--group", GROUP, "--from-beginning", *printed, *separated),
        *("--max-messages", str(len(ORDERS)), "--timeout-ms", IDLE_MS),
    )
    assert sorted(read.lines) == sorted(ORDERS), read


def show_offsets(desk: Desk) -> None:
    """GetOffsetShell counts what was written, from both ends and by timestamp."""
    total = len(ORDERS)
    for time, expected in (("-1", total), ("-2", 0), ("latest", total), ("earliest", 0)):
        lines = desk.run(OFFSETS, "--topic", TOPIC, "--time", time).lines
        assert len(lines) == PARTITIONS, lines
        assert sum(int(line.split(":")[2]) for line in lines) == expected, (time, lines)
    lines = desk.run(OFFSETS, "--topic", TOPIC, "--time", "1").lines
    assert all(line.endswith((":0", ":")) for line in lines), lines


def describe_group(desk: Desk) -> None:
    """ConsumerGroupCommand lists the group and shows that nothing is left to read."""
    assert GROUP in desk.run(GROUPS, "--list").lines
    described = desk.run(GROUPS, "--describe", "--group", GROUP)
    rows = [line.split() for line in described.lines if line.startswith(GROUP)]
    assert len(rows) == PARTITIONS, described
    assert sum(int(row[3]) for row in rows) == len(ORDERS), rows
    assert all(row[5] == "0" for row in rows), rows
    state = desk.run(GROUPS, "--describe", "--group", GROUP, "--state").stdout
    assert "Empty" in state, state


def reset_group(desk: Desk) -> None:
    """ConsumerGroupCommand sets the group back, and the next reader sees everything again."""
    reset = ("--reset-offsets", "--group", GROUP, "--topic", TOPIC)
    desk.run(GROUPS, *reset, "--to-earliest", "--execute")
    described = desk.run(GROUPS, "--describe", "--group", GROUP)
    rows = [line.split() for line in described.lines if line.startswith(GROUP)]
    assert sum(int(row[5]) for row in rows) == len(ORDERS), described


def delete_group(desk: Desk) -> None:
    """ConsumerGroupCommand deletes the group."""
    desk.run(GROUPS, "--delete", "--group", GROUP)
    assert GROUP not in desk.run(GROUPS, "--list").lines


def delete_topic(desk: Desk) -> None:
    """TopicCommand deletes topics."""
    desk.run(TOPICS, "--delete", "--topic", TOPIC)
    assert TOPIC not in desk.run(TOPICS, "--list").lines


JOBS: Final[tuple[Callable[[Desk], None], ...]] = (
    *(create_and_list, describe_topic, add_partitions, produce_from_stdin),
    *(consume_with_a_group, show_offsets, describe_group, reset_group, delete_group),
    delete_topic,
)


def run_jobs(start: Callable[[Mapping[str, str]], BrokerProcess]) -> int:
    """Run every job, print how each went, and give the exit code."""
    failed = 0
    with start({"group.initial.rebalance.delay.ms": "0"}) as broker:
        desk = Desk(broker.bootstrap_servers)
        for job in JOBS:
            try:
                job(desk)
            except AssertionError:
                failed += 1
                print(f"console: {job.__name__} FAILED", flush=True)
                traceback.print_exc(limit=1, file=sys.stdout)
            else:
                print(f"console: {job.__name__} done", flush=True)
    print(f"console: {len(JOBS) - failed} of {len(JOBS)} jobs done")
    return 1 if failed else 0
