"""Config: what a broker was told, read once and checked, as attributes.

Promises:
  * Every acting row of CONFIG_KEYS is an attribute with dots as underscores:
    `config.num_partitions`. Reading one costs an attribute look-up.
  * Keys in several units or with two names (`log.roll.ms`, `broker.id`, `log.dirs`) are settled
    here, as Kafka does.
  * The text that was set and its source stay known, for DescribeConfigs.
"""

from collections.abc import Mapping
from functools import cached_property
from itertools import pairwise
from typing import Final

from pybroker.configs.keys import CONFIG_KEYS
from pybroker.configs.listeners import (
    ADVERTISED_LISTENERS,
    LISTENERS,
    MAX_PORT,
    Listener,
    ensure_advertised,
    parse_listeners,
    parse_protocol_map,
)
from pybroker.configs.topic_config import LogSettings, TopicConfig
from pybroker.configs.topic_keys import TOPIC_CONFIG_ROWS
from pybroker.configs.values import ConfigError, Value, invalid

UNSET_BROKER_ID: Final = -1
ASSIGNORS: Final = frozenset(("uniform", "range"))
MIN_DEDUPE_BUFFER_BYTES: Final = 1_048_576  # For each thread, as Kafka wants it.
REQUEST_MEMORY_BYTES: Final = 536_870_912  # Where queued.max.request.bytes sets no limit.


class Config:
    """The configs of a broker. `settings` are texts by key, which must be in CONFIG_KEYS.

    `dynamic_defaults` were set at run time for all nodes, `dynamic` for this one; they may have
    keys that nobody knows.
    """

    node_id: int
    listeners: tuple[Listener, ...]
    advertised_listeners: tuple[Listener, ...] | None
    log_dir: str
    log_dirs: tuple[str, ...]
    num_network_threads: int
    socket_request_max_bytes: int
    queued_max_request_bytes: int
    max_connections: int
    connections_max_idle_ms: int
    fetch_max_bytes: int
    max_incremental_fetch_session_cache_slots: int
    auto_create_topics_enable: bool
    delete_topic_enable: bool
    num_partitions: int
    default_replication_factor: int
    min_insync_replicas: int
    message_max_bytes: int
    log_segment_bytes: int
    log_roll_ms: int
    log_roll_jitter_ms: int | None
    log_preallocate: bool
    log_index_interval_bytes: int
    log_index_size_max_bytes: int
    log_flush_interval_messages: int
    log_flush_interval_ms: int
    log_message_timestamp_type: str
    log_message_timestamp_before_max_ms: int
    log_message_timestamp_after_max_ms: int
    compression_type: str
    log_cleanup_policy: tuple[str, ...]
    log_retention_ms: int | None
    log_retention_bytes: int
    log_retention_check_interval_ms: int
    log_segment_delete_delay_ms: int
    log_initial_task_delay_ms: int
    log_cleaner_enable: bool
    log_cleaner_threads: int
    log_cleaner_dedupe_buffer_size: int
    log_cleaner_io_buffer_size: int
    log_cleaner_io_buffer_load_factor: float
    log_cleaner_io_max_bytes_per_second: float
    log_cleaner_backoff_ms: int
    log_flush_offset_checkpoint_interval_ms: int
    num_recovery_threads_per_data_dir: int
    producer_id_expiration_ms: int
    group_min_session_timeout_ms: int
    group_max_session_timeout_ms: int
    group_initial_rebalance_delay_ms: int
    group_max_size: int
    group_consumer_session_timeout_ms: int
    group_consumer_min_session_timeout_ms: int
    group_consumer_max_session_timeout_ms: int
    group_consumer_heartbeat_interval_ms: int
    group_consumer_min_heartbeat_interval_ms: int
    group_consumer_max_heartbeat_interval_ms: int
    group_consumer_assignment_interval_ms: int
    group_consumer_min_assignment_interval_ms: int
    group_consumer_max_assignment_interval_ms: int
    group_consumer_max_size: int
    group_consumer_assignors: tuple[str, ...]
    group_consumer_migration_policy: str
    group_coordinator_rebalance_protocols: tuple[str, ...]
    pybroker_consumer_reconciliation_heartbeat_interval_ms: int
    offset_metadata_max_bytes: int
    offsets_retention_minutes: int
    offsets_retention_check_interval_ms: int
    offsets_topic_num_partitions: int
    offsets_topic_replication_factor: int
    transaction_state_log_num_partitions: int
    transaction_state_log_replication_factor: int
    pybroker_brokers: int
    pybroker_replication_factor_cap: bool
    pybroker_kept_answers_bytes: int
    pybroker_mailbox_capacity: int
    pybroker_metrics_listener: str | None
    pybroker_max_open_files: int
    pybroker_disk_reserve_bytes: int

    def __init__(
        self,
        settings: Mapping[str, str] | None = None,
        *,
        dynamic_defaults: Mapping[str, str] | None = None,
        dynamic: Mapping[str, str] | None = None,
    ) -> None:
        self.static: Final = dict(settings or {})
        self.dynamic_defaults: Final = dict(dynamic_defaults or {})
        self.dynamic: Final = dict(dynamic or {})
        self.settings: Final = self._effective_settings()
        self.defaults: Final = {name: row.default_text() for name, row in CONFIG_KEYS.items()}
        self._values: dict[str, Value] = {}
        for name in self.static:
            if name not in CONFIG_KEYS:
                from pybroker.configs.kafka_keys import describe_unknown  # noqa: PLC0415

                raise ConfigError(describe_unknown(name))
        for name, row in CONFIG_KEYS.items():
            text = self.settings.get(name, self.defaults[name])
            value = None if text is None else row.parse(text)
            self._values[name] = value
            if row.acts:
                setattr(self, name.replace(".", "_"), value)
        self._settle_identity()
        self._settle_listeners()
        self._settle_log_dirs()
        self._settle_units()
        self._check_topic_defaults()
        self._settle_memory()
        self._check_cleaner()
        self._check_ports()
        self._check_consumer_groups()

    def _check_cleaner(self) -> None:
        threads, size = self.log_cleaner_threads, self.log_cleaner_dedupe_buffer_size
        if threads > 0 and size // threads <= MIN_DEDUPE_BUFFER_BYTES:
            raise ConfigError(
                "log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread."
            )

    def with_dynamic(
        self, dynamic_defaults: Mapping[str, str], dynamic: Mapping[str, str]
    ) -> "Config":
        """Give what was told at the start with what was changed since. Raises ConfigError."""
        return Config(self.static, dynamic_defaults=dynamic_defaults, dynamic=dynamic)

    def _effective_settings(self) -> dict[str, str]:
        if not (self.dynamic_defaults or self.dynamic):
            return self.static
        from pybroker.configs.broker_config import effective_settings  # noqa: PLC0415 - Rare.

        return effective_settings(self.static, self.dynamic_defaults, self.dynamic)

    def value(self, name: str) -> Value:
        """Give the value of a key as it was read, before keys of one meaning were settled."""
        return self._values[name]

    @cached_property
    def log_settings(self) -> LogSettings:
        """What the logs of a topic without configs of its own obey."""
        return TopicConfig(self, {}).log_settings()

    @property
    def node_ids(self) -> range:
        """The ids of the nodes that the process presents."""
        return range(self.node_id, self.node_id + self.pybroker_brokers)

    def listeners_of(self, node_id: int) -> tuple[Listener, ...]:
        """Where a node listens: each node one port above the one before it; port 0 stays 0."""
        return self._moved(self.listeners, node_id)

    def advertised_listeners_of(self, node_id: int) -> tuple[Listener, ...] | None:
        """Give what a node tells its clients; None: the address that they dialled."""
        if self.advertised_listeners is None:
            return None
        return self._moved(self.advertised_listeners, node_id)

    def _moved(self, listeners: tuple[Listener, ...], node_id: int) -> tuple[Listener, ...]:
        step = node_id - self.node_id
        return tuple(one._replace(port=one.port + step) if one.port else one for one in listeners)

    def _settle_identity(self) -> None:
        broker_id = self._values["broker.id"]
        assert isinstance(broker_id, int)
        if broker_id == UNSET_BROKER_ID:
            return
        if broker_id < 0:
            raise invalid("broker.id", broker_id, "Value must be at least -1")
        if "node.id" in self.settings and broker_id != self.node_id:
            raise invalid(
                "broker.id", broker_id, f"it must be the same as node.id, which is {self.node_id}"
            )
        self.node_id = broker_id

    def _settle_listeners(self) -> None:
        texts = (
            self._values[LISTENERS],
            self._values[ADVERTISED_LISTENERS],
            self._values["controller.listener.names"],
        )
        listeners, advertised, controllers = texts
        protocols = parse_protocol_map(str(self._values["listener.security.protocol.map"]))
        assert isinstance(listeners, tuple)
        assert isinstance(controllers, tuple)
        self.listeners = parse_listeners(LISTENERS, listeners, protocols, controllers)
        if advertised:
            assert isinstance(advertised, tuple)
            self.advertised_listeners = parse_listeners(
                ADVERTISED_LISTENERS, advertised, protocols, controllers
            )
            ensure_advertised(self.advertised_listeners, self.listeners)
        else:
            self.advertised_listeners = None

    def _settle_log_dirs(self) -> None:
        name = "log.dirs" if self._values["log.dirs"] else "log.dir"
        directories = self._values[name]
        assert isinstance(directories, tuple)
        if not directories or not all(directories):
            raise invalid(
                name, ",".join(directories), "it must name directories, none of them empty"
            )
        self.log_dirs = directories
        self.log_dir = directories[0]

    def _settle_units(self) -> None:
        roll_ms = self._values["log.roll.ms"]
        roll_hours = self._values["log.roll.hours"]
        flush_ms = self._values["log.flush.interval.ms"]
        scheduler_ms = self._values["log.flush.scheduler.interval.ms"]
        assert isinstance(roll_hours, int)
        assert isinstance(scheduler_ms, int)
        self.log_roll_ms = roll_ms if isinstance(roll_ms, int) else roll_hours * 3_600_000
        self.log_flush_interval_ms = flush_ms if isinstance(flush_ms, int) else scheduler_ms

    def _check_topic_defaults(self) -> None:
        """Check what topics inherit as if each had set it, as Kafka does at its start."""
        defaults = TopicConfig(self, {})
        for row in TOPIC_CONFIG_ROWS:
            if row.check is not None and row.synonyms:
                row.check.ensure(row.synonyms[0].name, defaults.value(row.name))
        if defaults.value("retention.ms") == 0:
            raise invalid("log.retention.ms", 0, "Value must be -1, for unlimited, or at least 1")

    def _settle_memory(self) -> None:
        limit = self.queued_max_request_bytes
        least = self.socket_request_max_bytes
        if limit <= 0:
            self.queued_max_request_bytes = max(REQUEST_MEMORY_BYTES, least)
        elif limit < least:
            why = f"Value must be -1 or at least socket.request.max.bytes ({least})"
            raise invalid("queued.max.request.bytes", limit, why)

    def _check_ports(self) -> None:
        """Check that the ports of all nodes exist and do not meet those of another listener."""
        ports = sorted({listener.port for listener in self.listeners if listener.port})
        if ports and ports[-1] + self.pybroker_brokers - 1 > MAX_PORT:
            raise invalid(
                LISTENERS,
                ports[-1],
                f"the ports of {self.pybroker_brokers} nodes must end at {MAX_PORT} or before",
            )
        for port, following in pairwise(ports):
            if following - port < self.pybroker_brokers:
                why = f"listeners must be {self.pybroker_brokers} ports apart, one for each node"
                raise invalid(LISTENERS, following, why)

    def _check_consumer_groups(self) -> None:
        """Check that timeouts lie within their limits, and that there is a strategy."""
        for what in ("session.timeout", "heartbeat.interval", "assignment.interval"):
            name = f"group.consumer.{what}.ms"
            at_least = self._number(f"group.consumer.min.{what}.ms")
            at_most = self._number(f"group.consumer.max.{what}.ms")
            value = self._number(name)
            if not at_least <= value <= at_most:
                why = (
                    f"Value must be from group.consumer.min.{what}.ms ({at_least}) to"
                    f" group.consumer.max.{what}.ms ({at_most})"
                )
                raise invalid(name, value, why)
        interval_ms = self.group_consumer_heartbeat_interval_ms
        if interval_ms >= self.group_consumer_session_timeout_ms:
            why = "Value must be less than group.consumer.session.timeout.ms"
            raise invalid("group.consumer.heartbeat.interval.ms", interval_ms, why)
        assignors = self.group_consumer_assignors
        if not assignors or not set(assignors) <= ASSIGNORS:
            why = f"Value must be a list of {', '.join(sorted(ASSIGNORS))}"
            raise invalid("group.consumer.assignors", ",".join(assignors), why)

    def _number(self, name: str) -> int:
        value = self._values[name]
        assert isinstance(value, int)
        return value
