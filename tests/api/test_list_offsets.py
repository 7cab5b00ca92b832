"""ListOffsets against a broker: raw frames in, exact fields out."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.protocol.list_offsets import ListOffsetsRequest
from tests.support.raw_client import RawClient, create_topic
from tests.support.record_batches import produce, record_batch

LATEST, EARLIEST, MAX_TIMESTAMP, EARLIEST_LOCAL, LATEST_TIERED, EARLIEST_PENDING_UPLOAD = range(
    -1, -7, -1
)
EVERY_VERSION = range(1, 12)
NO_OFFSET = (ErrorCode.NONE, -1, -1, -1)


def ask(client, version, *timestamps, topic="t", partition=0, epoch=-1, replica_id=-1):
    """Ask for one partition per timestamp; gives (error code, offset, timestamp, leader epoch)."""
    request = ListOffsetsRequest(
        replica_id=replica_id,
        topics=[
            ListOffsetsRequest.ListOffsetsTopic(
                name=topic,
                partitions=[
                    ListOffsetsRequest.ListOffsetsPartition(
                        partition_index=partition,
                        current_leader_epoch=epoch,
                        timestamp=timestamp,
                    )
                ],
            )
            for timestamp in timestamps
        ],
    )
    response = client.ask(request, version)
    return [
        (answer.error_code, answer.offset, answer.timestamp, answer.leader_epoch)
        for topic in response.topics
        for answer in topic.partitions
    ]


def one(client, version, timestamp, **options):
    (answer,) = ask(client, version, timestamp, **options)
    return answer


@pytest.fixture
def filled(client):
    """A client of a topic with five records, the largest timestamp in the middle."""
    create_topic(client, "t")
    produce(client, "t", 0, record_batch([1_000, 2_000]))
    produce(client, "t", 0, record_batch([9_000, 3_000]))
    produce(client, "t", 0, record_batch([4_000]))
    return client


@pytest.mark.parametrize("version", EVERY_VERSION)
def test_latest_is_the_high_watermark_and_earliest_the_log_start(filled, version):
    epoch = 0 if version >= 4 else -1
    assert one(filled, version, LATEST) == (ErrorCode.NONE, 5, -1, epoch)
    assert one(filled, version, EARLIEST) == (ErrorCode.NONE, 0, -1, epoch)


@pytest.mark.parametrize("version", EVERY_VERSION)
def test_an_empty_log_starts_and_ends_at_zero(client, version):
    create_topic(client, "t")
    epoch = 0 if version >= 4 else -1
    assert one(client, version, LATEST) == (ErrorCode.NONE, 0, -1, epoch)
    assert one(client, version, EARLIEST) == (ErrorCode.NONE, 0, -1, epoch)
    assert one(client, version, 0) == NO_OFFSET


@pytest.mark.parametrize("version", EVERY_VERSION)
@pytest.mark.parametrize(
    ("timestamp", "offset", "found"),
    [
        (0, 0, 1_000),
        (1_000, 0, 1_000),
        (1_001, 1, 2_000),
        (2_001, 2, 9_000),
        (9_000, 2, 9_000),
    ],
)
def test_a_time_finds_the_first_record_at_or_after_it(filled, version, timestamp, offset, found):
    epoch = 0 if version >= 4 else -1
    assert one(filled, version, timestamp) == (ErrorCode.NONE, offset, found, epoch)


def test_a_time_after_the_last_record_finds_none(filled):
    assert one(filled, 7, 9_001) == NO_OFFSET


@pytest.mark.parametrize("version", range(7, 12))
def test_max_timestamp_is_the_record_with_the_largest(filled, version):
    assert one(filled, version, MAX_TIMESTAMP) == (ErrorCode.NONE, 2, 9_000, 0)


@pytest.mark.parametrize("version", range(7, 12))
def test_max_timestamp_of_an_empty_log_is_none(client, version):
    create_topic(client, "t")
    assert one(client, version, MAX_TIMESTAMP) == NO_OFFSET


def test_nothing_is_tiered(filled):
    assert one(filled, 8, EARLIEST_LOCAL) == (ErrorCode.NONE, 0, -1, 0)
    assert one(filled, 9, LATEST_TIERED) == NO_OFFSET
    assert one(filled, 11, EARLIEST_PENDING_UPLOAD) == NO_OFFSET


@pytest.mark.parametrize(
    ("version", "timestamp"),
    [
        (6, MAX_TIMESTAMP),
        (7, EARLIEST_LOCAL),
        (8, LATEST_TIERED),
        (10, EARLIEST_PENDING_UPLOAD),
        (11, -7),
        (1, -(2**63)),
    ],
)
def test_a_timestamp_that_the_version_does_not_have_is_refused(filled, version, timestamp):
    assert one(filled, version, timestamp) == (ErrorCode.UNSUPPORTED_VERSION, -1, -1, -1)


@pytest.mark.parametrize("version", EVERY_VERSION)
def test_an_unknown_partition_is_refused(filled, version):
    for place in ({"topic": "x"}, {"partition": 1}, {"partition": -1}):
        answer = one(filled, version, LATEST, **place)
        assert answer == (ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1, -1, -1)


@pytest.mark.parametrize("version", range(4, 12))
def test_another_leader_epoch_is_refused(filled, version):
    assert one(filled, version, LATEST, epoch=0)[0] == ErrorCode.NONE
    assert one(filled, version, LATEST, epoch=1)[0] == ErrorCode.UNKNOWN_LEADER_EPOCH


def test_a_partition_that_is_asked_for_twice_is_answered_once(filled):
    assert ask(filled, 7, LATEST, EARLIEST) == [(ErrorCode.INVALID_REQUEST, -1, -1, -1)]


def test_only_the_leader_answers(start_broker):
    broker = start_broker(settings={"pybroker.brokers": "2"})
    first, second = broker.bootstrap_servers.split(",")
    with RawClient(first) as leader, RawClient(second) as other:
        create_topic(leader, "t")
        produce(leader, "t", 0, record_batch([1_000]))
        assert one(leader, 7, LATEST)[:2] == (ErrorCode.NONE, 1)
        assert one(other, 7, LATEST)[0] == ErrorCode.NOT_LEADER_OR_FOLLOWER
        assert one(other, 7, LATEST, replica_id=-2)[0] == ErrorCode.NOT_LEADER_OR_FOLLOWER
