"""The data plane and the message codec as Python sees them: the whole boundary, and nothing else.

Three rules hold for every name in this file:

1. Bytes and plain values cross; live objects do not. Nothing here takes a callback.
2. A call either answers from memory or returns a `Ticket`. No call waits for a disk or a peer.
3. Everything that comes back later comes back through `DataPlane.take`.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal, Self, final

__version__: Final[str]
PRODUCE_VERSIONS: Final[tuple[int, int]]
FETCH_VERSIONS: Final[tuple[int, int]]

# --- What Rust hands to Python -----------------------------------------------------------------

@final
class Request:
    """One request of an API key that the control plane answers."""

    @property
    def request_id(self) -> int: ...
    @property
    def connection_id(self) -> int: ...
    @property
    def node_id(self) -> int:
        """Node id of the listener that the client dialled."""
    @property
    def api_key(self) -> int: ...
    @property
    def api_version(self) -> int:
        """As sent; outside the served range for ApiVersions only."""
    @property
    def client_id(self) -> str | None: ...
    @property
    def client_host(self) -> str: ...
    @property
    def listener(self) -> str: ...
    @property
    def principal(self) -> str: ...
    @property
    def dialled_host(self) -> str:
        """The local address of the connection, which is what the client dialled."""
    @property
    def dialled_port(self) -> int: ...
    @property
    def received_at_ms(self) -> int:
        """When the frame was read, on the clock that `DataPlaneOptions.monotonic_ms` started."""
    @property
    def body(self) -> bytes: ...

@final
class Completed:
    """The end of work that an earlier call put under `ticket`."""

    @property
    def ticket(self) -> int: ...
    @property
    def value(self) -> tuple[int, int, int] | None: ...
    @property
    def error_code(self) -> int:
        """A Kafka error code; 0 is success."""
    @property
    def error_message(self) -> str: ...

@final
class LogFailed:
    """A log took itself offline: its disk failed or its data broke an invariant."""

    @property
    def topic_id(self) -> bytes: ...
    @property
    def partition(self) -> int: ...
    @property
    def reason(self) -> str: ...
    @property
    def is_passing(self) -> bool:
        """Whether it could not be opened for want of space, and nothing else is wrong with it."""

@final
class LogDirChanged:
    """A log directory went offline, has no space, or has space again."""

    @property
    def path(self) -> str: ...
    @property
    def state(self) -> Literal["online", "refusing", "offline"]: ...
    @property
    def reason(self) -> str:
        """Why, for people; empty when it is online."""

@final
class CleaningFailed:
    """A log was not compacted: it cannot be, or found no space. It goes on otherwise."""

    @property
    def topic_id(self) -> bytes: ...
    @property
    def partition(self) -> int: ...
    @property
    def reason(self) -> str: ...

@final
class ConnectionFault:
    """A client did not speak the protocol, and its connection was closed."""

    @property
    def client_host(self) -> str: ...
    @property
    def listener(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def suppressed(self) -> int:
        """How many earlier faults were not told, to keep the log readable."""

# --- What Python asks for ----------------------------------------------------------------------

@final
class CleanedLog:
    """What the cleaner knows of one compacted log."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def log_dir(self) -> str: ...
    @property
    def dirty_ratio(self) -> float:
        """Share of what a pass would read that was not cleaned before, from 0 to 1."""
    @property
    def first_dirty_offset(self) -> int:
        """Everything before it is clean."""
    @property
    def cleaned_bytes(self) -> int:
        """Bytes of the segments that were written anew since the start."""
    @property
    def last_pass_ms(self) -> int:
        """How long the last pass took."""
    @property
    def uncleanable_bytes(self) -> int:
        """Dirty bytes of a log that cannot be cleaned."""
    @property
    def uncleanable_reason(self) -> str | None:
        """Why the log cannot be cleaned, if it cannot."""

@final
class CleanerState:
    """What the cleaner has found and done, under the names of Kafka's metrics."""

    @property
    def max_dirty_percent(self) -> int:
        """How dirty the dirtiest log was when the cleaner last looked."""
    @property
    def cleaner_recopy_percent(self) -> int:
        """Bytes that the last pass wrote, of those that it read."""
    @property
    def max_buffer_utilization_percent(self) -> int:
        """How much of the memory for keys the last pass needed."""
    @property
    def max_clean_time_ms(self) -> int:
        """How long the last pass took."""
    @property
    def max_compaction_delay_ms(self) -> int:
        """By how much the most overdue log has missed max.compaction.lag.ms."""
    @property
    def last_run_ms(self) -> int:
        """When the cleaner last looked, on the wall clock; 0 before the first time."""
    @property
    def logs(self) -> list[CleanedLog]:
        """The compacted logs that it looked at, by name."""

# --- What Python hands to Rust -----------------------------------------------------------------

@final
class DataPlaneOptions:
    """What a data plane is started with, and mostly keeps.

    Names, units and defaults are those of the broker configs.
    """

    def __new__(
        cls,
        *,
        log_dirs: Sequence[str],
        apis: Sequence[tuple[int, int, int]],
        monotonic_ms: int,
        reactors: int,
        socket_request_max_bytes: int,
        queued_max_request_bytes: int,
        max_connections: int,
        connections_max_idle_ms: int,
        fetch_max_bytes: int,
        fetch_session_slots: int,
        kept_answers_bytes: int,
        mailbox_capacity: int,
        recovery_threads: int,
        max_open_files: int,
        cleaner_enabled: bool,
        cleaner_threads: int,
        cleaner_dedupe_buffer_bytes: int,
        cleaner_load_factor: float,
        cleaner_io_buffer_bytes: int,
        cleaner_io_max_bytes_per_second: float,
    ) -> Self: ...

@final
class LogConfig:
    """The configs of one topic that its logs obey."""

    def __new__(
        cls,
        *,
        segment_bytes: int,
        segment_ms: int,
        segment_jitter_ms: int,
        preallocate: bool,
        index_interval_bytes: int,
        segment_index_bytes: int,
        max_message_bytes: int,
        flush_messages: int,
        flush_ms: int,
        log_append_time: bool,
        timestamp_before_max_ms: int,
        timestamp_after_max_ms: int,
        deletes: bool,
        retention_ms: int,
        retention_bytes: int,
        file_delete_delay_ms: int,
        compacted: bool,
        min_cleanable_dirty_ratio: float,
        min_compaction_lag_ms: int,
        max_compaction_lag_ms: int,
        delete_retention_ms: int,
        compression_type: str,
        compression_level: int | None,
        producer_id_expiration_ms: int,
    ) -> Self: ...

@final
class TopicImage:
    """One topic as Produce and Fetch must know it.

    `partitions` holds (leader id, leader epoch) by index.
    """

    def __new__(
        cls,
        *,
        name: str,
        topic_id: bytes,
        partitions: Sequence[tuple[int, int]],
        config: LogConfig,
        internal: bool,
    ) -> Self: ...

# --- The data plane ----------------------------------------------------------------------------

@final
class DataPlane:
    """Owns the listeners, the connections, the logs, and the Produce and Fetch paths."""

    def __new__(cls, options: DataPlaneOptions, /) -> Self:
        """Start the reactors. Listens nowhere yet."""

    # Lifecycle.
    def listen(self, *, node_id: int, name: str, host: str, port: int) -> tuple[int, list[str]]:
        """Bind and listen.

        An empty host means both families. Gives the port and the bound addresses, or raises
        OSError.
        """
    def stop_listening(self, node_id: int, /) -> None:
        """Close the listeners and the connections of a node."""
    def close(self) -> int:
        """Stop accepting, answer what is in flight, flush the logs. A ticket."""

    # The mailbox.
    @property
    def mailbox_fd(self) -> int:
        """A descriptor that is readable while the mailbox holds something."""
    def take(
        self, limit: int, /
    ) -> list[
        Request | Completed | LogFailed | LogDirChanged | CleaningFailed | ConnectionFault
    ]: ...
    def reply(self, answers: Sequence[tuple[int, bytes, int]], /) -> None:
        """Answer requests, each as (request id, body, epoch).

        The answer is kept if the epoch is still the present one; with -1 it never is.
        """
    def disconnect(self, request_id: int, /) -> None:
        """Close the connection of a request instead of answering it."""
    def read_barrier(self) -> int:
        """Let the reactors read what has arrived.

        A ticket, whose end stands behind those requests in the mailbox.
        """

    # Images.
    def publish_topics(self, topics: Sequence[TopicImage], deleted: Sequence[bytes], /) -> int:
        """Add or replace topics and drop the deleted ids, at once.

        Gives the new epoch of the published state.
        """
    def publish_nodes(self, nodes: Sequence[tuple[int, str, int]], /) -> int:
        """Replace the (node id, host, port) that leader hints (KIP-951) name."""
    def advance_epoch(self) -> int:
        """Forget every kept answer, because state that they depend on changed."""
    @property
    def epoch(self) -> int: ...

    # Logs.
    def open_logs(self, logs: Sequence[tuple[str, bytes, int, LogConfig]], /, *, new: bool) -> int:
        """Create or open (topic, topic id, partition, config).

        `new` partitions have no log yet and get one in the directory with the fewest. Others are
        not made anew while a directory is offline. A ticket; a log that fails is reported by
        `LogFailed`.
        """
    def configure_logs(self, logs: Sequence[tuple[bytes, int, LogConfig]], /) -> int:
        """Let open logs, as (topic id, partition, config), obey other configs.

        Logs that are not open are left alone. A ticket.
        """
    def reconfigure(self, options: DataPlaneOptions, /) -> None:
        """Take over the options that may change while it runs.

        They are `max_connections` and the cleaner's.
        """
    def recovery_progress(self) -> tuple[int, int, int, int]:
        """Give (logs opened, logs to open, bytes recovered, bytes to recover): they only grow."""
    def offline_logs(self) -> list[tuple[bytes, int]]:
        """Give (topic id, partition) of the logs that failed or are in a failed directory."""
    def fail_log_dir(self, log_dir: str, reason: str, /) -> None:
        """Take a directory offline because something else in it failed."""
    def hold_appends(self, log_dir: str, /, *, held: bool) -> None:
        """Refuse all records in a directory, or no longer."""
    def delete_logs(self, logs: Sequence[tuple[bytes, int]], /) -> int:
        """Delete (topic id, partition): at once, and from the disk after a delay. A ticket."""
    def enforce_retention(self, now_ms: int, /) -> int:
        """Remove what has expired by the wall clock in every log.

        A ticket for how many segments and bytes went, and how many logs failed.
        """
    def clean_logs(self, now_ms: int, /) -> int:
        """Compact every compacted log that is dirty enough, until none is.

        A ticket for (passes over logs, bytes that went, passes that failed). The reason of a
        failure comes as `CleaningFailed`.
        """
    def cleaner_state(self) -> CleanerState: ...
    def delete_records(self, topic_id: bytes, partition: int, offset: int, /) -> int:
        """Remove the records before an offset, durably; -1 is the high watermark.

        A ticket for (log start offset, 0, 0). Fails with OFFSET_OUT_OF_RANGE beyond the high
        watermark.
        """
    def log_dirs(self) -> list[tuple[str, str | None, int, int]]:
        """Give (path, why it is offline, total bytes, usable bytes) of each log dir."""
    def log_sizes(self) -> list[tuple[bytes, int, int, int]]:
        """Give (topic id, partition, place of the log dir in `log_dirs`, bytes) of open logs."""
    def checkpoint(self) -> int:
        """Write how far the logs are flushed: recovery after a crash reads the rest. A ticket."""
    def log_state(self, topic_id: bytes, partition: int, /) -> tuple[int, int, int, int] | None:
        """Give (log start offset, last stable offset, high watermark, log end offset).

        None when the log is offline or unknown.
        """
    def find_offset(self, topic_id: bytes, partition: int, timestamp_ms: int, /) -> int:
        """Find the first record at or after a timestamp.

        A ticket for (offset, timestamp ms, leader epoch), or None.
        """
    def find_max_timestamp(self, topic_id: bytes, partition: int, /) -> int:
        """Find the record with the largest timestamp.

        A ticket for (offset, timestamp ms, leader epoch), or None.
        """
    def end_offset_for_epoch(
        self, topic_id: bytes, partition: int, leader_epoch: int, /
    ) -> tuple[int, int] | None:
        """Give (leader epoch, end offset) of the largest epoch at or below the one asked for.

        (-1, -1) when there is none; None when the log is offline or unknown.
        """

    def counters(self) -> dict[str, int]: ...

# --- For tools ---------------------------------------------------------------------------------
#
# For tools, without a data plane: the calls block, with the interpreter released, and nobody else
# may use the folders meanwhile. They raise OSError with a sentence that names the file.

def is_partition_folder(folder: str, /) -> bool:
    """Whether a folder holds the segments of a partition."""

def is_unused_log(folder: str, /) -> bool:
    """Whether the folder of a partition is missing or has never held a record."""

def check_log(
    folder: str, /
) -> tuple[tuple[int, int, int, int, int, int], list[tuple[str, int | None, int | None, str]]]:
    """Look the folder of a partition over, without changing it.

    Gives (start offset, end offset, segments, batches, records, bytes), and what is wrong, as
    (path, position in the file, offset, problem).
    """

def truncate_log(folder: str, offset: int, now_ms: int, /) -> tuple[int, int, list[str]] | None:
    """Remove everything at and after an offset, with the whole batch that holds it.

    Gives (log end offset, removed bytes of records, names of removed files); None when there is
    nothing at the offset or behind it.
    """

def stage_import(
    source: str, target: str, topic_id: bytes, config: LogConfig, now_ms: int, /
) -> tuple[str, tuple[int, int, int, int, int, int]]:
    """Copy the folder of a partition beside `target`, and check the copy.

    Gives the copy's folder and its (log start offset, log end offset, last stable offset, leader
    epoch, bytes, bytes of a torn tail that were left out).
    """

def place_import(
    staged: str, log_dir: str, topic: str, partition: int, log_end_offset: int, /
) -> None:
    """Put a copy into its place in a log directory, where no records may be."""

# --- The message codec -------------------------------------------------------------------------

@final
class Codec:
    """One (message, version), compiled from its declaration."""

    def __new__(cls, message: type[Any], version: int, /) -> Self:
        """Compile a message class. Raises ValueError when the message has no such version."""
    def decode(self, body: bytes, /) -> Any:
        """Read a message. Raises ProtocolError when the bytes are not one, with none left over."""
    def decode_prefix(self, body: bytes, /) -> Any:
        """Read a message that `body` begins with, and leave the rest alone.

        Raises ProtocolError.
        """
    def encode(self, message: Any, /) -> bytes:
        """Write a message. Raises ValueError naming the field that does not fit."""

# --- Regular expressions -----------------------------------------------------------------------

def match_topics(pattern: str, names: Sequence[str]) -> list[str]:
    """Give the names that a regular expression matches whole, in time linear in their length.

    Raises ValueError with RE2J's words when the pattern is none, or too large.
    """
