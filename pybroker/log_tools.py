"""What tools do to the logs of a data directory while no broker uses it.

Promises:
  * Nothing here is imported by a broker.
  * A call that fails raises `LogToolError`, whose text names the file and says what is wrong.
  * Folders are those of partitions, `topic-N`, as Kafka and pybroker write them.
"""

import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pybroker import _native

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pybroker._native import LogConfig


class LogToolError(Exception):
    """A folder cannot be read, checked or changed."""


class Finding(NamedTuple):
    """Something that is wrong: in which file, where in it, and about which offset."""

    path: str
    position: int | None
    offset: int | None
    problem: str


class CheckReport(NamedTuple):
    """What was looked over. `end_offset` is the one after the last record."""

    start_offset: int
    end_offset: int
    segments: int
    batches: int
    records: int
    size_bytes: int
    findings: list[Finding]


class Truncated(NamedTuple):
    """What truncating removed, and where the log ends now."""

    log_end_offset: int
    removed_bytes: int
    removed_files: list[str]


class StagedLog(NamedTuple):
    """A copy that was checked and waits for its place."""

    folder: str
    log_start_offset: int
    log_end_offset: int
    last_stable_offset: int
    leader_epoch: int  # -1 without records
    size_bytes: int
    torn_bytes: int


def partition_name(folder: Path) -> tuple[str, int] | None:
    """Take the topic and the partition off a folder's name, if it has one of a partition."""
    topic, dash, partition = folder.absolute().name.rpartition("-")
    if not (topic and dash and partition.isascii() and partition.isdigit()):
        return None
    return topic, int(partition)


def partition_folders(directory: Path) -> list[Path]:
    """Find the partitions that a directory is or holds, by name."""
    with _told():
        if _native.is_partition_folder(str(directory)):
            return [directory]
        return [
            folder
            for folder in sorted(directory.iterdir())
            if partition_name(folder) is not None
            and folder.is_dir()
            and _native.is_partition_folder(str(folder))
        ]


def is_unused(folder: Path) -> bool:
    """Whether a partition's folder is missing or has never held a record."""
    with _told():
        return _native.is_unused_log(str(folder))


def check(folder: Path) -> CheckReport:
    """Look a partition over, without changing it."""
    with _told():
        summary, findings = _native.check_log(str(folder))
    return CheckReport(*summary, findings=[Finding(*finding) for finding in findings])


def truncate(folder: Path, offset: int) -> Truncated | None:
    """Remove everything at and after an offset; None when there is nothing."""
    with _told():
        truncated = _native.truncate_log(str(folder), offset, _now_ms())
    return None if truncated is None else Truncated(*truncated)


def stage(source: Path, target: Path, topic_id: bytes, config: "LogConfig") -> StagedLog:
    """Copy a partition beside `target`, where it is checked. The source stays as it is."""
    with _told():
        folder, numbers = _native.stage_import(
            str(source), str(target), topic_id, config, _now_ms()
        )
    return StagedLog(folder, *numbers)


def place(staged: StagedLog, log_dir: Path, topic: str, partition: int) -> None:
    """Put a copy into its place, where no records may be."""
    with _told():
        _native.place_import(staged.folder, str(log_dir), topic, partition, staged.log_end_offset)


@contextmanager
def _told() -> "Iterator[None]":
    """Turn what the disk or the log says into a `LogToolError`."""
    try:
        yield
    except OSError as error:
        raise LogToolError(str(error)) from None


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
