"""A broker inside somebody's program: `with pybroker.Broker() as broker`."""

import logging
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import pybroker
from compat.differential.record_batches import Batch
from pybroker.configs import ConfigError
from pybroker.data_directory import DataDirectoryError
from pybroker.protocol.metadata import MetadataRequest
from pybroker.protocol.produce import ProduceRequest
from tests.support.raw_client import RawClient, create_topic


def test_two_brokers_of_one_program_have_ports_and_data_of_their_own() -> None:
    with pybroker.Broker() as one, pybroker.Broker() as other:
        assert one.bootstrap_servers != other.bootstrap_servers
        with RawClient(one.bootstrap_servers) as client:
            create_topic(client, "only-in-one")
        with RawClient(other.bootstrap_servers) as client:
            assert client.ask(MetadataRequest(topics=None), 9).topics == []


async def test_a_broker_runs_on_the_event_loop_of_the_program() -> None:
    async with pybroker.Broker() as broker:
        threads = {thread.name for thread in threading.enumerate()}
        assert "pybroker" not in threads
        assert broker.bootstrap_servers.startswith("localhost:")


def test_the_data_is_gone_when_the_broker_ends() -> None:
    with pybroker.Broker() as broker:
        data = Path(broker.config.log_dir)
        assert data.is_dir()
    assert not data.exists()


def test_a_data_directory_outlives_the_broker(tmp_path: Path) -> None:
    with (
        pybroker.Broker(data_dir=tmp_path) as broker,
        RawClient(broker.bootstrap_servers) as client,
    ):
        topic_id = create_topic(client, "kept")
        produce(client, "kept")
    with (
        pybroker.Broker(data_dir=tmp_path) as broker,
        RawClient(broker.bootstrap_servers) as client,
    ):
        (topic,) = client.ask(MetadataRequest(topics=None), 12).topics
        assert (topic.name, topic.topic_id) == ("kept", topic_id)
        assert produce(client, "kept") == 1


def test_settings_are_broker_configs_by_kafkas_names() -> None:
    settings = {"auto.create.topics.enable": "false"}
    with (
        pybroker.Broker(settings=settings) as broker,
        RawClient(broker.bootstrap_servers) as client,
    ):
        topic = MetadataRequest.Topic(name="missing")
        (answer,) = client.ask(MetadataRequest(topics=[topic]), 9).topics
        assert answer.error_code == 3


def test_a_bad_setting_raises_and_leaves_no_thread() -> None:
    before = threading.active_count()
    with pytest.raises(ConfigError, match=r"num\.partitions"):
        pybroker.Broker(settings={"num.partitions": "many"})
    assert threading.active_count() == before


def test_a_data_directory_in_use_raises(tmp_path: Path) -> None:
    with pybroker.Broker(data_dir=tmp_path), pytest.raises(DataDirectoryError, match="in use"):
        pybroker.Broker(data_dir=tmp_path)


def test_several_nodes_share_one_state() -> None:
    with pybroker.Broker(settings={"pybroker.brokers": "3"}) as broker:
        servers = broker.bootstrap_servers.split(",")
        assert len(set(servers)) == 3
        with RawClient(servers[0]) as client:
            create_topic(client, "spread", partitions=6)
        with RawClient(servers[2]) as client:
            answer = client.ask(MetadataRequest(topics=None), 9)
            assert len(answer.brokers) == 3
            (topic,) = answer.topics
            assert {partition.leader_id for partition in topic.partitions} == {
                node.node_id for node in answer.brokers
            }


def test_a_broker_is_silent(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with (
        caplog.at_level(logging.DEBUG),
        pybroker.Broker() as broker,
        RawClient(broker.bootstrap_servers) as client,
    ):
        create_topic(client, "quiet")
    assert [record for record in caplog.records if record.levelno >= logging.INFO] == []
    assert capfd.readouterr() == ("", "")


def test_importing_pybroker_does_not_import_a_broker() -> None:
    source = "import sys, pybroker; print(*sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, check=True, text=True
    )
    assert not {"asyncio", "sqlite3", "logging", "pybroker.broker"} & set(found.stdout.split())


def produce(client: RawClient, topic: str) -> int:
    partition = ProduceRequest.PartitionProduceData(index=0, records=Batch().build())
    data = ProduceRequest.TopicProduceData(name=topic, partition_data=[partition])
    answer = client.ask(ProduceRequest(acks=-1, timeout_ms=1000, topic_data=[data]), 9)
    (produced,) = answer.responses[0].partition_responses
    assert produced.error_code == 0
    offset: int = produced.base_offset
    return offset
