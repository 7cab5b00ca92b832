"""A partition that real Kafka wrote, imported and served: everything is as its consumers saw it."""

from collections.abc import Callable
from pathlib import Path

from compat.logs.move import FOLDER
from compat.logs.reading import read
from compat.logs.recorded import unpack
from compat.logs.writing import TOPIC, write_after
from pybroker import Broker
from pybroker.cli import import_log, log


def test_consumers_read_what_they_read_of_kafka(
    tmp_path: Path, start_broker: Callable[..., Broker]
) -> None:
    source, data_dir = tmp_path / "kafka", tmp_path / "data"
    expected = unpack(source)
    before = {path.name: path.read_bytes() for path in (source / FOLDER).iterdir()}
    words = [str(source / FOLDER), "--topic", TOPIC, "--data-dir", str(data_dir)]
    assert import_log.main(words) == 0
    assert {path.name: path.read_bytes() for path in (source / FOLDER).iterdir()} == before
    broker = start_broker(data_dir=data_dir)
    assert read(broker.bootstrap_servers) == expected


def test_kafkas_files_hold_nothing_wrong_and_its_transaction_index_is_rebuilt(
    tmp_path: Path,
) -> None:
    source, data_dir = tmp_path / "kafka", tmp_path / "data"
    unpack(source)
    assert log.main(["check", str(source / FOLDER)]) == 0
    words = [str(source / FOLDER), "--topic", TOPIC, "--data-dir", str(data_dir)]
    assert import_log.main([*words, "--topic-config", "index.interval.bytes=400"]) == 0
    assert log.main(["check", str(data_dir)]) == 0
    # Where the indexes have entries depends on restarts.
    for suffix in (".log", ".txnindex"):
        files = sorted((source / FOLDER).glob(f"*{suffix}"))
        assert files
        for path in files:
            assert (data_dir / FOLDER / path.name).read_bytes() == path.read_bytes(), path.name
    epochs = "leader-epoch-checkpoint"
    assert (data_dir / FOLDER / epochs).read_text() == (source / FOLDER / epochs).read_text()


def test_an_imported_log_takes_records_and_survives_restarts(
    tmp_path: Path, start_broker: Callable[..., Broker]
) -> None:
    source, data_dir = tmp_path / "kafka", tmp_path / "data"
    expected = unpack(source)
    words = [str(source / FOLDER), "--topic", TOPIC, "--data-dir", str(data_dir)]
    assert import_log.main(words) == 0
    for turn in range(2):
        with Broker(data_dir=data_dir) as broker:
            write_after(broker.bootstrap_servers)
            everything = read(broker.bootstrap_servers)
        uncommitted = everything["read_uncommitted"]
        assert len(uncommitted.records) == len(expected["read_uncommitted"].records) + turn + 1
        last = uncommitted.records[-1]
        # The term goes on where Kafka's ended.
        assert (last.value, last.leader_epoch) == (b"after", 4)
        assert everything["read_committed"].records == expected["read_committed"].records
