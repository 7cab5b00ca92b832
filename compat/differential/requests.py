"""The requests that many conversations share, with what every client sends filled in."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from compat.differential.conversation import (
    Answer,
    Ask,
    Ref,
    Step,
    ask,
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
