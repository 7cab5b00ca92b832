"""Several log directories: where partitions lie, and what is answered when a directory fails."""

import re

import pytest

from pybroker.errors import ErrorCode
from pybroker.protocol.delete_topics import DeleteTopicsRequest
from pybroker.protocol.describe_log_dirs import DescribeLogDirsRequest
from pybroker.protocol.metadata import MetadataRequest
from tests.support.partition_errors import fetch_error, list_offsets_error, produce_error
from tests.support.raw_client import RawClient, create_topic
from tests.support.record_batches import produce, record_batch
from tests.support.waiting import wait_until

BATCH = record_batch([1_700_000_000_000] * 2)


@pytest.fixture
def dirs(tmp_path):
    return [tmp_path / "a", tmp_path / "b"]


@pytest.fixture
def start(start_broker, dirs):
    def start():
        return start_broker(settings={"log.dirs": ",".join(map(str, dirs))})

    return start


def folders(path):
    return sorted(each.name for each in path.iterdir() if each.is_dir())


def partitions(client, topic):
    request = MetadataRequest(
        topics=[MetadataRequest.Topic(name=topic)], allow_auto_topic_creation=False
    )
    (found,) = client.ask(request, 12).topics
    return sorted(found.partitions, key=lambda partition: partition.partition_index)


def test_partitions_are_spread_and_found_again(dirs, tmp_path):
    from pybroker import Broker  # noqa: PLC0415

    settings = {"log.dirs": ",".join(map(str, dirs))}
    with Broker(settings=settings) as broker, RawClient(broker.bootstrap_servers) as client:
        create_topic(client, "t", 4)
        for partition in range(4):
            produce(client, "t", partition, BATCH)
    assert [folders(path) for path in dirs] == [["t-0", "t-2"], ["t-1", "t-3"]]
    assert (dirs[0] / "control.db").exists()
    assert not (dirs[1] / "control.db").exists()
    for path in dirs:
        assert "cluster.id=" in (path / "meta.properties").read_text()
        assert (path / ".kafka_cleanshutdown").exists()
        checkpoint = (path / "recovery-point-offset-checkpoint").read_text().splitlines()
        assert checkpoint[:2] == ["0", "2"]
        assert [line.split()[0] for line in checkpoint[2:]] == ["t", "t"]
    with Broker(settings=settings) as broker, RawClient(broker.bootstrap_servers) as client:
        assert [produce(client, "t", partition, BATCH) for partition in range(4)] == [2] * 4
        create_topic(client, "u", 1)
        create_topic(client, "v", 1)
    assert [len(folders(path)) for path in dirs] == [3, 3]


def test_opening_that_takes_long_says_how_far_it_is(dirs, caplog, monkeypatch):
    from pybroker import Broker, log_dirs  # noqa: PLC0415

    settings = {"log.dirs": ",".join(map(str, dirs))}
    with Broker(settings=settings) as broker, RawClient(broker.bootstrap_servers) as client:
        create_topic(client, "t", 4)
        for partition in range(4):
            produce(client, "t", partition, BATCH)
    for path in dirs:
        # As a crash leaves it: nothing is known to be flushed.
        (path / ".kafka_cleanshutdown").unlink()
        (path / "recovery-point-offset-checkpoint").unlink()
    monkeypatch.setattr(log_dirs, "PROGRESS_INTERVAL_S", 0)
    caplog.set_level("INFO")
    with Broker(settings=settings) as broker:
        recovered_bytes = 4 * len(BATCH)
        progress = broker.data_plane.recovery_progress()
        assert progress == (4, 4, recovered_bytes, recovered_bytes)
    lines = [record.getMessage() for record in caplog.records]
    assert any(
        re.fullmatch(r"Opening logs: \d of [04] partitions; 0 of 0 MiB recovered, 0 MiB left", line)
        for line in lines
    ), lines


def test_directories_are_named_by_the_words_of_the_config(start, dirs):
    named = [path for path, *_ in start().data_plane.log_dirs()]
    assert named == [str(path) for path in dirs]


def test_a_directory_that_fails_takes_its_partitions_and_nothing_else(start, dirs, caplog):
    broker = start()
    with RawClient(broker.bootstrap_servers) as client:
        create_topic(client, "t", 4)
        for partition in range(4):
            produce(client, "t", partition, BATCH)
        assert {partition.leader_id for partition in partitions(client, "t")} == {1}
        broker.data_plane.fail_log_dir(str(dirs[1]), "the disk is gone")
        wait_until(lambda: broker.log_dirs.offline)
        for partition in range(4):
            is_lost = partition % 2 == 1
            expected = ErrorCode.KAFKA_STORAGE_ERROR if is_lost else ErrorCode.NONE
            assert produce_error(client, "t", partition, BATCH) == expected
            assert fetch_error(client, "t", partition) == expected
            assert list_offsets_error(client, "t", partition) == expected
            found = partitions(client, "t")[partition]
            assert found.leader_id == (-1 if is_lost else 1)
            assert found.offline_replicas == ([1] if is_lost else [])
            assert found.error_code == (
                ErrorCode.LEADER_NOT_AVAILABLE if is_lost else ErrorCode.NONE
            )
        results = client.ask(DescribeLogDirsRequest(topics=None), 4).results
        by_path = {result.log_dir: result for result in results}
        assert by_path[str(dirs[0])].error_code == ErrorCode.NONE
        assert by_path[str(dirs[1])].error_code == ErrorCode.KAFKA_STORAGE_ERROR
        assert by_path[str(dirs[1])].topics == []
        create_topic(client, "u", 3)
        assert [produce(client, "u", partition, BATCH) for partition in range(3)] == [0] * 3
        assert folders(dirs[0]) == ["t-0", "t-2", "u-0", "u-1", "u-2"]
        (deleted,) = client.ask(DeleteTopicsRequest(topic_names=["t"]), 5).responses
        assert deleted.error_code == ErrorCode.NONE
    lines = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(lines) == 1
    assert f"{dirs[1]} is offline, with 2 partitions" in lines[0]
    assert "the disk is gone" in lines[0]
    assert broker.log_dirs.all_failed is None


def test_the_directory_of_the_control_state_is_named_when_it_fails(start, dirs, caplog):
    broker = start()
    broker.data_plane.fail_log_dir(str(dirs[0]), "gone")
    wait_until(lambda: "The control state is in" in caplog.text)
    with RawClient(broker.bootstrap_servers) as client:
        create_topic(client, "t", 1)
        assert produce(client, "t", 0, BATCH) == 0
    assert folders(dirs[1]) == ["t-0"]


def test_a_directory_that_cannot_be_used_is_offline_from_the_start(start_broker, dirs):
    dirs[1].parent.mkdir(exist_ok=True)
    dirs[1].write_text("no directory")
    broker = start_broker(settings={"log.dirs": ",".join(map(str, dirs))})
    with RawClient(broker.bootstrap_servers) as client:
        create_topic(client, "t", 2)
        assert [produce(client, "t", partition, BATCH) for partition in range(2)] == [0, 0]
        errors = {
            result.log_dir: result.error_code
            for result in client.ask(DescribeLogDirsRequest(topics=None), 4).results
        }
    assert errors[str(dirs[1])] == ErrorCode.KAFKA_STORAGE_ERROR


def test_partitions_of_a_directory_that_is_missing_wait_for_it(dirs):
    from pybroker import Broker  # noqa: PLC0415

    settings = {"log.dirs": ",".join(map(str, dirs))}
    with Broker(settings=settings) as broker, RawClient(broker.bootstrap_servers) as client:
        create_topic(client, "t", 2)
        for partition in range(2):
            produce(client, "t", partition, BATCH)
    away = dirs[1].rename(dirs[1].with_name("away"))
    dirs[1].write_text("no directory")
    with Broker(settings=settings) as broker, RawClient(broker.bootstrap_servers) as client:
        assert produce(client, "t", 0, BATCH) == 2
        assert produce_error(client, "t", 1, BATCH) == ErrorCode.KAFKA_STORAGE_ERROR
        assert [found.leader_id for found in partitions(client, "t")] == [1, -1]
    dirs[1].unlink()
    away.rename(dirs[1])
    with Broker(settings=settings) as broker, RawClient(broker.bootstrap_servers) as client:
        assert [produce(client, "t", partition, BATCH) for partition in range(2)] == [4, 2]


def test_partitions_of_a_disk_that_is_not_mounted_do_not_begin_anew(dirs, caplog):
    from pybroker import Broker  # noqa: PLC0415

    settings = {"log.dirs": ",".join(map(str, dirs))}
    with Broker(settings=settings) as broker, RawClient(broker.bootstrap_servers) as client:
        create_topic(client, "t", 2)
        for partition in range(2):
            produce(client, "t", partition, BATCH)
    mounted = dirs[1].rename(dirs[1].with_name("mounted"))
    dirs[1].mkdir()
    with Broker(settings=settings) as broker, RawClient(broker.bootstrap_servers) as client:
        assert produce(client, "t", 0, BATCH) == 2
        assert produce_error(client, "t", 1, BATCH) == ErrorCode.KAFKA_STORAGE_ERROR
        create_topic(client, "u", 2)
        assert [produce(client, "u", partition, BATCH) for partition in range(2)] == [0, 0]
    assert "is its disk mounted?" in caplog.text
    assert folders(dirs[1]) == []
    for path in dirs[1].iterdir():
        path.unlink()
    dirs[1].rmdir()
    mounted.rename(dirs[1])
    with Broker(settings=settings) as broker, RawClient(broker.bootstrap_servers) as client:
        assert [produce(client, "t", partition, BATCH) for partition in range(2)] == [4, 2]


def test_when_all_directories_have_failed_whoever_runs_the_broker_hears_of_it(start, dirs):
    broker = start()
    broker.data_plane.fail_log_dir(str(dirs[1]), "gone")
    broker.data_plane.fail_log_dir(str(dirs[0]), "gone too")
    wait_until(lambda: broker.log_dirs.all_failed)
    assert "gone too" in broker.log_dirs.all_failed
