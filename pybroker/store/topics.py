"""The store's rows about topics: the topics, their partitions, their configs."""

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pybroker.store.database import Store

TABLES: Final = (
    "CREATE TABLE topics (topic_id BYTEA PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    """
    CREATE TABLE partitions (
        topic_id BYTEA NOT NULL REFERENCES topics (topic_id) ON DELETE CASCADE,
        partition_index INTEGER NOT NULL,
        leader_id INTEGER NOT NULL,
        leader_epoch INTEGER NOT NULL,
        replicas TEXT NOT NULL,
        isr TEXT NOT NULL,
        PRIMARY KEY (topic_id, partition_index)
    )
    """,
    """
    CREATE TABLE topic_configs (
        topic_id BYTEA NOT NULL REFERENCES topics (topic_id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (topic_id, name)
    )
    """,
)


class TopicCreated(NamedTuple):
    """A topic exists from now on; its partitions and configs follow."""

    topic_id: bytes
    name: str


class PartitionSet(NamedTuple):
    """A partition exists and is placed so. `replicas` and `isr`: node ids with commas between."""

    topic_id: bytes
    partition_index: int
    leader_id: int
    leader_epoch: int
    replicas: str
    isr: str


class TopicConfigSet(NamedTuple):
    """A config of a topic overrides the default from now on."""

    topic_id: bytes
    name: str
    value: str


class TopicConfigRemoved(NamedTuple):
    """A config of a topic has its default again."""

    topic_id: bytes
    name: str


class TopicDeleted(NamedTuple):
    """A topic is gone, with its partitions and configs."""

    topic_id: bytes


TopicChange = TopicCreated | PartitionSet | TopicConfigSet | TopicConfigRemoved | TopicDeleted

STATEMENTS: Final[dict[type, str]] = {
    TopicCreated: "INSERT INTO topics (topic_id, name) VALUES (?, ?)",
    PartitionSet: "INSERT INTO partitions"
    " (topic_id, partition_index, leader_id, leader_epoch, replicas, isr)"
    " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (topic_id, partition_index) DO UPDATE SET"
    " leader_id = excluded.leader_id, leader_epoch = excluded.leader_epoch,"
    " replicas = excluded.replicas, isr = excluded.isr",
    TopicConfigSet: "INSERT INTO topic_configs (topic_id, name, value) VALUES (?, ?, ?)"
    " ON CONFLICT (topic_id, name) DO UPDATE SET value = excluded.value",
    TopicConfigRemoved: "DELETE FROM topic_configs WHERE topic_id = ? AND name = ?",
    TopicDeleted: "DELETE FROM topics WHERE topic_id = ?",
}


def load(store: "Store") -> "Iterator[TopicChange]":
    """Give the changes that make every topic as it stands: topics, partitions by index, configs."""
    for row in store.query("SELECT topic_id, name FROM topics ORDER BY name"):
        yield TopicCreated(*row)
    for row in store.query(
        "SELECT topic_id, partition_index, leader_id, leader_epoch, replicas, isr"
        " FROM partitions ORDER BY topic_id, partition_index"
    ):
        yield PartitionSet(*row)
    for row in store.query("SELECT topic_id, name, value FROM topic_configs"):
        yield TopicConfigSet(*row)
