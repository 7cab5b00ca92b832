"""What is not the protocol closes its connection, costs one line in the log, and harms nobody."""

import logging
import resource
import socket
import struct
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from compat.differential.record_batches import Batch
from pybroker import Broker
from pybroker.protocol.api_versions import ApiVersionsRequest
from pybroker.protocol.error_codes import ErrorCode
from pybroker.protocol.fetch import FetchRequest
from pybroker.protocol.metadata import MetadataRequest
from pybroker.protocol.produce import ProduceRequest, ProduceResponse
from tests.support.raw_client import RawClient, create_topic
from tests.support.waiting import wait_until

TLS_CLIENT_HELLO = bytes.fromhex("16030100f8010000f40303") + bytes(240)
HTTP_GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

NOT_THE_PROTOCOL = {
    "garbage": bytes(range(255, 0, -1)),
    "a TLS hello": TLS_CLIENT_HELLO,
    "an HTTP GET": HTTP_GET,
    "a frame of 2 GB": struct.pack(">i", 2**31 - 1),
    "a frame of negative length": struct.pack(">i", -1),
    "a frame that is too short for a header": struct.pack(">ih", 2, 3),
    "a client id of negative length": struct.pack(">ihhih", 10, 3, 0, 1, -2),
    "a client id past the end": struct.pack(">ihhih", 10, 3, 0, 1, 99),
    "an unknown key": struct.pack(">ihhih", 10, 999, 0, 1, -1),
    "a negative key": struct.pack(">ihhih", 10, -1, 0, 1, -1),
    "an unknown version": struct.pack(">ihhih", 10, 3, 99, 1, -1),
    "a body that is cut short": struct.pack(">ihhihi", 14, 3, 1, 1, -1, 5),
    "a produce body that is cut short": struct.pack(">ihhih", 10, 0, 3, 1, -1),
    "a fetch body that is cut short": struct.pack(">ihhih", 10, 1, 4, 1, -1),
}


@pytest.mark.parametrize("what", NOT_THE_PROTOCOL)
def test_what_is_not_the_protocol_closes_the_connection_with_one_line(
    broker: Broker, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    with RawClient(broker.bootstrap_servers) as other, caplog.at_level(logging.WARNING):
        with RawClient(broker.bootstrap_servers) as client:
            client.send_bytes(NOT_THE_PROTOCOL[what])
            assert client.is_closed()
        assert answers(other)
        wait_until(lambda: len(lines(caplog)) == 1)
        assert "127.0.0.1" in lines(caplog)[0] or "::1" in lines(caplog)[0]


def test_the_answers_before_a_fault_still_arrive(client: RawClient) -> None:
    request = ApiVersionsRequest(client_software_name="raw", client_software_version="1")
    correlation_id = client.send(request, 3)
    client.send_bytes(struct.pack(">i", -5))
    assert client.receive(ApiVersionsRequest, 3, correlation_id).error_code == 0
    assert client.is_closed()


def test_lines_about_bad_clients_are_few(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(200):
            with RawClient(broker.bootstrap_servers) as client:
                client.send_bytes(HTTP_GET)
                assert client.is_closed()
        wait_until(lambda: broker.data_plane.counters()["protocol_errors"] == 200)
    # Ten a second: a machine that needs a minute for this would still be far below one line each.
    assert len(lines(caplog)) <= 120


def test_half_frames_held_open_cost_no_memory_and_harm_nobody(broker: Broker) -> None:
    with ExitStack() as stack:
        held = [stack.enter_context(RawClient(broker.bootstrap_servers)) for _ in range(200)]
        before = peak_rss_kib()
        for client in held:
            client.send_bytes(struct.pack(">ihh", 100_000_000, 0, 9))
        with RawClient(broker.bootstrap_servers) as client:
            assert answers(client)
        assert peak_rss_kib() - before < 64 * 1024


def test_ten_thousand_connects_and_resets_leave_nothing_behind(broker: Broker) -> None:
    host, _, port = broker.bootstrap_servers.rpartition(":")
    reset_on_close = struct.pack("ii", 1, 0)
    for _ in range(10_000):
        with socket.create_connection((host, int(port))) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset_on_close)
    wait_until(lambda: broker.data_plane.counters()["connections"] == 0)
    with RawClient(broker.bootstrap_servers) as client:
        assert answers(client)


def test_a_wrong_crc_is_corrupt_message_and_is_not_stored(client: RawClient) -> None:
    create_topic(client, "t")
    assert produced(client, Batch(crc=1)).error_code == ErrorCode.CORRUPT_MESSAGE
    assert produced(client, Batch()).base_offset == 0


LIES = {
    "more records than it holds": Batch(record_count=7),
    "fewer records than it holds": Batch(values=[b"one", b"two"], record_count=1),
    "a negative number of records": Batch(record_count=-1),
    "as many records as fit a number": Batch(record_count=2**31 - 1),
    "a last offset beyond its records": Batch(last_offset_delta=5),
    "a negative last offset": Batch(last_offset_delta=-2),
    "a length that is too short for a header": Batch(batch_length=10),
    "a length beyond its bytes": Batch(batch_length=2**31 - 1),
    "a negative length": Batch(batch_length=-7),
}


@pytest.mark.parametrize("what", LIES)
def test_a_batch_that_lies_about_its_counts_is_refused(client: RawClient, what: str) -> None:
    create_topic(client, "t")
    refused = produced(client, LIES[what]).error_code
    assert refused in {ErrorCode.CORRUPT_MESSAGE, ErrorCode.INVALID_RECORD}
    assert produced(client, Batch()).base_offset == 0


def test_a_full_connection_table_lets_others_in_when_somebody_leaves(
    start_broker: Callable[..., Broker],
) -> None:
    broker = start_broker(settings={"max.connections": "2"})
    with RawClient(broker.bootstrap_servers) as first:
        assert answers(first)
        with RawClient(broker.bootstrap_servers) as second:
            assert answers(second)
            with RawClient(broker.bootstrap_servers) as third:
                correlation_id = third.send(MetadataRequest(topics=[]), 1)
                first.close()
                assert third.receive(MetadataRequest, 1, correlation_id).brokers


def test_an_idle_connection_is_closed_and_a_busy_one_is_not(
    start_broker: Callable[..., Broker],
) -> None:
    broker = start_broker(settings={"connections.max.idle.ms": "300"})
    with RawClient(broker.bootstrap_servers) as busy, RawClient(broker.bootstrap_servers) as idle:
        create_topic(busy, "t")
        topic = FetchRequest.FetchTopic(
            topic="t", partitions=[FetchRequest.FetchPartition(partition_max_bytes=100)]
        )
        fetch = FetchRequest(topics=[topic], max_wait_ms=1500, min_bytes=1, max_bytes=100)
        correlation_id = busy.send(fetch, 11)
        assert idle.is_closed()
        assert busy.receive(FetchRequest, 11, correlation_id).error_code == 0
    assert broker.data_plane.counters()["connections_idle_closed"] >= 1


def answers(client: RawClient) -> bool:
    return bool(client.ask(MetadataRequest(topics=[]), 1).brokers)


def produced(client: RawClient, batch: Batch) -> ProduceResponse.PartitionProduceResponse:
    partition = ProduceRequest.PartitionProduceData(index=0, records=batch.build())
    topic = ProduceRequest.TopicProduceData(name="t", partition_data=[partition])
    answer = client.ask(ProduceRequest(acks=-1, timeout_ms=1000, topic_data=[topic]), 9)
    (produced,) = answer.responses[0].partition_responses
    return produced


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def peak_rss_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
