"""A real job: bank transactions and this machine's logs, published once, read by two groups.

One client publishes generated bank transactions, partitioned by customer, and the machine's log
lines, partitioned by file. The group `balances`, of two members, follows each customer's balance
and checks that the customer's transactions come in order; the group `archive` writes everything
into compressed files. In the end the job verifies that each group has seen every record exactly
once, and exits 1 if not.

    python examples/bank_and_logs.py [--transactions N] [--customers N] [--seed N] [--archive DIR]
                                     [--bootstrap-servers HOST:PORT]

Without --bootstrap-servers it starts a broker of its own. With it, the topics must be new.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import confluent_kafka
from bank_data import generate_transactions, read_log_lines
from bank_readers import ArchiveReader, BalanceReader, Reader, Tally
from confluent_kafka.admin import AdminClient, NewTopic

from pybroker import Broker

PARTITIONS = {"transactions": 6, "machine-logs": 3}
DEADLINE_S = 60.0
WAIT_S = 0.05


def main() -> int:
    """Run the job. Gives the exit code."""
    arguments = parse_arguments()
    with ExitStack() as stack:
        bootstrap_servers = arguments.bootstrap_servers
        if bootstrap_servers is None:
            # Nobody else joins the groups, so that they need not wait for more members.
            broker = Broker(settings={"group.initial.rebalance.delay.ms": "0"})
            bootstrap_servers = stack.enter_context(broker).bootstrap_servers
        folder = arguments.archive or stack.enter_context(tempfile.TemporaryDirectory())
        return run(bootstrap_servers, Path(folder), arguments)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bootstrap-servers", help="use this cluster")
    parser.add_argument("--transactions", type=int, default=20_000)
    parser.add_argument("--customers", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--archive", help="keep the archive in this folder, which must exist")
    return parser.parse_args()


def run(bootstrap_servers: str, folder: Path, arguments: argparse.Namespace) -> int:
    """Create the topics, start the readers, publish, and compare."""
    started = time.monotonic()
    create_topics(bootstrap_servers)
    balances = [BalanceReader(bootstrap_servers, list(PARTITIONS)) for _ in range(2)]
    archive = ArchiveReader(bootstrap_servers, list(PARTITIONS), folder)
    groups: dict[str, Sequence[Reader]] = {"balances": balances, "archive": [archive]}
    readers = [*balances, archive]
    for reader in readers:
        reader.start()
    try:
        wait_until(lambda: all(is_complete(group) for group in groups.values()))
        published = publish(bootstrap_servers, arguments)
        wait_until(lambda: all(count(group) >= count_of(published) for group in groups.values()))
    finally:
        for reader in readers:
            reader.stop()
    print(f"Published {describe(published)} in {time.monotonic() - started:.1f} s")
    print_balances(balances)
    sizes = ", ".join(f"{each.name}: {each.stat().st_size:,} B" for each in archive.files.values())
    print(f"archive:  {sizes}")
    is_right = sum(each.out_of_order for each in balances) == 0
    for name, group in groups.items():
        seen = sum((reader.tally for reader in group), Tally())
        is_each_once = seen.is_each_once(published) and count(group) == count_of(published)
        print(f"Group {name} saw {'every record exactly once' if is_each_once else describe(seen)}")
        is_right = is_right and is_each_once
    return 0 if is_right else 1


def create_topics(bootstrap_servers: str) -> None:
    """Create the topics that are not there."""
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    topics = [NewTopic(name, partitions) for name, partitions in PARTITIONS.items()]
    for future in admin.create_topics(topics).values():
        try:
            future.result()
        except confluent_kafka.KafkaException as error:
            if error.args[0].code() != confluent_kafka.KafkaError.TOPIC_ALREADY_EXISTS:
                raise


def publish(bootstrap_servers: str, arguments: argparse.Namespace) -> Tally:
    """Publish transactions by customer and log lines by file. Gives what was acknowledged."""
    published = Tally()
    producer = confluent_kafka.Producer(
        {
            "bootstrap.servers": bootstrap_servers,
            "enable.idempotence": True,
            "compression.type": "zstd",
            "partitioner": "murmur2_random",
        }
    )

    def delivered(error: Any, message: Any) -> None:
        if error is not None:
            raise confluent_kafka.KafkaException(error)
        place = message.topic(), message.partition(), message.offset()
        published.add(*place, message.key(), message.value())

    def send(topic: str, key: bytes, value: bytes) -> None:
        producer.produce(topic, key=key, value=value, on_delivery=delivered)
        producer.poll(0)

    customers, seed = arguments.customers, arguments.seed
    for transaction in generate_transactions(arguments.transactions, customers, seed):
        send("transactions", transaction.nameOrig.encode(), transaction.to_csv())
    for file_name, line in read_log_lines():
        send("machine-logs", file_name.encode(), line)
    producer.flush()
    return published


def is_complete(group: Sequence[Reader]) -> bool:
    """Say whether the members of a group share all partitions."""
    assigned = [reader.assigned for reader in group]
    return all(assigned) and sum(assigned) == sum(PARTITIONS.values())


def count(group: Sequence[Reader]) -> int:
    """Give how many records the members of a group have read."""
    return sum(count_of(reader.tally) for reader in group)


def count_of(tally: Tally) -> int:
    """Give how many records these are."""
    return sum(tally.counts.values())


def describe(tally: Tally) -> str:
    """Give the counts by topic."""
    return " and ".join(f"{count:,} {topic}" for topic, count in sorted(tally.counts.items()))


def print_balances(readers: Sequence[BalanceReader]) -> None:
    """Print what the group `balances` found."""
    customers = {name: balance for each in readers for name, balance in each.balances.items()}
    flagged = sum((each.flagged for each in readers), Counter[str]())
    emptied = sum(each.emptied for each in readers)
    unordered = sum(each.out_of_order for each in readers)
    print(
        f"balances: {len(customers):,} customers hold {sum(customers.values()):,.2f}; "
        f"{flagged.total():,} transfers of {len(flagged):,} customers flagged, "
        f"{emptied} accounts emptied, {unordered} transactions out of order"
    )


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, not for ever."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the groups did not get there in time")
        time.sleep(WAIT_S)


if __name__ == "__main__":
    sys.exit(main())
