"""ListConfigResources, and alterations of what is neither topic, broker nor group."""

from typing import Final

from compat.differential.config_requests import (
    BROKER,
    BROKER_LOGGER,
    CLIENT_METRICS,
    GROUP,
    TOPIC,
    alters,
    alters_all,
    appends,
    deletes,
    describes,
    has_configs,
    replaces,
    resource,
    sets,
    until_shown,
)
from compat.differential.conversation import Answer, Conversation, ask
from compat.differential.requests import topic

ROOT: Final = "root"


def _lists_nothing(answer: Answer) -> bool:
    return not answer["config_resources"]


CONVERSATIONS: Final = (
    Conversation(
        "resources by type",
        [
            *topic("one"),
            *topic("two"),
            *(
                ask("list_config_resources", 1, resource_types=types)
                for types in (
                    [TOPIC],
                    [BROKER],
                    [BROKER_LOGGER],
                    [GROUP],
                    [CLIENT_METRICS],
                    [TOPIC, BROKER],
                    [TOPIC, TOPIC],
                    [],
                    [99],
                    [0],
                    [TOPIC, 99],
                )
            ),
            ask("list_config_resources", 0),
        ],
        fresh_broker=True,
    ),
    Conversation(
        "types that there are not",
        [
            alters(99, "x", sets("retention.ms", "1")),
            alters(0, "x", sets("retention.ms", "1")),
            alters(-1, "x", sets("retention.ms", "1")),
            alters(3, "", sets("retention.ms", "1")),
            replaces(99, "x", {"retention.ms": "1"}),
            replaces(0, "x", {"retention.ms": "1"}),
            alters_all(
                resource(99, "x", sets("retention.ms", "1")),
                resource(TOPIC, "absent", sets("retention.ms", "1")),
            ),
            alters_all(),
            ask("alter_configs", 2, resources=[]),
        ],
    ),
    Conversation(
        "subscriptions of client metrics",
        [
            describes(CLIENT_METRICS, "nobody's"),
            alters(CLIENT_METRICS, "subscribed", sets("interval.ms", "60000")),
            describes(CLIENT_METRICS, "subscribed", until_=has_configs({"interval.ms": "60000"})),
            ask("list_config_resources", 0),
            ask("list_config_resources", 1, resource_types=[CLIENT_METRICS]),
            alters(CLIENT_METRICS, "subscribed", appends("metrics", "org.apache.kafka.consumer.")),
            alters(
                CLIENT_METRICS,
                "subscribed",
                sets("metrics", "org.apache.kafka.consumer.,org.apache.kafka.producer."),
            ),
            until_shown(CLIENT_METRICS, "subscribed")(
                {"metrics": "org.apache.kafka.consumer.,org.apache.kafka.producer."}
            ),
            *(
                alters(CLIENT_METRICS, "subscribed", sets(name, value))
                for name, value in (
                    ("interval.ms", "99"),
                    ("interval.ms", "3600001"),
                    ("interval.ms", "often"),
                    ("metrics", ""),
                    ("match", "client_id=a.*,client_software_name=b"),
                    ("match", "client_id"),
                    ("match", "client_id=["),
                    ("match", "color=red"),
                    ("match", ""),
                    ("no.such.config", "1"),
                )
            ),
            alters(CLIENT_METRICS, "", sets("interval.ms", "60000")),
            describes(CLIENT_METRICS, "", ["interval.ms"]),
            replaces(CLIENT_METRICS, "subscribed", {"interval.ms": "70000"}),
            until_shown(CLIENT_METRICS, "subscribed")({"interval.ms": "70000"}),
            replaces(CLIENT_METRICS, "subscribed", {}),
            ask("list_config_resources", 0, until_=_lists_nothing),
        ],
    ),
    Conversation(
        "levels of loggers: what is refused",
        [
            alters(BROKER_LOGGER, "", sets(ROOT, "INFO")),
            alters(BROKER_LOGGER, "99", sets(ROOT, "INFO")),
            alters(BROKER_LOGGER, "one", sets(ROOT, "INFO")),
            alters(BROKER_LOGGER, "1", sets(ROOT, "LOUD")),
            alters(BROKER_LOGGER, "1", sets(ROOT, None)),
            alters(BROKER_LOGGER, "1", sets("no.such.logger", "INFO")),
            alters(BROKER_LOGGER, "1", appends(ROOT, "INFO")),
            alters(BROKER_LOGGER, "1", deletes(ROOT)),
            alters(BROKER_LOGGER, "1", deletes("no.such.logger")),
            alters(BROKER_LOGGER, "1", sets(ROOT, "INFO"), sets(ROOT, "WARN")),
            replaces(BROKER_LOGGER, "1", {ROOT: "INFO"}),
            describes(BROKER_LOGGER, "", [ROOT]),
            describes(BROKER_LOGGER, "99", [ROOT]),
        ],
    ),
    Conversation(
        "levels of loggers: what is set",
        [
            alters(BROKER_LOGGER, "1", sets(ROOT, "WARN"), validate_only=True),
            describes(BROKER_LOGGER, "1", [ROOT]),
            alters(BROKER_LOGGER, "1", sets(ROOT, "WARN")),
            describes(BROKER_LOGGER, "1", [ROOT]),
            alters(BROKER_LOGGER, "1", sets(ROOT, "info")),
            describes(BROKER_LOGGER, "1", [ROOT, "no.such.logger"]),
            alters(BROKER_LOGGER, "1", sets(ROOT, "FATAL")),
            describes(BROKER_LOGGER, "1", [ROOT]),
            alters(BROKER_LOGGER, "1", sets(ROOT, "INFO")),
        ],
    ),
)
