"""The broker: the object that holds the parts, starts them and stops them.

Promises:
  * After `start` returns, every endpoint answers; after `stop`, what was acknowledged is on disk.
  * `with Broker() as broker` and `async with Broker() as broker` give a broker on a free port with
    data that ends with it, and print nothing.
"""

import asyncio
import logging
import os
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from pybroker.clock import Clock, SystemClock
from pybroker.configs.config import Config
from pybroker.configs.listeners import Listener, ListenError, format_host
from pybroker.configs.resources import EVERY_BROKER, ResourceType
from pybroker.configs.values import ConfigError
from pybroker.data_directory import DataDirectories
from pybroker.data_plane import FETCH_VERSIONS, PRODUCE_VERSIONS, DataPlane, DataPlaneOptions
from pybroker.disk_reserve import DiskReserve
from pybroker.dispatch import Dispatcher
from pybroker.handlers import HANDLERS
from pybroker.log_dirs import LogDirs
from pybroker.metadata.dynamic_configs import DynamicConfigs
from pybroker.metadata.topics import Topics
from pybroker.metadata.uuids import random_uuid, uuid_text
from pybroker.observability.logs import LimitedLog
from pybroker.retention.schedule import COMPACTION, backoff_of, schedule_of
from pybroker.store import Store, identity
from pybroker.store import configs as stored_configs
from pybroker.store import producer_ids as stored_producer_ids
from pybroker.store import topics as stored_topics
from pybroker.timers import Timers
from pybroker.transactions.producer_ids import ProducerIds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pybroker.api import RequestContext
    from pybroker.background import BackgroundLoop
    from pybroker.data_plane import ConnectionFault, Request
    from pybroker.errors import ProtocolError
    from pybroker.groups.coordinator import GroupCoordinator
    from pybroker.metadata.topics import TopicState
    from pybroker.observability.metrics_server import MetricsServer
    from pybroker.retention.schedule import Schedule

logger = logging.getLogger("pybroker.broker")

# Before a deadline counts: one barrier for what had arrived, and one for what stood on a connection
# behind it and was read when that was answered.
READ_BARRIERS = 2

# A client that dials localhost may come by either family.
EMBEDDED_SETTINGS = {"listeners": "PLAINTEXT://localhost:0"}


class Endpoint(NamedTuple):
    """Where a node listens, with the port that it got."""

    node_id: int
    listener: Listener


class Broker:
    """One process's broker: as many nodes as `pybroker.brokers` says, over one state.

    With `config`, its log directories are used as they are, and the caller holds their locks.
    Without, `settings` are broker configs by Kafka's names, and the data lives in `data_dir`, in
    the `log.dirs` of the settings, or in a temporary directory that is removed at the end.
    """

    data_plane: DataPlane
    store: Store
    timers: Timers
    topics: Topics
    dynamic_configs: DynamicConfigs
    producer_ids: ProducerIds
    cluster_id: str

    def __init__(
        self,
        config: Config | None = None,
        *,
        settings: "Mapping[str, str] | None" = None,
        data_dir: str | os.PathLike[str] | None = None,
        clock: Clock | None = None,
        random_bytes: "Callable[[int], bytes]" = os.urandom,
    ) -> None:
        self._directories: DataDirectories | None = None
        if config is None:
            config, self._directories = _embedded_config(settings or {}, data_dir)
        self.config = self._static_config = config
        self.clock = clock or SystemClock()
        self.random_bytes = random_bytes
        self._limited_log = LimitedLog(logger, self.clock)
        self._configs: dict[int, Config] = {}
        self.node_ids = config.node_ids
        self.endpoints: list[Endpoint] = []
        self._ports: dict[tuple[int, str], int] = {}
        self._advertised: dict[tuple[int, str], tuple[str, int]] = {}
        self.log_dirs = LogDirs(self)
        self.reserve = DiskReserve(config.log_dir, config.pybroker_disk_reserve_bytes)
        self.configs_lock: Final = asyncio.Lock()
        self._groups: GroupCoordinator | None = None
        self._schedule: Schedule | None = None
        self._background: BackgroundLoop | None = None
        self.metrics: MetricsServer | None = None

    # --- Starting and stopping -----------------------------------------------------------------

    async def start(self) -> None:
        """Open the state and the logs, and listen. Raises ListenError, StoreError."""
        self._wake_up: asyncio.TimerHandle | None = None
        self._firing: asyncio.Future[None] | None = None
        self.store = self.reserve.open_store()
        self.cluster_id, failures = identity.claim(
            self.store,
            self.config.log_dirs,
            node_id=self.config.node_id,
            new_id=lambda: uuid_text(self.new_uuid()),
        )
        self._load_state()
        self._load_configs()
        self._place_on_nodes()
        self.timers = Timers(self._arm)
        self.data_plane = DataPlane(self._options())
        self.dispatcher = Dispatcher(self)
        self.dispatcher.start()
        try:
            for path, reason in failures.items():
                self.data_plane.fail_log_dir(path, reason)
            await self.log_dirs.open()
            self._listen()
            await self._serve_metrics()
        except BaseException:
            await self.stop()
            raise
        self.reserve.start(self)
        self._schedule = schedule_of(self)
        self.timers.schedule(
            self.clock.monotonic_ms() + self.config.offsets_retention_check_interval_ms,
            self._expire_offsets,
        )
        if self._groups is None and self._has_group_members():
            _ = self.groups

    async def stop(self) -> None:
        """Answer what is in flight, flush the logs, close the state."""
        if self.metrics is not None:
            self.metrics.close()
        if self._groups is not None:
            self._groups.close()
        if self._schedule is not None:
            self._schedule.stop()
        await self.log_dirs.close()
        self.dispatcher.drain()
        self.dispatcher.stop()
        if self._wake_up is not None:
            self._wake_up.cancel()
        if self._firing is not None:
            self._firing.cancel()
        self.reserve.close()
        self.store.close()
        self._close_directories()

    # --- What handlers ask ---------------------------------------------------------------------

    @property
    def bootstrap_servers(self) -> str:
        """What a client's `bootstrap.servers` takes."""
        return ",".join(
            f"{format_host(listener.host or 'localhost')}:{listener.port}"
            for _, listener in self.endpoints
        )

    @property
    def controller_id(self) -> int:
        """The node that clients take for the controller."""
        return self.node_ids[0]

    @property
    def groups(self) -> "GroupCoordinator":
        """The coordinator of every group, made at its first use."""
        if self._groups is None:
            self._groups = self._make_groups()
        return self._groups

    def topics_changed(self, topics: "Iterable[TopicState]") -> None:
        """Let groups know that topics were created or deleted, or have grown."""
        if self._groups is not None:
            names = {topic.name for topic in topics}
            self._groups.notice_topics(names, self.clock.monotonic_ms())

    def new_uuid(self) -> bytes:
        """Make a random id."""
        return random_uuid(self.random_bytes)

    def endpoint(self, node_id: int, context: "RequestContext") -> tuple[str, int]:
        """Where a client finds a node: as advertised, else at the address that it dialled."""
        key = (node_id, context.listener)
        advertised = self._advertised.get(key)
        if advertised is not None:
            return advertised
        return context.dialled_host, self._ports[key]

    # --- What the dispatcher reports -----------------------------------------------------------

    def connection_fault(self, fault: "ConnectionFault") -> None:
        """Say whose connection was closed, and why."""
        more = f" ({fault.suppressed} more like it)" if fault.suppressed else ""
        logger.warning(
            "Closed a connection of %s on %s: %s%s",
            fault.client_host,
            fault.listener,
            fault.reason,
            more,
        )

    def protocol_error(self, request: "Request", error: "ProtocolError") -> None:
        """Say whose request could not be read."""
        self._limited_log.warning(
            "request",
            "Closed a connection of %s on %s: API key %d, version %d: %s",
            request.client_host,
            request.listener,
            request.api_key,
            request.api_version,
            error,
        )

    def config_without_effect(self, name: str) -> None:
        """Say what was altered that nobody obeys."""
        self._limited_log.warning(
            "config", "The config %s was accepted and has no effect here", name
        )

    def store_failed(self) -> None:
        """Load what is in the store, since what was decided last is not."""
        if self.store.is_full:
            self.reserve.store_failed()
        self.store.recover()
        self._load_state()
        if self._groups is not None:
            self._groups.topics = self.topics
            self._groups.unload(self.clock.monotonic_ms())

    # --- Configs -------------------------------------------------------------------------------

    def config_of(self, node_id: int) -> Config:
        """Give what a node obeys."""
        return self._configs.get(node_id, self.config)

    def obey_configs(self) -> bool:
        """Take over the configs of brokers as they are now; says whether logs have others.

        What the process has once, such as the cleaner, obeys those of the first node.
        """
        before = [self.config_of(node_id).log_settings for node_id in self.node_ids]
        self._load_configs()
        self.data_plane.reconfigure(self._options())
        if self._schedule is not None:
            self._schedule.change(COMPACTION, backoff_of(self.config))
        return before != [self.config_of(node_id).log_settings for node_id in self.node_ids]

    def _load_configs(self) -> None:
        self._configs = {node_id: self._read_config(node_id) for node_id in self.node_ids}
        self.config = self._configs[self.node_ids[0]]

    def _read_config(self, node_id: int) -> Config:
        """Give what was told at the start with what was changed since, unless that does not fit."""
        defaults = self.dynamic_configs.of(ResourceType.BROKER, EVERY_BROKER)
        own = self.dynamic_configs.of(ResourceType.BROKER, str(node_id))
        if not (defaults or own):
            return self._static_config
        try:
            return self._static_config.with_dynamic(defaults, own)
        except ConfigError as error:
            logger.error(  # noqa: TRY400 - The traceback says nothing.
                "What was changed of the configs of node %d does not fit those of its start and is"
                " left out: %s",
                node_id,
                error,
            )
            return self._static_config

    # --- Parts ---------------------------------------------------------------------------------

    def _load_state(self) -> None:
        self.topics = Topics(stored_topics.load(self.store))
        self.dynamic_configs = DynamicConfigs(stored_configs.load(self.store))
        self.producer_ids = ProducerIds(stored_producer_ids.load(self.store))

    def _place_on_nodes(self) -> None:
        """Move the partitions of nodes that were there before and are not any more."""
        if not self.topics.by_id:
            return
        from pybroker.metadata.decisions.place_on_nodes import decide_placement  # noqa: PLC0415

        changes = decide_placement(self.topics, self.node_ids)
        self.store.apply(changes)
        self.store.commit()
        self.topics.apply(changes)

    def _options(self) -> DataPlaneOptions:
        config = self.config
        return DataPlaneOptions(
            log_dirs=config.log_dirs,
            apis=[
                (0, *PRODUCE_VERSIONS),
                (1, *FETCH_VERSIONS),
                *((row.key, row.min_version, row.max_version) for row in HANDLERS),
            ],
            monotonic_ms=self.clock.monotonic_ms(),
            reactors=config.num_network_threads,
            socket_request_max_bytes=config.socket_request_max_bytes,
            queued_max_request_bytes=config.queued_max_request_bytes,
            max_connections=config.max_connections,
            connections_max_idle_ms=config.connections_max_idle_ms,
            fetch_max_bytes=config.fetch_max_bytes,
            fetch_session_slots=config.max_incremental_fetch_session_cache_slots,
            kept_answers_bytes=config.pybroker_kept_answers_bytes,
            mailbox_capacity=config.pybroker_mailbox_capacity,
            recovery_threads=config.num_recovery_threads_per_data_dir,
            max_open_files=config.pybroker_max_open_files,
            cleaner_enabled=config.log_cleaner_enable,
            cleaner_threads=config.log_cleaner_threads,
            cleaner_dedupe_buffer_bytes=config.log_cleaner_dedupe_buffer_size,
            cleaner_load_factor=config.log_cleaner_io_buffer_load_factor,
            cleaner_io_buffer_bytes=config.log_cleaner_io_buffer_size,
            cleaner_io_max_bytes_per_second=config.log_cleaner_io_max_bytes_per_second,
        )

    def _listen(self) -> None:
        for node_id in self.node_ids:
            for listener in self.config.listeners_of(node_id):
                self._listen_on(node_id, listener)
            for name, host, port in self.config.advertised_listeners_of(node_id) or ():
                self._advertised[node_id, name] = (host, port or self._ports[node_id, name])
        nodes = []
        for node_id in self.node_ids:
            # The first listener stands for the node; an empty host is the address that was dialled.
            name = self.config.listeners_of(node_id)[0].name
            host, port = self._advertised.get((node_id, name), ("", self._ports[node_id, name]))
            nodes.append((node_id, host, port))
        self.data_plane.publish_nodes(nodes)

    def _listen_on(self, node_id: int, listener: Listener) -> None:
        try:
            port, _ = self.data_plane.listen(
                node_id=node_id, name=listener.name, host=listener.host, port=listener.port
            )
        except OSError as error:
            raise ListenError(listener, error) from error
        self._ports[node_id, listener.name] = port
        self.endpoints.append(Endpoint(node_id, listener._replace(port=port)))

    async def _serve_metrics(self) -> None:
        address = self.config.pybroker_metrics_listener
        if address is not None:
            from pybroker.observability.metrics_server import MetricsServer  # noqa: PLC0415

            self.metrics = await MetricsServer.start(self, address)

    def _has_group_members(self) -> bool:
        from pybroker.store import consumer_groups, groups  # noqa: PLC0415 - kept out of imports

        return any(area.group_ids_with_members(self.store) for area in (groups, consumer_groups))

    def _make_groups(self) -> "GroupCoordinator":
        from pybroker.groups.configs import GroupConfigs  # noqa: PLC0415 - not before it is needed
        from pybroker.groups.coordinator import GroupCoordinator  # noqa: PLC0415

        config = self.config
        groups = GroupCoordinator(
            store=self.store,
            timers=self.timers,
            topics=self.topics,
            configs=GroupConfigs(
                **{
                    name: getattr(config, name)
                    for name in GroupConfigs._fields
                    if hasattr(config, name)
                },
                changed_ms=self._changed_group_config_ms,
            ),
            node_ids=self.node_ids,
            now_ms=self.clock.now_ms,
            monotonic_ms=self.clock.monotonic_ms,
            random_bytes=self.random_bytes,
        )
        groups.start(self.clock.monotonic_ms())
        return groups

    def _changed_group_config_ms(self, group_id: str, name: str) -> int | None:
        overrides = self.dynamic_configs.of(ResourceType.GROUP, group_id)
        if name not in overrides:
            value = self.config.value(f"group.{name}")
            assert isinstance(value, int)
            return value
        from pybroker.configs.group_config import effective_ms  # noqa: PLC0415 - rarely needed

        return effective_ms(self.config, overrides, name)

    # --- Time ----------------------------------------------------------------------------------

    def _arm(self, deadline_ms: int) -> None:
        """Wake up at the earliest deadline."""
        if self._wake_up is not None:
            self._wake_up.cancel()
        delay_ms = max(0, deadline_ms - self.clock.monotonic_ms())
        self._wake_up = asyncio.get_running_loop().call_later(delay_ms / 1000, self._begin_firing)

    def _begin_firing(self) -> None:
        self._wake_up = None
        if self._firing is None:
            self._firing = asyncio.ensure_future(self._fire_timers())

    async def _fire_timers(self) -> None:
        """Fire what is due, after everything is served that had arrived by then.

        When the process was stopped, what clients sent meanwhile is still in the sockets.
        """
        due_ms = self.clock.monotonic_ms()
        for _ in range(READ_BARRIERS):
            await self.data_plane.read_barrier()
        self._firing = None
        self.dispatcher.fire_timers(due_ms)
        deadline_ms = self.timers.next_deadline_ms()
        if deadline_ms is not None and self._wake_up is None:
            self._arm(deadline_ms)

    def _expire_offsets(self, now_ms: int) -> None:
        # First: a look that fails because nothing can be stored is not the last one.
        interval_ms = self.config.offsets_retention_check_interval_ms
        self.timers.schedule(now_ms + interval_ms, self._expire_offsets)
        self.groups.expire_offsets(now_ms)

    # --- Embedded use --------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            self._close_directories()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def __enter__(self) -> Self:
        from pybroker.background import BackgroundLoop  # noqa: PLC0415 - embedded use only

        self._background = BackgroundLoop()
        try:
            self._background.run(self.start())
        except BaseException:
            self._background.close()
            self._close_directories()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        assert self._background is not None
        try:
            self._background.run(self.stop())
        finally:
            self._background.close()

    def _close_directories(self) -> None:
        if self._directories is not None:
            self._directories.close()


def _embedded_config(
    settings: "Mapping[str, str]", data_dir: str | os.PathLike[str] | None
) -> tuple[Config, DataDirectories]:
    settings = {**EMBEDDED_SETTINGS, **settings}
    if data_dir is not None:
        settings["log.dirs"] = os.fspath(data_dir)
    if "log.dirs" in settings:
        config = Config(settings)
        return config, DataDirectories(config.log_dirs)
    directories = DataDirectories.temporary()
    return Config({**directories.settings, **settings}), directories
