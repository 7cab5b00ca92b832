"""Configs of groups: altered, described whether the group is there or not, listed, obeyed."""

from collections.abc import Callable
from typing import Final

from compat.differential.config_requests import (
    GROUP,
    alters,
    alters_all,
    appends,
    deletes,
    describes,
    replaces,
    resource,
    sets,
    until_shown,
)
from compat.differential.conversation import Answer, Conversation, ask, settled
from compat.differential.requests import consumer, consumer_joins, topic

HEARTBEAT: Final = "consumer.heartbeat.interval.ms"
SESSION: Final = "consumer.session.timeout.ms"
ASSIGNMENT: Final = "consumer.assignment.interval.ms"
ASSIGNMENT_OF_BROKER: Final = f"group.{ASSIGNMENT}"


def _told(interval_ms: int) -> Callable[[Answer], bool]:
    """Repeat a heartbeat until the member is told to come again after so long."""

    def reached(answer: Answer) -> bool:
        return settled(answer) and answer["heartbeat_interval"] == interval_ms

    return reached


CONVERSATIONS: Final = (
    Conversation(
        "all configs of a group that nobody knows",
        [describes(GROUP, "nobody"), describes(GROUP, "nobody", [HEARTBEAT, "no.such.config"])],
    ),
    Conversation(
        "a config is set, described and deleted",
        [
            alters(GROUP, "set", sets(HEARTBEAT, "7000")),
            until_shown(GROUP, "set")({HEARTBEAT: "7000"}, SESSION),
            alters(GROUP, "set", sets(SESSION, "50000"), deletes(HEARTBEAT), version=0),
            until_shown(GROUP, "set")({HEARTBEAT: "5000", SESSION: "50000"}),
            alters(GROUP, "set", deletes(SESSION), sets(ASSIGNMENT, "2000")),
            until_shown(GROUP, "set")({SESSION: "45000", ASSIGNMENT: "2000"}),
            alters(GROUP, "set", deletes("no.such.config")),
            alters(GROUP, "set"),
        ],
    ),
    Conversation(
        "values are held to what the broker allows",
        [
            *(
                alters(GROUP, "held", sets(name, value))
                for name, value in (
                    (HEARTBEAT, "4999"),
                    (HEARTBEAT, "15001"),
                    (HEARTBEAT, "0"),
                    (HEARTBEAT, "often"),
                    (HEARTBEAT, ""),
                    (HEARTBEAT, None),
                    (SESSION, "44999"),
                    (SESSION, "60001"),
                    (SESSION, "-1"),
                    (ASSIGNMENT, "-1"),
                    (ASSIGNMENT, "15001"),
                    (ASSIGNMENT, "0"),
                    ("no.such.config", "1"),
                    ("retention.ms", "1"),
                    ("", "1"),
                )
            ),
            describes(GROUP, "held", [HEARTBEAT, SESSION]),
        ],
    ),
    Conversation(
        "a session lasts longer than a heartbeat",
        [
            alters(GROUP, "long", sets(HEARTBEAT, "15000")),
            alters(GROUP, "long", sets(SESSION, "14000")),
            alters(GROUP, "long", sets(SESSION, "15000")),
            alters(GROUP, "long", sets(SESSION, "15001")),
        ],
        settings={
            "group.consumer.min.session.timeout.ms": "10000",
            "group.consumer.session.timeout.ms": "20000",
        },
    ),
    Conversation(
        "groups without a name, twice, and with a key twice",
        [
            alters(GROUP, "", sets(HEARTBEAT, "7000")),
            replaces(GROUP, "", {HEARTBEAT: "7000"}),
            describes(GROUP, "", [HEARTBEAT]),
            alters_all(
                resource(GROUP, "g", sets(HEARTBEAT, "7000")),
                resource(GROUP, "g", sets(HEARTBEAT, "7000")),
            ),
            alters(GROUP, "g", sets(HEARTBEAT, "7000"), sets(HEARTBEAT, "7000")),
            alters(GROUP, "g", appends(HEARTBEAT, "7000")),
            alters(GROUP, "g", {**sets(HEARTBEAT, "7000"), "config_operation": 9}),
            describes(GROUP, "g", [HEARTBEAT]),
        ],
    ),
    Conversation(
        "all configs are replaced",
        [
            replaces(GROUP, "replaced", {HEARTBEAT: "7000", SESSION: "50000"}, version=0),
            until_shown(GROUP, "replaced")({HEARTBEAT: "7000", SESSION: "50000"}),
            replaces(GROUP, "replaced", {HEARTBEAT: "8000"}, version=1),
            until_shown(GROUP, "replaced")({HEARTBEAT: "8000", SESSION: "45000"}),
            replaces(GROUP, "replaced", {HEARTBEAT: "1"}),
            replaces(GROUP, "replaced", {HEARTBEAT: None}),
            replaces(GROUP, "replaced", {}),
            until_shown(GROUP, "replaced")({HEARTBEAT: "5000"}),
        ],
    ),
    Conversation(
        "only validated",
        [
            alters(GROUP, "unchanged", sets(HEARTBEAT, "7000"), validate_only=True),
            alters(GROUP, "unchanged", sets(HEARTBEAT, "1"), validate_only=True),
            replaces(GROUP, "unchanged", {HEARTBEAT: "7000"}, validate_only=True),
            describes(GROUP, "unchanged", [HEARTBEAT]),
        ],
    ),
    Conversation(
        "configs of kinds of groups that are not served",
        [
            alters(GROUP, "shared", sets("share.heartbeat.interval.ms", "6000")),
            until_shown(GROUP, "shared")({"share.heartbeat.interval.ms": "6000"}),
            alters(GROUP, "shared", sets("share.heartbeat.interval.ms", "1")),
            alters(GROUP, "shared", sets("share.auto.offset.reset", "nonsense")),
            alters(GROUP, "shared", sets("share.isolation.level", "nonsense")),
            alters(GROUP, "shared", sets("streams.num.standby.replicas", "3")),
            alters(GROUP, "shared", sets("streams.session.timeout.ms", "1")),
            alters(GROUP, "shared", deletes("share.heartbeat.interval.ms")),
        ],
    ),
    Conversation(
        "a member is told the new interval",
        [
            *topic("watched"),
            consumer_joins("watchers", "m", "watched", recorded_=False),
            consumer("watchers", "m", 2, owns={"watched": [0]}, recorded_=False),
            alters(GROUP, "watchers", sets(HEARTBEAT, "7000")),
            consumer("watchers", "m", 2, until_=_told(7000)),
            alters(GROUP, "watchers", deletes(HEARTBEAT)),
            consumer("watchers", "m", 2, until_=_told(5000)),
        ],
        settings={ASSIGNMENT_OF_BROKER: "0"},
    ),
    Conversation(
        "groups with configs are listed, and are no groups for that",
        [
            ask("list_config_resources", 1, resource_types=[GROUP]),
            alters(GROUP, "listed", sets(HEARTBEAT, "7000")),
            until_shown(GROUP, "listed")({HEARTBEAT: "7000"}),
            ask("list_config_resources", 1, resource_types=[GROUP]),
            ask("list_groups", 5),
            ask("describe_groups", 6, groups=["listed"]),
            ask("consumer_group_describe", 1, group_ids=["listed"]),
            ask("delete_groups", 2, groups_names=["listed"]),
            until_shown(GROUP, "listed")({HEARTBEAT: "7000"}),
            alters(GROUP, "listed", deletes(HEARTBEAT)),
            until_shown(GROUP, "listed")({HEARTBEAT: "5000"}),
            ask("list_config_resources", 1, resource_types=[GROUP]),
        ],
        fresh_broker=True,
    ),
)
