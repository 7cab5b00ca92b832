"""Metadata: by name, by id, all and none; automatic creation and its limits."""

from collections.abc import Callable
from typing import Final

from compat.differential.conversation import (
    Answer,
    Conversation,
    Step,
    ask,
    first,
    without_error,
)
from compat.differential.requests import topic, topic_id

UNKNOWN_ID: Final = "12345678-1234-1234-1234-123456789abc"
NO_AUTO_CREATE: Final = {"auto.create.topics.enable": "false"}


def _by_name(
    *names: str, version: int = 12, create: bool = False, until: Callable[[Answer], bool] = first
) -> Step:
    return ask(
        "metadata",
        version,
        topics=[{"name": name} for name in names],
        allow_auto_topic_creation=create,
        until_=until,
    )


CONVERSATIONS: Final = (
    Conversation(
        "all topics, v12 and v1",
        [
            *topic("all-1", partitions=2),
            *topic("all-2"),
            ask("metadata", 12, topics=None),
            ask("metadata", 1, topics=None),
        ],
        fresh_broker=True,
    ),
    Conversation(
        "v0 has no null, and empty means all",
        [*topic("v0-1"), ask("metadata", 0, topics=[])],
        fresh_broker=True,
    ),
    Conversation("no topics gives the brokers", [ask("metadata", 12, topics=[])]),
    Conversation(
        "every version by name",
        [*topic("by-name", partitions=3)]
        + [ask("metadata", version, topics=[{"name": "by-name"}]) for version in range(14)],
    ),
    Conversation(
        "by id",
        [
            *topic("by-id"),
            ask("metadata", 12, topics=[{"name": None, "topic_id": topic_id("by-id")}]),
            ask("metadata", 13, topics=[{"name": None, "topic_id": topic_id("by-id")}]),
        ],
    ),
    Conversation(
        "an unknown id",
        [ask("metadata", 12, topics=[{"name": None, "topic_id": UNKNOWN_ID}], until_=first)],
    ),
    Conversation(
        "a known name beside an id",
        [
            *topic("name-and-id"),
            ask(
                "metadata",
                12,
                topics=[{"name": "name-and-id", "topic_id": topic_id("name-and-id")}],
                until_=first,
            ),
        ],
    ),
    Conversation("an unknown topic, creation not allowed", [_by_name("nowhere-1")]),
    Conversation(
        "a known and an unknown topic in one request",
        [*topic("here"), _by_name("here", "nowhere-2")],
    ),
    Conversation(
        "an unknown topic is created when it may be",
        [_by_name("made-by-metadata", create=True, until=without_error)],
    ),
    Conversation(
        "v3 always allows creation",
        [ask("metadata", 3, topics=[{"name": "made-by-v3"}], until_=without_error)],
    ),
    Conversation(
        "no creation when the broker forbids it",
        [_by_name("nowhere-3", create=True), _by_name("nowhere-3", create=False)],
        settings=NO_AUTO_CREATE,
    ),
    Conversation("a name that no topic can have", [_by_name("not a topic", create=True)]),
    Conversation("a name that is too long", [_by_name("x" * 250, create=True)]),
    Conversation("the empty name", [_by_name("", create=True)]),
    Conversation("the same topic twice", [*topic("twice"), _by_name("twice", "twice")]),
    Conversation(
        "authorized operations of a topic",
        [
            *topic("operations"),
            ask(
                "metadata",
                12,
                topics=[{"name": "operations"}],
                include_topic_authorized_operations=True,
            ),
            ask(
                "metadata",
                8,
                topics=[{"name": "operations"}],
                include_topic_authorized_operations=True,
                include_cluster_authorized_operations=True,
            ),
        ],
    ),
)
