"""Members of the consumer protocol that are static, subscribe by expressions, or are silent."""

from typing import Final

from compat.differential.conversation import Conversation, Ref, ask
from compat.differential.conversations.consumer_heartbeat import AT_ONCE
from compat.differential.requests import (
    assignment_size_is,
    consumer,
    consumer_joins,
    consumer_leaves,
    describe_consumers,
    has_assignment,
    has_error,
    topic,
)

SMALL_GROUPS: Final = AT_ONCE | {"group.consumer.max.size": "1"}
SHORT_SESSIONS: Final = AT_ONCE | {
    "group.consumer.min.heartbeat.interval.ms": "100",
    "group.consumer.heartbeat.interval.ms": "100",
    "group.consumer.min.session.timeout.ms": "500",
    "group.consumer.session.timeout.ms": "500",
}
# Kafka finds the topics of a regular expression in the background, so it takes an epoch more.
EPOCH: Final = {"epoch": "member_epoch"}
CLASSIC_ONLY: Final = {"group.coordinator.rebalance.protocols": "classic"}

CONVERSATIONS: Final = (
    Conversation(
        "static: somebody comes back to its place",
        [
            *topic("place", partitions=2),
            consumer_joins("static", "first", "place", instance_id="one"),
            consumer_joins("static", "thief", "place", instance_id="one"),
            consumer_leaves("static", "first", -2, instance_id="one"),
            describe_consumers("static"),
            consumer("static", "first", 2, instance_id="one"),
            consumer_joins("static", "second", "place", instance_id="one"),
            consumer("static", "first", 2, instance_id="one"),
            consumer("static", "first", 2),
            consumer("static", "second", 2, owns={"place": [0, 1]}),
            describe_consumers("static"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "static: somebody goes for good",
        [
            *topic("empty-place"),
            consumer_joins("for-good", "first", "empty-place", instance_id="one"),
            consumer_leaves("for-good", "first", -1, instance_id="one"),
            consumer_joins("for-good", "second", "empty-place", instance_id="one"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "static: instances that are not as they should be",
        [
            *topic("odd"),
            consumer_joins("odd", "first", "odd", instance_id="one", recorded_=False),
            consumer("odd", "first", 2, instance_id="two"),
            consumer("odd", "stranger", 2, instance_id="one"),
            consumer("odd", "stranger", 2, instance_id="two"),
            consumer_leaves("odd", "stranger", -2, instance_id="one"),
            consumer_leaves("odd", "stranger", -1, instance_id="one"),
            consumer_leaves("odd", "first", -2),
            consumer_leaves("odd", "first", -2, instance_id="two"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "static: it comes back with another subscription",
        [
            *topic("before-1"),
            *topic("after-1"),
            consumer_joins("renewed", "first", "before-1", instance_id="one", recorded_=False),
            consumer("renewed", "first", 2, owns={"before-1": [0]}, recorded_=False),
            consumer_leaves("renewed", "first", -2, instance_id="one", recorded_=False),
            consumer_joins("renewed", "second", "after-1", instance_id="one"),
            describe_consumers("renewed"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "regular expressions",
        [
            *topic("re-cat"),
            *topic("re-cow", partitions=2),
            *topic("other-cat"),
            consumer_joins(
                "regex", "m", subscribed_topic_regex="re-c.*", save_=EPOCH, recorded_=False
            ),
            consumer(
                "regex",
                "m",
                Ref("epoch"),
                topics=[],
                owns={},
                rebalance_timeout=60_000,
                subscribed_topic_regex="re-c.*",
                until_=has_assignment(3),
                recorded_=False,
            ),
            describe_consumers("regex", until_=assignment_size_is(3)),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "regular expressions that are none",
        [
            consumer_joins("bad-regex", "m", subscribed_topic_regex="(unclosed"),
            consumer_joins("bad-regex", "m", subscribed_topic_regex="[z-a]"),
            consumer_joins("bad-regex", "m", subscribed_topic_regex="(?=look)ahead"),
            consumer_joins("bad-regex", "m", subscribed_topic_regex="(a)\\1"),
            consumer_joins("bad-regex", "m", subscribed_topic_regex="a{2,1}"),
            describe_consumers("bad-regex"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "names and a regular expression together",
        [
            *topic("both-named"),
            *topic("both-matched"),
            consumer_joins(
                "both",
                "m",
                "both-named",
                subscribed_topic_regex="both-m.*",
                save_=EPOCH,
                recorded_=False,
            ),
            consumer(
                "both",
                "m",
                Ref("epoch"),
                topics=["both-named"],
                owns={},
                rebalance_timeout=60_000,
                subscribed_topic_regex="both-m.*",
                until_=has_assignment(2),
                recorded_=False,
            ),
            describe_consumers("both", until_=assignment_size_is(2)),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "a group that is full",
        [
            *topic("narrow"),
            consumer_joins("narrow", "a", "narrow", recorded_=False),
            consumer_joins("narrow", "b", "narrow"),
            consumer("narrow", "a", 2),
            consumer_joins("narrow", "a", "narrow"),
        ],
        settings=SMALL_GROUPS,
    ),
    Conversation(
        "a member that stays silent is missed",
        [
            *topic("silent"),
            consumer_joins("silent", "m", "silent", recorded_=False),
            ask(
                "consumer_group_describe",
                1,
                group_ids=["silent"],
                until_=lambda answer: answer["groups"][0]["group_state"] == "Empty",
            ),
            consumer("silent", "m", 2),
            consumer_joins("silent", "m", "silent"),
        ],
        settings=SHORT_SESSIONS,
    ),
    Conversation(
        "a member that does not give back in time is fenced",
        [
            *topic("kept", partitions=2),
            consumer_joins("keeping", "a", "kept", rebalance_timeout=500, recorded_=False),
            consumer("keeping", "a", 2, owns={"kept": [0, 1]}, recorded_=False),
            consumer_joins("keeping", "b", "kept", rebalance_timeout=500, recorded_=False),
            consumer("keeping", "a", 2, owns={"kept": [0, 1]}),
            consumer("keeping", "a", 2, until_=has_error("UNKNOWN_MEMBER_ID")),
            consumer(
                "keeping",
                "b",
                3,
                topics=["kept"],
                owns={},
                rebalance_timeout=500,
                until_=has_assignment(2),
            ),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "a topic that nobody may subscribe to by name",
        [
            consumer_joins("misnamed", "m", "no spaces, please"),
            consumer_joins("misnamed", "m", ""),
            describe_consumers("misnamed"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "a broker that knows the classic protocol only",
        [consumer_joins("unsupported", "m", "anything")],
        settings=CLASSIC_ONLY,
    ),
)
