"""The data plane as the control plane uses it: the native one, with tickets as awaitables.

The only importer of `_native` beside the message codec and the tools for logs.
"""

import asyncio
from typing import TYPE_CHECKING, TypeAlias

from pybroker._native import (
    FETCH_VERSIONS,
    PRODUCE_VERSIONS,
    CleanerState,
    CleaningFailed,
    Completed,
    ConnectionFault,
    DataPlaneOptions,
    LogConfig,
    LogDirChanged,
    LogFailed,
    Request,
    TopicImage,
)
from pybroker._native import DataPlane as NativeDataPlane
from pybroker.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "FETCH_VERSIONS",
    "PRODUCE_VERSIONS",
    "CleanerState",
    "CleaningFailed",
    "Completed",
    "ConnectionFault",
    "DataPlane",
    "DataPlaneOptions",
    "LogConfig",
    "LogDirChanged",
    "LogFailed",
    "Request",
    "TopicImage",
]

FoundRecord: TypeAlias = tuple[int, int, int]
"""Offset, timestamp in ms, and leader epoch of a record."""


class DataPlane:
    """One native data plane. What waits for a disk is a coroutine; the rest answers from memory."""

    def __init__(self, options: DataPlaneOptions) -> None:
        native = NativeDataPlane(options)
        self._native = native
        self._tickets: dict[int, asyncio.Future[FoundRecord | None]] = {}
        # What answers at once is the native method itself: no frame of Python in between.
        self.listen = native.listen
        self.stop_listening = native.stop_listening
        self.mailbox_fd = native.mailbox_fd
        self.take = native.take
        self.reply = native.reply
        self.disconnect = native.disconnect
        self.publish_topics = native.publish_topics
        self.publish_nodes = native.publish_nodes
        self.advance_epoch = native.advance_epoch
        self.log_state = native.log_state
        self.log_dirs = native.log_dirs
        self.log_sizes = native.log_sizes
        self.end_offset_for_epoch = native.end_offset_for_epoch
        self.counters = native.counters
        self.cleaner_state = native.cleaner_state
        self.reconfigure = native.reconfigure
        self.recovery_progress = native.recovery_progress
        self.offline_logs = native.offline_logs
        self.fail_log_dir = native.fail_log_dir
        self.hold_appends = native.hold_appends

    @property
    def epoch(self) -> int:
        """The epoch of the published state."""
        return self._native.epoch

    async def open_logs(
        self, logs: "Sequence[tuple[str, bytes, int, LogConfig]]", *, new: bool
    ) -> None:
        """Create or open (topic, topic id, partition, config). A failure comes as `LogFailed`."""
        await self._ended(self._native.open_logs(logs, new=new))

    async def configure_logs(self, logs: "Sequence[tuple[bytes, int, LogConfig]]") -> None:
        """Let open logs, as (topic id, partition, config), obey other configs."""
        await self._ended(self._native.configure_logs(logs))

    async def delete_logs(self, logs: "Sequence[tuple[bytes, int]]") -> None:
        """Delete (topic id, partition)."""
        await self._ended(self._native.delete_logs(logs))

    async def enforce_retention(self, now_ms: int) -> tuple[int, int, int]:
        """Remove what has expired. Give segments and bytes that went, and logs that failed."""
        freed = await self._ended(self._native.enforce_retention(now_ms))
        assert freed is not None
        return freed

    async def clean_logs(self, now_ms: int) -> tuple[int, int, int]:
        """Compact what is dirty. Give passes over logs, bytes that went, and passes that failed."""
        cleaned = await self._ended(self._native.clean_logs(now_ms))
        assert cleaned is not None
        return cleaned

    async def delete_records(self, topic_id: bytes, partition: int, offset: int) -> int:
        """Remove the records before an offset; -1 is the high watermark. Give the log start offset.

        Raises KafkaError: OFFSET_OUT_OF_RANGE, KAFKA_STORAGE_ERROR.
        """
        moved = await self._ended(self._native.delete_records(topic_id, partition, offset))
        assert moved is not None
        return moved[0]

    async def checkpoint(self) -> None:
        """Write how far the logs are flushed."""
        await self._ended(self._native.checkpoint())

    async def read_barrier(self) -> None:
        """Wait until the requests that have reached this machine are in the mailbox."""
        await self._ended(self._native.read_barrier())

    async def find_offset(
        self, topic_id: bytes, partition: int, timestamp_ms: int
    ) -> FoundRecord | None:
        """Find the first record at or after a timestamp."""
        return await self._ended(self._native.find_offset(topic_id, partition, timestamp_ms))

    async def find_max_timestamp(self, topic_id: bytes, partition: int) -> FoundRecord | None:
        """Find the record with the largest timestamp."""
        return await self._ended(self._native.find_max_timestamp(topic_id, partition))

    async def close(self) -> None:
        """Stop accepting, answer what is in flight, flush and close the logs."""
        await self._ended(self._native.close())

    def complete(self, completed: Completed) -> None:
        """Hand the end of a ticket to whoever awaits it."""
        ended = self._tickets.pop(completed.ticket)
        if ended.done():
            return  # Nobody waits any more.
        if completed.error_code == ErrorCode.NONE:
            ended.set_result(completed.value)
        else:
            ended.set_exception(
                KafkaError(ErrorCode(completed.error_code), completed.error_message)
            )

    def _ended(self, ticket: int) -> "asyncio.Future[FoundRecord | None]":
        ended = self._tickets[ticket] = asyncio.get_running_loop().create_future()
        return ended
