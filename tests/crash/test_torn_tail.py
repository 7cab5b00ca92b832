"""A log whose end was torn by a crash is cut at the last whole batch, and goes on from there."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.conftest import CrashingBroker
from tests.support.clients import library_class
from tests.support.clients.reading import read_through
from tests.support.raw_client import create_topic
from tests.support.record_batches import produce, record_batch

RECORDS_PER_BATCH = 3
BATCHES = 4
START_MS = 1_700_000_000_000
BATCH = record_batch([START_MS] * RECORDS_PER_BATCH, value=b"whole")


def cut(bytes_gone: int) -> Callable[[Path], None]:
    """Tear bytes off the end."""

    def tear(file: Path) -> None:
        data = file.read_bytes()
        file.write_bytes(data[: len(data) - bytes_gone])

    return tear


def append(garbage: bytes) -> Callable[[Path], None]:
    """Put bytes behind the end."""

    def tear(file: Path) -> None:
        with file.open("ab") as log:
            log.write(garbage)

    return tear


# How the end is damaged, and how many whole batches are left.
DAMAGE: dict[str, tuple[Callable[[Path], None], int]] = {
    "one byte is missing": (cut(1), BATCHES - 1),
    "half a batch is missing": (cut(len(BATCH) // 2), BATCHES - 1),
    "all of a batch but its first byte is missing": (cut(len(BATCH) - 1), BATCHES - 1),
    "a batch and a byte are missing": (cut(len(BATCH) + 1), BATCHES - 2),
    "everything but ten bytes is missing": (cut(BATCHES * len(BATCH) - 10), 0),
    "one byte too many": (append(b"\x00"), BATCHES),
    "zeros follow": (append(bytes(10_000)), BATCHES),
    "rubbish follows": (append(bytes(range(256)) * 20), BATCHES),
    "a torn batch follows": (append(BATCH[:-1]), BATCHES),
    "a batch with a wrong checksum follows": (append(BATCH[:-1] + b"\xff"), BATCHES),
}


@pytest.mark.parametrize(("tear", "left"), DAMAGE.values(), ids=DAMAGE)
def test_a_torn_tail_is_cut_at_the_last_whole_batch(
    process: CrashingBroker, tear: Callable[[Path], None], left: int
) -> None:
    with process.client() as client:
        create_topic(client, "orders")
        for _ in range(BATCHES):
            produce(client, "orders", 0, BATCH)
    file = process.log_file("orders", 0)
    process.kill()
    assert file.stat().st_size == BATCHES * len(BATCH)
    tear(file)
    process.start()

    assert file.stat().st_size == left * len(BATCH)
    after = record_batch([START_MS], value=b"after")
    with process.client() as client:
        assert produce(client, "orders", 0, after) == left * RECORDS_PER_BATCH
    values = [b"whole"] * left * RECORDS_PER_BATCH + [b"after"]
    with library_class("confluent-kafka")(process.bootstrap_servers) as library:
        found = read_through(library.reader("orders"), "orders", [0])[0]
    assert [record.value for record in found] == values
    assert [record.offset for record in found] == list(range(len(values)))


def test_a_torn_tail_is_cut_after_a_clean_end_too(process: CrashingBroker) -> None:
    with process.client() as client:
        create_topic(client, "orders")
        for _ in range(BATCHES):
            produce(client, "orders", 0, BATCH)
    file = process.log_file("orders", 0)
    process.stop()
    cut(7)(file)
    process.start()
    with process.client() as client:
        assert produce(client, "orders", 0, BATCH) == (BATCHES - 1) * RECORDS_PER_BATCH
