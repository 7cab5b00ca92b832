"""DescribeConfigs: of topics and of the broker; asked by name."""

from collections.abc import Sequence
from typing import Any, Final

from compat.differential.conversation import Conversation, Step, ask
from compat.differential.requests import topic

TOPIC, BROKER, BROKER_LOGGER = 2, 4, 8

TOPIC_KEYS: Final = (
    *("cleanup.policy", "compression.type", "delete.retention.ms", "file.delete.delay.ms"),
    *("flush.messages", "flush.ms", "index.interval.bytes", "max.message.bytes"),
    *("message.timestamp.after.max.ms", "message.timestamp.before.max.ms"),
    *("message.timestamp.type", "min.insync.replicas", "preallocate", "retention.bytes"),
    *("retention.ms", "segment.bytes", "segment.index.bytes", "segment.jitter.ms", "segment.ms"),
)
BROKER_KEYS: Final = (
    *("auto.create.topics.enable", "num.partitions", "default.replication.factor"),
    *("message.max.bytes", "group.max.size", "group.initial.rebalance.delay.ms"),
    *("offset.metadata.max.bytes", "connections.max.idle.ms", "socket.request.max.bytes"),
)


def _describe(
    resource_type: int,
    name: str,
    keys: Sequence[str] | None,
    *,
    version: int = 4,
    **rest: Any,
) -> Step:
    resource = {
        "resource_type": resource_type,
        "resource_name": name,
        "configuration_keys": None if keys is None else list(keys),
    }
    return ask("describe_configs", version, resources=[resource], **rest)


CONVERSATIONS: Final = (
    Conversation(
        "a topic's keys, with synonyms",
        [
            *topic("described", configs={"retention.ms": "1234567"}),
            _describe(TOPIC, "described", TOPIC_KEYS, include_synonyms=True),
        ],
    ),
    Conversation(
        "every version",
        [*topic("by-version")]
        + [
            _describe(TOPIC, "by-version", ["segment.bytes"], version=version)
            for version in (1, 2, 3, 4)
        ],
    ),
    Conversation(
        "all keys of a topic",
        [*topic("all-keys"), _describe(TOPIC, "all-keys", None)],
    ),
    Conversation(
        "no keys, and keys that are not",
        [
            *topic("some-keys"),
            _describe(TOPIC, "some-keys", []),
            _describe(TOPIC, "some-keys", ["no.such.key", "retention.ms"]),
        ],
    ),
    Conversation(
        "a broker's keys, with synonyms",
        [_describe(BROKER, "1", BROKER_KEYS, include_synonyms=True)],
    ),
    Conversation(
        "the cluster's defaults are those that were set for all",
        [_describe(BROKER, "", BROKER_KEYS)],
    ),
    Conversation(
        "resources that are not there",
        [
            _describe(TOPIC, "absent", ["retention.ms"]),
            _describe(TOPIC, "not a name", ["retention.ms"]),
            _describe(TOPIC, "", ["retention.ms"]),
            _describe(BROKER, "99", ["num.partitions"]),
            _describe(BROKER, "one", ["num.partitions"]),
            _describe(99, "x", ["num.partitions"]),
        ],
    ),
    Conversation(
        "several resources at once",
        [
            *topic("one-of-two"),
            ask(
                "describe_configs",
                4,
                resources=[
                    {
                        "resource_type": resource_type,
                        "resource_name": name,
                        "configuration_keys": ["retention.ms", "num.partitions"],
                    }
                    for resource_type, name in ((TOPIC, "one-of-two"), (TOPIC, "absent"), (4, "1"))
                ],
            ),
        ],
    ),
    Conversation(
        "documentation is there when asked for",
        [
            *topic("documented"),
            _describe(TOPIC, "documented", ["retention.ms"], include_documentation=True),
        ],
    ),
)
