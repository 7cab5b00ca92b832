"""The store's rows about configs that were changed at run time, of all resources but topics."""

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pybroker.store.database import Store

# Since schema version 3. `resource_type` is the protocol's number.
TABLES: Final = (
    """CREATE TABLE resource_configs (
        resource_type INTEGER NOT NULL,
        resource_name TEXT NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (resource_type, resource_name, name))""",
)


class ConfigSet(NamedTuple):
    """A config of a resource has a value from now on."""

    resource_type: int
    resource_name: str
    name: str
    value: str


class ConfigRemoved(NamedTuple):
    """A config of a resource has its default again."""

    resource_type: int
    resource_name: str
    name: str


ConfigChange = ConfigSet | ConfigRemoved

STATEMENTS: Final[dict[type, str]] = {
    ConfigSet: "INSERT INTO resource_configs (resource_type, resource_name, name, value)"
    " VALUES (?, ?, ?, ?) ON CONFLICT (resource_type, resource_name, name)"
    " DO UPDATE SET value = excluded.value",
    ConfigRemoved: "DELETE FROM resource_configs"
    " WHERE resource_type = ? AND resource_name = ? AND name = ?",
}


def load(store: "Store") -> "Iterator[ConfigSet]":
    """Give the changes that make the configs as they stand."""
    for row in store.query(
        "SELECT resource_type, resource_name, name, value FROM resource_configs"
        " ORDER BY resource_type, resource_name, name"
    ):
        yield ConfigSet(*row)
