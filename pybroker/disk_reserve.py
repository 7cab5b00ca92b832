"""The reserve: space that the control state has when the disk is full.

Promises:
  * A file `reserve` in the first log directory holds `pybroker.disk.reserve.bytes`, or a 64th of
    a small disk. It is made a second after the start, in a thread, so that no start waits for it.
  * When the control state finds no space, the file goes. What the failed change's client tries
    again then succeeds, and records, which would take that space at once, are refused until there
    is enough for the reserve again.
"""

# ruff: noqa: PTH118, PTH108, PTH123, PTH105 - pathlib would be imported for this alone.

import asyncio
import contextlib
import logging
import os
from typing import TYPE_CHECKING, Final

from pybroker.store.database import Store, StoreError

if TYPE_CHECKING:
    from pybroker.broker import Broker

logger = logging.getLogger("pybroker.disk_reserve")

RESERVE_FILE: Final = "reserve"
SMALL_DISK_SHARE: Final = 64
# So often is looked whether there is space again; also the time after the start.
CHECK_INTERVAL_MS: Final = 1_000
WRITE_BYTES: Final = 1_048_576


class DiskReserve:
    """The reserve of one broker. With no bytes to keep, it does nothing."""

    def __init__(self, data_dir: str, wanted_bytes: int) -> None:
        self._path = os.path.join(data_dir, RESERVE_FILE)
        self._data_dir = data_dir
        self._wanted_bytes = wanted_bytes
        self._holds = False
        self._making: asyncio.Future[bool] | None = None

    def open_store(self) -> Store:
        """Open the control state, with the help of the reserve if there is no space for it."""
        try:
            return Store(self._data_dir)
        except StoreError as error:
            if not (error.is_full and self._release()):
                raise
            return Store(self._data_dir)

    def start(self, broker: "Broker") -> None:
        """Make the reserve soon, and watch over it."""
        self._broker = broker
        if self._wanted_bytes:
            self._check_later()

    def store_failed(self) -> None:
        """Give the space to the control state, which could not be written for want of it."""
        if not self._release():
            return
        logger.error(
            "The disk of %s is full: its reserve goes to the control state, and no records are"
            " taken there until %d MiB are free",
            self._data_dir,
            2 * self.size_bytes() // WRITE_BYTES,
        )
        self._hold(held=True)

    def size_bytes(self) -> int:
        """How large the reserve is."""
        total_bytes, _ = disk_space(self._data_dir)
        return min(self._wanted_bytes, total_bytes // SMALL_DISK_SHARE)

    def close(self) -> None:
        """Leave the reserve as it is."""
        if self._making is not None:
            self._making.cancel()

    def _check_later(self) -> None:
        broker = self._broker
        broker.timers.schedule(broker.clock.monotonic_ms() + CHECK_INTERVAL_MS, self._check)

    def _check(self, _now_ms: int) -> None:
        """Make the reserve, if there is space for it and as much again."""
        size_bytes = self.size_bytes()
        if _file_size(self._path) >= size_bytes:
            self._made(done=True)
        elif disk_space(self._data_dir)[1] < 2 * size_bytes:
            self._check_later()
        else:
            loop = asyncio.get_running_loop()
            self._making = loop.run_in_executor(None, make_file, self._path, size_bytes)
            self._making.add_done_callback(self._end_of_making)

    def _end_of_making(self, making: "asyncio.Future[bool]") -> None:
        if not making.cancelled():
            self._made(done=making.result())

    def _made(self, *, done: bool) -> None:
        if not done:
            self._check_later()
        elif self._holds:
            logger.info("The reserve in %s is back, and records are taken again", self._data_dir)
            self._hold(held=False)

    def _release(self) -> bool:
        """Remove the file. Says whether there was one."""
        try:
            os.unlink(self._path)
        except OSError:
            return False
        return True

    def _hold(self, *, held: bool) -> None:
        """Refuse records in the directories on the disk of the control state, or no longer."""
        data_plane = self._broker.data_plane
        for path, error, *_ in data_plane.log_dirs():
            if error is None and is_same_disk(path, self._data_dir):
                data_plane.hold_appends(path, held=held)
        if held and not self._holds:
            self._check_later()
        self._holds = held


def disk_space(path: str) -> tuple[int, int]:
    """Give the bytes of the disk that a path is on, and those that are free for us."""
    if hasattr(os, "statvfs"):
        found = os.statvfs(path)
        return found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize
    import shutil  # noqa: PLC0415 - Windows has no statvfs.

    usage = shutil.disk_usage(path)
    return usage.total, usage.free


def is_same_disk(path: str, other: str) -> bool:
    """Whether two paths share one file system, and so its space."""
    try:
        return os.stat(path).st_dev == os.stat(other).st_dev  # noqa: PTH116
    except OSError:
        return False


def make_file(path: str, size_bytes: int) -> bool:
    """Take the space for a file; says whether it was there."""
    temporary = f"{path}.tmp"
    try:
        with open(temporary, "wb") as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size_bytes)
            else:
                file.writelines(bytes(WRITE_BYTES) for _ in range(0, size_bytes, WRITE_BYTES))
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        return False
    return True


def _file_size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116
    except OSError:
        return -1
