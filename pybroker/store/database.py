"""The connection to the control state: one transaction for all changes of a mailbox batch.

Promises:
  * What was committed survives kill -9 (WAL, synchronous=NORMAL); after a loss of power the
    database is whole and may miss the last commits, as Kafka's logs may miss records that were not
    flushed.
  * No call waits for a disk's flush, except `close`: checkpoints run in `checkpointer`'s thread.
  * A change that cannot be stored raises `StoreError` and rolls back everything that was not
    committed. The state in memory is then ahead of the store: until `recover`, by which its holder
    says that it was dropped and is loaded again, nothing can be applied or committed.
"""

# ruff: noqa: PTH118 - pathlib would be imported for this alone.

import os
import sqlite3
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pybroker.store.checkpointer import Checkpointer
from pybroker.store.schema import MIGRATIONS, STATEMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DATABASE_NAME: Final = "control.db"
CACHE_KIB: Final = 8_192  # Pages that SQLite keeps in memory.
BUSY_TIMEOUT_S: Final = 5.0  # The data directory is locked: only a checkpoint can be in the way.

Change: TypeAlias = tuple[Any, ...]
"""One row's change: a `NamedTuple` of an area, whose fields are the parameters of its statement."""


class StoreError(Exception):
    """The control state could not be opened, read or written."""

    is_full = False
    """Whether the disk may have had no space for it."""


class Store:
    """Control state, used from the loop's thread. Without a data directory it is in memory only."""

    def __init__(self, data_dir: str | None) -> None:
        path = None if data_dir is None else os.path.join(data_dir, DATABASE_NAME)
        self._checkpointer: Checkpointer | None = None
        self._changes_since_commit = 0
        self._failure: StoreError | None = None
        try:
            self._connection = _open(path)
        except sqlite3.Error as error:
            refused = StoreError(f"The control state {path} cannot be opened: {error}")
            refused.is_full = _may_be_full(error)
            raise refused from error
        self._execute = self._connection.execute
        if path is not None:
            self._checkpointer = Checkpointer(path)

    def apply(self, changes: "Iterable[Change]") -> None:
        """Put changes, in order, into the open transaction, which begins with the first of them."""
        self._require_sound()
        try:
            for change_type, run in groupby(changes, type):
                rows = list(run)
                if not self._connection.in_transaction:
                    self._execute("BEGIN")
                self._connection.executemany(STATEMENTS[change_type], rows)
                self._changes_since_commit += len(rows)
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def commit(self) -> None:
        """Make the open transaction durable; nothing to do when there is none."""
        self._require_sound()
        if not self._connection.in_transaction:
            return
        try:
            self._execute("COMMIT")
        except sqlite3.Error as error:
            raise self._failed(error) from error
        if self._checkpointer is not None:
            self._checkpointer.committed(self._connection, self._changes_since_commit)
        self._changes_since_commit = 0

    def rollback(self) -> None:
        """Forget the open transaction."""
        self._changes_since_commit = 0
        if self._connection.in_transaction:
            self._execute("ROLLBACK")

    @property
    def is_full(self) -> bool:
        """Whether it refuses because the disk may have had no space."""
        return self._failure is not None and self._failure.is_full

    def recover(self) -> None:
        """Begin anew after a failure: the state that was ahead of the store is dropped."""
        self._failure = None

    def query(self, sql: str, parameters: "Sequence[Any]" = ()) -> "Iterable[tuple[Any, ...]]":
        """Rows of a SELECT. They include what the open transaction changed."""
        try:
            rows: list[tuple[Any, ...]] = self._execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"The control state cannot be read: {error}") from error
        return rows

    def close(self) -> None:
        """Drop what was not committed, write the log back into the database and let go of it."""
        self.rollback()
        if self._checkpointer is not None:
            self._checkpointer.close()
        self._connection.close()

    def _require_sound(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _failed(self, error: sqlite3.Error) -> StoreError:
        self.rollback()
        self._failure = StoreError(f"The control state cannot be written: {error}")
        self._failure.is_full = _may_be_full(error)
        return self._failure


def _may_be_full(error: sqlite3.Error) -> bool:
    """Whether an error is one that a full disk causes: some of its files only say "I/O error"."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}


def _open(path: str | None) -> sqlite3.Connection:
    connection = sqlite3.connect(
        ":memory:" if path is None else path,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,  # BEGIN and COMMIT are written out above.
        check_same_thread=False,  # The thread that makes a broker need not run it.
    )
    try:
        _prepare(connection)
        _migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    for pragma in (
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
        "wal_autocheckpoint = 0",
        f"cache_size = -{CACHE_KIB}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _migrate(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
    (version,) = connection.execute(
        "SELECT COALESCE(MAX(version), 0) FROM schema_version"
    ).fetchone()
    if version > len(MIGRATIONS):
        raise StoreError(
            f"The control state has schema version {version}, and this pybroker knows"
            f" {len(MIGRATIONS)} at most: a newer pybroker wrote it. Use that one, or another"
            " data directory."
        )
    for number, statements in enumerate(MIGRATIONS[version:], version + 1):
        for statement in statements:
            connection.execute(statement)
        connection.execute("INSERT INTO schema_version (version) VALUES (?)", (number,))
    connection.execute("COMMIT")
