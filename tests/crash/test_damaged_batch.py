"""A damaged batch that valid ones follow takes its partition offline, and nothing else."""

import re

import pytest

from pybroker.errors import ErrorCode
from pybroker.protocol.delete_topics import DeleteTopicsRequest
from tests.crash.conftest import CrashingBroker
from tests.support.clients import library_class
from tests.support.clients.reading import read_through
from tests.support.partition_errors import fetch_error, list_offsets_error, produce_error
from tests.support.raw_client import create_topic
from tests.support.record_batches import produce, record_batch

START_MS = 1_700_000_000_000
BATCH = record_batch([START_MS] * 5, value=b"value")
BATCHES = 5
DAMAGED = 1
DAMAGED_BATCH_INDEX = 2
PARTITIONS = 3


@pytest.fixture
def damaged(process: CrashingBroker) -> CrashingBroker:
    """A broker that finds a flipped bit in the third of five batches of partition 1."""
    with process.client() as client:
        create_topic(client, "orders", PARTITIONS)
        for partition in range(PARTITIONS):
            for _ in range(BATCHES):
                produce(client, "orders", partition, BATCH)
    process.kill()
    file = process.log_file("orders", DAMAGED)
    data = bytearray(file.read_bytes())
    data[DAMAGED_BATCH_INDEX * len(BATCH) + 70] ^= 1
    file.write_bytes(data)
    process.start()
    return process


def test_clients_are_told_of_the_partition_and_the_others_serve(damaged: CrashingBroker) -> None:
    with damaged.client() as client:
        for partition in range(PARTITIONS):
            is_damaged = partition == DAMAGED
            expected = ErrorCode.KAFKA_STORAGE_ERROR if is_damaged else ErrorCode.NONE
            assert produce_error(client, "orders", partition, BATCH) == expected
            assert fetch_error(client, "orders", partition) == expected
            assert list_offsets_error(client, "orders", partition) == expected
    with library_class("kafka-python")(damaged.bootstrap_servers) as library:
        found = read_through(library.reader("orders", [0, 2]), "orders", [0, 2])
        assert [len(records) for records in found.values()] == [BATCHES * 5 + 5] * 2


def test_one_line_names_the_file_and_the_position(damaged: CrashingBroker) -> None:
    with damaged.client() as client:
        produce_error(client, "orders", DAMAGED, BATCH)
        fetch_error(client, "orders", DAMAGED)
    lines = [line for line in damaged.log().splitlines() if re.search(r"\b(ERROR|WARN)", line)]
    (line,) = lines
    assert "Partition orders-1 is offline" in line
    assert "orders-1/00000000000000000000.log" in line
    assert str(DAMAGED_BATCH_INDEX * len(BATCH)) in line


def test_the_file_is_left_as_it_was_found(damaged: CrashingBroker) -> None:
    file = damaged.log_file("orders", DAMAGED)
    before = file.read_bytes()
    assert len(before) == BATCHES * len(BATCH)
    damaged.kill_and_start()
    assert file.read_bytes() == before
    damaged.stop()
    assert file.read_bytes() == before
    damaged.start()
    with damaged.client() as client:
        assert produce_error(client, "orders", DAMAGED, BATCH) == ErrorCode.KAFKA_STORAGE_ERROR
        assert produce_error(client, "orders", 0, BATCH) == ErrorCode.NONE


def test_deleting_the_topic_removes_what_was_damaged(damaged: CrashingBroker) -> None:
    with damaged.client() as client:
        request = DeleteTopicsRequest(topic_names=["orders"], timeout_ms=30_000)
        assert client.ask(request, 5).responses[0].error_code == ErrorCode.NONE
        assert not damaged.log_file_exists("orders", DAMAGED)
        create_topic(client, "orders", PARTITIONS)
        for partition in range(PARTITIONS):
            assert produce(client, "orders", partition, BATCH) == 0
