"""The store's rows about the cluster itself: names and values, such as the cluster id."""

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pybroker.store.database import Store

TABLES: Final = ("CREATE TABLE cluster_properties (name TEXT PRIMARY KEY, value TEXT NOT NULL)",)


class ClusterPropertySet(NamedTuple):
    """A property of the cluster has this value from now on."""

    name: str
    value: str


STATEMENTS: Final[dict[type, str]] = {
    ClusterPropertySet: "INSERT INTO cluster_properties (name, value) VALUES (?, ?)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
}


def load(store: "Store") -> "Iterator[ClusterPropertySet]":
    """Give every property."""
    for row in store.query("SELECT name, value FROM cluster_properties"):
        yield ClusterPropertySet(*row)
