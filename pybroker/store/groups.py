"""The store's rows about groups: classic groups in their last stable generation, committed offsets.

A group is stored whole: `GroupSet`, `GroupMembersRemoved`, then a `GroupMemberSet` per member. A
group that only ever committed offsets has no row of its own.
"""

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pybroker.store.database import Store

TABLES: Final = (
    """CREATE TABLE classic_groups (
        group_id TEXT PRIMARY KEY,
        generation_id INTEGER NOT NULL,
        protocol_type TEXT,
        protocol_name TEXT,
        leader_id TEXT,
        state_timestamp_ms BIGINT NOT NULL)""",
    """CREATE TABLE classic_group_members (
        group_id TEXT NOT NULL,
        member_id TEXT NOT NULL,
        group_instance_id TEXT,
        client_id TEXT NOT NULL,
        client_host TEXT NOT NULL,
        rebalance_timeout_ms INTEGER NOT NULL,
        session_timeout_ms INTEGER NOT NULL,
        metadata BYTEA NOT NULL,
        assignment BYTEA NOT NULL,
        PRIMARY KEY (group_id, member_id))""",
    """CREATE TABLE committed_offsets (
        group_id TEXT NOT NULL,
        topic TEXT NOT NULL,
        partition_index INTEGER NOT NULL,
        committed_offset BIGINT NOT NULL,
        leader_epoch INTEGER NOT NULL,
        metadata TEXT NOT NULL,
        commit_timestamp_ms BIGINT NOT NULL,
        expire_timestamp_ms BIGINT NOT NULL,
        PRIMARY KEY (group_id, topic, partition_index))""",
)

# Since schema version 2. A topic's deletion must not read every position that there is.
INDEXES_2: Final = ("CREATE INDEX committed_offsets_by_topic ON committed_offsets (topic)",)


class GroupSet(NamedTuple):
    """A group is stable in this generation, or empty after it.

    `state_timestamp_ms` says since when, on the wall clock.
    """

    group_id: str
    generation_id: int
    protocol_type: str | None
    protocol_name: str | None
    leader_id: str | None
    state_timestamp_ms: int


class GroupMembersRemoved(NamedTuple):
    """A group has no members but those that follow."""

    group_id: str


class GroupMemberSet(NamedTuple):
    """A member of a stable group: `metadata` is its subscription for the group's protocol."""

    group_id: str
    member_id: str
    group_instance_id: str | None
    client_id: str
    client_host: str
    rebalance_timeout_ms: int
    session_timeout_ms: int
    metadata: bytes
    assignment: bytes


class GroupDeleted(NamedTuple):
    """A group without members is gone; its offsets are removed by `GroupOffsetsRemoved`."""

    group_id: str


class OffsetCommitted(NamedTuple):
    """A group's position in a partition.

    Timestamps are the wall clock's; `expire_timestamp_ms` is -1 when the broker's retention holds.
    """

    group_id: str
    topic: str
    partition_index: int
    committed_offset: int
    leader_epoch: int
    metadata: str
    commit_timestamp_ms: int
    expire_timestamp_ms: int


class OffsetRemoved(NamedTuple):
    """A group has no position in a partition any more."""

    group_id: str
    topic: str
    partition_index: int


class GroupOffsetsRemoved(NamedTuple):
    """A group has no positions any more."""

    group_id: str


class TopicOffsetsRemoved(NamedTuple):
    """No group has a position in a topic any more."""

    topic: str


GroupChange = (
    GroupSet
    | GroupMembersRemoved
    | GroupMemberSet
    | GroupDeleted
    | OffsetCommitted
    | OffsetRemoved
    | GroupOffsetsRemoved
    | TopicOffsetsRemoved
)

STATEMENTS: Final[dict[type, str]] = {
    GroupSet: """INSERT INTO classic_groups
        (group_id, generation_id, protocol_type, protocol_name, leader_id, state_timestamp_ms)
        VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (group_id) DO UPDATE SET
            generation_id = excluded.generation_id, protocol_type = excluded.protocol_type,
            protocol_name = excluded.protocol_name, leader_id = excluded.leader_id,
            state_timestamp_ms = excluded.state_timestamp_ms""",
    GroupMembersRemoved: "DELETE FROM classic_group_members WHERE group_id = ?",
    GroupMemberSet: """INSERT INTO classic_group_members
        (group_id, member_id, group_instance_id, client_id, client_host, rebalance_timeout_ms,
         session_timeout_ms, metadata, assignment)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
    GroupDeleted: "DELETE FROM classic_groups WHERE group_id = ?",
    OffsetCommitted: """INSERT INTO committed_offsets
        (group_id, topic, partition_index, committed_offset, leader_epoch, metadata,
         commit_timestamp_ms, expire_timestamp_ms)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (group_id, topic, partition_index) DO UPDATE SET
            committed_offset = excluded.committed_offset, leader_epoch = excluded.leader_epoch,
            metadata = excluded.metadata, commit_timestamp_ms = excluded.commit_timestamp_ms,
            expire_timestamp_ms = excluded.expire_timestamp_ms""",
    OffsetRemoved: """DELETE FROM committed_offsets
        WHERE group_id = ? AND topic = ? AND partition_index = ?""",
    GroupOffsetsRemoved: "DELETE FROM committed_offsets WHERE group_id = ?",
    TopicOffsetsRemoved: "DELETE FROM committed_offsets WHERE topic = ?",
}


def load(store: "Store", group_id: str) -> "Iterator[GroupSet | GroupMemberSet | OffsetCommitted]":
    """Give the changes that make one group: itself, its members, its offsets; none if unknown."""
    for row in store.query(
        """SELECT group_id, generation_id, protocol_type, protocol_name, leader_id,
            state_timestamp_ms FROM classic_groups WHERE group_id = ?""",
        (group_id,),
    ):
        yield GroupSet(*row)
    for row in store.query(
        """SELECT group_id, member_id, group_instance_id, client_id, client_host,
            rebalance_timeout_ms, session_timeout_ms, metadata, assignment
            FROM classic_group_members WHERE group_id = ? ORDER BY member_id""",
        (group_id,),
    ):
        yield GroupMemberSet(*row)
    for row in store.query(
        """SELECT group_id, topic, partition_index, committed_offset, leader_epoch, metadata,
            commit_timestamp_ms, expire_timestamp_ms
            FROM committed_offsets WHERE group_id = ? ORDER BY topic, partition_index""",
        (group_id,),
    ):
        yield OffsetCommitted(*row)


def group_ids(store: "Store") -> list[str]:
    """Every group that has a row or an offset, by name."""
    rows = store.query(
        """SELECT group_id FROM classic_groups UNION SELECT group_id FROM committed_offsets
            ORDER BY group_id"""
    )
    return [group_id for (group_id,) in rows]


# (group id, topic, partition) before every position that there is.
BEFORE_ALL_POSITIONS: Final = ("", "", -1)


def positions(
    store: "Store", *, after: tuple[str, str, int], limit: int
) -> list[tuple[str, str, int, int]]:
    """Read (group id, topic, partition, offset) of all groups in order, a piece at a time."""
    return [
        (group_id, topic, partition_index, committed_offset)
        for group_id, topic, partition_index, committed_offset in store.query(
            """SELECT group_id, topic, partition_index, committed_offset FROM committed_offsets
                WHERE (group_id, topic, partition_index) > (?, ?, ?)
                ORDER BY group_id, topic, partition_index LIMIT ?""",
            (*after, limit),
        )
    ]


def group_ids_to_expire(
    store: "Store", *, first_group_id: str, now_ms: int, retention_ms: int, limit: int
) -> list[str]:
    """Find groups with positions that may be too old, and those with neither members nor positions.

    By name, from `first_group_id` on. Positions of a group without members age since then, others
    since they were committed; whether members still read them is for the group to say.
    """
    rows = store.query(
        """SELECT o.group_id FROM committed_offsets o
            LEFT JOIN classic_groups g ON g.group_id = o.group_id
            WHERE o.group_id >= ? AND CASE
                WHEN o.expire_timestamp_ms >= 0 THEN o.expire_timestamp_ms <= ?
                WHEN g.protocol_type IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM classic_group_members m WHERE m.group_id = o.group_id)
                    THEN g.state_timestamp_ms <= ?
                ELSE o.commit_timestamp_ms <= ? END
        UNION SELECT g.group_id FROM classic_groups g
            WHERE g.group_id >= ?
                AND NOT EXISTS (
                    SELECT 1 FROM classic_group_members m WHERE m.group_id = g.group_id)
                AND NOT EXISTS (SELECT 1 FROM committed_offsets o WHERE o.group_id = g.group_id)
        UNION SELECT c.group_id FROM consumer_groups c
            WHERE c.group_id >= ?
                AND NOT EXISTS (
                    SELECT 1 FROM consumer_group_members m WHERE m.group_id = c.group_id)
                AND NOT EXISTS (SELECT 1 FROM committed_offsets o WHERE o.group_id = c.group_id)
        ORDER BY 1 LIMIT ?""",
        (
            *(first_group_id, now_ms, now_ms - retention_ms, now_ms - retention_ms),
            *(first_group_id, first_group_id, limit),
        ),
    )
    return [group_id for (group_id,) in rows]


def group_ids_with_members(store: "Store") -> list[str]:
    """Every group that had members when it was stored: their sessions run."""
    rows = store.query("SELECT DISTINCT group_id FROM classic_group_members ORDER BY group_id")
    return [group_id for (group_id,) in rows]
