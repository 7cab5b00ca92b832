"""Whose data a directory holds: the store's cluster id, and Kafka's `meta.properties` beside it.

The cluster id is made once. `meta.properties` is written for whoever looks at the directory with
Kafka's tools; the store is the truth.
"""

# ruff: noqa: PTH105, PTH110, PTH118, PTH123 - pathlib would be imported for this alone.

import os
from typing import Final

from pybroker.store import cluster
from pybroker.store.cluster import ClusterPropertySet
from pybroker.store.database import Store, StoreError

META_PROPERTIES: Final = "meta.properties"
CLUSTER_ID: Final = "cluster.id"
DIRECTORY_ID: Final = "directory.id"


def claim(
    store: Store, data_dir: str | None, *, node_id: int, new_cluster_id: str, new_directory_id: str
) -> str:
    """Give the cluster id: `new_cluster_id` in a new directory; a foreign one is `StoreError`."""
    properties = {change.name: change.value for change in cluster.load(store)}
    meta = None if data_dir is None else os.path.join(data_dir, META_PROPERTIES)
    if CLUSTER_ID not in properties:
        if meta is not None and os.path.exists(meta):
            raise StoreError(
                f"{meta} says that the directory belongs to a Kafka broker, and it has no control"
                " state of pybroker. Use another data directory."
            )
        properties = {CLUSTER_ID: new_cluster_id, DIRECTORY_ID: new_directory_id}
        store.apply(ClusterPropertySet(name, value) for name, value in properties.items())
        store.commit()
    if meta is not None:
        _write(meta, properties | {"node.id": str(node_id), "version": "1"})
    return properties[CLUSTER_ID]


def _write(meta: str, properties: dict[str, str]) -> None:
    """Replace the file at once, if it is not so already."""
    text = "".join(f"{name}={value}\n" for name, value in sorted(properties.items()))
    if os.path.exists(meta) and _read(meta) == text:
        return
    written = f"{meta}.tmp"
    with open(written, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(written, meta)


def _read(path: str) -> str:
    with open(path, encoding="ascii", errors="replace") as file:
        return file.read()
