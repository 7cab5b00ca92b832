"""`pybroker log` and `pybroker import-log` as a user sees them: what they say, and exit codes."""

import shutil
from pathlib import Path

import pytest

from pybroker import Broker
from pybroker.cli import import_log, log
from pybroker.data_directory import DataDirectories
from pybroker.protocol.list_offsets import ListOffsetsRequest
from tests.support.raw_client import RawClient, create_topic
from tests.support.record_batches import produce, record_batch

TOPIC = "orders"
START_MS = 1_700_000_000_000
BATCH = record_batch([START_MS, START_MS + 1])
LATEST = -1


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data directory with a topic of two partitions, of which the first has three batches."""
    directory = tmp_path / "data"
    with Broker(data_dir=directory) as broker, RawClient(broker.bootstrap_servers) as client:
        create_topic(client, TOPIC, 2)
        for _ in range(3):
            produce(client, TOPIC, 0, BATCH)
    return directory


def partition(data_dir: Path, index: int = 0) -> Path:
    """Give the folder of a partition."""
    return data_dir / f"{TOPIC}-{index}"


def damage(data_dir: Path) -> None:
    """Change a byte of the second batch."""
    path = partition(data_dir) / "00000000000000000000.log"
    content = bytearray(path.read_bytes())
    content[len(BATCH) + 70] ^= 0x10
    path.write_bytes(content)


def end_offset(data_dir: Path, topic: str, index: int) -> int:
    """Serve a data directory and ask for the end of a partition."""
    with Broker(data_dir=data_dir) as broker, RawClient(broker.bootstrap_servers) as client:
        wanted = ListOffsetsRequest.ListOffsetsPartition(partition_index=index, timestamp=LATEST)
        request = ListOffsetsRequest(
            replica_id=-1,
            topics=[ListOffsetsRequest.ListOffsetsTopic(name=topic, partitions=[wanted])],
        )
        answer = client.ask(request, 7).topics[0].partitions[0]
        assert answer.error_code == 0
        offset: int = answer.offset
        return offset


def test_check_says_that_a_sound_directory_is_well(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert log.main(["check", str(data_dir)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(f"{partition(data_dir)}: offsets 0 to 6, 1 segments, 3 batches,")
    assert lines[0].endswith(": well")


def test_check_names_file_position_and_offset_of_damage(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(data_dir)
    assert log.main(["check", str(partition(data_dir)), str(partition(data_dir, 1))]) == 1
    path = partition(data_dir) / "00000000000000000000.log"
    place = f"(position {len(BATCH)}, offset 2)"
    assert f"{path} {place}: the checksum of the batch does not match" in capsys.readouterr().out


def test_tools_keep_off_a_directory_that_a_broker_uses(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(partition(data_dir))
    with DataDirectories([str(data_dir)]):
        for main, words in (
            (log.main, ["check", folder]),
            (log.main, ["repair", folder, "--truncate-at", "1"]),
            (import_log.main, [folder, "--topic", "copy", "--data-dir", str(data_dir)]),
        ):
            assert main(words) == 1
            assert "is in use by another broker" in capsys.readouterr().err


def test_check_of_something_else_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert log.main(["check", str(tmp_path)]) == 1
    assert "neither is nor holds" in capsys.readouterr().err
    assert log.main(["check", str(tmp_path / "missing")]) == 1
    assert "missing" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["--truncate-at", "-5"], ["--truncate-at", "end"]])
def test_repair_does_nothing_without_an_offset(
    data_dir: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        log.main(["repair", str(partition(data_dir)), *words])
    assert end.value.code == 2
    assert "--truncate-at" in capsys.readouterr().err
    assert end_offset(data_dir, TOPIC, 0) == 6


def test_repair_truncates_and_says_what_is_gone(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(data_dir)
    assert log.main(["repair", str(partition(data_dir)), "--truncate-at", "4"]) == 1
    assert "nothing was changed" in capsys.readouterr().err
    assert log.main(["repair", str(partition(data_dir)), "--truncate-at", "2"]) == 0
    said = capsys.readouterr().out
    assert "ends at offset 2" in said
    assert f"Removed {2 * len(BATCH)} bytes of records" in said
    assert log.main(["check", str(data_dir)]) == 0
    assert end_offset(data_dir, TOPIC, 0) == 2


def test_import_makes_the_topic_and_grows_it(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--topic", "copy", "--data-dir", str(tmp_path / "other")]
    assert import_log.main([str(partition(data_dir)), *words, "--partition", "1"]) == 0
    assert import_log.main([str(partition(data_dir)), *words]) == 0
    assert import_log.main([str(partition(data_dir)), *words, "--partition", "4"]) == 0
    assert capsys.readouterr().out.splitlines()[0].startswith("copy-1: offsets 0 to 6, ")
    ends = [end_offset(tmp_path / "other", "copy", index) for index in range(5)]
    assert ends == [6, 6, 0, 0, 6]


def test_import_fills_a_partition_without_records_and_no_other(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(partition(data_dir)), "--topic", TOPIC, "--data-dir", str(data_dir)]
    assert import_log.main([*words, "--partition", "0"]) == 1
    assert "has records already" in capsys.readouterr().err
    assert import_log.main([*words, "--partition", "1"]) == 0
    assert [end_offset(data_dir, TOPIC, index) for index in range(2)] == [6, 6]


def test_import_refuses_what_is_no_partition_and_what_is_damaged(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    words = ["--topic", "copy", "--data-dir", str(other), "--partition", "0"]
    assert import_log.main([str(tmp_path / "missing-0"), *words]) == 1
    assert "is not a folder" in capsys.readouterr().err
    assert import_log.main([str(data_dir), *words]) == 1
    assert "not the folder of a partition" in capsys.readouterr().err
    damage(data_dir)
    assert import_log.main([str(partition(data_dir)), *words]) == 1
    error = capsys.readouterr().err
    assert f"{partition(data_dir)}/00000000000000000000.log is damaged at position" in error
    assert "(offset 2)" in error
    with Broker(data_dir=other) as broker:
        assert "copy" not in broker.topics.by_name


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--topic", "__consumer_offsets"], "__consumer_offsets holds"),
        (["--topic", "no/name"], "cannot take the log over"),
        (["--topic", "t", "--topic-config", "cleanup.policy=nonsense"], "cannot take the log over"),
        (["--topic", "t", "--topic-config", "nonsense"], "expects KEY=VALUE"),
        (["--topic", "t", "--partition", "-1"], "expects 0 or more"),
    ],
)
def test_import_refuses_a_topic_that_cannot_be(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    place = ["--data-dir", str(tmp_path / "other")]
    assert import_log.main([str(partition(data_dir)), *words, *place]) == 1
    assert said in capsys.readouterr().err


def test_import_needs_a_partition_when_the_folders_name_has_none(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(partition(data_dir), tmp_path / "saved")
    words = [str(tmp_path / "saved"), "--topic", "t", "--data-dir", str(tmp_path / "other")]
    assert import_log.main(words) == 1
    assert "give --partition N" in capsys.readouterr().err


def test_import_leaves_the_directory_of_a_kafka_broker_alone(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kafka = tmp_path / "kafka"
    kafka.mkdir()
    (kafka / "meta.properties").write_text("cluster.id=abc\n")
    words = [str(partition(data_dir)), "--topic", "t", "--data-dir", str(kafka)]
    assert import_log.main(words) == 1
    assert "belongs to a Kafka broker" in capsys.readouterr().err
    assert [path.name for path in kafka.iterdir()] == ["meta.properties"]
