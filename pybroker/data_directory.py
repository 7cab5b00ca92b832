"""The data directory: made when it is missing, locked while a broker uses it.

Promises:
  * Two brokers, of pybroker or of Kafka, never share a directory: `.lock` in it is locked as
    Kafka does it, and set free by the kernel when the process ends, however it ends.
  * A temporary directory is gone after `close`.
"""

import os
import sys
from typing import Final, Self

LOCK_FILE: Final = ".lock"


class DataDirectoryError(Exception):
    """A directory cannot be used; the text names it and says why."""


class DataDirectory:
    """A directory that this process holds the lock of, until `close`."""

    def __init__(self, path: str, *, remove: bool = False) -> None:
        self.path: Final = path
        self._remove = remove
        self._lock = _lock(path)

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
        return cls(path, remove=True)

    def close(self) -> None:
        """Give up the lock, and remove a temporary directory."""
        if self._lock < 0:
            return
        os.close(self._lock)
        self._lock = -1
        if self._remove:
            import shutil  # noqa: PLC0415 - Needed at the end only.

            shutil.rmtree(self.path, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _lock(path: str) -> int:
    try:
        os.makedirs(path, exist_ok=True)  # noqa: PTH103
        lock = os.open(os.path.join(path, LOCK_FILE), os.O_RDWR | os.O_CREAT, 0o644)  # noqa: PTH118
    except OSError as error:
        message = f"The data directory {path} cannot be used: {error.strerror}"
        raise DataDirectoryError(message) from None
    try:
        _lock_file(lock)
    except OSError:
        os.close(lock)
        message = (
            f"The data directory {path} is in use by another broker. "
            "Stop that one, or choose another directory with --data-dir DIR or --ephemeral."
        )
        raise DataDirectoryError(message) from None
    return lock


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
