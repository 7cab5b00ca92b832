"""The requests that many conversations share, with what every client sends filled in."""

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from compat.differential.conversation import (
    Answer,
    Ask,
    Collect,
    Ref,
    Step,
    ask,
    error_codes,
    first,
    settled,
    without_error,
)
from compat.differential.record_batches import Batch

SESSION_TIMEOUT_MS: Final = 30_000
REBALANCE_TIMEOUT_MS: Final = 20_000


def topic(
    name: str, *, partitions: int = 1, configs: Mapping[str, str] | None = None
) -> list[Step]:
    """Create a topic and wait until its partitions serve, without recording any of it.

    Its id is saved as `<name> id`.
    """
    created = {
        "name": name,
        "num_partitions": partitions,
        "replication_factor": 1,
        "configs": [{"name": key, "value": value} for key, value in (configs or {}).items()],
    }
    latest = [{"partition_index": index, "timestamp": -1} for index in range(partitions)]
    return [
        ask("create_topics", 7, topics=[created], timeout=30_000, recorded_=False),
        ask(
            "metadata",
            12,
            topics=[{"name": name}],
            until_=without_error,
            save_={f"{name} id": "topics.0.topic_id"},
            recorded_=False,
        ),
        ask(
            "list_offsets",
            7,
            topics=[{"name": name, "partitions": latest}],
            until_=without_error,
            recorded_=False,
        ),
    ]


def look(*names: str, until_: Callable[[Answer], bool] = first) -> Ask:
    """Ask for topics by name, without creating them."""
    topics = [{"name": name} for name in names]
    return ask("metadata", 12, topics=topics, allow_auto_topic_creation=False, until_=until_)


def topic_id(name: str) -> Ref:
    """Refer to the id of a topic that `topic` created."""
    return Ref(f"{name} id")


def produce(
    topic_name: Any,
    *batches: Batch,
    partition: int = 0,
    version: int = 9,
    acks: int = -1,
    transactional_id: str | None = None,
    **steering: Any,
) -> Ask:
    """Write batches to one partition; from version 13 on, the topic is an id."""
    return ask(
        "produce",
        version,
        transactional_id=transactional_id,
        acks=acks,
        timeout=30_000,
        topic_data=[
            {
                ("topic_id" if version >= 13 else "name"): topic_name,
                "partition_data": [{"index": partition, "records": list(batches) or b""}],
            }
        ],
        silent_=acks == 0,
        **steering,
    )


def filled(topic_name: str, *batches: Batch, partition: int = 0) -> Ask:
    """Write batches to one partition, without recording the answer."""
    return produce(topic_name, *batches, partition=partition, recorded_=False)


def fetch(
    topic_name: Any,
    offset: int = 0,
    *,
    partition: int = 0,
    version: int = 12,
    max_wait: int = 0,
    max_bytes: int = 1 << 20,
    partition_max_bytes: int = 1 << 20,
    min_bytes: int = 1,
    leader_epoch: int = -1,
    **rest: Any,
) -> Ask:
    """Read one partition; from version 13 on, the topic is an id."""
    asked: dict[str, Any] = {
        "partition": partition,
        "fetch_offset": offset,
        "partition_max_bytes": partition_max_bytes,
    }
    if version >= 9:
        asked["current_leader_epoch"] = leader_epoch
    body: dict[str, Any] = {
        "max_wait": max_wait,
        "min_bytes": min_bytes,
        "max_bytes": max_bytes,
        "isolation_level": 0,
        "topics": [{("topic_id" if version >= 13 else "topic"): topic_name, "partitions": [asked]}],
    }
    if version >= 7:
        body |= {"session_id": 0, "session_epoch": -1}
    return ask("fetch", version, **(body | rest))


def offsets_at(
    topic_name: str, *timestamps: int, partition: int = 0, version: int = 7, **rest: Any
) -> list[Step]:
    """Look offsets up, a request for each timestamp."""
    return [
        ask(
            "list_offsets",
            version,
            topics=[
                {
                    "name": topic_name,
                    "partitions": [{"partition_index": partition, "timestamp": timestamp, **rest}],
                }
            ],
        )
        for timestamp in timestamps
    ]


def join(
    group_id: str,
    member_id: Any = "",
    *,
    version: int = 9,
    protocols: Mapping[str, bytes] | None = None,
    session_timeout: int = SESSION_TIMEOUT_MS,
    rebalance_timeout: int = REBALANCE_TIMEOUT_MS,
    protocol_type: str = "consumer",
    **rest: Any,
) -> Ask:
    """Join a group; `by` names the connection and, with `_id`, what the member id is saved as."""
    offered = protocols or {"range": b"all"}
    by = rest.pop("by", "main")
    fields: dict[str, Any] = {
        "group_id": group_id,
        "session_timeout": session_timeout,
        "member_id": member_id,
        "protocol_type": protocol_type,
        "protocols": [{"name": name, "metadata": data} for name, data in offered.items()],
    }
    if version >= 1:
        fields["rebalance_timeout"] = rebalance_timeout
    return ask("join_group", version, on_=by, save_={f"{by} id": "member_id"}, **(fields | rest))


def member(by: str) -> Ref:
    """Refer to the member id that `join` saved."""
    return Ref(f"{by} id")


def sync(
    group_id: str,
    generation_id: int = 1,
    *,
    by: str = "main",
    member_id: Any = None,
    assignments: Mapping[str, bytes] | None = None,
    version: int = 5,
    **rest: Any,
) -> Ask:
    """Sync a member; assignments are by the names of members' connections."""
    fields: dict[str, Any] = {
        "group_id": group_id,
        "generation_id": generation_id,
        "member_id": member(by) if member_id is None else member_id,
        "assignments": [
            {"member_id": member(name), "assignment": data}
            for name, data in (assignments or {}).items()
        ],
    }
    if version >= 5:
        fields |= {"protocol_type": "consumer", "protocol_name": "range"}
    return ask("sync_group", version, on_=by, **(fields | rest))


def heartbeat(
    group_id: str, generation_id: int = 1, *, by: str = "main", version: int = 4, **rest: Any
) -> Ask:
    """Send a heartbeat of the member that joined over this connection."""
    fields = {"group_id": group_id, "generation_id": generation_id, "member_id": member(by)}
    return ask("heartbeat", version, on_=by, **(fields | rest))


def commit(
    group_id: str,
    topic_name: Any,
    *offsets: int,
    epoch: int = -1,
    member_id: Any = "",
    first_partition: int = 0,
    metadata: str | None = "",
    leader_epoch: int = -1,
    version: int = 9,
    **rest: Any,
) -> Ask:
    """Commit in partitions that follow each other; from version 10 on, the topic is an id.

    `epoch` is a classic member's generation. Without offsets, 5 is committed in one partition.
    """
    partitions = [
        {
            "partition_index": index,
            "committed_offset": offset,
            "committed_metadata": metadata,
            **({"committed_leader_epoch": leader_epoch} if version >= 6 else {}),
        }
        for index, offset in enumerate(offsets or (5,), first_partition)
    ]
    return ask(
        "offset_commit",
        version,
        group_id=group_id,
        generation_id_or_member_epoch=epoch,
        member_id=member_id,
        topics=[{("topic_id" if version >= 10 else "name"): topic_name, "partitions": partitions}],
        **rest,
    )


def joined_alone(group_id: str, by: str = "main") -> list[Step]:
    """Make a group with one member that has synced; none of it is recorded."""
    return [
        join(group_id, by=by, recorded_=False),
        join(group_id, member(by), by=by, recorded_=False),
        sync(group_id, by=by, assignments={by: b"everything"}, recorded_=False),
    ]


def state_is(state: str, members: int | None = None) -> Callable[[Answer], bool]:
    """Wait with DescribeGroups until the first group is in a state, with so many members."""

    def reached(answer: Answer) -> bool:
        group = answer["groups"][0]
        counted = members is None or len(group["members"]) == members
        return settled(answer) and group["group_state"] == state and counted

    return reached


def until_state(group_id: str, state: str, members: int | None = None) -> Ask:
    """Go on when the group is in a state; not recorded."""
    return ask(
        "describe_groups",
        5,
        groups=[group_id],
        on_="observer",
        until_=state_is(state, members),
        recorded_=False,
    )


# What a second member says, so that the two are told apart in a list of members. Shorter than four
# bytes behind the version: what Kafka takes for a count of topics must not be one that it believes.
FOLLOWS: Final = {"range": b"too"}


def generation_of_two(group_id: str) -> list[Step]:
    """Make a stable group of `a`, who leads, and `b`, in generation 2; none of it is recorded."""
    second: dict[str, Any] = {"by": "b", "protocols": FOLLOWS, "recorded_": False}
    return [
        *joined_alone(group_id, by="a"),
        join(group_id, **second),
        join(group_id, member("b"), awaited_=False, **second),
        until_state(group_id, "PreparingRebalance", 2),
        join(group_id, member("a"), by="a", recorded_=False),
        Collect("b"),
        sync(group_id, 2, by="b", awaited_=False, recorded_=False),
        sync(group_id, 2, by="a", assignments={"a": b"for a", "b": b"for b"}, recorded_=False),
        Collect("b"),
    ]


def consumer(
    group_id: str,
    member_id: Any,
    epoch: int | Ref,
    *,
    topics: Sequence[str] | None = None,
    owns: Mapping[str, Sequence[int]] | None = None,
    rebalance_timeout: int = -1,
    version: int = 1,
    by: str = "main",
    **rest: Any,
) -> Ask:
    """Send a ConsumerGroupHeartbeat; what is left out is null or -1: as it was."""
    fields: dict[str, Any] = {
        "group_id": group_id,
        "member_id": member_id,
        "member_epoch": epoch,
        "rebalance_timeout": rebalance_timeout,
        "subscribed_topic_names": None if topics is None else list(topics),
        "topic_partitions": None
        if owns is None
        else [
            {"topic_id": topic_id(name), "partitions": list(partitions)}
            for name, partitions in owns.items()
        ],
    }
    return ask("consumer_group_heartbeat", version, on_=by, **(fields | rest))


def consumer_joins(
    group_id: str, member_id: Any, *topics: str, rebalance_timeout: int = 60_000, **rest: Any
) -> Ask:
    """Join a group by the consumer protocol: a heartbeat of epoch 0 that says everything."""
    return consumer(
        group_id,
        member_id,
        0,
        topics=topics,
        owns={},
        rebalance_timeout=rebalance_timeout,
        **rest,
    )


def consumer_leaves(group_id: str, member_id: Any, epoch: int = -1, **rest: Any) -> Ask:
    """Leave a group by the consumer protocol; epoch -2 says that the instance comes back."""
    return consumer(group_id, member_id, epoch, **rest)


def describe_consumers(*group_ids: str, version: int = 1, **rest: Any) -> Ask:
    """Describe groups of the consumer protocol."""
    return ask("consumer_group_describe", version, group_ids=list(group_ids), **rest)


def has_assignment(partitions: int) -> Callable[[Answer], bool]:
    """Repeat a heartbeat until its answer assigns so many partitions."""

    def reached(answer: Answer) -> bool:
        assignment = answer["assignment"]
        if not settled(answer) or assignment is None:
            return False
        found = sum(len(each["partitions"]) for each in assignment["topic_partitions"])
        return found == partitions

    return reached


def has_error(code: str) -> Callable[[Answer], bool]:
    """Repeat a request until it is answered with an error."""

    def reached(answer: Answer) -> bool:
        return code in error_codes(answer)

    return reached


def subscription(
    *topics: str,
    version: int = 1,
    owned: Mapping[str, Sequence[int]] | None = None,
    generation_id: int = -1,
    rack: str | None = None,
) -> bytes:
    """Write what consumers say in JoinGroup: ConsumerProtocolSubscription."""
    written = struct.pack(">hi", version, len(topics))
    for name in topics:
        written += struct.pack(">h", len(name)) + name.encode()
    written += struct.pack(">i", -1)
    if version >= 1:
        partitions = owned or {}
        written += struct.pack(">i", len(partitions))
        for name, indexes in partitions.items():
            written += struct.pack(">h", len(name)) + name.encode()
            written += struct.pack(f">i{len(indexes)}i", len(indexes), *indexes)
    if version >= 2:
        written += struct.pack(">i", generation_id)
    if version >= 3:
        named = b"" if rack is None else rack.encode()
        written += struct.pack(">h", -1 if rack is None else len(named)) + named
    return written


def assignment(**topics: Sequence[int]) -> bytes:
    """Write what a leader of consumers says in SyncGroup: ConsumerProtocolAssignment."""
    written = struct.pack(">hi", 1, len(topics))
    for name, indexes in topics.items():
        written += struct.pack(">h", len(name)) + name.encode()
        written += struct.pack(f">i{len(indexes)}i", len(indexes), *indexes)
    return written + struct.pack(">i", -1)


def assignment_size_is(partitions: int) -> Callable[[Answer], bool]:
    """Repeat a ConsumerGroupDescribe until the first group has so many partitions assigned."""

    def reached(answer: Answer) -> bool:
        members = answer["groups"][0]["members"]
        found = sum(
            len(topic["partitions"])
            for member in members
            for topic in member["assignment"]["topic_partitions"]
        )
        return settled(answer) and found == partitions

    return reached
