"""The areas of the store put together: which changes there are, and how a database gets its tables.

An area is a module with

* `TABLES`: the statements that create its tables,
* change types: `NamedTuple`s whose fields, in order, are the parameters of their statement,
* `STATEMENTS`: the SQL of every change type,
* loaders: functions that read rows through `Store.query` and give change types back.

The SQL is what SQLite and PostgreSQL both understand: `INSERT ... ON CONFLICT DO UPDATE`, TEXT,
BIGINT, BYTEA.
"""

from typing import Final

from pybroker.store import cluster, configs, consumer_groups, groups, producer_ids, topics

STATEMENTS: Final[dict[type, str]] = {
    **cluster.STATEMENTS,
    **topics.STATEMENTS,
    **producer_ids.STATEMENTS,
    **groups.STATEMENTS,
    **consumer_groups.STATEMENTS,
    **configs.STATEMENTS,
}

# One row per schema version, oldest first. A row that was released is never edited: a change of a
# table is a new row.
MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        *cluster.TABLES,
        *topics.TABLES,
        *producer_ids.TABLES,
        *groups.TABLES,
    ),
    (*groups.INDEXES_2, *consumer_groups.TABLES),
    configs.TABLES,
)
