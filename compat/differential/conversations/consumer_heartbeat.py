"""ConsumerGroupHeartbeat: members of the consumer protocol (KIP-848), and who is turned away."""

from typing import Any, Final

from compat.differential.conversation import Conversation, Ref, Step, ask
from compat.differential.requests import (
    assignment_size_is,
    consumer,
    consumer_joins,
    consumer_leaves,
    describe_consumers,
    has_assignment,
    topic,
)

# Kafka would compute assignments of a group at most once a second.
AT_ONCE: Final = {"group.consumer.assignment.interval.ms": "0"}
RANGE_FIRST: Final = AT_ONCE | {"group.consumer.assignors": "range,uniform"}


def _first(group_id: str = "invalid", member_id: str = "m", **fields: Any) -> Step:
    """A first heartbeat that is right but for what is said."""
    whole: dict[str, Any] = {"topics": ["fields"], "owns": {}, "rebalance_timeout": 60_000}
    return consumer(group_id, member_id, fields.pop("epoch", 0), **(whole | fields))


def _pair(group_id: str, name: str) -> list[Step]:
    """Two members that have settled on two partitions each, in epoch 3; nothing is recorded."""
    return [
        *topic(name, partitions=4),
        consumer_joins(group_id, "a", name, recorded_=False),
        consumer_joins(group_id, "b", name, recorded_=False),
        consumer(group_id, "a", 2, owns={name: [0, 1, 2, 3]}, recorded_=False),
        consumer(group_id, "a", 2, owns={name: [0, 1]}, recorded_=False),
        consumer(group_id, "b", 3, owns={}, recorded_=False),
        consumer(group_id, "b", 3, owns={name: [2, 3]}, recorded_=False),
    ]


CONVERSATIONS: Final = (
    Conversation(
        "a member joins alone and gets everything",
        [
            *topic("alone", partitions=3),
            consumer_joins("alone", "m", "alone"),
            consumer("alone", "m", 2, owns={"alone": [0, 1, 2]}),
            consumer("alone", "m", 2),
            consumer("alone", "m", 2),
            consumer_leaves("alone", "m"),
            consumer("alone", "m", 2),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "version 0 is given its member id",
        [
            *topic("versioned"),
            consumer_joins("v0", "", "versioned", version=0, save_={"id": "member_id"}),
            consumer("v0", Ref("id"), 2, version=0, owns={"versioned": [0]}),
            consumer_joins("v0", "chosen", "versioned", version=0),
            consumer_leaves("v0", Ref("id"), version=0),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "version 1 brings its member id",
        [*topic("fields"), _first(member_id=""), _first(member_id="m", epoch=0)],
        settings=AT_ONCE,
    ),
    Conversation(
        "each field of a first heartbeat that is not as it must be",
        [
            *topic("fields"),
            _first(group_id=""),
            _first(group_id="   "),
            _first(rebalance_timeout=-1),
            _first(rebalance_timeout=0),
            _first(rebalance_timeout=-2),
            _first(topics=None),
            _first(owns=None),
            _first(owns={"fields": [0]}),
            _first(topics=None, subscribed_topic_regex=""),
            _first(instance_id=""),
            _first(rack_id=""),
            _first(server_assignor=""),
            _first(server_assignor="sticky"),
            _first(epoch=-3),
            _first(epoch=-2),
            describe_consumers("invalid"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "each field of a later heartbeat that is not as it must be",
        [
            *topic("later"),
            consumer_joins("later", "m", "later", recorded_=False),
            consumer("later", "", 2),
            consumer("later", "m", 2, instance_id=""),
            consumer("later", "m", 2, rack_id=""),
            consumer("later", "m", 2, server_assignor="nobody's"),
            consumer("later", "m", -3),
            consumer("later", "m", -2),
            consumer("later", "m", 2, rebalance_timeout=0),
            consumer("later", "m", 2, rebalance_timeout=5_000),
            consumer("later", "m", 2),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "epochs that are not the member's",
        [
            *topic("epochs"),
            consumer_joins("epochs", "m", "epochs", recorded_=False),
            consumer("epochs", "m", 3),
            consumer("epochs", "m", 2),
            consumer("epochs", "m", 7, owns={"epochs": [0]}),
            describe_consumers("epochs"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "a previous epoch counts while the member owns no more than it may",
        [
            *_pair("previous", "previous"),
            consumer("previous", "b", 0, topics=["previous"], owns={}, rebalance_timeout=60_000),
            consumer("previous", "a", 2, owns={"previous": [0]}),
            consumer("previous", "a", 2, owns={"previous": [0, 1]}),
            consumer("previous", "a", 2, owns={"previous": [0, 1, 2, 3]}),
            consumer("previous", "a", 2),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "members and groups that are not there",
        [
            *topic("nobody"),
            consumer("no-such-group", "m", 2),
            consumer_leaves("no-such-group", "m"),
            consumer_leaves("no-such-group", "m", -2, instance_id="i"),
            consumer_joins("nobody", "m", "nobody", recorded_=False),
            consumer("nobody", "stranger", 2),
            consumer_leaves("nobody", "stranger"),
            consumer_leaves("nobody", "m"),
            consumer_leaves("nobody", "m"),
            consumer_joins("nobody", "m", "nobody"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "a second member waits for what the first gives back",
        [
            *topic("shared", partitions=4),
            consumer_joins("shared", "a", "shared"),
            consumer_joins("shared", "b", "shared"),
            consumer("shared", "b", 3, owns={}),
            consumer("shared", "a", 2, owns={"shared": [0, 1, 2, 3]}),
            consumer("shared", "b", 3),
            consumer("shared", "a", 2, owns={"shared": [0, 1]}),
            consumer("shared", "a", 3, owns={"shared": [0, 1]}),
            consumer("shared", "b", 3),
            consumer("shared", "b", 3, owns={"shared": [2, 3]}),
            describe_consumers("shared"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "one of two leaves and the other takes over",
        [
            *_pair("halved", "halved"),
            consumer_leaves("halved", "b"),
            consumer("halved", "a", 3),
            consumer("halved", "a", 4, owns={"halved": [0, 1, 2, 3]}),
            describe_consumers("halved"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "three members of the range assignor",
        [
            *topic("left-one", partitions=3),
            *topic("right-one", partitions=3),
            *[
                consumer_joins("ranged", name, "left-one", "right-one", server_assignor="range")
                for name in ("a", "b", "c")
            ],
            describe_consumers("ranged"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "the assignor that most members want",
        [
            *topic("wanted"),
            consumer_joins("wanting", "a", "wanted", server_assignor="range", recorded_=False),
            describe_consumers("wanting"),
            consumer_joins("wanting", "b", "wanted", server_assignor="uniform", recorded_=False),
            consumer_joins("wanting", "c", "wanted", server_assignor="uniform", recorded_=False),
            describe_consumers("wanting"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "the first assignor that the broker names is the default",
        [
            *topic("default"),
            consumer_joins("defaulting", "a", "default", recorded_=False),
            describe_consumers("defaulting"),
        ],
        settings=RANGE_FIRST,
    ),
    Conversation(
        "a subscription changes",
        [
            *topic("old-one", partitions=2),
            *topic("new-one"),
            consumer_joins("changing", "m", "old-one"),
            consumer("changing", "m", 2, topics=["old-one", "new-one"], owns={"old-one": [0, 1]}),
            consumer("changing", "m", 3, owns={"old-one": [0, 1], "new-one": [0]}),
            consumer("changing", "m", 3, topics=["new-one"]),
            consumer("changing", "m", 3, owns={"new-one": [0]}),
            consumer("changing", "m", 4, topics=[]),
            consumer("changing", "m", 4, owns={}),
            describe_consumers("changing"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "the same subscription again changes nothing",
        [
            *topic("same"),
            consumer_joins("repeating", "m", "same"),
            consumer("repeating", "m", 2, topics=["same"]),
            consumer("repeating", "m", 2, topics=["same", "same"]),
            consumer_joins("repeating", "m", "same"),
            describe_consumers("repeating"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "a member joins again, as it was",
        [
            *_pair("again", "again"),
            consumer_joins("again", "a", "again"),
            consumer("again", "a", 3, owns={"again": [0, 1]}),
            describe_consumers("again"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "a heartbeat that says everything is answered with everything",
        [
            *topic("full", partitions=2),
            consumer_joins("full", "m", "full"),
            consumer("full", "m", 2),
            consumer(
                "full", "m", 2, topics=["full"], owns={"full": [0, 1]}, rebalance_timeout=60_000
            ),
            consumer("full", "m", 2, topics=["full"], owns={}, rebalance_timeout=60_000),
            consumer("full", "m", 2, owns={}),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "a topic that comes later",
        [
            consumer_joins("early", "m", "late-topic"),
            describe_consumers("early"),
            *topic("late-topic", partitions=2),
            consumer(
                "early",
                "m",
                2,
                topics=["late-topic"],
                owns={},
                rebalance_timeout=60_000,
                until_=has_assignment(2),
            ),
            describe_consumers("early"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "a topic that grows",
        [
            *topic("growing"),
            consumer_joins("growing", "m", "growing", recorded_=False),
            consumer("growing", "m", 2, owns={"growing": [0]}),
            ask(
                "create_partitions",
                3,
                topics=[{"name": "growing", "count": 3}],
                timeout=30_000,
                validate_only=False,
                recorded_=False,
            ),
            consumer(
                "growing",
                "m",
                2,
                topics=["growing"],
                owns={"growing": [0]},
                rebalance_timeout=60_000,
                until_=has_assignment(3),
            ),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "a topic that goes away",
        [
            *topic("staying"),
            *topic("going"),
            consumer_joins("bereft", "m", "staying", "going", recorded_=False),
            consumer("bereft", "m", 2, owns={"staying": [0], "going": [0]}, recorded_=False),
            ask(
                "delete_topics",
                6,
                topics=[{"name": "going"}],
                timeout=30_000,
                recorded_=False,
            ),
            consumer(
                "bereft",
                "m",
                2,
                topics=["staying", "going"],
                owns={"staying": [0]},
                rebalance_timeout=60_000,
                until_=has_assignment(1),
                recorded_=False,
            ),
            describe_consumers("bereft", until_=assignment_size_is(1)),
        ],
        settings=AT_ONCE,
    ),
)
