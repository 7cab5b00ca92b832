"""Compaction as a client sees it, by a clock that the test holds."""

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
)

from pybroker import Broker
from tests.support.held_clock import START_MS, HeldClock
from tests.support.waiting import wait_until

BACKOFF_MS = 15_000
DELETE_RETENTION_MS = 60_000
CONFIGS = {
    "cleanup.policy": "compact",
    "internal.segment.bytes": "600",
    "min.cleanable.dirty.ratio": "0.1",
    "delete.retention.ms": str(DELETE_RETENTION_MS),
}


@pytest.fixture
def clock():
    return HeldClock()


@pytest.fixture
def broker(start_broker, clock, tmp_path):
    return start_broker(clock=clock, data_dir=tmp_path)


def create(broker, topic, **configs):
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    config = CONFIGS | {name.replace("_", "."): value for name, value in configs.items()}
    admin.create_topics([NewTopic(topic, 1, 1, config=config)])[topic].result()


def produce(broker, topic, records, **settings):
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "linger.ms": 0, **settings})
    for key, value in records:
        producer.produce(topic, key=key, value=value, timestamp=START_MS)
        assert producer.flush(20) == 0


def consume(broker, topic):
    """Give (offset, key, value) of everything up to the end."""
    consumer = Consumer(
        {
            "bootstrap.servers": broker.bootstrap_servers,
            "group.id": "reader",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
        }
    )
    consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    read = []
    try:
        while (message := consumer.poll(20)) is not None and message.error() is None:
            read.append((message.offset(), message.key(), message.value()))
        assert message is not None
    finally:
        consumer.close()
    return read


def run_cleaner(broker, clock):
    """Let the cleaner look once."""
    before = broker.data_plane.cleaner_state().last_run_ms
    clock.advance(broker, BACKOFF_MS)
    wait_until(lambda: broker.data_plane.cleaner_state().last_run_ms > before)
    now_ms = clock.now_ms()
    wait_until(lambda: all(log.dirty_ratio < 0.1 for log in broker.data_plane.cleaner_state().logs))
    assert now_ms == broker.data_plane.cleaner_state().last_run_ms


def latest(records):
    by_key = {}
    for offset, key, value in records:
        by_key[key] = (offset, key, value)
    return by_key


@pytest.mark.parametrize("codec", ["none", "lz4"])
def test_of_each_key_the_latest_value_stays_at_its_offset(broker, clock, codec):
    create(broker, "t")
    records = [(b"%d" % (number % 4), b"%050d" % number) for number in range(60)]
    produce(broker, "t", records, **{"compression.type": codec})
    before = consume(broker, "t")
    assert len(before) == 60
    run_cleaner(broker, clock)
    after = consume(broker, "t")
    assert set(after) <= set(before)
    assert latest(after) == latest(before)
    assert len(after) < 20
    (log,) = broker.data_plane.cleaner_state().logs
    assert (log.topic, log.partition, log.uncleanable_reason) == ("t", 0, None)
    assert log.cleaned_bytes > 0


def test_a_reader_notices_nothing_of_segments_that_were_emptied(broker, clock):
    create(broker, "t")
    for number in range(40):
        produce(broker, "t", [(b"key", b"%0500d" % number)])
    produce(broker, "t", [(b"another", b"%0500d" % number) for number in range(2)])
    run_cleaner(broker, clock)
    consumer = Consumer({"bootstrap.servers": broker.bootstrap_servers, "group.id": "reader"})
    consumer.assign([TopicPartition("t", 0, OFFSET_BEGINNING)])
    read = []
    while not read or read[-1][1] < 41:
        message = consumer.poll(20)
        assert message is not None
        read.append((message.error(), message.offset()))
    consumer.close()
    assert [error for error, _ in read if error] == []
    assert read[0] == (None, 39)


def test_a_tombstone_is_read_until_its_time_is_over(broker, clock):
    create(broker, "t")
    produce(broker, "t", [(b"gone", b"%050d" % 1), (b"gone", None), (b"there", b"%050d" % 2)])
    filler = [(b"filler", b"%0500d" % number) for number in range(3)]
    produce(broker, "t", filler)
    run_cleaner(broker, clock)
    assert (1, b"gone", None) in consume(broker, "t")
    assert (0, b"gone", b"%050d" % 1) not in consume(broker, "t")
    for _ in range(DELETE_RETENTION_MS // BACKOFF_MS):
        produce(broker, "t", filler)
        run_cleaner(broker, clock)
    assert b"gone" not in {key for _, key, _ in consume(broker, "t")}
    assert (2, b"there", b"%050d" % 2) in consume(broker, "t")


def test_what_was_cleaned_is_there_after_a_restart(clock, tmp_path):
    with Broker(clock=clock, data_dir=tmp_path) as broker:
        create(broker, "t")
        produce(broker, "t", [(b"%d" % (number % 4), b"%050d" % number) for number in range(60)])
        run_cleaner(broker, clock)
        before = consume(broker, "t")
    assert "t 0 " in (tmp_path / "cleaner-offset-checkpoint").read_text()
    with Broker(clock=clock, data_dir=tmp_path) as broker:
        assert consume(broker, "t") == before
        # Nothing became dirty by that.
        run_cleaner(broker, clock)
        (log,) = broker.data_plane.cleaner_state().logs
        assert (log.dirty_ratio, log.cleaned_bytes) == (0, 0)


def test_a_topic_of_both_policies_loses_what_is_old_too(broker, clock):
    create(broker, "t", cleanup_policy="compact,delete", retention_ms="100000")
    produce(broker, "t", [(b"%d" % number, b"%050d" % number) for number in range(30)])
    run_cleaner(broker, clock)
    assert len(consume(broker, "t")) == 30
    clock.advance(broker, 400_000)
    wait_until(lambda: consume(broker, "t") == [])


def test_a_deleted_topic_is_forgotten(broker, clock, tmp_path):
    create(broker, "t")
    produce(broker, "t", [(b"%d" % (number % 4), b"%050d" % number) for number in range(60)])
    run_cleaner(broker, clock)
    assert [log.topic for log in broker.data_plane.cleaner_state().logs] == ["t"]
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    admin.delete_topics(["t"])["t"].result()
    wait_until(lambda: (tmp_path / "cleaner-offset-checkpoint").read_text() == "0\n0\n")
    assert broker.data_plane.cleaner_state().logs == []


def test_a_topic_that_is_compacted_no_longer_is_not_among_the_dirty_ones(broker, clock):
    create(broker, "t", min_cleanable_dirty_ratio="1.0")
    produce(broker, "t", [(b"key", b"%050d" % number) for number in range(40)])
    clock.advance(broker, BACKOFF_MS)
    wait_until(lambda: broker.data_plane.cleaner_state().max_dirty_percent == 100)
    resource = ConfigResource(
        ConfigResource.Type.TOPIC,
        "t",
        incremental_configs=[
            ConfigEntry("cleanup.policy", "delete", incremental_operation=AlterConfigOpType.SET)
        ],
    )
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    admin.incremental_alter_configs([resource])[resource].result()
    clock.advance(broker, BACKOFF_MS)
    wait_until(lambda: not broker.data_plane.cleaner_state().logs)
    assert broker.data_plane.cleaner_state().max_dirty_percent == 0
