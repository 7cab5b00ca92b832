"""kill -9 while records are acknowledged: each of them is there once, in order.

`PYBROKER_KILLS` says how often the broker is killed; `make soak` kills it 200 times.
"""

import os
from random import Random

import pytest

from tests.crash.conftest import CrashingBroker
from tests.support.clients import library_class
from tests.support.clients.reading import read_through
from tests.support.clients.streams import MemberStream, ProducerStream
from tests.support.waiting import wait_until

ROUNDS = int(os.environ.get("PYBROKER_KILLS", "10"))
ROUND_TIMEOUT_S = 12
MOST_RECORDS_BETWEEN = 600
# So small that logs are rolled between the kills.
CONFIGS = {"segment.index.bytes": "480", "index.interval.bytes": "100"}


@pytest.mark.timeout(60 + ROUNDS * ROUND_TIMEOUT_S)
@pytest.mark.parametrize(("partitions", "library_name"), [(1, "kafka-python"), (50, "aiokafka")])
def test_what_was_acknowledged_survives_every_kill(
    process: CrashingBroker, partitions: int, library_name: str
) -> None:
    topic, indexes = "orders", range(partitions)
    random = Random(partitions)
    with (
        library_class("confluent-kafka")(process.bootstrap_servers) as library,
        library_class(library_name)(process.bootstrap_servers) as member_library,
    ):
        library.admin().create_topic(topic, partitions, configs=CONFIGS)
        sending = ProducerStream(library.producer(compression="lz4"), topic, indexes)
        reading = MemberStream(member_library.member("readers", topic))
        with sending, reading:
            for _ in range(ROUNDS):
                more = random.randrange(1, MOST_RECORDS_BETWEEN)
                sending.wait_until_at_least(sending.done() + more)
                process.kill_and_start()
            sending.wait_until_at_least(sending.done() + MOST_RECORDS_BETWEEN)
            sending.stop()
            found = read_through(library.reader(topic, indexes), topic, indexes)
            sending.check(found)

            # The group goes on from its commits, and never past a record that nobody read.
            ends = {(topic, each): len(records) for each, records in found.items() if records}
            wait_until(lambda: reading.committed == ends)
        stored = {record for records in found.values() for record in records}
        assert set(reading.records) == stored
