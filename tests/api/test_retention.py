"""Retention by a clock that the test holds: what goes, when, and what clients see of it."""

import pytest

from pybroker import Broker
from pybroker.errors import ErrorCode
from pybroker.protocol.fetch import FetchRequest
from pybroker.protocol.list_offsets import ListOffsetsRequest
from tests.support.held_clock import START_MS, HeldClock
from tests.support.raw_client import RawClient, create_topic
from tests.support.record_batches import produce, record_batch
from tests.support.waiting import wait_until

HOUR_MS = 3_600_000
CHECK_MS = 300_000
SMALL = ("internal.segment.bytes", "400")  # Two batches of one record with 100 bytes.


@pytest.fixture
def clock():
    return HeldClock()


@pytest.fixture
def aged_broker(start_broker, clock, tmp_path):
    """A broker whose clock the test moves; its data is in `tmp_path`."""
    return start_broker(clock=clock, data_dir=tmp_path)


@pytest.fixture
def aged_client(aged_broker):
    with RawClient(aged_broker.bootstrap_servers) as connection:
        yield connection


def fill(client, topic, timestamps_ms):
    for timestamp_ms in timestamps_ms:
        assert produce(client, topic, 0, record_batch([timestamp_ms], value=b"x" * 100)) >= 0


def earliest(client, topic):
    partition = ListOffsetsRequest.ListOffsetsPartition(partition_index=0, timestamp=-2)
    asked = ListOffsetsRequest.ListOffsetsTopic(name=topic, partitions=[partition])
    response = client.ask(ListOffsetsRequest(replica_id=-1, topics=[asked]), 10)
    return response.topics[0].partitions[0].offset


def fetch(client, topic, offset):
    partition = FetchRequest.FetchPartition(
        partition=0, fetch_offset=offset, partition_max_bytes=1 << 20
    )
    asked = FetchRequest.FetchTopic(topic=topic, partitions=[partition])
    request = FetchRequest(max_wait_ms=0, min_bytes=0, max_bytes=1 << 20, topics=[asked])
    return client.ask(request, 12).responses[0].partitions[0]


def segments(tmp_path, topic):
    return sorted(int(path.stem) for path in (tmp_path / f"{topic}-0").glob("*.log"))


def test_segments_older_than_retention_ms_go_at_the_next_check(
    aged_broker, aged_client, clock, tmp_path
):
    create_topic(aged_client, "t", configs=[SMALL, ("retention.ms", str(HOUR_MS))])
    fill(aged_client, "t", [START_MS - 2 * HOUR_MS] * 2 + [START_MS - HOUR_MS // 2] * 3)
    assert segments(tmp_path, "t") == [0, 2, 4]
    clock.advance(aged_broker, 29_999)
    assert earliest(aged_client, "t") == 0
    clock.advance(aged_broker, 1)
    wait_until(lambda: earliest(aged_client, "t") == 2)
    assert segments(tmp_path, "t") == [2, 4]
    assert fetch(aged_client, "t", 1).error_code == ErrorCode.OFFSET_OUT_OF_RANGE
    kept = fetch(aged_client, "t", 2)
    assert (kept.error_code, kept.log_start_offset, kept.high_watermark) == (0, 2, 5)

    clock.advance(aged_broker, HOUR_MS)
    wait_until(lambda: earliest(aged_client, "t") == 5)
    assert segments(tmp_path, "t") == [5]
    assert produce(aged_client, "t", 0, record_batch([clock.now_ms()])) == 5


def test_the_oldest_segments_of_a_log_larger_than_retention_bytes_go(start_broker, clock, tmp_path):
    settings = {
        "log.retention.bytes": "600",
        "log.initial.task.delay.ms": "0",
        "log.retention.check.interval.ms": str(CHECK_MS),
    }
    broker = start_broker(clock=clock, data_dir=tmp_path, settings=settings)
    with RawClient(broker.bootstrap_servers) as client:
        create_topic(client, "t", configs=[SMALL])
        create_topic(client, "unlimited", configs=[SMALL, ("retention.bytes", "-1")])
        for topic in ("t", "unlimited"):
            fill(client, topic, [START_MS] * 8)
        clock.advance(broker, CHECK_MS)
        wait_until(lambda: earliest(client, "t") > 0)
        assert segments(tmp_path, "t") == [4, 6]
        assert segments(tmp_path, "unlimited") == [0, 2, 4, 6]


def test_compacted_topics_keep_what_is_old(aged_broker, aged_client, clock, tmp_path):
    limits = [SMALL, ("retention.ms", "1"), ("retention.bytes", "1")]
    create_topic(aged_client, "compacted", configs=[*limits, ("cleanup.policy", "compact")])
    create_topic(aged_client, "both", configs=[*limits, ("cleanup.policy", "compact,delete")])
    for topic in ("compacted", "both"):
        fill(aged_client, topic, [START_MS - HOUR_MS] * 4)
    clock.advance(aged_broker, CHECK_MS)
    wait_until(lambda: earliest(aged_client, "both") == 4)
    assert earliest(aged_client, "compacted") == 0
    assert segments(tmp_path, "compacted") == [0, 2]


def test_files_stay_for_their_delay_and_then_go(aged_broker, aged_client, clock, tmp_path):
    limits = [SMALL, ("retention.ms", "1")]
    create_topic(aged_client, "at-once", configs=[*limits, ("file.delete.delay.ms", "0")])
    create_topic(aged_client, "later", configs=[*limits, ("file.delete.delay.ms", "600000")])
    for topic in ("at-once", "later"):
        fill(aged_client, topic, [START_MS] * 4)
    clock.advance(aged_broker, CHECK_MS)
    for topic in ("at-once", "later"):
        wait_until(lambda topic=topic: earliest(aged_client, topic) == 4)
    wait_until(lambda: not list((tmp_path / "at-once-0").glob("*.deleted")))
    wait_until(lambda: len(list((tmp_path / "later-0").glob("*.log.deleted"))) == 2)


def test_how_far_logs_are_flushed_is_written_every_interval(start_broker, clock, tmp_path):
    settings = {
        "log.flush.offset.checkpoint.interval.ms": str(CHECK_MS),
        "log.initial.task.delay.ms": "1000",
    }
    broker = start_broker(clock=clock, data_dir=tmp_path, settings=settings)

    def written():
        path = tmp_path / "recovery-point-offset-checkpoint"
        return path.read_text() if path.exists() else ""

    batch = record_batch([START_MS] * 2)
    with RawClient(broker.bootstrap_servers) as client:
        create_topic(client, "t", configs=[("flush.messages", "1")])
        for delay_ms, end_offset in ((1000, 2), (CHECK_MS, 4)):
            produce(client, "t", 0, batch)
            clock.advance(broker, delay_ms)
            wait_until(lambda end=end_offset: written() == f"0\n1\nt 0 {end}\n")


def test_the_log_start_offset_survives_a_restart(clock, tmp_path, start_broker):
    with (
        Broker(clock=clock, data_dir=tmp_path) as broker,
        RawClient(broker.bootstrap_servers) as client,
    ):
        create_topic(client, "t", configs=[SMALL, ("retention.ms", "1")])
        fill(client, "t", [START_MS] * 3)
        clock.advance(broker, CHECK_MS)
        wait_until(lambda: earliest(client, "t") == 3)
    broker = start_broker(data_dir=tmp_path)
    with RawClient(broker.bootstrap_servers) as client:
        assert earliest(client, "t") == 3
        assert produce(client, "t", 0, record_batch([START_MS])) == 3
        assert list((tmp_path / "t-0").glob("*.deleted")) == []
