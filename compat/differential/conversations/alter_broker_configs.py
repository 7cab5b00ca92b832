"""Configs of brokers: of one node, and of all that have none of their own."""

from typing import Final

from compat.differential.config_requests import (
    BROKER,
    EVERY_BROKER,
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
    subtracts,
    until_shown,
)
from compat.differential.conversation import Conversation
from compat.differential.record_batches import Batch
from compat.differential.requests import has_error, produce, topic

NODE: Final = "1"
LARGEST: Final = "message.max.bytes"
READ_ONLY: Final = (
    *("num.partitions", "node.id", "log.dirs", "auto.create.topics.enable"),
    *("log.retention.hours", "log.retention.minutes", "log.roll.hours"),
    *("log.retention.check.interval.ms", "group.consumer.heartbeat.interval.ms"),
    *("group.max.size", "broker.id", "advertised.listeners", "log.cleaner.enable"),
    *("default.replication.factor", "offsets.retention.minutes", "process.roles"),
)

CONVERSATIONS: Final = (
    Conversation(
        "of a node, of all nodes, and back",
        [
            alters(BROKER, EVERY_BROKER, sets(LARGEST, "2000000")),
            until_shown(BROKER, NODE)({LARGEST: "2000000"}),
            until_shown(BROKER, EVERY_BROKER)({LARGEST: "2000000"}),
            alters(BROKER, NODE, sets(LARGEST, "3000000")),
            until_shown(BROKER, NODE)({LARGEST: "3000000"}),
            until_shown(BROKER, EVERY_BROKER)({LARGEST: "2000000"}),
            alters(BROKER, NODE, deletes(LARGEST)),
            until_shown(BROKER, NODE)({LARGEST: "2000000"}),
            alters(BROKER, EVERY_BROKER, deletes(LARGEST)),
            until_shown(BROKER, NODE)({LARGEST: "1048588"}),
            until_shown(BROKER, EVERY_BROKER)({LARGEST: None}),
            alters(BROKER, NODE, deletes(LARGEST)),
            alters(BROKER, NODE),
            alters(BROKER, EVERY_BROKER),
        ],
    ),
    Conversation(
        "a topic inherits what was changed",
        [
            *topic("inherits"),
            *topic("has-its-own", configs={"max.message.bytes": "5000000"}),
            alters(BROKER, EVERY_BROKER, sets(LARGEST, "2000000")),
            until_shown(TOPIC, "inherits")({"max.message.bytes": "2000000"}),
            alters(BROKER, NODE, sets(LARGEST, "200")),
            until_shown(TOPIC, "inherits")({"max.message.bytes": "200"}),
            until_shown(TOPIC, "has-its-own")({"max.message.bytes": "5000000"}),
            produce("inherits", Batch(values=(b"x" * 500,)), until_=has_error("MESSAGE_TOO_LARGE")),
            produce("has-its-own", Batch(values=(b"x" * 500,))),
            alters(BROKER, EVERY_BROKER, deletes(LARGEST)),
            alters(BROKER, NODE, deletes(LARGEST)),
            until_shown(TOPIC, "inherits")({"max.message.bytes": "1048588"}),
            produce("inherits", Batch(values=(b"x" * 500,)), recorded_=False),
        ],
    ),
    Conversation(
        "units of one meaning",
        [
            *topic("in-units"),
            alters(BROKER, NODE, sets("log.retention.ms", "7200000")),
            until_shown(TOPIC, "in-units")({"retention.ms": "7200000"}),
            until_shown(BROKER, NODE)(
                {"log.retention.ms": "7200000"}, "log.retention.minutes", "log.retention.hours"
            ),
            alters(BROKER, NODE, sets("log.roll.ms", "60000"), deletes("log.retention.ms")),
            until_shown(TOPIC, "in-units")({"segment.ms": "60000", "retention.ms": "-1"}),
            until_shown(BROKER, NODE)({"log.roll.ms": "60000"}, "log.roll.hours"),
            alters(BROKER, NODE, deletes("log.roll.ms"), sets("log.flush.interval.ms", "5000")),
            until_shown(TOPIC, "in-units")({"segment.ms": "604800000", "flush.ms": "5000"}),
            alters(BROKER, NODE, deletes("log.flush.interval.ms")),
            until_shown(TOPIC, "in-units")({"flush.ms": "9223372036854775807"}),
        ],
    ),
    Conversation(
        "what can only be set before the start",
        [
            *(alters(BROKER, NODE, sets(name, "5")) for name in READ_ONLY),
            *(alters(BROKER, EVERY_BROKER, sets(name, "5")) for name in READ_ONLY),
            alters(BROKER, NODE, deletes("num.partitions")),
            replaces(BROKER, NODE, {"num.partitions": "5"}),
            describes(BROKER, NODE, ["num.partitions"]),
        ],
    ),
    Conversation(
        "keys that nobody knows",
        [
            alters(BROKER, NODE, sets("retention.ms", "5")),
            alters(BROKER, NODE, deletes("retention.ms")),
            alters(BROKER, NODE, deletes("no.such.config")),
            alters(BROKER, EVERY_BROKER, appends("no.such.config", "5")),
        ],
    ),
    Conversation(
        "values that a config cannot have",
        [
            *(
                alters(BROKER, NODE, sets(name, value))
                for name, value in (
                    (LARGEST, "-1"),
                    (LARGEST, "large"),
                    (LARGEST, ""),
                    (LARGEST, None),
                    ("log.segment.bytes", "1"),
                    ("log.cleanup.policy", "nonsense"),
                    ("log.cleaner.min.cleanable.ratio", "2"),
                    ("log.cleaner.threads", "-1"),
                    ("log.cleaner.threads", "9"),
                    ("log.cleaner.dedupe.buffer.size", "1000"),
                    ("compression.type", "rar"),
                    ("log.message.timestamp.type", "Never"),
                    ("log.retention.ms", "0"),
                    ("log.retention.ms", "soon"),
                    ("min.insync.replicas", "0"),
                    ("max.connections", "-1"),
                    ("num.network.threads", "0"),
                    ("num.network.threads", "100"),
                    ("num.recovery.threads.per.data.dir", "0"),
                    ("producer.id.expiration.ms", "0"),
                    ("group.consumer.assignment.interval.ms", "-1"),
                    ("group.consumer.assignment.interval.ms", "20000"),
                )
            ),
            alters(BROKER, EVERY_BROKER, sets(LARGEST, "large")),
            describes(BROKER, NODE, [LARGEST, "log.cleaner.threads", "compression.type"]),
        ],
    ),
    Conversation(
        "of one node only",
        [
            alters(BROKER, EVERY_BROKER, sets("listeners", "PLAINTEXT://:1")),
            alters(BROKER, EVERY_BROKER, sets("ssl.keystore.location", "/nowhere")),
            alters(BROKER, NODE, sets("ssl.keystore.location", "/nowhere")),
            alters(BROKER, EVERY_BROKER, sets("listener.security.protocol.map", "A:PLAINTEXT")),
        ],
    ),
    Conversation(
        "lists",
        [
            alters(BROKER, NODE, appends("log.cleanup.policy", "compact")),
            until_shown(BROKER, NODE)({"log.cleanup.policy": "delete,compact"}),
            alters(BROKER, NODE, subtracts("log.cleanup.policy", "delete")),
            until_shown(BROKER, NODE)({"log.cleanup.policy": "compact"}),
            alters(BROKER, NODE, appends(LARGEST, "5")),
            alters(BROKER, NODE, subtracts(LARGEST, "5")),
            alters(BROKER, NODE, {**sets(LARGEST, "5"), "config_operation": 7}),
            alters(BROKER, NODE, deletes("log.cleanup.policy")),
            until_shown(BROKER, NODE)({"log.cleanup.policy": "delete"}),
        ],
    ),
    Conversation(
        "nodes that are not there, and one twice",
        [
            alters(BROKER, "99", sets(LARGEST, "5")),
            alters(BROKER, "one", sets(LARGEST, "5")),
            alters(BROKER, "-1", sets(LARGEST, "5")),
            alters(BROKER, "+1", sets(LARGEST, "-5")),
            alters(BROKER, "99", sets("num.partitions", "5")),
            replaces(BROKER, "99", {LARGEST: "5"}),
            alters_all(
                resource(BROKER, NODE, sets(LARGEST, "5")),
                resource(BROKER, NODE, sets(LARGEST, "5")),
            ),
            alters(BROKER, NODE, sets(LARGEST, "5"), sets(LARGEST, "6")),
            describes(BROKER, NODE, [LARGEST]),
        ],
    ),
    Conversation(
        "only validated",
        [
            alters(BROKER, NODE, sets(LARGEST, "5"), validate_only=True),
            alters(BROKER, EVERY_BROKER, sets(LARGEST, "5"), validate_only=True),
            alters(BROKER, NODE, sets(LARGEST, "-5"), validate_only=True),
            alters(BROKER, NODE, sets("num.partitions", "5"), validate_only=True),
            replaces(BROKER, NODE, {LARGEST: "5"}, validate_only=True),
            describes(BROKER, NODE, [LARGEST]),
        ],
    ),
    Conversation(
        "all configs are replaced",
        [
            replaces(BROKER, NODE, {LARGEST: "2000000", "log.roll.ms": "50000"}),
            until_shown(BROKER, NODE)({LARGEST: "2000000", "log.roll.ms": "50000"}),
            replaces(BROKER, NODE, {LARGEST: "3000000"}, version=0),
            until_shown(BROKER, NODE)({LARGEST: "3000000", "log.roll.ms": None}),
            replaces(BROKER, NODE, {LARGEST: "-1"}),
            replaces(BROKER, NODE, {LARGEST: None}),
            replaces(BROKER, NODE, {}),
            until_shown(BROKER, NODE)({LARGEST: "1048588"}),
        ],
    ),
    Conversation(
        "what was set at the start gives way",
        [
            describes(BROKER, NODE, [LARGEST, "log.retention.ms", "log.retention.hours"]),
            alters(BROKER, EVERY_BROKER, sets(LARGEST, "700000")),
            until_shown(BROKER, NODE)({LARGEST: "700000"}),
            alters(BROKER, NODE, sets(LARGEST, "800000"), sets("log.retention.ms", "5000000")),
            until_shown(BROKER, NODE)(
                {LARGEST: "800000", "log.retention.ms": "5000000"}, "log.retention.hours"
            ),
            alters(BROKER, NODE, deletes(LARGEST), deletes("log.retention.ms")),
            alters(BROKER, EVERY_BROKER, deletes(LARGEST)),
            until_shown(BROKER, NODE)({LARGEST: "600000"}),
        ],
        settings={"message.max.bytes": "600000", "log.retention.hours": "5"},
    ),
    Conversation(
        "all that was set for every node is described",
        [
            describes(BROKER, EVERY_BROKER),
            alters(
                BROKER,
                EVERY_BROKER,
                sets("log.cleaner.backoff.ms", "14000"),
                sets("log.segment.bytes", "2000000"),
                sets("producer.id.expiration.ms", "5000"),
                sets("log.cleaner.io.max.bytes.per.second", "1000000"),
            ),
            describes(
                BROKER, EVERY_BROKER, until_=has_configs({"log.cleaner.backoff.ms": "14000"})
            ),
            until_shown(BROKER, NODE)(
                {
                    "log.cleaner.backoff.ms": "14000",
                    "log.segment.bytes": "2000000",
                    "producer.id.expiration.ms": "5000",
                }
            ),
        ],
        fresh_broker=True,
    ),
)
