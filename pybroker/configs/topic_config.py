"""TopicConfig: the configs of one topic, its own over the broker's.

Promises:
  * `validate_topic_configs` takes and refuses what Apache Kafka takes and refuses, in its words
    (INVALID_CONFIG).
  * A topic without configs of its own costs nothing: all share the broker's `LogSettings`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from pybroker.configs.topic_keys import INTERNAL_SEGMENT_BYTES, TOPIC_CONFIG_KEYS
from pybroker.configs.values import ConfigError, Value, format_value
from pybroker.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from pybroker.configs.config import Config

UNLIMITED_RETENTION_MS: Final = -1
CODECS_WITH_LEVELS: Final = ("gzip", "lz4", "zstd")


class LogSettings(NamedTuple):
    """The topic configs that a log obeys, by the names of the data plane's LogConfig."""

    segment_bytes: int
    segment_ms: int
    segment_jitter_ms: int
    preallocate: bool
    index_interval_bytes: int
    segment_index_bytes: int
    max_message_bytes: int
    flush_messages: int
    flush_ms: int
    log_append_time: bool
    timestamp_before_max_ms: int
    timestamp_after_max_ms: int
    deletes: bool
    retention_ms: int
    retention_bytes: int
    file_delete_delay_ms: int
    compacted: bool
    min_cleanable_dirty_ratio: float
    min_compaction_lag_ms: int
    max_compaction_lag_ms: int
    delete_retention_ms: int
    compression_type: str
    compression_level: int | None
    producer_id_expiration_ms: int


class TopicConfig:
    """The effective configs of a topic. `overrides` passed `validate_topic_configs`."""

    __slots__ = ("_config", "overrides")

    def __init__(self, config: "Config", overrides: Mapping[str, str]) -> None:
        self._config = config
        self.overrides = overrides

    @property
    def min_insync_replicas(self) -> int:
        """Replicas that must be in sync for a write with acks=all."""
        return self._integer("min.insync.replicas")

    def value(self, name: str) -> Value:
        """Give the value in effect."""
        row = TOPIC_CONFIG_KEYS[name]
        text = self.overrides.get(name)
        if text is not None:
            return row.parse(text)
        if row.synonyms:
            return _broker_value(self._config, name)
        default = row.default_text()
        return None if default is None else row.parse(default)

    def text(self, name: str) -> str | None:
        """Give the value in effect as DescribeConfigs shows it."""
        return format_value(self.value(name))

    def to_log_config(self) -> LogSettings:
        """Give what the topic's logs obey; without overrides, what the broker has at hand."""
        return self.log_settings() if self.overrides else self._config.log_settings

    def log_settings(self) -> LogSettings:
        """Read what the topic's logs obey."""
        internal_bytes = self.value(INTERNAL_SEGMENT_BYTES)
        policies = self.value("cleanup.policy")
        assert isinstance(policies, tuple)
        return LogSettings(
            segment_bytes=internal_bytes
            if isinstance(internal_bytes, int)
            else self._integer("segment.bytes"),
            segment_ms=self._integer("segment.ms"),
            segment_jitter_ms=self._integer("segment.jitter.ms"),
            preallocate=self.value("preallocate") is True,
            index_interval_bytes=self._integer("index.interval.bytes"),
            segment_index_bytes=self._integer("segment.index.bytes"),
            max_message_bytes=self._integer("max.message.bytes"),
            flush_messages=self._integer("flush.messages"),
            flush_ms=self._integer("flush.ms"),
            log_append_time=self.value("message.timestamp.type") == "LogAppendTime",
            timestamp_before_max_ms=self._integer("message.timestamp.before.max.ms"),
            timestamp_after_max_ms=self._integer("message.timestamp.after.max.ms"),
            deletes="delete" in policies,
            retention_ms=self._integer("retention.ms"),
            retention_bytes=self._integer("retention.bytes"),
            file_delete_delay_ms=self._integer("file.delete.delay.ms"),
            compacted="compact" in policies,
            min_cleanable_dirty_ratio=self._number("min.cleanable.dirty.ratio"),
            min_compaction_lag_ms=self._integer("min.compaction.lag.ms"),
            max_compaction_lag_ms=self._integer("max.compaction.lag.ms"),
            delete_retention_ms=self._integer("delete.retention.ms"),
            compression_type=str(self.value("compression.type")),
            compression_level=self._compression_level(),
            producer_id_expiration_ms=self._config.producer_id_expiration_ms,
        )

    def _number(self, name: str) -> float:
        value = self.value(name)
        assert isinstance(value, float)
        return value

    def _compression_level(self) -> int | None:
        """Give the level of the codec that the topic asks for, if that has levels."""
        compression_type = self.value("compression.type")
        if compression_type not in CODECS_WITH_LEVELS:
            return None
        return self._integer(f"compression.{compression_type}.level")

    def _integer(self, name: str) -> int:
        value = self.value(name)
        assert isinstance(value, int)
        return value


def validate_topic_configs(
    overrides: Mapping[str, str | None], config: "Config | None" = None
) -> dict[str, str]:
    """Give the overrides back as they are to be stored, or raise KafkaError(INVALID_CONFIG).

    `config` is the broker's, whose values stand for what is not overridden.
    """
    nulls = [name for name, text in overrides.items() if text is None]
    if nulls:
        raise _refused(f"Null value not supported for topic configs: {','.join(nulls)}")
    given = {name: text for name, text in overrides.items() if text is not None}
    for name in given:
        if name not in TOPIC_CONFIG_KEYS:
            raise _refused(f"Unknown topic config name: {name}")
    try:
        for name, text in given.items():
            TOPIC_CONFIG_KEYS[name].parse(text)
    except ConfigError as error:
        raise _refused(str(error)) from None
    if given:
        _check_together(given, config)
    return given


def _check_together(given: dict[str, str], config: "Config | None") -> None:
    if config is None:
        from pybroker.configs.config import Config  # noqa: PLC0415 - It imports this module.

        config = Config()
    topic = TopicConfig(config, given)
    least, most = topic.value("min.compaction.lag.ms"), topic.value("max.compaction.lag.ms")
    assert isinstance(least, int)
    assert isinstance(most, int)
    if least > most:
        raise _refused(
            "conflict topic config setting "
            f"min.compaction.lag.ms ({least}) > max.compaction.lag.ms ({most})"
        )
    if topic.value("remote.storage.enable"):
        raise _refused(
            "Tiered Storage functionality is disabled in the broker. "
            "Topic cannot be configured with remote log storage."
        )


def _refused(message: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_CONFIG, message)


def _broker_value(config: "Config", name: str) -> Value:
    """Give what a topic config falls back to: the first of its broker configs that has a value."""
    for synonym in TOPIC_CONFIG_KEYS[name].synonyms:
        value = config.value(synonym.name)
        if value is None:
            continue
        if synonym.factor != 1:
            assert isinstance(value, int)
            value *= synonym.factor
        if name == "retention.ms" and isinstance(value, int) and value < 0:
            return UNLIMITED_RETENTION_MS  # In every unit.
        return value
    return None
