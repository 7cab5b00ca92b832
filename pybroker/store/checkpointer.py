"""Moves the store's write-ahead log into its database, so that no commit waits for a flush.

A checkpoint runs `CHECKPOINT_PERIOD_S` after the first commit that has not seen one, or as soon as
`CHECKPOINT_AFTER_CHANGES` changes are in the log. An idle store wakes nobody. SQLite starts the log
over when a checkpoint has moved all of it, which commits that never pause can prevent; so the
loop's own connection finishes the job when the log has grown to `WAL_LIMIT_BYTES`: it is the only
writer, so nothing can be added meanwhile.
"""

# ruff: noqa: PTH116 - pathlib would be imported for this alone.

import os
import sqlite3
import threading
from contextlib import closing
from typing import Final

CHECKPOINT_PERIOD_S: Final = 5.0
CHECKPOINT_AFTER_CHANGES: Final = 20_000
WAL_LIMIT_BYTES: Final = 64 * 1024 * 1024


class Checkpointer:
    """The thread, and what the loop tells it."""

    def __init__(self, database: str) -> None:
        self._database = database
        self._wal = f"{database}-wal"
        self._changes = 0
        self._closed = False
        self._oversized = False
        self._dirty = threading.Event()  # There is something to move.
        self._hurry = threading.Event()  # There is much of it, or the end has come.
        self._thread = threading.Thread(target=self._run, name="pybroker-checkpointer", daemon=True)
        self._thread.start()

    def committed(self, connection: sqlite3.Connection, changes: int) -> None:
        """Hear that a transaction with that many changes was committed on `connection`."""
        self._changes += changes
        if not self._dirty.is_set():
            self._dirty.set()
        if self._changes >= CHECKPOINT_AFTER_CHANGES:
            self._changes = 0
            self._hurry.set()
        if self._oversized:
            self._oversized = False
            _checkpoint(connection, "PASSIVE")

    def close(self) -> None:
        """End the thread, which leaves an empty log behind."""
        self._closed = True
        self._dirty.set()
        self._hurry.set()
        self._thread.join()

    def _run(self) -> None:
        with closing(sqlite3.connect(self._database, isolation_level=None)) as connection:
            while True:
                self._dirty.wait()
                self._hurry.wait(CHECKPOINT_PERIOD_S)
                # Cleared before the work: a commit during the checkpoint asks for the next one.
                self._dirty.clear()
                self._hurry.clear()
                if self._closed:
                    _checkpoint(connection, "TRUNCATE")
                    return
                _checkpoint(connection, "PASSIVE")
                self._oversized = os.stat(self._wal).st_size >= WAL_LIMIT_BYTES


def _checkpoint(connection: sqlite3.Connection, mode: str) -> None:
    try:
        connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
    except sqlite3.Error:
        # The log keeps everything; the next checkpoint moves it, and a full disk shows at the next
        # commit.
        return
