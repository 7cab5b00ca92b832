"""Schedule: what the broker does to its logs again and again, by the broker's clock.

Promises:
  * A job runs for the first time after its `first_ms`, and then `interval_ms` after its last
    start; never twice at once, unless it may overlap: a run that takes longer than that delays the
    next one.
  * A job that fails is logged and runs again at its next time.
"""

import asyncio
import logging
from typing import TYPE_CHECKING, Final, NamedTuple

from pybroker.errors import KafkaError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pybroker.broker import Broker
    from pybroker.configs.config import Config
    from pybroker.timers import Timer, Timers

# Kafka's cleaner takes log.cleaner.backoff.ms=0 for a loop without a pause.
LEAST_BACKOFF_MS: Final = 10

COMPACTION: Final = "Compaction"

logger = logging.getLogger("pybroker.retention")


class Job(NamedTuple):
    """Something to be done again and again."""

    name: str
    run: "Callable[[], Awaitable[object]]"
    first_ms: int
    interval_ms: int
    may_overlap: bool = False


class Schedule:
    """Runs jobs until it is stopped. `monotonic_ms` is the scale of `timers`."""

    def __init__(
        self,
        timers: "Timers",
        monotonic_ms: "Callable[[], int]",
        report_bug: "Callable[[str, Exception], None]",
    ) -> None:
        self._timers = timers
        self._monotonic_ms = monotonic_ms
        self._report_bug = report_bug
        self._jobs: dict[str, Job] = {}
        self._waiting: dict[str, Timer] = {}
        self._running: set[asyncio.Future[None]] = set()

    def add(self, job: Job) -> None:
        """Run a job from now on."""
        self._jobs[job.name] = job
        self._wait(job, self._monotonic_ms() + job.first_ms)

    def change(self, name: str, interval_ms: int) -> None:
        """Run a job at other intervals: one that waits begins after the new one, from now on."""
        if self._jobs[name].interval_ms == interval_ms:
            return
        job = self._jobs[name] = self._jobs[name]._replace(interval_ms=interval_ms)
        if name in self._waiting:
            self._waiting[name].cancel()
            self._wait(job, self._monotonic_ms() + interval_ms)

    def stop(self) -> None:
        """Begin no more runs, and forget those under way: what they wait for ends without them."""
        for timer in self._waiting.values():
            timer.cancel()
        for running in self._running:
            running.cancel()

    def _wait(self, job: Job, deadline_ms: int) -> None:
        self._waiting[job.name] = self._timers.schedule(
            deadline_ms, lambda now_ms: self._begin(job, now_ms)
        )

    def _begin(self, job: Job, now_ms: int) -> None:
        del self._waiting[job.name]
        running = asyncio.ensure_future(self._run(job, now_ms))
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        if job.may_overlap:
            self._wait(self._jobs[job.name], now_ms + job.interval_ms)

    async def _run(self, job: Job, began_ms: int) -> None:
        try:
            await job.run()
        except KafkaError as error:
            logger.warning("%s failed: %s", job.name, error)
        except Exception as error:
            self._report_bug(f"{job.name} failed", error)
        if job.may_overlap:
            return
        job = self._jobs[job.name]
        self._wait(job, max(began_ms + job.interval_ms, self._monotonic_ms()))


def backoff_of(config: "Config") -> int:
    """Give the time between two looks for logs that are to be compacted."""
    return max(config.log_cleaner_backoff_ms, LEAST_BACKOFF_MS)


def schedule_of(broker: "Broker") -> Schedule:
    """Start what a broker does to its logs by the clock."""
    config, data_plane = broker.config, broker.data_plane
    schedule = Schedule(broker.timers, broker.clock.monotonic_ms, broker.dispatcher.report_bug)

    async def enforce_retention() -> None:
        segments, size_bytes, failures = await data_plane.enforce_retention(broker.clock.now_ms())
        if segments or failures:
            logger.info(
                "Retention removed %d segments with %d bytes; %d logs failed",
                segments,
                size_bytes,
                failures,
            )

    async def clean() -> None:
        from pybroker.retention.compaction import clean_logs  # noqa: PLC0415 - not before it is due

        await clean_logs(broker)

    first_ms = config.log_initial_task_delay_ms
    backoff_ms = backoff_of(config)
    for job in (
        Job("Retention", enforce_retention, first_ms, config.log_retention_check_interval_ms),
        # The data plane gives a run the threads that earlier ones have left idle.
        Job(COMPACTION, clean, backoff_ms, backoff_ms, may_overlap=True),
        Job(
            "The checkpoint of the logs",
            data_plane.checkpoint,
            first_ms,
            config.log_flush_offset_checkpoint_interval_ms,
        ),
    ):
        schedule.add(job)
    return schedule
