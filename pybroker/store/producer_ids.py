"""The store's row about producer ids: where the ids end that were taken out of it."""

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pybroker.store.database import Store

TABLES: Final = (
    "CREATE TABLE producer_ids (singleton INTEGER PRIMARY KEY, next_producer_id BIGINT NOT NULL)",
)


class ProducerIdsTaken(NamedTuple):
    """Every producer id below `next_producer_id` belongs to somebody."""

    next_producer_id: int


STATEMENTS: Final[dict[type, str]] = {
    ProducerIdsTaken: "INSERT INTO producer_ids (singleton, next_producer_id) VALUES (1, ?)"
    " ON CONFLICT (singleton) DO UPDATE SET next_producer_id = excluded.next_producer_id",
}


def load(store: "Store") -> "Iterator[ProducerIdsTaken]":
    """Give the latest block, when ids were ever taken."""
    for row in store.query("SELECT next_producer_id FROM producer_ids"):
        yield ProducerIdsTaken(*row)
