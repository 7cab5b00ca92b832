"""GROUP_CONFIG_KEYS: the configs that a group may have of its own, one row each.

A row falls back to a broker config. Those of share groups and streams groups, which pybroker has
not, are checked and kept like topic configs without effect; their broker configs have no rows, so
their defaults stand here.
"""

# ruff: noqa: E501 - A row is a line.

from typing import Final, NamedTuple

from pybroker.configs.keys import (
    BOOLEAN,
    INT,
    NOT_NEGATIVE,
    POSITIVE,
    STRING,
    ConfigKey,
    Synonym,
)
from pybroker.configs.values import Check, ConfigType, OffsetReset, OneOf, Range


class Bounds(NamedTuple):
    """The broker configs that bound a group config, and their values where they have no rows."""

    at_least: str | None
    at_most: str | None
    least: int = 0
    most: int = 0


def _row(
    name: str,
    config_type: ConfigType,
    documentation: str,
    check: Check | None,
    synonym: str | None = None,
    *,
    default: str | None = None,
) -> ConfigKey:
    return ConfigKey(
        name,
        config_type,
        default,
        documentation,
        check,
        dynamic=True,
        acts=default is None,
        synonyms=() if synonym is None else (Synonym(synonym),),
    )


GROUP_CONFIG_ROWS: Final = (
    # These act.
    _row("consumer.session.timeout.ms", INT, "Time after which a silent member of the consumer group is thrown out.", POSITIVE, "group.consumer.session.timeout.ms"),
    _row("consumer.heartbeat.interval.ms", INT, "Time between two heartbeats of a member of the consumer group in which nothing happens.", POSITIVE, "group.consumer.heartbeat.interval.ms"),
    _row("consumer.assignment.interval.ms", INT, "The most time between two target assignments of the consumer group.", NOT_NEGATIVE, "group.consumer.assignment.interval.ms"),
    # Checked and kept, and without effect.
    _row("share.session.timeout.ms", INT, "Time after which a silent member of a share group is thrown out.", POSITIVE, "group.share.session.timeout.ms", default="45000"),
    _row("share.heartbeat.interval.ms", INT, "Time between two heartbeats of a member of a share group.", POSITIVE, "group.share.heartbeat.interval.ms", default="5000"),
    _row("share.record.lock.duration.ms", INT, "Time for which a share group holds a record for a member.", Range(1000), "group.share.record.lock.duration.ms", default="30000"),
    _row("share.delivery.count.limit", INT, "How often a share group delivers a record at most.", Range(2), "group.share.delivery.count.limit", default="5"),
    _row("share.partition.max.record.locks", INT, "Records of a partition that a share group holds at once.", Range(100), "group.share.partition.max.record.locks", default="2000"),
    _row("share.auto.offset.reset", STRING, "Where a share group begins: earliest, latest or by_duration with a duration.", OffsetReset(), default="latest"),
    _row("share.isolation.level", STRING, "Which records of transactions a share group delivers.", OneOf("read_committed", "read_uncommitted"), default="read_uncommitted"),
    _row("share.renew.acknowledge.enable", BOOLEAN, "Whether members of a share group may hold a record for longer.", None, default="true"),
    _row("share.assignment.interval.ms", INT, "The most time between two target assignments of a share group.", NOT_NEGATIVE, "group.share.assignment.interval.ms", default="1000"),
    _row("streams.session.timeout.ms", INT, "Time after which a silent member of a streams group is thrown out.", POSITIVE, "group.streams.session.timeout.ms", default="45000"),
    _row("streams.heartbeat.interval.ms", INT, "Time between two heartbeats of a member of a streams group.", POSITIVE, "group.streams.heartbeat.interval.ms", default="5000"),
    _row("streams.num.standby.replicas", INT, "Standby replicas of each task of a streams group.", NOT_NEGATIVE, "group.streams.num.standby.replicas", default="0"),
    _row("streams.initial.rebalance.delay.ms", INT, "Time that the first rebalance of a streams group waits for more members.", NOT_NEGATIVE, "group.streams.initial.rebalance.delay.ms", default="3000"),
    _row("streams.assignment.interval.ms", INT, "The most time between two target assignments of a streams group.", NOT_NEGATIVE, "group.streams.assignment.interval.ms", default="1000"),
)  # fmt: skip

GROUP_CONFIG_KEYS: Final = {row.name: row for row in GROUP_CONFIG_ROWS}


def _bounded(kind: str, what: str, least: int, most: int) -> tuple[str, Bounds]:
    return f"{kind}.{what}", Bounds(
        f"group.{kind}.min.{what}", f"group.{kind}.max.{what}", least, most
    )


# In the order in which Kafka looks at them.
GROUP_CONFIG_BOUNDS: Final[dict[str, Bounds]] = dict(
    (
        _bounded("consumer", "heartbeat.interval.ms", 5_000, 15_000),
        _bounded("consumer", "session.timeout.ms", 45_000, 60_000),
        _bounded("consumer", "assignment.interval.ms", 0, 15_000),
        _bounded("share", "heartbeat.interval.ms", 5_000, 15_000),
        _bounded("share", "session.timeout.ms", 45_000, 60_000),
        _bounded("share", "record.lock.duration.ms", 15_000, 60_000),
        _bounded("share", "delivery.count.limit", 2, 10),
        _bounded("share", "partition.max.record.locks", 100, 4_000),
        _bounded("share", "assignment.interval.ms", 0, 15_000),
        _bounded("streams", "heartbeat.interval.ms", 5_000, 15_000),
        _bounded("streams", "session.timeout.ms", 45_000, 60_000),
        (
            "streams.num.standby.replicas",
            Bounds(None, "group.streams.max.standby.replicas", 0, 2),
        ),
        _bounded("streams", "assignment.interval.ms", 0, 15_000),
    )
)

# The session of a member must outlast the time between its heartbeats.
SESSIONS_AND_HEARTBEATS: Final = tuple(
    (f"{kind}.session.timeout.ms", f"{kind}.heartbeat.interval.ms")
    for kind in ("consumer", "share", "streams")
)
