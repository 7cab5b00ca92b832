"""Groups of the consumer protocol seen from outside: described, listed, deleted, by either API."""

from typing import Any, Final

from compat.differential.conversation import Conversation, Step, ask
from compat.differential.conversations.consumer_heartbeat import AT_ONCE
from compat.differential.requests import (
    consumer,
    consumer_joins,
    consumer_leaves,
    describe_consumers,
    join,
    joined_alone,
    member,
    topic,
)


def _alone(group_id: str, name: str, **rest: Any) -> list[Step]:
    """A group of one member that has its partition, in epoch 2; nothing is recorded."""
    return [
        *topic(name),
        consumer_joins(group_id, "m", name, recorded_=False, **rest),
        consumer(group_id, "m", 2, owns={name: [0]}, recorded_=False),
    ]


def _describe(*groups: str, version: int = 6) -> Step:
    return ask("describe_groups", version, groups=list(groups))


def _delete(*groups: str) -> Step:
    return ask("delete_groups", 2, groups_names=list(groups))


CONVERSATIONS: Final = (
    Conversation(
        "described in both versions",
        [
            *_alone("described", "described", instance_id="one", rack_id="rack"),
            describe_consumers("described", version=0),
            describe_consumers("described", version=1),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "described with operations",
        [
            *_alone("operated", "operated"),
            describe_consumers("operated", include_authorized_operations=True),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "described: unknown, unnamed, classic, twice, none",
        [
            *joined_alone("old-fashioned"),
            *_alone("known", "known"),
            describe_consumers("unknown"),
            describe_consumers(""),
            describe_consumers("old-fashioned"),
            describe_consumers("known", "unknown", "known"),
            describe_consumers(),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "described while it reconciles",
        [
            *topic("moving", partitions=2),
            consumer_joins("moving", "a", "moving", recorded_=False),
            consumer("moving", "a", 2, owns={"moving": [0, 1]}, recorded_=False),
            consumer_joins("moving", "b", "moving", recorded_=False),
            describe_consumers("moving"),
            consumer("moving", "a", 2, recorded_=False),
            describe_consumers("moving"),
            consumer("moving", "a", 2, owns={"moving": [0]}, recorded_=False),
            describe_consumers("moving"),
            consumer("moving", "b", 3, recorded_=False),
            describe_consumers("moving"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "described when nobody is left",
        [
            *_alone("left", "left"),
            consumer_leaves("left", "m", recorded_=False),
            describe_consumers("left"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "described by the classic API",
        [
            *_alone("by-classic", "by-classic"),
            _describe("by-classic", version=5),
            _describe("by-classic", version=6),
            consumer_leaves("by-classic", "m", recorded_=False),
            _describe("by-classic"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "listed with both kinds",
        [
            *_alone("new-kind", "listed"),
            *joined_alone("old-kind"),
            ask("list_groups", 3),
            ask("list_groups", 4, states_filter=[]),
            ask("list_groups", 5, states_filter=[], types_filter=[]),
            ask("list_groups", 5, states_filter=[], types_filter=["consumer"]),
            ask("list_groups", 5, states_filter=[], types_filter=["Classic"]),
            ask("list_groups", 5, states_filter=["stable"], types_filter=["CONSUMER"]),
            ask("list_groups", 5, states_filter=["Reconciling"], types_filter=[]),
            ask("list_groups", 5, states_filter=[], types_filter=["nothing"]),
        ],
        settings=AT_ONCE,
        fresh_broker=True,
    ),
    Conversation(
        "deleted when it is empty, not before",
        [
            *_alone("deleted", "deleted"),
            _delete("deleted"),
            consumer_leaves("deleted", "m", recorded_=False),
            _delete("deleted"),
            describe_consumers("deleted"),
            consumer_joins("deleted", "m", "deleted"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "a group with a static member that is away is not empty",
        [
            *_alone("away", "away", instance_id="one"),
            consumer_leaves("away", "m", -2, instance_id="one", recorded_=False),
            _delete("away"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "members are made to leave by the classic API",
        [
            *_alone("evicted", "evicted", instance_id="one"),
            consumer_joins("evicted", "n", "evicted", recorded_=False),
            ask("leave_group", 5, group_id="evicted", members=[{"member_id": "stranger"}]),
            ask(
                "leave_group",
                5,
                group_id="evicted",
                members=[{"member_id": "", "group_instance_id": "two"}],
            ),
            ask(
                "leave_group",
                5,
                group_id="evicted",
                members=[{"member_id": "n", "group_instance_id": "one"}],
            ),
            ask(
                "leave_group",
                5,
                group_id="evicted",
                members=[{"member_id": "", "group_instance_id": "one"}],
            ),
            ask("leave_group", 5, group_id="evicted", members=[{"member_id": "n"}]),
            ask("leave_group", 2, group_id="evicted", member_id="n"),
            describe_consumers("evicted"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "members of the consumer protocol do not speak the classic one",
        [
            *_alone("other-tongue", "other-tongue"),
            ask("heartbeat", 4, group_id="other-tongue", generation_id=2, member_id="m"),
            ask(
                "sync_group",
                5,
                group_id="other-tongue",
                generation_id=2,
                member_id="m",
                protocol_type="consumer",
                protocol_name="range",
                assignments=[],
            ),
            join("other-tongue", "m"),
            join("other-tongue", protocol_type="connect"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "classic members do not speak the consumer protocol",
        [
            *joined_alone("old-tongue"),
            *topic("spoken"),
            consumer("old-tongue", member("main"), 1),
            consumer_leaves("old-tongue", member("main")),
        ],
        settings=AT_ONCE,
    ),
)
