"""TOPIC_CONFIG_KEYS: every config that a topic can have, one row each.

Promises:
  * All of Apache Kafka's topic configs can be set, with Kafka's types and checks; those that do
    not act yet are kept.
  * A topic config falls back to its broker configs (`synonyms`, the first one set wins), then to
    the broker's default.
"""

# ruff: noqa: E501 - A row is a line.

from typing import Final

from pybroker.configs.keys import (
    BOOLEAN,
    CLEANUP_POLICIES,
    COMPRESSION_TYPES,
    DOUBLE,
    GZIP_LEVEL,
    INT,
    LIST,
    LONG,
    LZ4_LEVEL,
    NOT_NEGATIVE,
    POSITIVE,
    RATIO,
    SEGMENT_BYTES,
    STRING,
    THROTTLED_REPLICAS,
    TIMESTAMP_TYPES,
    ZSTD_LEVEL,
    ConfigKey,
    Synonym,
)
from pybroker.configs.values import Check, ConfigType, Range

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000


def _row(
    name: str,
    config_type: ConfigType,
    documentation: str,
    synonyms: tuple[Synonym, ...] | str,
    check: Check | None = None,
    *,
    acts: bool = False,
    default: str | None = None,
) -> ConfigKey:
    if isinstance(synonyms, str):
        synonyms = (Synonym(synonyms),)
    return ConfigKey(
        name, config_type, default, documentation, check, dynamic=True, acts=acts, synonyms=synonyms
    )


TOPIC_CONFIG_ROWS: Final = (
    # These act.
    _row("cleanup.policy", LIST, "What happens to old segments. With delete they go by age and size. With compact the latest record of each key stays; such a topic takes no records without a key.", "log.cleanup.policy", CLEANUP_POLICIES, acts=True),
    _row("compression.gzip.level", INT, "The level of gzip when compression.type is gzip.", "compression.gzip.level", GZIP_LEVEL, acts=True),
    _row("compression.lz4.level", INT, "The level of lz4 when compression.type is lz4.", "compression.lz4.level", LZ4_LEVEL, acts=True),
    _row("compression.type", STRING, "How batches are stored: by a codec, uncompressed, or as the producer sent them.", "compression.type", COMPRESSION_TYPES, acts=True),
    _row("compression.zstd.level", INT, "The level of zstd when compression.type is zstd.", "compression.zstd.level", ZSTD_LEVEL, acts=True),
    _row("delete.retention.ms", LONG, "Time for which compaction keeps the mark of a deleted key.", "log.cleaner.delete.retention.ms", NOT_NEGATIVE, acts=True),
    _row("file.delete.delay.ms", LONG, "Time between the deletion of a segment and that of its files.", "log.segment.delete.delay.ms", NOT_NEGATIVE, acts=True),
    _row("flush.messages", LONG, "Records after which a log is forced to the disk.", "log.flush.interval.messages", POSITIVE, acts=True),
    _row("flush.ms", LONG, "Time after which a log is forced to the disk.", (Synonym("log.flush.interval.ms"), Synonym("log.flush.scheduler.interval.ms")), NOT_NEGATIVE, acts=True),
    _row("index.interval.bytes", INT, "Bytes of log between two entries of its offset index.", "log.index.interval.bytes", NOT_NEGATIVE, acts=True),
    _row("max.compaction.lag.ms", LONG, "Age at which a record is compacted at the latest.", "log.cleaner.max.compaction.lag.ms", POSITIVE, acts=True),
    _row("max.message.bytes", INT, "The largest record batch that is accepted, as it is sent.", "message.max.bytes", NOT_NEGATIVE, acts=True),
    _row("message.timestamp.after.max.ms", LONG, "How far a record's timestamp may lie in the future.", "log.message.timestamp.after.max.ms", NOT_NEGATIVE, acts=True),
    _row("message.timestamp.before.max.ms", LONG, "How far a record's timestamp may lie in the past.", "log.message.timestamp.before.max.ms", NOT_NEGATIVE, acts=True),
    _row("message.timestamp.type", STRING, "Whether records keep their own timestamp or get the time of the append.", "log.message.timestamp.type", TIMESTAMP_TYPES, acts=True),
    _row("min.cleanable.dirty.ratio", DOUBLE, "Share of a log that is not compacted yet, at which compaction begins.", "log.cleaner.min.cleanable.ratio", RATIO, acts=True),
    _row("min.compaction.lag.ms", LONG, "Age below which a record is not compacted.", "log.cleaner.min.compaction.lag.ms", NOT_NEGATIVE, acts=True),
    _row("min.insync.replicas", INT, "Replicas that must be in sync for a write with acks=all.", "min.insync.replicas", POSITIVE, acts=True),
    _row("preallocate", BOOLEAN, "Whether a new segment's file gets its whole size at once.", "log.preallocate", acts=True),
    _row("retention.bytes", LONG, "Size of a partition above which its oldest segments may be deleted. -1: no limit.", "log.retention.bytes", acts=True),
    _row("retention.ms", LONG, "Age at which records may be deleted. -1: never.", (Synonym("log.retention.ms"), Synonym("log.retention.minutes", MINUTE_MS), Synonym("log.retention.hours", HOUR_MS)), Range(-1), acts=True),
    _row("segment.bytes", INT, "Size at which a segment is closed and the next begun.", "log.segment.bytes", SEGMENT_BYTES, acts=True),
    _row("segment.index.bytes", INT, "The largest offset index of a segment.", "log.index.size.max.bytes", Range(4), acts=True),
    _row("segment.jitter.ms", LONG, "The most by which the age at which a segment is closed is shortened at random.", (Synonym("log.roll.jitter.ms"), Synonym("log.roll.jitter.hours", HOUR_MS)), NOT_NEGATIVE, acts=True),
    _row("segment.ms", LONG, "Age at which a segment is closed even when it is not full.", (Synonym("log.roll.ms"), Synonym("log.roll.hours", HOUR_MS)), POSITIVE, acts=True),
    # Checked and kept, and without effect.
    _row("follower.replication.throttled.replicas", LIST, "Follower replicas whose replication is throttled.", (), THROTTLED_REPLICAS, default=""),
    _row("leader.replication.throttled.replicas", LIST, "Leader replicas whose replication is throttled.", (), THROTTLED_REPLICAS, default=""),
    _row("local.retention.bytes", LONG, "Size above which segments of a tiered topic may be deleted locally. -2: that of retention.bytes.", "log.local.retention.bytes", Range(-2)),
    _row("local.retention.ms", LONG, "Age at which records of a tiered topic may be deleted locally. -2: that of retention.ms.", "log.local.retention.ms", Range(-2)),
    _row("remote.log.copy.disable", BOOLEAN, "Whether a tiered topic stops copying segments away.", (), default="false"),
    _row("remote.log.delete.on.disable", BOOLEAN, "Whether the copies are deleted when tiering is turned off.", (), default="false"),
    _row("remote.storage.enable", BOOLEAN, "Whether the topic is tiered. pybroker has no tiered storage and refuses true.", (), default="false"),
    _row("unclean.leader.election.enable", BOOLEAN, "Whether a replica that is not in sync may become leader.", "unclean.leader.election.enable"),
)  # fmt: skip

INTERNAL_SEGMENT_BYTES: Final = "internal.segment.bytes"

# Kafka takes this one too and shows it nowhere: segment.bytes without the lower limit, for tests.
INTERNAL_ROW: Final = _row(INTERNAL_SEGMENT_BYTES, INT, "Size at which a segment is closed, for tests; wins over segment.bytes.", (), POSITIVE, acts=True)  # fmt: skip

TOPIC_CONFIG_KEYS: Final = {row.name: row for row in (*TOPIC_CONFIG_ROWS, INTERNAL_ROW)}
