"""CONFIG_KEYS: every config that a broker knows, one row each.

Promises:
  * Names, types, checks and defaults are Apache Kafka's; a row whose default differs says so in
    its sentence.
  * A row that acts changes what pybroker does. A row that does not act (`acts=False`) is checked
    and kept, because topic configs inherit from it or because a Kafka user sets it;
    DescribeConfigs leaves it out until it is set.
  * `dynamic` rows can be changed at run time, as in Kafka; DescribeConfigs calls the others
    read-only. A row that Kafka can change and pybroker cannot says so.
"""

# ruff: noqa: E501 - A row is a line.

import os
import sys
from collections.abc import Callable
from typing import Final, NamedTuple

from pybroker.configs.values import (
    Check,
    ConfigType,
    GzipLevel,
    HttpAddress,
    ListOf,
    OneOf,
    OneOfAnyCase,
    Range,
    ThrottledReplicas,
    Value,
    parse_value,
)

BOOLEAN, STRING, INT, LONG, DOUBLE, LIST = (
    ConfigType.BOOLEAN,
    ConfigType.STRING,
    ConfigType.INT,
    ConfigType.LONG,
    ConfigType.DOUBLE,
    ConfigType.LIST,
)

COMPRESSION_TYPES: Final = OneOf("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer")
TIMESTAMP_TYPES: Final = OneOf("CreateTime", "LogAppendTime")
REBALANCE_PROTOCOLS: Final = ListOf("consumer", "classic", "share", "streams")
MIGRATION_POLICIES: Final = OneOfAnyCase("bidirectional", "upgrade", "downgrade", "disabled")
CLEANUP_POLICIES: Final = ListOf("compact", "delete")
GZIP_LEVEL: Final = GzipLevel()
LZ4_LEVEL: Final = Range(1, 17)
ZSTD_LEVEL: Final = Range(-131_072, 22)
THROTTLED_REPLICAS: Final = ThrottledReplicas()
NOT_NEGATIVE: Final = Range(0)
POSITIVE: Final = Range(1)
SEGMENT_BYTES: Final = Range(1_048_576)
RATIO: Final = Range(0, 1)

WINDOWS_OPEN_FILES: Final = 4_096
MAX_OPEN_FILES: Final = 262_144

NO_LIMIT_INT: Final = "2147483647"
NO_LIMIT_LONG: Final = "9223372036854775807"


class Synonym(NamedTuple):
    """A broker config that a topic config falls back to, and what its number is multiplied with."""

    name: str
    factor: int = 1


class ConfigKey(NamedTuple):
    """One config. A default that depends on the machine is a function, whose docstring says what it gives."""

    name: str
    type: ConfigType
    default: str | Callable[[], str] | None
    documentation: str
    check: Check | None = None
    dynamic: bool = False
    acts: bool = True
    synonyms: tuple[Synonym, ...] = ()

    @property
    def sensitive(self) -> bool:
        """Whether the value is never shown."""
        return self.type in (ConfigType.PASSWORD, ConfigType.UNKNOWN)

    def parse(self, text: str) -> Value:
        """Read and check the text of a value, or raise ConfigError."""
        value = parse_value(self.name, self.type, text)
        if self.check is not None:
            self.check.ensure(self.name, value)
        return value

    def default_text(self) -> str | None:
        """Give the default, computed if it depends on the machine."""
        return self.default() if callable(self.default) else self.default


def usable_cores() -> str:
    """One per usable core."""
    if hasattr(os, "sched_getaffinity"):
        return str(len(os.sched_getaffinity(0)))
    return str(os.cpu_count() or 1)


def half_of_descriptors() -> str:
    """Half of the descriptors that the process may have, so that as many are left for connections."""
    if sys.platform == "win32":
        return str(WINDOWS_OPEN_FILES)
    import resource  # noqa: PLC0415 - Other systems have no such module.

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Without a limit, or with a very high one, as many as the system has by default.
    return str(min(max(soft // 2, 16), MAX_OPEN_FILES) if soft >= 0 else MAX_OPEN_FILES)


BROKER_CONFIG_ROWS: Final = (
    # Who and where.
    ConfigKey("node.id", INT, "1", "The id of this node; with several nodes in one process, of the first.", NOT_NEGATIVE),
    ConfigKey("broker.id", INT, "-1", "The older name of node.id; -1 stands for node.id."),
    ConfigKey("listeners", LIST, "PLAINTEXT://:9092", "Where to listen, as NAME://host:port with commas between. Without a host: on IPv4 and IPv6. Port 0: any free port. Kafka changes it at run time."),
    ConfigKey("advertised.listeners", LIST, None, "What clients are told to connect to, as NAME://host:port, where it differs from what they dialled."),
    ConfigKey("listener.security.protocol.map", STRING, "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT", "Which security protocol each listener name stands for. PLAINTEXT is the one that is served. Kafka changes it at run time."),
    ConfigKey("controller.listener.names", LIST, "", "Names of listeners for Kafka's controllers. pybroker has none and leaves these listeners out."),
    ConfigKey("log.dirs", LIST, None, "The data directories, with commas between; they win over log.dir. The first has the control state too. A new partition goes to the one with the fewest."),
    ConfigKey("log.dir", LIST, "./pybroker-data", "The data directories when log.dirs is not set. Kafka's default is /tmp/kafka-logs."),
    # Connections and requests.
    ConfigKey("num.network.threads", INT, usable_cores, "Threads that read, answer and write requests. Kafka's default is 3. A change at run time holds from the next start.", POSITIVE, dynamic=True),
    ConfigKey("socket.request.max.bytes", INT, "104857600", "The largest request that is read; a larger one closes its connection.", POSITIVE),
    ConfigKey("queued.max.request.bytes", LONG, "-1", "Memory for requests that were read and are not answered; when it is used up, reading waits. -1: 512 MiB, or socket.request.max.bytes if that is more, where Kafka has no limit."),
    ConfigKey("max.connections", INT, NO_LIMIT_INT, "Connections that are open at once; more are closed as they come.", NOT_NEGATIVE, dynamic=True),
    ConfigKey("connections.max.idle.ms", LONG, "600000", "A connection that was silent for so long is closed. 0 or less: never."),
    ConfigKey("fetch.max.bytes", INT, "57671680", "The largest Fetch response, except that one whole batch always fits.", Range(1024)),
    ConfigKey("max.incremental.fetch.session.cache.slots", INT, "1000", "Incremental fetch sessions that are remembered at once.", NOT_NEGATIVE),
    # Topics.
    ConfigKey("auto.create.topics.enable", BOOLEAN, "true", "Whether a client that asks for a topic may bring it into being."),
    ConfigKey("delete.topic.enable", BOOLEAN, "true", "Whether topics can be deleted."),
    ConfigKey("num.partitions", INT, "1", "Partitions of a topic whose creation names no number.", POSITIVE),
    ConfigKey("default.replication.factor", INT, "1", "Replicas of a topic whose creation names no number."),
    ConfigKey("min.insync.replicas", INT, "1", "Replicas that must be in sync for a write with acks=all.", POSITIVE, dynamic=True),
    # Logs; each is the default of a topic config.
    ConfigKey("message.max.bytes", INT, "1048588", "The largest record batch that is accepted, as it is sent.", NOT_NEGATIVE, dynamic=True),
    ConfigKey("log.segment.bytes", INT, "1073741824", "Size at which a segment is closed and the next begun.", SEGMENT_BYTES, dynamic=True),
    ConfigKey("log.roll.ms", LONG, None, "Age at which a segment is closed even when it is not full; wins over log.roll.hours.", dynamic=True),
    ConfigKey("log.roll.hours", INT, "168", "Age in hours at which a segment is closed, when log.roll.ms is not set.", POSITIVE),
    ConfigKey("log.roll.jitter.ms", LONG, None, "The most by which the age at which a segment is closed is shortened at random; wins over log.roll.jitter.hours.", dynamic=True),
    ConfigKey("log.roll.jitter.hours", INT, "0", "The same in hours, when log.roll.jitter.ms is not set.", NOT_NEGATIVE),
    ConfigKey("log.preallocate", BOOLEAN, "false", "Whether a new segment's file gets its whole size at once.", dynamic=True),
    ConfigKey("log.index.interval.bytes", INT, "4096", "Bytes of log between two entries of its offset index.", NOT_NEGATIVE, dynamic=True),
    ConfigKey("log.index.size.max.bytes", INT, "10485760", "The largest offset index of a segment.", Range(4), dynamic=True),
    ConfigKey("log.flush.interval.messages", LONG, NO_LIMIT_LONG, "Records after which a log is forced to the disk.", POSITIVE, dynamic=True),
    ConfigKey("log.flush.interval.ms", LONG, None, "Time after which a log is forced to the disk; wins over log.flush.scheduler.interval.ms.", dynamic=True),
    ConfigKey("log.flush.scheduler.interval.ms", LONG, NO_LIMIT_LONG, "Time after which a log is forced to the disk, when log.flush.interval.ms is not set."),
    ConfigKey("log.message.timestamp.type", STRING, "CreateTime", "Whether records keep their own timestamp or get the time of the append.", TIMESTAMP_TYPES, dynamic=True),
    ConfigKey("log.message.timestamp.before.max.ms", LONG, NO_LIMIT_LONG, "How far a record's timestamp may lie in the past.", NOT_NEGATIVE, dynamic=True),
    ConfigKey("log.message.timestamp.after.max.ms", LONG, "3600000", "How far a record's timestamp may lie in the future.", NOT_NEGATIVE, dynamic=True),
    ConfigKey("compression.type", STRING, "producer", "How batches are stored: by a codec, uncompressed, or as the producer sent them.", COMPRESSION_TYPES, dynamic=True),
    ConfigKey("compression.gzip.level", INT, "-1", "The level of gzip when compression.type is gzip.", GZIP_LEVEL, dynamic=True),
    ConfigKey("compression.lz4.level", INT, "9", "The level of lz4 when compression.type is lz4.", LZ4_LEVEL, dynamic=True),
    ConfigKey("compression.zstd.level", INT, "3", "The level of zstd when compression.type is zstd.", ZSTD_LEVEL, dynamic=True),
    ConfigKey("log.cleanup.policy", LIST, "delete", "What happens to old segments. With delete they go by age and size. With compact the latest record of each key stays; such a topic takes no records without a key.", CLEANUP_POLICIES, dynamic=True),
    ConfigKey("log.retention.ms", LONG, None, "Age at which records may be deleted; wins over log.retention.minutes and log.retention.hours. -1: never.", dynamic=True),
    ConfigKey("log.retention.minutes", INT, None, "Age in minutes at which records may be deleted, when log.retention.ms is not set."),
    ConfigKey("log.retention.hours", INT, "168", "Age in hours at which records may be deleted, when neither of the finer ones is set."),
    ConfigKey("log.retention.bytes", LONG, "-1", "Size of a partition above which its oldest segments may be deleted. -1: no limit.", dynamic=True),
    ConfigKey("log.retention.check.interval.ms", LONG, "300000", "Time between two looks for segments that may be deleted.", POSITIVE),
    ConfigKey("log.segment.delete.delay.ms", LONG, "60000", "Time between the deletion of a segment and that of its files.", NOT_NEGATIVE, dynamic=True),
    ConfigKey("log.initial.task.delay.ms", LONG, "30000", "Time after the start before logs are looked after for the first time.", NOT_NEGATIVE),
    ConfigKey("log.flush.offset.checkpoint.interval.ms", INT, "60000", "Time between two records of how far the logs are flushed: recovery after a crash reads the rest.", NOT_NEGATIVE),
    # The cleaner.
    ConfigKey("log.cleaner.enable", BOOLEAN, "true", "Whether logs with cleanup.policy=compact are compacted."),
    ConfigKey("log.cleaner.threads", INT, "1", "Threads that compact logs, each one log at a time.", NOT_NEGATIVE, dynamic=True),
    ConfigKey("log.cleaner.dedupe.buffer.size", LONG, "134217728", "The most memory for the keys of logs that are being compacted, over all threads. It is taken as keys come and given back after each log.", dynamic=True),
    ConfigKey("log.cleaner.io.buffer.size", INT, "524288", "Memory for reading and writing logs that are being compacted, over all threads.", NOT_NEGATIVE, dynamic=True),
    ConfigKey("log.cleaner.io.buffer.load.factor", DOUBLE, "0.9", "How full the memory for keys may get. What does not fit is left for the next pass.", dynamic=True),
    ConfigKey("log.cleaner.io.max.bytes.per.second", DOUBLE, "1.7976931348623157E308", "Bytes a second that compaction may read and write, over all threads.", dynamic=True),
    ConfigKey("log.cleaner.backoff.ms", LONG, "15000", "Time between two looks for logs that are to be compacted.", NOT_NEGATIVE, dynamic=True),
    ConfigKey("log.cleaner.min.cleanable.ratio", DOUBLE, "0.5", "Share of a log that is not compacted yet, at which compaction begins.", RATIO, dynamic=True),
    ConfigKey("log.cleaner.min.compaction.lag.ms", LONG, "0", "Age below which a record is not compacted.", NOT_NEGATIVE, dynamic=True),
    ConfigKey("log.cleaner.max.compaction.lag.ms", LONG, NO_LIMIT_LONG, "Age at which a record is compacted at the latest.", POSITIVE, dynamic=True),
    ConfigKey("log.cleaner.delete.retention.ms", LONG, "86400000", "Time for which compaction keeps the mark of a deleted key.", NOT_NEGATIVE, dynamic=True),
    ConfigKey("num.recovery.threads.per.data.dir", INT, "2", "Threads that open logs at start-up and close them at the end. A change at run time holds from the next start.", POSITIVE, dynamic=True),
    ConfigKey("producer.id.expiration.ms", INT, "86400000", "Time after which a partition forgets a producer that wrote nothing.", POSITIVE, dynamic=True),
    # Groups and transactions.
    ConfigKey("group.min.session.timeout.ms", INT, "6000", "The shortest session timeout that a member of a classic group may ask for."),
    ConfigKey("group.max.session.timeout.ms", INT, "1800000", "The longest session timeout that a member of a classic group may ask for."),
    ConfigKey("group.initial.rebalance.delay.ms", INT, "0", "Time that the first rebalance of an empty classic group waits for more members. Kafka's default is 3000."),
    ConfigKey("group.max.size", INT, NO_LIMIT_INT, "The most members that a classic group may have.", POSITIVE),
    ConfigKey("group.consumer.session.timeout.ms", INT, "45000", "Time after which a silent member of a consumer group is thrown out.", POSITIVE),
    ConfigKey("group.consumer.min.session.timeout.ms", INT, "45000", "The shortest session timeout that consumer groups may have.", POSITIVE),
    ConfigKey("group.consumer.max.session.timeout.ms", INT, "60000", "The longest session timeout that consumer groups may have.", POSITIVE),
    ConfigKey("group.consumer.heartbeat.interval.ms", INT, "5000", "Time between two heartbeats of a member of a consumer group in which nothing happens.", POSITIVE),
    ConfigKey("group.consumer.min.heartbeat.interval.ms", INT, "5000", "The shortest heartbeat interval that consumer groups may have.", POSITIVE),
    ConfigKey("group.consumer.max.heartbeat.interval.ms", INT, "15000", "The longest heartbeat interval that consumer groups may have.", POSITIVE),
    ConfigKey("group.consumer.assignment.interval.ms", INT, "1000", "The most time between two target assignments of a consumer group that keeps changing; what is computed quickly is computed sooner.", NOT_NEGATIVE, dynamic=True),
    ConfigKey("group.consumer.min.assignment.interval.ms", INT, "0", "The shortest assignment interval that consumer groups may have.", NOT_NEGATIVE),
    ConfigKey("group.consumer.max.assignment.interval.ms", INT, "15000", "The longest assignment interval that consumer groups may have.", NOT_NEGATIVE),
    ConfigKey("group.consumer.max.size", INT, NO_LIMIT_INT, "The most members that a consumer group may have.", POSITIVE),
    ConfigKey("group.consumer.assignors", LIST, "uniform,range", "Strategies that members of consumer groups may choose from; the first one is the default: uniform, range."),
    ConfigKey("group.consumer.migration.policy", STRING, "bidirectional", "Whether a group with members may become a consumer group (upgrade), a classic one again (downgrade), either or neither.", MIGRATION_POLICIES),
    ConfigKey("group.coordinator.rebalance.protocols", LIST, "classic,consumer", "Protocols by which members may join groups. Kafka's default has streams too.", REBALANCE_PROTOCOLS),
    ConfigKey("offset.metadata.max.bytes", INT, "4096", "The longest metadata text of a committed offset."),
    ConfigKey("offsets.retention.minutes", INT, "10080", "Time for which committed offsets are kept that nobody reads by: since the group became empty, or since the commit where there was no group.", POSITIVE),
    ConfigKey("offsets.retention.check.interval.ms", LONG, "600000", "Time between two looks for committed offsets that are too old.", POSITIVE),
    ConfigKey("offsets.topic.num.partitions", INT, "50", "Parts into which groups are divided among coordinators.", POSITIVE),
    ConfigKey("transaction.state.log.num.partitions", INT, "50", "Parts into which transactional ids are divided among coordinators.", POSITIVE),
    ConfigKey("offsets.topic.replication.factor", ConfigType.SHORT, "3", "Replicas that __consumer_offsets shows, as far as there are nodes.", POSITIVE),
    ConfigKey("transaction.state.log.replication.factor", ConfigType.SHORT, "3", "Replicas that __transaction_state shows, as far as there are nodes.", POSITIVE),
    # pybroker's own.
    ConfigKey("pybroker.brokers", INT, "1", "Nodes that one process presents, on ports that follow each other.", Range(1, 100)),
    ConfigKey("pybroker.replication.factor.cap", BOOLEAN, "false", "Whether a replication factor above the number of nodes is lowered to it instead of being refused."),
    ConfigKey("pybroker.group.settle.ms", INT, "60", "Time from the first newcomer's question for the coordinator for which the assignments of a classic group are kept back, and for which everybody else who asks is expected, so that members that start together meet in one generation instead of at their next heartbeat.", NOT_NEGATIVE),
    ConfigKey("pybroker.kept.answers.bytes", LONG, "16777216", "Memory for encoded answers that are given again to equal requests. 0: none are kept.", NOT_NEGATIVE),
    ConfigKey("pybroker.mailbox.capacity", INT, "4096", "Requests that wait for the control plane at once; when it is full, reading waits.", Range(16, 1_048_576)),
    ConfigKey("pybroker.metrics.listener", STRING, None, "Where metrics are served to Prometheus, as host:port, at /metrics. Not set: nowhere. Needs pybroker[metrics].", HttpAddress()),
    ConfigKey("pybroker.max.open.files", INT, half_of_descriptors, "Files of segments that are open at once; those that were not used for longest are closed.", Range(16)),
    ConfigKey("pybroker.disk.reserve.bytes", LONG, "16777216", "Space in the first log directory that the control state has when the disk is full; on a disk below a GiB, a 64th of it at most. 0: none.", NOT_NEGATIVE),
    ConfigKey("pybroker.consumer.reconciliation.heartbeat.interval.ms", INT, "70", "Time between two heartbeats of a member of a consumer group that has just changed or is not settled yet.", POSITIVE),
    # Checked and kept, and without effect.
    ConfigKey("log.local.retention.ms", LONG, "-2", "Age at which records of a tiered topic may be deleted locally. -2: that of retention.ms.", Range(-2), dynamic=True, acts=False),
    ConfigKey("log.local.retention.bytes", LONG, "-2", "Size above which segments of a tiered topic may be deleted locally. -2: that of retention.bytes.", Range(-2), dynamic=True, acts=False),
    ConfigKey("unclean.leader.election.enable", BOOLEAN, "false", "Whether a replica that is not in sync may become leader.", dynamic=True, acts=False),
    ConfigKey("transaction.state.log.min.isr", INT, "2", "Replicas that must be in sync in Kafka's topic of transactions.", POSITIVE, acts=False),
)  # fmt: skip

CONFIG_KEYS: Final = {row.name: row for row in BROKER_CONFIG_ROWS}

# Configs of one meaning in several units, the first one set wins. Kafka shows each with the
# others as its synonyms; log.flush.scheduler.interval.ms alone stands by itself.
BROKER_SYNONYMS: Final[dict[str, tuple[str, ...]]] = {
    "log.roll.ms": ("log.roll.ms", "log.roll.hours"),
    "log.roll.hours": ("log.roll.ms", "log.roll.hours"),
    "log.roll.jitter.ms": ("log.roll.jitter.ms", "log.roll.jitter.hours"),
    "log.roll.jitter.hours": ("log.roll.jitter.ms", "log.roll.jitter.hours"),
    "log.flush.interval.ms": ("log.flush.interval.ms", "log.flush.scheduler.interval.ms"),
    "log.retention.ms": ("log.retention.ms", "log.retention.minutes", "log.retention.hours"),
    "log.retention.minutes": ("log.retention.ms", "log.retention.minutes", "log.retention.hours"),
    "log.retention.hours": ("log.retention.ms", "log.retention.minutes", "log.retention.hours"),
}
