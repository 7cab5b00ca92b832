"""Groups that change their protocol while members of both kinds are in them (KIP-848)."""

from typing import Any, Final

from compat.differential.conversation import Collect, Conversation, Step, ask
from compat.differential.conversations.consumer_heartbeat import AT_ONCE
from compat.differential.requests import (
    assignment,
    commit,
    consumer,
    consumer_joins,
    consumer_leaves,
    describe_consumers,
    has_error,
    heartbeat,
    join,
    member,
    subscription,
    sync,
    topic,
    topic_id,
    until_state,
)

UPGRADE: Final = AT_ONCE | {"group.consumer.migration.policy": "upgrade"}
DOWNGRADE: Final = AT_ONCE | {"group.consumer.migration.policy": "downgrade"}
DISABLED: Final = AT_ONCE | {"group.consumer.migration.policy": "disabled"}
SMALL_CLASSIC: Final = AT_ONCE | {"group.max.size": "1"}
SMALL_CONSUMER: Final = AT_ONCE | {"group.consumer.max.size": "1"}


def _subscribed(*names: str, **owned: Any) -> dict[str, bytes]:
    return {"range": subscription(*names, **owned)}


def _classic(group_id: str, name: str, by: str = "old", **rest: Any) -> list[Step]:
    """A classic group of one consumer that has the partition 0 and 1; nothing is recorded."""
    protocols = _subscribed(name)
    return [
        *topic(name, partitions=2),
        join(group_id, by=by, protocols=protocols, recorded_=False, **rest),
        join(group_id, member(by), by=by, protocols=protocols, recorded_=False, **rest),
        sync(
            group_id,
            by=by,
            assignments={by: assignment(**{name: [0, 1]})},
            recorded_=False,
        ),
    ]


def _consumer(group_id: str, name: str) -> list[Step]:
    """A consumer group of one member that has both partitions, in epoch 2; nothing is recorded."""
    return [
        *topic(name, partitions=2),
        consumer_joins(group_id, "m", name, recorded_=False),
        consumer(group_id, "m", 2, owns={name: [0, 1]}, recorded_=False),
    ]


def _describe(group_id: str) -> Step:
    return ask("describe_groups", 5, groups=[group_id])


CONVERSATIONS: Final = (
    Conversation(
        "the first member of the consumer protocol upgrades a classic group",
        [
            *_classic("upgraded", "upgraded"),
            consumer_joins("upgraded", "m", "upgraded"),
            describe_consumers("upgraded"),
            heartbeat("upgraded", by="old"),
            join("upgraded", member("old"), by="old", protocols=_subscribed("upgraded")),
            sync("upgraded", 2, by="old"),
            heartbeat("upgraded", 2, by="old"),
            consumer("upgraded", "m", 2),
            describe_consumers("upgraded"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "a classic member gives back what the upgrade takes from it",
        [
            *_classic("handed", "handed"),
            consumer_joins("handed", "m", "handed", recorded_=False),
            join(
                "handed",
                member("old"),
                by="old",
                protocols=_subscribed("handed", owned={"handed": [0, 1]}),
            ),
            sync("handed", 1, by="old"),
            join(
                "handed",
                member("old"),
                by="old",
                protocols=_subscribed("handed", owned={"handed": [0]}),
            ),
            sync("handed", 2, by="old"),
            consumer("handed", "m", 2),
            consumer("handed", "m", 2, owns={"handed": [1]}),
            heartbeat("handed", 2, by="old"),
            describe_consumers("handed"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "an empty classic group is upgraded with its offsets",
        [
            *topic("kept"),
            commit("kept", "kept", 7),
            _describe("kept"),
            consumer_joins("kept", "m", "kept"),
            ask("offset_fetch", 9, groups=[{"group_id": "kept", "topics": None}]),
            describe_consumers("kept"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "an empty consumer group becomes classic again",
        [
            *_consumer("emptied", "emptied"),
            commit("emptied", "emptied", 7, epoch=2, member_id="m"),
            consumer_leaves("emptied", "m", recorded_=False),
            join("emptied", by="old", protocols=_subscribed("emptied")),
            join("emptied", member("old"), by="old", protocols=_subscribed("emptied")),
            sync("emptied", by="old", assignments={"old": assignment(emptied=[0, 1])}),
            ask("offset_fetch", 9, groups=[{"group_id": "emptied", "topics": None}]),
            _describe("emptied"),
            describe_consumers("emptied"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "a classic group that is not of consumers is not upgraded",
        [
            *topic("workers"),
            join("workers", by="old", protocol_type="connect", recorded_=False),
            join("workers", member("old"), by="old", protocol_type="connect", recorded_=False),
            consumer_joins("workers", "m", "workers"),
            _describe("workers"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "a classic group whose subscriptions cannot be read is not upgraded",
        [
            *topic("garbled"),
            join("garbled", by="old", protocols={"range": b"?"}, recorded_=False),
            join("garbled", member("old"), by="old", protocols={"range": b"?"}, recorded_=False),
            sync("garbled", by="old", assignments={"old": b"?"}, recorded_=False),
            consumer_joins("garbled", "m", "garbled"),
            _describe("garbled"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "an upgrade while the classic group rebalances",
        [
            *_classic("interrupted", "interrupted", by="a"),
            join("interrupted", by="b", protocols=_subscribed("interrupted"), recorded_=False),
            join(
                "interrupted",
                member("b"),
                by="b",
                protocols=_subscribed("interrupted"),
                awaited_=False,
            ),
            until_state("interrupted", "PreparingRebalance", 2),
            consumer_joins("interrupted", "m", "interrupted"),
            Collect("b"),
            _describe("interrupted"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "an upgrade while the group waits for its leader",
        [
            *topic("unassigned", partitions=2),
            join("unassigned", by="old", protocols=_subscribed("unassigned"), recorded_=False),
            join(
                "unassigned",
                member("old"),
                by="old",
                protocols=_subscribed("unassigned"),
                recorded_=False,
            ),
            consumer_joins("unassigned", "m", "unassigned"),
            sync("unassigned", by="old", assignments={"old": assignment(unassigned=[0, 1])}),
            describe_consumers("unassigned"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "a classic member joins a consumer group",
        [
            *_consumer("mixed", "mixed"),
            join("mixed", by="old", protocols=_subscribed("mixed")),
            join("mixed", member("old"), by="old", protocols=_subscribed("mixed")),
            heartbeat("mixed", 3, by="old"),
            sync("mixed", 3, by="old"),
            consumer("mixed", "m", 2),
            consumer("mixed", "m", 2, owns={"mixed": [0]}),
            heartbeat("mixed", 3, by="old"),
            join("mixed", member("old"), by="old", protocols=_subscribed("mixed")),
            sync("mixed", 3, by="old"),
            heartbeat("mixed", 3, by="old"),
            describe_consumers("mixed"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "what a classic member of a consumer group may say",
        [
            *_consumer("said", "said"),
            join("said", by="old", protocols=_subscribed("said"), recorded_=False),
            join("said", member("old"), by="old", protocols=_subscribed("said"), recorded_=False),
            sync("said", 2, by="old"),
            sync("said", 9, by="old"),
            sync("said", 3, by="old", protocol_name="roundrobin"),
            sync("said", 3, by="old", protocol_type="connect"),
            sync("said", 3, by="old", member_id="stranger"),
            sync("said", 3, by="old", assignments={"old": assignment(said=[0])}),
            heartbeat("said", 2, by="old"),
            heartbeat("said", 9, by="old"),
            heartbeat("said", 3, by="old", member_id="stranger"),
            heartbeat("said", 3, by="old", group_instance_id="one"),
            consumer("said", member("old"), 3),
            consumer_leaves("said", member("old")),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "classic members that a consumer group does not let in",
        [
            *_consumer("choosy", "choosy"),
            join("choosy", protocol_type="connect"),
            join("choosy", protocols={"range": b"?"}),
            join("choosy", protocols={}),
            join("choosy", "stranger", protocols=_subscribed("choosy")),
            join("choosy", "m", protocols=_subscribed("choosy")),
            describe_consumers("choosy"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "joining a consumer group in old versions",
        [
            *_consumer("versions", "versions"),
            *[
                join(
                    "versions", version=version, by=f"v{version}", protocols=_subscribed("versions")
                )
                for version in (0, 3, 4)
            ],
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "a classic member leaves a consumer group",
        [
            *_consumer("parting", "parting"),
            join("parting", by="old", protocols=_subscribed("parting"), recorded_=False),
            join("parting", member("old"), by="old", protocols=_subscribed("parting")),
            ask("leave_group", 5, group_id="parting", members=[{"member_id": member("old")}]),
            heartbeat("parting", 3, by="old"),
            describe_consumers("parting"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "a static classic member of a consumer group comes back",
        [
            *_consumer("static", "static"),
            join(
                "static",
                by="a",
                protocols=_subscribed("static"),
                group_instance_id="one",
                recorded_=False,
            ),
            sync("static", 3, by="a", group_instance_id="one"),
            join("static", by="b", protocols=_subscribed("static"), group_instance_id="one"),
            heartbeat("static", 3, by="a", group_instance_id="one"),
            heartbeat("static", 3, by="b", group_instance_id="one"),
            sync("static", 3, by="b", group_instance_id="one"),
            ask(
                "leave_group",
                5,
                group_id="static",
                members=[{"member_id": "", "group_instance_id": "one"}],
            ),
            describe_consumers("static"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "a static member changes from the classic to the consumer protocol",
        [
            *_classic("replaced", "replaced", group_instance_id="one"),
            consumer_joins("replaced", "m", "replaced", instance_id="one"),
            heartbeat("replaced", by="old", group_instance_id="one"),
            describe_consumers("replaced"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "a static member changes from the consumer to the classic protocol",
        [
            *topic("reverted", partitions=2),
            consumer_joins("reverted", "m", "reverted", instance_id="one", recorded_=False),
            join("reverted", by="x", protocols=_subscribed("reverted"), group_instance_id="one"),
            consumer_leaves("reverted", "m", -2, instance_id="one"),
            join("reverted", by="y", protocols=_subscribed("reverted"), group_instance_id="one"),
            _describe("reverted"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "the last member of the consumer protocol leaves, and the group is classic",
        [
            *_consumer("downgraded", "downgraded"),
            join("downgraded", by="old", protocols=_subscribed("downgraded"), recorded_=False),
            join(
                "downgraded",
                member("old"),
                by="old",
                protocols=_subscribed("downgraded"),
                recorded_=False,
            ),
            sync("downgraded", 3, by="old", recorded_=False),
            consumer_leaves("downgraded", "m"),
            _describe("downgraded"),
            describe_consumers("downgraded"),
            heartbeat("downgraded", 3, by="old"),
            join("downgraded", member("old"), by="old", protocols=_subscribed("downgraded")),
            sync("downgraded", 4, by="old", assignments={"old": assignment(downgraded=[0, 1])}),
            _describe("downgraded"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "commits of a classic member of a consumer group",
        [
            *_classic("committing", "committing"),
            consumer_joins("committing", "m", "committing", recorded_=False),
            commit("committing", "committing", 1, epoch=1, member_id=member("old")),
            commit("committing", "committing", 2, epoch=0, member_id=member("old")),
            commit("committing", "committing", 3, epoch=5, member_id=member("old")),
            commit("committing", "committing", 4, epoch=2, member_id="m"),
            ask(
                "offset_fetch",
                9,
                groups=[
                    {
                        "group_id": "committing",
                        "member_id": member("old"),
                        "member_epoch": 1,
                        "topics": None,
                    }
                ],
            ),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "migration disabled: neither way",
        [
            *_classic("fixed", "fixed"),
            consumer_joins("fixed", "m", "fixed"),
            *_consumer("settled", "settled"),
            join("settled", by="other", protocols=_subscribed("settled")),
            consumer_leaves("settled", "m", recorded_=False),
            join("settled", by="other", protocols=_subscribed("settled")),
        ],
        settings=DISABLED,
    ),
    Conversation(
        "migration upwards only",
        [
            *_classic("risen", "risen"),
            consumer_joins("risen", "m", "risen"),
            heartbeat("risen", by="old"),
            consumer_leaves("risen", "m"),
            describe_consumers("risen"),
            _describe("risen"),
        ],
        settings=UPGRADE,
    ),
    Conversation(
        "migration downwards only",
        [
            *_classic("sunk", "sunk"),
            consumer_joins("sunk", "m", "sunk"),
            *_consumer("sinking", "sinking"),
            join("sinking", by="other", protocols=_subscribed("sinking"), recorded_=False),
            join("sinking", member("other"), by="other", protocols=_subscribed("sinking")),
            consumer_leaves("sinking", "m"),
            _describe("sinking"),
        ],
        settings=DOWNGRADE,
    ),
    Conversation(
        "an upgraded group would have no room for the newcomer",
        [*_classic("crowded", "crowded"), consumer_joins("crowded", "m", "crowded")],
        settings=SMALL_CONSUMER,
    ),
    Conversation(
        "topics of an upgraded group are those that its members name",
        [
            *_classic("named", "named-old"),
            *topic("named-new"),
            consumer_joins("named", "m", "named-new", server_assignor="range"),
            ask(
                "consumer_group_heartbeat",
                1,
                group_id="named",
                member_id="m",
                member_epoch=2,
                rebalance_timeout=-1,
                subscribed_topic_names=None,
                topic_partitions=[{"topic_id": topic_id("named-new"), "partitions": [0]}],
            ),
            join("named", member("old"), by="old", protocols=_subscribed("named-old")),
            sync("named", 2, by="old"),
            describe_consumers("named"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "a classic member that is told to rebalance and does not is removed",
        [
            *_classic("late", "late", rebalance_timeout=500),
            consumer_joins("late", "m", "late", recorded_=False),
            heartbeat("late", by="old"),
            heartbeat("late", by="old", until_=has_error("UNKNOWN_MEMBER_ID")),
        ],
        settings=AT_ONCE,
    ),
)
