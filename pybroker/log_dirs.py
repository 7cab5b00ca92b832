"""The log directories while a broker runs: its logs opened, and what failed of them.

Promises:
  * Opening that takes longer than a second says every second how far it is.
  * A directory that fails is said once, whatever lies in it; its partitions have no leader, the
    rest go on. When none is left, `all_failed` says why, and whoever runs the broker ends it.
  * A directory without space is said at its beginning and at its end. A log that could not be made
    for want of space is made when there is some.
"""

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

from pybroker.errors import KafkaError
from pybroker.metadata.uuids import uuid_text
from pybroker.observability.logs import LimitedLog

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from pybroker.broker import Broker
    from pybroker.data_plane import CleaningFailed, LogDirChanged, LogFailed

logger = logging.getLogger("pybroker.log_dirs")

PROGRESS_INTERVAL_S: Final = 1.0
# How often logs that found no space are tried again.
RETRY_INTERVAL_MS: Final = 1_000
MEBIBYTE: Final = 1_048_576


class LogDirs:
    """The log directories of one broker."""

    def __init__(self, broker: "Broker") -> None:
        self._broker = broker
        self._limited_log = LimitedLog(logger, broker.clock)
        # (topic id, partition) of the logs that are offline.
        self.offline: set[tuple[bytes, int]] = set()
        # Why no directory is left, and who wants to know.
        self.all_failed: str | None = None
        self.on_all_failed: Callable[[], None] = _do_nothing
        # Those of them that wait for space.
        self._waiting: set[tuple[bytes, int]] = set()
        self._is_retrying = False
        self._tasks: set[asyncio.Future[None]] = set()

    async def open(self) -> None:
        """Open every log and publish the topics."""
        broker = self._broker
        topics = broker.topics.by_id
        if topics:
            from pybroker.metadata.carry_out import logs_of, publish  # noqa: PLC0415 - not when empty

            opening = asyncio.ensure_future(
                broker.data_plane.open_logs(logs_of(broker, topics.values()), new=False)
            )
            while not (await asyncio.wait((opening,), timeout=PROGRESS_INTERVAL_S))[0]:
                self._say_progress()
            await opening
            publish(broker, topics.values())
            self._forget_answers()
            self._say_what_is_missing()

    async def close(self) -> None:
        """Close the logs. What could not be closed is recovered at the next start."""
        for task in self._tasks:
            task.cancel()
        try:
            await self._broker.data_plane.close()
        except KafkaError as error:
            logger.warning(
                "Not all logs were closed; the next start recovers them: %s", error.message
            )

    # --- What the data plane reports -----------------------------------------------------------

    def log_failed(self, failed: "LogFailed") -> None:
        """Say which log is offline, and why."""
        key = (failed.topic_id, failed.partition)
        if failed.is_passing:
            if key in self._waiting:
                return
            self._waiting.add(key)
            self._schedule_retry()
        topic = self._broker.topics.by_id.get(failed.topic_id)
        name = topic.name if topic is not None else uuid_text(failed.topic_id)
        logger.error("Partition %s-%d is offline: %s", name, failed.partition, failed.reason)
        self.offline.add(key)
        self._broker.data_plane.advance_epoch()

    def cleaning_failed(self, failed: "CleaningFailed") -> None:
        """Say which log was not compacted, and why."""
        topic = self._broker.topics.by_id.get(failed.topic_id)
        name = topic.name if topic is not None else uuid_text(failed.topic_id)
        logger.error("Partition %s-%d was not compacted: %s", name, failed.partition, failed.reason)

    def changed(self, change: "LogDirChanged") -> None:
        """Say how a directory is."""
        if change.state == "refusing":
            self._limited_log.warning(
                "refusing",
                "No records are taken in %s until there is space: %s",
                change.path,
                change.reason,
            )
        elif change.state == "online":
            # A small record may find space where a large one did not, again and again.
            self._limited_log.warning("online", "Records are taken in %s again", change.path)
        else:
            self._failed(change.path, change.reason)

    def _failed(self, path: str, reason: str) -> None:
        before = len(self.offline)
        self._forget_answers()
        logger.error(
            "The log directory %s is offline, with %d partitions, until the broker is started"
            " again: %s",
            path,
            len(self.offline) - before,
            reason,
        )
        dirs = self._broker.data_plane.log_dirs()
        if all(error is not None for _, error, *_ in dirs):
            self.all_failed = "All log directories have failed: " + "; ".join(
                f"{failed}: {error}" for failed, error, *_ in dirs
            )
            logger.critical(self.all_failed)
            self.on_all_failed()
        elif path == dirs[0][0]:
            logger.error(
                "The control state is in %s too: topics, groups and offsets can be read, and what"
                " changes of them may be refused or lost",
                path,
            )

    def _forget_answers(self) -> None:
        """Metadata names the partitions that are offline."""
        self.offline = set(self._broker.data_plane.offline_logs())
        self._broker.data_plane.advance_epoch()

    # --- Time ----------------------------------------------------------------------------------

    def _say_progress(self) -> None:
        opened, logs, recovered, to_recover = self._broker.data_plane.recovery_progress()
        logger.info(
            "Opening logs: %d of %d partitions; %d of %d MiB recovered, %d MiB left",
            opened,
            logs,
            recovered // MEBIBYTE,
            to_recover // MEBIBYTE,
            (to_recover - recovered) // MEBIBYTE,
        )

    def _say_what_is_missing(self) -> None:
        failed = [
            path for path, error, *_ in self._broker.data_plane.log_dirs() if error is not None
        ]
        if failed:
            logger.error(
                "%d partitions are offline; those that are not damaged lie in %s",
                len(self.offline),
                ", ".join(failed),
            )

    def _schedule_retry(self) -> None:
        if not self._is_retrying:
            self._is_retrying = True
            self._schedule(RETRY_INTERVAL_MS, lambda _: self._run(self._retry()))

    async def _retry(self) -> None:
        """Make the logs that found no space."""
        from pybroker.metadata.carry_out import log_configs, obey  # noqa: PLC0415 - rarely needed

        broker, by_id = self._broker, self._broker.topics.by_id
        keys = [key for key in self._waiting if key[0] in by_id]
        # Their place is known: `new` would look for another.
        await broker.data_plane.open_logs(
            [
                (by_id[id_].name, id_, partition, log_configs(broker, by_id[id_])[partition])
                for id_, partition in keys
            ],
            new=False,
        )
        await obey(broker, [by_id[id_] for id_ in {key[0] for key in keys} if id_ in by_id])
        self._forget_answers()
        self._waiting = self.offline.intersection(keys)
        self._is_retrying = False
        if self._waiting:
            self._schedule_retry()

    def _schedule(self, delay_ms: int, callback: "Callable[[int], None]") -> None:
        broker = self._broker
        broker.timers.schedule(broker.clock.monotonic_ms() + delay_ms, callback)

    def _run(self, work: "Coroutine[Any, Any, None]") -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _do_nothing() -> None:
    """Nobody wants to know."""
