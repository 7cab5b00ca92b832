"""Whose data the log directories hold: the store's cluster id, and `meta.properties` beside it.

Promises:
  * The cluster id is made once. The store is the truth for it; every directory has it in its
    `meta.properties`, with the node's id and an id of the directory's own, as Kafka writes them.
  * A directory of another cluster is refused. One that cannot be read or written is reported; the
    others go on.
  * The store remembers which directories there were. An empty one in the place of another is
    reported, too: its disk is not mounted, and its partitions must not begin anew.
"""

# ruff: noqa: PTH105, PTH110, PTH118, PTH123 - pathlib would be imported for this alone.

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from pybroker.store import cluster
from pybroker.store.cluster import ClusterPropertySet
from pybroker.store.database import DATABASE_NAME, Store, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

META_PROPERTIES: Final = "meta.properties"
CLUSTER_ID: Final = "cluster.id"
DIRECTORY_ID: Final = "directory.id"
# In the store: a line with the id and the path of each directory.
DIRECTORIES: Final = "directories"


class Claimed(NamedTuple):
    """The cluster that the directories belong to, and those of them that cannot be used."""

    cluster_id: str
    failures: dict[str, str]


def claim(
    store: Store, log_dirs: "Sequence[str]", *, node_id: int, new_id: "Callable[[], str]"
) -> Claimed:
    """Give the cluster id, a new one in new directories. A foreign directory is `StoreError`.

    The first directory is the store's; without any the store is in memory.
    """
    failures: dict[str, str] = {}
    found = {path: _read(path, failures) for path in log_dirs}
    if log_dirs and log_dirs[0] in failures:
        raise StoreError(f"{log_dirs[0]} cannot be used: {failures[log_dirs[0]]}")
    stored = {change.name: change.value for change in cluster.load(store)}
    if CLUSTER_ID not in stored:
        _require_new(log_dirs, found)
        stored = {CLUSTER_ID: new_id(), DIRECTORY_ID: new_id()}
        store.apply(ClusterPropertySet(name, value) for name, value in stored.items())
        store.commit()
    known = _directories(stored.get(DIRECTORIES, ""))
    directory_ids: dict[str, str] = {}
    for index, path in enumerate(log_dirs):
        if path not in failures and index > 0 and not found[path]:
            _require_mounted(path, known, failures)
        if path in failures:
            continue
        cluster_id = found[path].get(CLUSTER_ID, stored[CLUSTER_ID])
        if cluster_id != stored[CLUSTER_ID]:
            raise StoreError(
                f"{path} belongs to another cluster, {cluster_id}, than {log_dirs[0]}, which"
                f" belongs to {stored[CLUSTER_ID]}. Remove it from log.dirs, or empty it."
            )
        directory_id = found[path].get(DIRECTORY_ID)
        if directory_id is None:
            directory_id = stored[DIRECTORY_ID] if index == 0 else new_id()
        if directory_id in directory_ids:
            raise StoreError(
                f"{directory_ids[directory_id]} and {path} have the same directory.id: one is a"
                " copy of the other. Remove one of them from log.dirs."
            )
        directory_ids[directory_id] = path
        properties = {
            CLUSTER_ID: cluster_id,
            DIRECTORY_ID: directory_id,
            "node.id": str(node_id),
            "version": "1",
        }
        if found[path] != properties:
            _write(path, properties, failures)
    _remember(store, log_dirs, known, directory_ids)
    return Claimed(stored[CLUSTER_ID], failures)


def _directories(text: str) -> dict[str, str]:
    """Give the ids of directories by path."""
    pairs = (line.partition(" ") for line in text.splitlines())
    return {path: directory_id for directory_id, _, path in pairs}


def _remember(
    store: Store, log_dirs: "Sequence[str]", known: dict[str, str], directory_ids: dict[str, str]
) -> None:
    """Store which directories there are. One that failed stays, one that is not named goes."""
    found = {os.path.abspath(path): directory_id for directory_id, path in directory_ids.items()}  # noqa: PTH100
    present = {}
    for path in map(os.path.abspath, log_dirs):
        directory_id = found.get(path, known.get(path))
        if directory_id is not None:
            present[path] = directory_id
    if present != known:
        text = "".join(f"{directory_id} {path}\n" for path, directory_id in present.items())
        store.apply([ClusterPropertySet(DIRECTORIES, text)])
        store.commit()


def _require_mounted(path: str, known: dict[str, str], failures: dict[str, str]) -> None:
    """Report an empty directory in whose place there was another."""
    directory_id = known.get(os.path.abspath(path))  # noqa: PTH100
    if directory_id is None:
        return
    try:
        with os.scandir(path) as entries:
            has_logs = any("-" in entry.name and entry.is_dir() for entry in entries)
    except OSError as error:
        failures[path] = str(error)
        return
    if not has_logs:
        failures[path] = (
            f"it is empty, and was the log directory {directory_id}: is its disk mounted? To begin"
            " anew in it, start once without it in log.dirs"
        )


def _require_new(log_dirs: "Sequence[str]", found: "dict[str, dict[str, str]]") -> None:
    """Refuse directories that were used before, because their control state is elsewhere."""
    for path in log_dirs[1:]:
        if os.path.exists(os.path.join(path, DATABASE_NAME)):
            raise StoreError(
                f"The control state is in {path}, not in {log_dirs[0]}. Name {path} first in"
                " log.dirs."
            )
    for path in log_dirs:
        if found[path]:
            raise StoreError(
                f"{os.path.join(path, META_PROPERTIES)} says that the directory belongs to a Kafka"
                f" broker, and {log_dirs[0]} has no control state of pybroker. Use another data"
                " directory."
            )


def _read(path: str, failures: dict[str, str]) -> dict[str, str]:
    """Read the properties; none when there is no file."""
    try:
        with open(os.path.join(path, META_PROPERTIES), encoding="ascii", errors="replace") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        return {}
    except OSError as error:
        failures[path] = str(error)
        return {}
    pairs = (line.partition("=") for line in lines if line.strip() and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _write(path: str, properties: dict[str, str], failures: dict[str, str]) -> None:
    """Replace the file at once."""
    meta = os.path.join(path, META_PROPERTIES)
    written = f"{meta}.tmp"
    try:
        os.makedirs(path, exist_ok=True)  # noqa: PTH103
        with open(written, "w", encoding="ascii") as file:
            file.write("".join(f"{name}={value}\n" for name, value in sorted(properties.items())))
            file.flush()
            os.fsync(file.fileno())
        os.replace(written, meta)
    except OSError as error:
        failures[path] = str(error)
