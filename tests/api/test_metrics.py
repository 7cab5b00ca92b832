"""The metrics endpoint: what Prometheus reads, and what everybody else is told."""

import http.client
import socket
import sys

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pybroker import Broker
from pybroker.configs.config import Config
from pybroker.configs.values import ConfigError
from pybroker.observability.metrics import METRICS
from pybroker.protocol.offset_commit import OffsetCommitRequest
from tests.support.classic_member import ClassicMember
from tests.support.raw_client import RawClient, create_topic
from tests.support.record_batches import produce, record_batch
from tests.support.waiting import wait_until

LISTENER = "pybroker.metrics.listener"


@pytest.fixture
def metrics_broker(start_broker):
    return start_broker(settings={LISTENER: "http://localhost:0/"})


def ask(broker, path="/metrics", method="GET", headers=None):
    connection = http.client.HTTPConnection("localhost", broker.metrics.port, timeout=30)
    connection.request(method, path, headers=headers or {})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer, body


def read(broker):
    """Samples: value by (name, label values in the order of their names)."""
    answer, body = ask(broker)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(body)
        for sample in family.samples
    }


def commit(client, group_id, **offsets):
    topics = [
        OffsetCommitRequest.Topic(
            name=topic,
            partitions=[
                OffsetCommitRequest.Partition(partition_index=index, committed_offset=offset)
                for index, offset in enumerate(positions)
            ],
        )
        for topic, positions in offsets.items()
    ]
    client.ask(OffsetCommitRequest(group_id=group_id, topics=topics), 9)


def test_topics_and_groups_are_shown_as_kafka_exporter_does(metrics_broker):
    with RawClient(metrics_broker.bootstrap_servers) as client:
        create_topic(client, "orders", 2)
        produce(client, "orders", 0, record_batch([1_000] * 10))
        commit(client, "readers", orders=[4, 0])
    samples = read(metrics_broker)
    expected = {
        ("kafka_brokers",): 1,
        ("kafka_topic_partitions", "orders"): 2,
        ("kafka_topic_partition_current_offset", "0", "orders"): 10,
        ("kafka_topic_partition_current_offset", "1", "orders"): 0,
        ("kafka_topic_partition_oldest_offset", "0", "orders"): 0,
        ("kafka_topic_partition_leader", "0", "orders"): 1,
        ("kafka_topic_partition_leader_is_preferred", "0", "orders"): 1,
        ("kafka_topic_partition_replicas", "0", "orders"): 1,
        ("kafka_topic_partition_in_sync_replica", "0", "orders"): 1,
        ("kafka_topic_partition_under_replicated_partition", "0", "orders"): 0,
        ("kafka_consumergroup_members", "readers"): 0,
        ("kafka_consumergroup_current_offset", "readers", "0", "orders"): 4,
        ("kafka_consumergroup_lag", "readers", "0", "orders"): 6,
        ("kafka_consumergroup_lag", "readers", "1", "orders"): 0,
        ("kafka_consumergroup_current_offset_sum", "readers", "orders"): 4,
        ("kafka_consumergroup_lag_sum", "readers", "orders"): 6,
        ("pybroker_bugs_total",): 0,
    }
    assert {name: samples.get(name) for name in expected} == expected
    address = metrics_broker.bootstrap_servers.split(",")[0]
    assert samples["kafka_broker_info", address, "1"] == 1
    assert samples["pybroker_data_plane_total", "produce_requests"] == 1
    assert samples["pybroker_log_size_bytes", "0", "orders"] > 0


def test_members_and_rebalances_are_counted(metrics_broker):
    before = read(metrics_broker)["pybroker_group_rebalances_total", "member-joined"]
    member = ClassicMember(metrics_broker.bootstrap_servers, "readers", None).stable()
    samples = read(metrics_broker)
    assert samples["kafka_consumergroup_members", "readers"] == 1
    assert samples["pybroker_group_rebalances_total", "member-joined"] == before + 1
    member.close()


def test_groups_that_are_not_in_memory_are_shown(tmp_path):
    for _ in range(2):
        with Broker(settings={LISTENER: "localhost:0"}, data_dir=tmp_path) as broker:
            with RawClient(broker.bootstrap_servers) as client:
                if not broker.topics.by_name:
                    create_topic(client, "orders")
                    commit(client, "readers", orders=[0])
            assert read(broker)["kafka_consumergroup_members", "readers"] == 0


def test_every_row_has_its_labels_filled(start_broker):
    broker = start_broker(settings={LISTENER: "localhost:0", "log.cleaner.backoff.ms": "1"})
    with RawClient(broker.bootstrap_servers) as client:
        create_topic(client, "orders", configs=[("cleanup.policy", "compact")])
        commit(client, "readers", orders=[0])
        produce(client, "orders", 0, record_batch([1_000] * 10))
    wait_until(lambda: any(name == "pybroker_cleaner_dirty_ratio" for name, *_ in read(broker)))
    found = {name.removesuffix("_total"): labels for name, *labels in read(broker)}
    for metric in METRICS:
        assert len(found[metric.name]) == len(metric.labels), metric


def test_openmetrics_is_given_to_whoever_prefers_it(metrics_broker):
    answer, body = ask(
        metrics_broker, headers={"Accept": "application/openmetrics-text;version=1.0.0"}
    )
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert body.endswith("# EOF\n")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("POST", "/metrics", 405), ("GET", "/metrics?name=x", 200)],
)
def test_everything_else_is_answered_with_what_it_is(metrics_broker, method, path, status):
    assert ask(metrics_broker, path, method)[0].status == status


@pytest.mark.parametrize("sent", [b"\r\n\r\n", b"GET\r\n\r\n", b"x" * 40_000, b""])
def test_what_is_not_http_harms_nobody(metrics_broker, sent):
    with socket.create_connection(("localhost", metrics_broker.metrics.port)) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        try:
            answer = connection.recv(100)
        except ConnectionResetError:
            answer = b""
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    assert ask(metrics_broker)[0].status == 200


def test_a_port_in_use_stops_the_start_with_a_sentence(metrics_broker):
    address = f"localhost:{metrics_broker.metrics.port}"
    with pytest.raises(ConfigError, match=f"^{LISTENER}: listening on {address} failed"):
        Broker(settings={LISTENER: address}).__enter__()


def test_without_the_library_the_start_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "pybroker.observability.metrics_server", raising=False)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(ConfigError, match=r"pip install 'pybroker\[metrics\]'"):
        Broker(settings={LISTENER: "localhost:0"}).__enter__()


@pytest.mark.parametrize("address", ["localhost", "localhost:", "localhost:x", "localhost:99999"])
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(ConfigError, match="host:port"):
        Config({LISTENER: address, "log.dirs": "/x"})
