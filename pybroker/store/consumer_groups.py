"""The store's rows about consumer groups: their epochs, and a row a member for all that it has.

A member's row is written in three parts, because they change at different times: what it asked for
(`ConsumerMemberSet`, which makes the row), what it has (`ConsumerAssignmentSet`) and what it shall
have (`ConsumerTargetSet`).
"""

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pybroker.store.database import Store

TABLES: Final = (
    """CREATE TABLE consumer_groups (
        group_id TEXT PRIMARY KEY,
        group_epoch INTEGER NOT NULL,
        target_epoch INTEGER NOT NULL,
        metadata_hash BIGINT NOT NULL,
        state_timestamp_ms BIGINT NOT NULL)""",
    """CREATE TABLE consumer_group_members (
        group_id TEXT NOT NULL,
        member_id TEXT NOT NULL,
        instance_id TEXT,
        rack_id TEXT,
        client_id TEXT NOT NULL,
        client_host TEXT NOT NULL,
        rebalance_timeout_ms INTEGER NOT NULL,
        subscribed_topic_names TEXT NOT NULL,
        subscribed_topic_regex TEXT NOT NULL,
        server_assignor TEXT,
        classic_session_timeout_ms INTEGER,
        classic_protocols BYTEA,
        state INTEGER NOT NULL DEFAULT 0,
        member_epoch INTEGER NOT NULL DEFAULT 0,
        previous_member_epoch INTEGER NOT NULL DEFAULT 0,
        assigned BYTEA,
        pending_revocation BYTEA,
        target BYTEA,
        PRIMARY KEY (group_id, member_id))""",
)


class ConsumerGroupSet(NamedTuple):
    """A group has these epochs, for topics with this hash.

    `state_timestamp_ms` says since when, on the wall clock.
    """

    group_id: str
    group_epoch: int
    target_epoch: int
    metadata_hash: int
    state_timestamp_ms: int


class ConsumerGroupDeleted(NamedTuple):
    """A group is gone, or of another kind; its members are removed by themselves."""

    group_id: str


class ConsumerMemberSet(NamedTuple):
    """A member asked for this.

    `subscribed_topic_names` is a JSON list; `classic_protocols` the protocols of a member that
    speaks the classic protocol, as `groups.consumer.snapshot` packs them.
    """

    group_id: str
    member_id: str
    instance_id: str | None
    rack_id: str | None
    client_id: str
    client_host: str
    rebalance_timeout_ms: int
    subscribed_topic_names: str
    subscribed_topic_regex: str
    server_assignor: str | None
    classic_session_timeout_ms: int | None
    classic_protocols: bytes | None


class ConsumerAssignmentSet(NamedTuple):
    """A member has this, as `groups.consumer.snapshot` packs it; None is nothing."""

    state: int
    member_epoch: int
    previous_member_epoch: int
    assigned: bytes | None
    pending_revocation: bytes | None
    group_id: str
    member_id: str


class ConsumerTargetSet(NamedTuple):
    """A member shall have this, as `groups.consumer.snapshot` packs it; None is nothing."""

    target: bytes | None
    group_id: str
    member_id: str


class ConsumerMemberRemoved(NamedTuple):
    """A member is gone."""

    group_id: str
    member_id: str


ConsumerGroupChange = (
    ConsumerGroupSet
    | ConsumerGroupDeleted
    | ConsumerMemberSet
    | ConsumerAssignmentSet
    | ConsumerTargetSet
    | ConsumerMemberRemoved
)

STATEMENTS: Final[dict[type, str]] = {
    ConsumerGroupSet: """INSERT INTO consumer_groups
        (group_id, group_epoch, target_epoch, metadata_hash, state_timestamp_ms)
        VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (group_id) DO UPDATE SET
            group_epoch = excluded.group_epoch, target_epoch = excluded.target_epoch,
            metadata_hash = excluded.metadata_hash,
            state_timestamp_ms = excluded.state_timestamp_ms""",
    ConsumerGroupDeleted: "DELETE FROM consumer_groups WHERE group_id = ?",
    ConsumerMemberSet: """INSERT INTO consumer_group_members
        (group_id, member_id, instance_id, rack_id, client_id, client_host, rebalance_timeout_ms,
         subscribed_topic_names, subscribed_topic_regex, server_assignor,
         classic_session_timeout_ms, classic_protocols)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (group_id, member_id) DO UPDATE SET
            instance_id = excluded.instance_id, rack_id = excluded.rack_id,
            client_id = excluded.client_id, client_host = excluded.client_host,
            rebalance_timeout_ms = excluded.rebalance_timeout_ms,
            subscribed_topic_names = excluded.subscribed_topic_names,
            subscribed_topic_regex = excluded.subscribed_topic_regex,
            server_assignor = excluded.server_assignor,
            classic_session_timeout_ms = excluded.classic_session_timeout_ms,
            classic_protocols = excluded.classic_protocols""",
    ConsumerAssignmentSet: """UPDATE consumer_group_members SET
        state = ?, member_epoch = ?, previous_member_epoch = ?, assigned = ?,
        pending_revocation = ? WHERE group_id = ? AND member_id = ?""",
    ConsumerTargetSet: """UPDATE consumer_group_members SET target = ?
        WHERE group_id = ? AND member_id = ?""",
    ConsumerMemberRemoved: """DELETE FROM consumer_group_members
        WHERE group_id = ? AND member_id = ?""",
}


def load(store: "Store", group_id: str) -> "Iterator[ConsumerGroupChange]":
    """Give the changes that make one consumer group; none if it is not one."""
    rows = list(
        store.query(
            """SELECT group_id, group_epoch, target_epoch, metadata_hash, state_timestamp_ms
            FROM consumer_groups WHERE group_id = ?""",
            (group_id,),
        )
    )
    if not rows:
        return
    yield ConsumerGroupSet(*rows[0])
    for row in store.query(
        """SELECT group_id, member_id, instance_id, rack_id, client_id, client_host,
            rebalance_timeout_ms, subscribed_topic_names, subscribed_topic_regex, server_assignor,
            classic_session_timeout_ms, classic_protocols, state, member_epoch,
            previous_member_epoch, assigned, pending_revocation, target
            FROM consumer_group_members WHERE group_id = ? ORDER BY member_id""",
        (group_id,),
    ):
        subscription = ConsumerMemberSet(*row[:12])
        yield subscription
        yield ConsumerAssignmentSet(*(*row[12:17], group_id, subscription.member_id))
        yield ConsumerTargetSet(row[17], group_id, subscription.member_id)


def group_ids(store: "Store") -> list[str]:
    """Every consumer group, by name."""
    rows = store.query("SELECT group_id FROM consumer_groups ORDER BY group_id")
    return [group_id for (group_id,) in rows]


def group_ids_with_members(store: "Store") -> list[str]:
    """Every consumer group that had members when it was stored: their sessions run."""
    rows = store.query("SELECT DISTINCT group_id FROM consumer_group_members ORDER BY group_id")
    return [group_id for (group_id,) in rows]
