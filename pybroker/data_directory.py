"""The data directories: made when they are missing, locked while a broker uses them.

Promises:
  * Two brokers, of pybroker or of Kafka, never share a directory: `.lock` in it is locked as
    Kafka does it, and set free by the kernel when the process ends, however it ends.
  * A temporary directory is gone after `close`.
"""

import os
import sys
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

LOCK_FILE: Final = ".lock"


class DataDirectoryError(Exception):
    """A directory cannot be used; the text names it and says why."""


class DataDirectories:
    """The directories that this process holds the locks of, until `close`.

    The first must be usable. Another that is not is left to the broker, which takes it for failed.
    """

    def __init__(self, paths: "Sequence[str]", *, remove: bool = False) -> None:
        self._remove = remove
        self.paths: Final = tuple(paths)
        self._locks: list[int] = []
        try:
            for index, path in enumerate(self.paths):
                self._add(path, must_work=index == 0)
        except DataDirectoryError:
            self.close()
            raise

    @classmethod
    def temporary(cls) -> Self:
        """Make a directory that lives as long as this object is open."""
        parent = os.environ.get("TMPDIR") or os.environ.get("TEMP") or "/tmp"  # noqa: S108
        path = os.path.join(parent, f"pybroker-{os.getpid()}-{os.urandom(6).hex()}")  # noqa: PTH118
        try:
            os.mkdir(path, 0o700)  # noqa: PTH102 - pathlib would be imported for this alone.
        except OSError as error:
            message = f"No temporary directory can be made in {parent}: {error.strerror}"
            raise DataDirectoryError(message) from None
        return cls([path], remove=True)

    @property
    def settings(self) -> dict[str, str]:
        """The configs of a broker that uses the directories; a temporary one needs no reserve."""
        reserve = {"pybroker.disk.reserve.bytes": "0"} if self._remove else {}
        return {"log.dirs": ",".join(self.paths), **reserve}

    def close(self) -> None:
        """Give up the locks, and remove a temporary directory."""
        locks, self._locks = self._locks, []
        for lock in locks:
            os.close(lock)
        if locks and self._remove:
            import shutil  # noqa: PLC0415 - Needed at the end only.

            for path in self.paths:
                shutil.rmtree(path, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _add(self, path: str, *, must_work: bool) -> None:
        try:
            lock = _open_lock(path)
        except OSError as error:
            if must_work:
                message = f"The data directory {path} cannot be used: {error.strerror}"
                raise DataDirectoryError(message) from None
            return
        self._locks.append(lock)
        _lock(path, lock, self._locks[:-1])


def _open_lock(path: str) -> int:
    os.makedirs(path, exist_ok=True)  # noqa: PTH103
    return os.open(os.path.join(path, LOCK_FILE), os.O_RDWR | os.O_CREAT, 0o644)  # noqa: PTH118


def _lock(path: str, lock: int, others: "Sequence[int]") -> None:
    # A lock of the process' own would be taken for another broker's.
    if any(os.path.sameopenfile(lock, other) for other in others):
        raise DataDirectoryError(f"{path} is named twice in log.dirs")
    try:
        _lock_file(lock)
    except OSError:
        message = (
            f"The data directory {path} is in use by another broker. "
            "Stop that one, or choose another directory with --data-dir DIR or --ephemeral."
        )
        raise DataDirectoryError(message) from None


if sys.platform == "win32":

    def _lock_file(descriptor: int) -> None:
        import msvcrt  # noqa: PLC0415

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:

    def _lock_file(descriptor: int) -> None:
        import fcntl  # noqa: PLC0415

        # The first tells brokers of one process apart too, the second is the one that Kafka takes.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
