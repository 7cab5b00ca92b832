"""IncrementalAlterConfigs and AlterConfigs of topics, and what a changed config does at once."""

from typing import Final

from compat.differential.config_requests import (
    TOPIC,
    alters,
    alters_all,
    appends,
    deletes,
    describes,
    has_source,
    replaces,
    resource,
    sets,
    subtracts,
    until_shown,
)
from compat.differential.conversation import Conversation, ask
from compat.differential.record_batches import Batch
from compat.differential.requests import fetch, has_error, produce, topic

DEFAULT: Final = 5
POLICY: Final = "cleanup.policy"
THROTTLED: Final = "leader.replication.throttled.replicas"

CONVERSATIONS: Final = (
    Conversation(
        "a config is set, set again and deleted",
        [
            *topic("set-twice"),
            alters(TOPIC, "set-twice", sets("retention.ms", "1000000")),
            until_shown(TOPIC, "set-twice")({"retention.ms": "1000000"}),
            alters(TOPIC, "set-twice", sets("retention.ms", "2000000"), version=0),
            until_shown(TOPIC, "set-twice")({"retention.ms": "2000000"}),
            alters(TOPIC, "set-twice", deletes("retention.ms")),
            until_shown(TOPIC, "set-twice")({"retention.ms": "-1"}),
            alters(TOPIC, "set-twice", deletes("retention.ms")),
            alters(TOPIC, "set-twice", deletes("retention.ms", "7")),
            alters(TOPIC, "set-twice", deletes("no.such.config")),
            alters(TOPIC, "set-twice"),
        ],
    ),
    Conversation(
        "several configs of several topics in one request",
        [
            *topic("many-a"),
            *topic("many-b"),
            alters_all(
                resource(TOPIC, "many-a", sets("segment.bytes", "1048576"), sets("flush.ms", "9")),
                resource(TOPIC, "many-b", sets("max.message.bytes", "3000")),
                resource(TOPIC, "absent", sets("max.message.bytes", "3000")),
                resource(TOPIC, "many-c no name", sets("max.message.bytes", "3000")),
            ),
            until_shown(TOPIC, "many-a")({"segment.bytes": "1048576", "flush.ms": "9"}),
            until_shown(TOPIC, "many-b")({"max.message.bytes": "3000"}),
        ],
    ),
    Conversation(
        "of several changes of a topic all happen or none",
        [
            *topic("together"),
            alters(TOPIC, "together", sets("flush.ms", "9"), sets("segment.bytes", "few")),
            alters(TOPIC, "together", sets("flush.ms", "9"), sets("no.such.config", "1")),
            describes(TOPIC, "together", ["flush.ms", "segment.bytes"]),
        ],
    ),
    Conversation(
        "items are added to a list and taken from it",
        [
            *topic("listed"),
            alters(TOPIC, "listed", appends(POLICY, "compact")),
            until_shown(TOPIC, "listed")({POLICY: "delete,compact"}),
            alters(TOPIC, "listed", appends(POLICY, "compact,delete")),
            alters(TOPIC, "listed", subtracts(POLICY, "delete")),
            until_shown(TOPIC, "listed")({POLICY: "compact"}),
            alters(TOPIC, "listed", subtracts(POLICY, "delete")),
            alters(TOPIC, "listed", subtracts(POLICY, "compact")),
            describes(TOPIC, "listed", [POLICY]),
            alters(TOPIC, "listed", appends(POLICY, "nonsense")),
            alters(TOPIC, "listed", appends(POLICY, "")),
            alters(TOPIC, "listed", sets(POLICY, "")),
            alters(TOPIC, "listed", sets(POLICY, "compact,compact")),
            alters(TOPIC, "listed", sets(POLICY, " delete , compact ")),
            describes(TOPIC, "listed", [POLICY]),
        ],
    ),
    Conversation(
        "lists that are empty by default",
        [
            *topic("throttled"),
            alters(TOPIC, "throttled", appends(THROTTLED, "0:1")),
            until_shown(TOPIC, "throttled")({THROTTLED: "0:1"}),
            alters(TOPIC, "throttled", appends(THROTTLED, "1:1,2:1")),
            until_shown(TOPIC, "throttled")({THROTTLED: "0:1,1:1,2:1"}),
            alters(TOPIC, "throttled", subtracts(THROTTLED, "1:1")),
            until_shown(TOPIC, "throttled")({THROTTLED: "0:1,2:1"}),
            alters(TOPIC, "throttled", appends(THROTTLED, "none of these")),
            alters(TOPIC, "throttled", subtracts(THROTTLED, "0:1,2:1")),
            until_shown(TOPIC, "throttled")({THROTTLED: ""}),
        ],
    ),
    Conversation(
        "what is no list cannot be added to",
        [
            *topic("no-list"),
            alters(TOPIC, "no-list", appends("retention.ms", "1")),
            alters(TOPIC, "no-list", subtracts("retention.ms", "1")),
            alters(TOPIC, "no-list", appends("no.such.config", "1")),
            alters(TOPIC, "no-list", {**sets("retention.ms", "1"), "config_operation": 4}),
            alters(TOPIC, "no-list", {**sets("retention.ms", "1"), "config_operation": -1}),
        ],
    ),
    Conversation(
        "values that a config cannot have",
        [
            *topic("bad-values"),
            *(
                alters(TOPIC, "bad-values", sets(name, value))
                for name, value in (
                    ("no.such.config", "1"),
                    ("", "1"),
                    ("retention.ms", "soon"),
                    ("retention.ms", "-2"),
                    ("retention.ms", ""),
                    ("retention.ms", None),
                    ("segment.bytes", "1"),
                    ("segment.bytes", "2147483648"),
                    ("max.message.bytes", "-1"),
                    ("compression.type", "rar"),
                    ("compression.gzip.level", "0"),
                    ("min.cleanable.dirty.ratio", "2"),
                    ("preallocate", "perhaps"),
                    ("message.timestamp.type", "Never"),
                    ("min.insync.replicas", "0"),
                    ("remote.storage.enable", "true"),
                    ("max.compaction.lag.ms", "0"),
                )
            ),
            describes(TOPIC, "bad-values", ["retention.ms", "segment.bytes"]),
        ],
    ),
    Conversation(
        "configs that contradict each other",
        [
            *topic("contradicts", configs={"max.compaction.lag.ms": "1000"}),
            alters(TOPIC, "contradicts", sets("min.compaction.lag.ms", "2000")),
            alters(
                TOPIC,
                "contradicts",
                sets("min.compaction.lag.ms", "2000"),
                sets("max.compaction.lag.ms", "2000"),
            ),
            alters(TOPIC, "contradicts", sets("max.compaction.lag.ms", "1500")),
            alters(TOPIC, "contradicts", deletes("max.compaction.lag.ms")),
        ],
    ),
    Conversation(
        "null values",
        [
            *topic("nulls"),
            alters(TOPIC, "nulls", sets("retention.ms", None), sets("flush.ms", None)),
            alters(TOPIC, "nulls", appends(POLICY, None)),
            alters(TOPIC, "nulls", subtracts(POLICY, None)),
            replaces(TOPIC, "nulls", {"retention.ms": None}),
        ],
    ),
    Conversation(
        "only validated",
        [
            *topic("only-validated"),
            alters(TOPIC, "only-validated", sets("retention.ms", "5"), validate_only=True),
            alters(TOPIC, "only-validated", sets("retention.ms", "soon"), validate_only=True),
            alters(TOPIC, "only-validated", deletes("retention.ms"), validate_only=True),
            replaces(TOPIC, "only-validated", {"retention.ms": "5"}, validate_only=True),
            replaces(TOPIC, "only-validated", {"no.such.config": "5"}, validate_only=True),
            alters(TOPIC, "absent", sets("retention.ms", "5"), validate_only=True),
            describes(TOPIC, "only-validated", ["retention.ms"]),
        ],
    ),
    Conversation(
        "topics that are not there",
        [
            alters(TOPIC, "absent", sets("retention.ms", "5")),
            alters(TOPIC, "absent", sets("retention.ms", "soon")),
            alters(TOPIC, "absent", sets("no.such.config", "soon")),
            alters(TOPIC, "absent"),
            alters(TOPIC, "", sets("retention.ms", "5")),
            alters(TOPIC, "not a name", sets("retention.ms", "5")),
            alters(TOPIC, "..", sets("retention.ms", "5")),
            replaces(TOPIC, "absent", {"retention.ms": "5"}),
            replaces(TOPIC, "", {"retention.ms": "5"}),
            replaces(TOPIC, "not a name", {"retention.ms": "5"}),
        ],
    ),
    Conversation(
        "a resource twice, a key twice",
        [
            *topic("twice"),
            *topic("once"),
            alters_all(
                resource(TOPIC, "twice", sets("flush.ms", "1")),
                resource(TOPIC, "once", sets("flush.ms", "2")),
                resource(TOPIC, "twice", sets("flush.ms", "3")),
            ),
            alters(TOPIC, "twice", sets("flush.ms", "1"), sets("flush.ms", "2")),
            alters(TOPIC, "twice", sets("flush.ms", "1"), deletes("flush.ms")),
            until_shown(TOPIC, "once")({"flush.ms": "2"}),
            describes(TOPIC, "twice", ["flush.ms"]),
        ],
    ),
    Conversation(
        "all configs are replaced: a resource twice, a key twice",
        [
            ask(
                "alter_configs",
                2,
                resources=[
                    resource(TOPIC, "absent", {"name": "flush.ms", "value": "1"}),
                    resource(TOPIC, "absent", {"name": "flush.ms", "value": "1"}),
                ],
            ),
            ask(
                "alter_configs",
                2,
                resources=[
                    resource(
                        TOPIC,
                        "absent",
                        {"name": "flush.ms", "value": "1"},
                        {"name": "flush.ms", "value": "2"},
                    )
                ],
            ),
        ],
    ),
    Conversation(
        "all configs are replaced",
        [
            *topic("replaced", configs={"retention.ms": "1000", "flush.ms": "5"}),
            replaces(TOPIC, "replaced", {"flush.ms": "6", "segment.ms": "7"}, version=0),
            until_shown(TOPIC, "replaced")(
                {"flush.ms": "6", "segment.ms": "7", "retention.ms": "-1"}
            ),
            replaces(TOPIC, "replaced", {"flush.ms": "6", "segment.ms": "soon"}, version=1),
            replaces(TOPIC, "replaced", {"flush.ms": "6", "no.such.config": "5"}),
            describes(TOPIC, "replaced", ["flush.ms", "segment.ms", "retention.ms"]),
            replaces(TOPIC, "replaced", {}),
            describes(
                TOPIC,
                "replaced",
                ["flush.ms", "segment.ms"],
                until_=has_source(DEFAULT),
            ),
        ],
    ),
    Conversation(
        "a lower max.message.bytes refuses the next record",
        [
            *topic("shrinks"),
            produce("shrinks", Batch(values=(b"x" * 500,))),
            alters(TOPIC, "shrinks", sets("max.message.bytes", "200")),
            produce("shrinks", Batch(values=(b"x" * 500,)), until_=has_error("MESSAGE_TOO_LARGE")),
            alters(TOPIC, "shrinks", deletes("max.message.bytes")),
            until_shown(TOPIC, "shrinks")({"max.message.bytes": "1048588"}),
            produce("shrinks", Batch(values=(b"x" * 500,)), recorded_=False),
        ],
    ),
    Conversation(
        "a topic becomes compacted and takes no record without a key",
        [
            *topic("becomes-compacted"),
            produce("becomes-compacted", Batch(values=(b"v",))),
            alters(TOPIC, "becomes-compacted", sets(POLICY, "compact")),
            produce("becomes-compacted", Batch(values=(b"v",)), until_=has_error("INVALID_RECORD")),
            produce("becomes-compacted", Batch(keys=(b"k",), values=(b"v",)), recorded_=False),
        ],
    ),
    Conversation(
        "timestamps are bounded from now on",
        [
            *topic("bounded"),
            alters(TOPIC, "bounded", sets("message.timestamp.before.max.ms", "1000")),
            produce(
                "bounded",
                Batch(values=(b"v",)),
                until_=has_error("INVALID_TIMESTAMP"),
            ),
        ],
    ),
    Conversation(
        "batches are stored by the new codec",
        [
            *topic("codec"),
            alters(TOPIC, "codec", sets("compression.type", "gzip")),
            until_shown(TOPIC, "codec")({"compression.type": "gzip"}),
            produce("codec", Batch(values=(b"v",)), recorded_=False),
            fetch("codec", max_wait=1000),
        ],
    ),
)
