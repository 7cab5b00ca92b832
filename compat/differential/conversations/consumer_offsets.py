"""OffsetCommit, OffsetFetch and OffsetDelete in groups of the consumer protocol: epochs count."""

from collections.abc import Sequence
from typing import Any, Final

from compat.differential.conversation import Conversation, Step, ask
from compat.differential.conversations.consumer_heartbeat import AT_ONCE
from compat.differential.requests import (
    commit,
    consumer,
    consumer_joins,
    consumer_leaves,
    joined_alone,
    topic,
    topic_id,
)


def _alone(group_id: str, name: str, partitions: int = 1, **rest: Any) -> list[Step]:
    """A group of one member that has all partitions, in epoch 2; nothing is recorded."""
    return [
        *topic(name, partitions=partitions),
        consumer_joins(group_id, "m", name, recorded_=False, **rest),
        consumer(group_id, "m", 2, owns={name: range(partitions)}, recorded_=False),
    ]


def _fetch(
    group_id: str,
    topics: Sequence[Any] | None,
    *,
    version: int = 9,
    member_id: str | None = None,
    epoch: int = -1,
    **rest: Any,
) -> Step:
    asked = topics
    if topics is not None:
        name = "topic_id" if version >= 10 else "name"
        asked = [{name: each, "partition_indexes": [0, 1]} for each in topics]
    group: dict[str, Any] = {"group_id": group_id, "topics": asked}
    if version >= 9:
        group |= {"member_id": member_id, "member_epoch": epoch}
    return ask("offset_fetch", version, groups=[group], **rest)


def _delete(group_id: str, *names: str) -> Step:
    return ask(
        "offset_delete",
        0,
        group_id=group_id,
        topics=[{"name": name, "partitions": [{"partition_index": 0}]} for name in names],
    )


CONVERSATIONS: Final = (
    Conversation(
        "a member commits in its epoch",
        [
            *_alone("epoch", "epoch"),
            commit("epoch", "epoch", 5, epoch=2, member_id="m"),
            commit("epoch", "epoch", 6, epoch=1, member_id="m"),
            commit("epoch", "epoch", 7, epoch=3, member_id="m"),
            commit("epoch", "epoch", 7, epoch=0, member_id="m"),
            commit("epoch", "epoch", 8, epoch=-1, member_id="m"),
            commit("epoch", "epoch", 8, epoch=2, member_id="stranger"),
            commit("epoch", "epoch", 8, epoch=2),
            commit("epoch", topic_id("epoch"), 9, epoch=2, member_id="m", version=10),
            _fetch("epoch", ["epoch"]),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "versions that do not know of epochs",
        [
            *_alone("old-commits", "old-commits"),
            *[
                commit("old-commits", "old-commits", 5, epoch=2, member_id="m", version=version)
                for version in (2, 5, 8)
            ],
            commit("old-commits", "old-commits", 5, epoch=1, member_id="m", version=8),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "nobody's commit while somebody is there, and after",
        [
            *_alone("outside", "outside"),
            commit("outside", "outside", 5),
            consumer_leaves("outside", "m", recorded_=False),
            commit("outside", "outside", 6),
            commit("outside", "outside", 7, epoch=2, member_id="m"),
            _fetch("outside", ["outside"]),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "a group that is not there",
        [
            *topic("unclaimed"),
            commit("not-there", "unclaimed", 5, epoch=2, member_id="m"),
            commit("not-there", "unclaimed", 5, epoch=2, member_id="m", version=8),
            _fetch("not-there", ["unclaimed"], member_id="m", epoch=2),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "fetching with an epoch",
        [
            *_alone("asking", "asking"),
            commit("asking", "asking", 5, epoch=2, member_id="m", recorded_=False),
            _fetch("asking", ["asking"], member_id="m", epoch=2),
            _fetch("asking", ["asking"], member_id="m", epoch=1),
            _fetch("asking", ["asking"], member_id="m", epoch=3),
            _fetch("asking", ["asking"], member_id="stranger", epoch=2),
            _fetch("asking", ["asking"], member_id="m", epoch=-1),
            _fetch("asking", ["asking"], member_id="", epoch=2),
            _fetch("asking", ["asking"], member_id=None, epoch=-1),
            _fetch("asking", None, member_id="m", epoch=2),
            _fetch("asking", [topic_id("asking")], member_id="m", epoch=2, version=10),
            _fetch("asking", ["asking"], version=8),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "a commit of the epoch in which the partition was assigned still counts",
        [
            *_alone("moved-on", "moved-on", partitions=2),
            consumer_joins("moved-on", "n", "moved-on", recorded_=False),
            consumer("moved-on", "m", 2, recorded_=False),
            consumer("moved-on", "m", 2, owns={"moved-on": [0]}, recorded_=False),
            consumer("moved-on", "m", 3, recorded_=False),
            consumer("moved-on", "n", 3, recorded_=False),
            commit("moved-on", "moved-on", 5, epoch=3, member_id="m"),
            commit("moved-on", "moved-on", 6, epoch=2, member_id="m"),
            commit("moved-on", "moved-on", 6, 7, epoch=2, member_id="m"),
            commit("moved-on", "moved-on", 6, epoch=1, member_id="m"),
            commit("moved-on", "moved-on", 6, 8, epoch=3, member_id="n"),
            commit("moved-on", "moved-on", 6, epoch=2, member_id="n"),
            commit("moved-on", topic_id("moved-on"), 9, epoch=2, member_id="m", version=10),
            _fetch("moved-on", ["moved-on"]),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "commits while a partition is given back",
        [
            *_alone("giving", "giving", partitions=2),
            consumer_joins("giving", "n", "giving", recorded_=False),
            commit("giving", "giving", 1, 1, epoch=2, member_id="m"),
            consumer("giving", "m", 2, recorded_=False),
            commit("giving", "giving", 2, 2, epoch=2, member_id="m"),
            commit("giving", "giving", 3, epoch=3, member_id="n"),
            _fetch("giving", ["giving"], member_id="n", epoch=3),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "a static member that is away",
        [
            *_alone("away", "away", instance_id="one"),
            commit("away", "away", 1, epoch=2, member_id="m", group_instance_id="one"),
            commit("away", "away", 2, epoch=2, member_id="m", group_instance_id="two"),
            consumer_leaves("away", "m", -2, instance_id="one", recorded_=False),
            commit("away", "away", 3, epoch=2, member_id="m", group_instance_id="one"),
            commit("away", "away", 4, epoch=-2, member_id="m", group_instance_id="one"),
            consumer_joins("away", "n", "away", instance_id="one", recorded_=False),
            commit("away", "away", 5, epoch=2, member_id="m", group_instance_id="one"),
            commit("away", "away", 6, epoch=2, member_id="n", group_instance_id="one"),
            _fetch("away", ["away"]),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "offsets of topics that are subscribed to are not deleted",
        [
            *_alone("subscribed", "subscribed"),
            *topic("unsubscribed"),
            commit("subscribed", "subscribed", 5, epoch=2, member_id="m", recorded_=False),
            commit("subscribed", "unsubscribed", 6, epoch=2, member_id="m", recorded_=False),
            _delete("subscribed", "subscribed", "unsubscribed", "unheard-of"),
            _fetch("subscribed", ["subscribed", "unsubscribed"]),
            consumer_leaves("subscribed", "m", recorded_=False),
            _delete("subscribed", "subscribed"),
            _fetch("subscribed", ["subscribed"]),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "offsets deleted in groups that are classic, unknown, unnamed",
        [
            *topic("deleting"),
            commit("simple", "deleting", 5, recorded_=False),
            _delete("simple", "deleting"),
            _fetch("simple", ["deleting"]),
            _delete("unknown", "deleting"),
            _delete("", "deleting"),
            *joined_alone("opaque"),
            _delete("opaque", "deleting"),
        ],
        settings=AT_ONCE,
    ),
    Conversation(
        "topics and partitions that are not there",
        [
            *_alone("careless", "careless"),
            commit("careless", "no-such-topic", 5, epoch=2, member_id="m"),
            commit("careless", "careless", 5, 6, epoch=2, member_id="m"),
            commit(
                "careless",
                "12345678-1234-1234-1234-123456789abc",
                5,
                epoch=2,
                member_id="m",
                version=10,
            ),
        ],
        settings=AT_ONCE,
    ),
)
