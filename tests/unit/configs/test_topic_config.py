"""Topic configs: what is refused and in which words, and what is in effect."""

# ruff: noqa: E501, ISC004 - A case is a line.

import pytest

from pybroker.configs import Config, TopicConfig, validate_topic_configs
from pybroker.configs.topic_keys import TOPIC_CONFIG_ROWS
from pybroker.errors import ErrorCode, KafkaError

MAX_LONG = 2**63 - 1

# Each was asked of Apache Kafka 4.3.1's LogConfig; the message is its answer.
REFUSED = [
    ({"foo": "1"}, "Unknown topic config name: foo"),
    ({"message.format.version": "3.0"}, "Unknown topic config name: message.format.version"),
    (
        {"retention.ms": "-2"},
        "Invalid value -2 for configuration retention.ms: Value must be at least -1",
    ),
    (
        {"retention.ms": "abc"},
        "Invalid value abc for configuration retention.ms: Not a number of type LONG",
    ),
    (
        {"retention.ms": "99999999999999999999"},
        "Invalid value 99999999999999999999 for configuration retention.ms: Not a number of type LONG",
    ),
    (
        {"retention.ms": ""},
        "Invalid value  for configuration retention.ms: Not a number of type LONG",
    ),
    (
        {"cleanup.policy": "foo"},
        "Invalid value foo for configuration cleanup.policy: String must be one of: compact, delete",
    ),
    (
        {"cleanup.policy": "COMPACT"},
        "Invalid value COMPACT for configuration cleanup.policy: String must be one of: compact, delete",
    ),
    (
        {"cleanup.policy": "compact,,delete"},
        "Configuration 'cleanup.policy' values must not be empty.",
    ),
    (
        {"compression.type": "foo"},
        "Invalid value foo for configuration compression.type: "
        "String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer",
    ),
    (
        {"compression.gzip.level": "0"},
        "Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1",
    ),
    (
        {"compression.lz4.level": "0"},
        "Invalid value 0 for configuration compression.lz4.level: Value must be at least 1",
    ),
    (
        {"compression.zstd.level": "23"},
        "Invalid value 23 for configuration compression.zstd.level: Value must be no more than 22",
    ),
    (
        {"min.cleanable.dirty.ratio": "1.5"},
        "Invalid value 1.5 for configuration min.cleanable.dirty.ratio: Value must be no more than 1",
    ),
    (
        {"min.cleanable.dirty.ratio": "-0.1"},
        "Invalid value -0.1 for configuration min.cleanable.dirty.ratio: Value must be at least 0",
    ),
    (
        {"min.cleanable.dirty.ratio": "x"},
        "Invalid value x for configuration min.cleanable.dirty.ratio: Not a number of type DOUBLE",
    ),
    (
        {"preallocate": "yes"},
        "Invalid value yes for configuration preallocate: Expected value to be either true or false",
    ),
    (
        {"segment.bytes": "1000"},
        "Invalid value 1000 for configuration segment.bytes: Value must be at least 1048576",
    ),
    (
        {"segment.bytes": "3000000000"},
        "Invalid value 3000000000 for configuration segment.bytes: Not a number of type INT",
    ),
    (
        {"min.compaction.lag.ms": "10", "max.compaction.lag.ms": "5"},
        "conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)",
    ),
    (
        {"follower.replication.throttled.replicas": "100:0,*"},
        "Invalid value [100:0, *] for configuration follower.replication.throttled.replicas: "
        "follower.replication.throttled.replicas must be the literal '*' or a list of replicas in the following "
        "format: [partitionId]:[brokerId],[partitionId]:[brokerId],...",
    ),
    (
        {"remote.storage.enable": "true"},
        "Tiered Storage functionality is disabled in the broker. "
        "Topic cannot be configured with remote log storage.",
    ),
    (
        {"message.timestamp.type": "createtime"},
        "Invalid value createtime for configuration message.timestamp.type: "
        "String must be one of: CreateTime, LogAppendTime",
    ),
    (
        {"min.insync.replicas": "0"},
        "Invalid value 0 for configuration min.insync.replicas: Value must be at least 1",
    ),
    ({"flush.ms": "-1"}, "Invalid value -1 for configuration flush.ms: Value must be at least 0"),
    (
        {"retention.ms": None, "segment.ms": "5", "flush.ms": None},
        "Null value not supported for topic configs: retention.ms,flush.ms",
    ),
    (
        {"retention.ms": "1_000"},
        "Invalid value 1_000 for configuration retention.ms: Not a number of type LONG",
    ),
]

ACCEPTED = [
    {"retention.ms": " 7 "},
    {"retention.ms": "+7"},
    {"retention.ms": "-1"},
    {"retention.bytes": "-100"},
    {"cleanup.policy": "compact,compact"},
    {"cleanup.policy": ""},
    {"cleanup.policy": "compact, delete"},
    {"preallocate": "TRUE"},
    {"internal.segment.bytes": "10"},
    {"follower.replication.throttled.replicas": "*"},
    {"leader.replication.throttled.replicas": "1:2,3:4"},
    {"leader.replication.throttled.replicas": "100:0,"},
    {"min.cleanable.dirty.ratio": "NaN"},
    {"remote.storage.enable": "false"},
    {},
]


@pytest.mark.parametrize(("overrides", "message"), REFUSED)
def test_a_topic_config_is_refused_in_kafkas_words(
    overrides: dict[str, str | None], message: str
) -> None:
    with pytest.raises(KafkaError) as caught:
        validate_topic_configs(overrides)
    assert caught.value.code == ErrorCode.INVALID_CONFIG
    assert caught.value.message == message


@pytest.mark.parametrize("overrides", ACCEPTED)
def test_a_topic_config_is_kept_as_it_was_sent(overrides: dict[str, str | None]) -> None:
    assert validate_topic_configs(overrides) == overrides


def test_the_brokers_values_count_in_a_conflict() -> None:
    config = Config({"log.cleaner.min.compaction.lag.ms": "10"})
    with pytest.raises(KafkaError, match=r"min.compaction.lag.ms \(10\)"):
        validate_topic_configs({"max.compaction.lag.ms": "5"}, config)


INHERITED = [
    ({}, "segment.ms", 604_800_000),
    ({"log.roll.hours": "2"}, "segment.ms", 7_200_000),
    ({"log.roll.hours": "2", "log.roll.ms": "5"}, "segment.ms", 5),
    ({}, "retention.ms", 604_800_000),
    ({"log.retention.hours": "1"}, "retention.ms", 3_600_000),
    ({"log.retention.hours": "1", "log.retention.minutes": "1"}, "retention.ms", 60_000),
    (
        {"log.retention.hours": "1", "log.retention.minutes": "1", "log.retention.ms": "7"},
        "retention.ms",
        7,
    ),
    ({"log.retention.hours": "-1"}, "retention.ms", -1),
    ({}, "flush.ms", MAX_LONG),
    ({"log.flush.scheduler.interval.ms": "9"}, "flush.ms", 9),
    ({"log.flush.scheduler.interval.ms": "9", "log.flush.interval.ms": "8"}, "flush.ms", 8),
    ({"message.max.bytes": "77"}, "max.message.bytes", 77),
    ({"log.cleanup.policy": "compact, delete"}, "cleanup.policy", ("compact", "delete")),
    ({"log.segment.delete.delay.ms": "3"}, "file.delete.delay.ms", 3),
    ({}, "remote.storage.enable", False),
    ({}, "leader.replication.throttled.replicas", ()),
    ({}, "internal.segment.bytes", None),
]


@pytest.mark.parametrize(("settings", "name", "value"), INHERITED)
def test_a_topic_inherits_the_first_broker_config_that_is_set(
    settings: dict[str, str], name: str, value: object
) -> None:
    assert TopicConfig(Config(settings), {}).value(name) == value


def test_a_topics_own_config_wins() -> None:
    topic = TopicConfig(
        Config({"log.roll.ms": "5"}), {"segment.ms": "6", "min.insync.replicas": "2"}
    )
    assert topic.value("segment.ms") == 6
    assert topic.min_insync_replicas == 2


def test_a_log_obeys_the_effective_values() -> None:
    config = Config(
        {
            "log.index.interval.bytes": "17",
            "compression.type": "zstd",
            "producer.id.expiration.ms": "21",
        }
    )
    topic = TopicConfig(
        config,
        {
            "segment.bytes": "2000000",
            "segment.ms": "11",
            "segment.index.bytes": "12",
            "max.message.bytes": "13",
            "flush.messages": "14",
            "flush.ms": "15",
            "message.timestamp.type": "LogAppendTime",
            "message.timestamp.before.max.ms": "18",
            "message.timestamp.after.max.ms": "19",
            "cleanup.policy": "delete,compact",
            "retention.ms": "22",
            "segment.jitter.ms": "25",
            "preallocate": "true",
            "compression.zstd.level": "7",
            "retention.bytes": "23",
            "file.delete.delay.ms": "24",
        },
    )
    assert topic.to_log_config()._asdict() == {
        "segment_bytes": 2_000_000,
        "segment_ms": 11,
        "segment_jitter_ms": 25,
        "preallocate": True,
        "index_interval_bytes": 17,
        "segment_index_bytes": 12,
        "max_message_bytes": 13,
        "flush_messages": 14,
        "flush_ms": 15,
        "log_append_time": True,
        "timestamp_before_max_ms": 18,
        "timestamp_after_max_ms": 19,
        "deletes": True,
        "retention_ms": 22,
        "retention_bytes": 23,
        "file_delete_delay_ms": 24,
        "compacted": True,
        "min_cleanable_dirty_ratio": 0.5,
        "min_compaction_lag_ms": 0,
        "max_compaction_lag_ms": 2**63 - 1,
        "delete_retention_ms": 86_400_000,
        "compression_type": "zstd",
        "compression_level": 7,
        "producer_id_expiration_ms": 21,
    }


# What acts with a codec only, and values of what is no whole number.
CODECS = {f"compression.{codec}.level": codec for codec in ("gzip", "lz4", "zstd")}
WORDS = {
    "cleanup.policy": "compact,delete",
    "compression.type": "lz4",
    "message.timestamp.type": "LogAppendTime",
    "min.cleanable.dirty.ratio": "0.25",
    "preallocate": "true",
    **dict.fromkeys(CODECS, "2"),
}
NUMBER = "1100000"
BROKER_FORMS = [
    (row.name, synonym.name, synonym.factor)
    for row in TOPIC_CONFIG_ROWS
    for synonym in row.synonyms
    if row.acts and row.name != "min.insync.replicas"
]


@pytest.mark.parametrize(("name", "broker_name", "factor"), BROKER_FORMS)
def test_a_log_obeys_the_brokers_form_of_each_config_as_the_topics_own(
    name: str, broker_name: str, factor: int
) -> None:
    text = WORDS.get(name, NUMBER)
    base = {"compression.type": CODECS[name]} if name in CODECS else {}
    topics_own = text if factor == 1 else str(int(text) * factor)
    by_broker = TopicConfig(Config(base | {broker_name: text}), {}).to_log_config()
    assert by_broker == TopicConfig(Config(base), {name: topics_own}).to_log_config()
    assert by_broker != TopicConfig(Config(base), {}).to_log_config()


def test_small_segments_are_for_tests_and_win() -> None:
    topic = TopicConfig(Config(), {"internal.segment.bytes": "100", "segment.bytes": "2000000"})
    assert topic.to_log_config().segment_bytes == 100


def test_topics_without_configs_share_the_brokers_settings() -> None:
    config = Config()
    assert TopicConfig(config, {}).to_log_config() is TopicConfig(config, {}).to_log_config()
