"""ListGroups, DescribeGroups, DeleteGroups: groups seen from outside."""

from typing import Any, Final

from compat.differential.conversation import Conversation, Step, ask
from compat.differential.requests import join, joined_alone, member, topic

FILTERS: Final[dict[str, list[str]]] = {"states_filter": [], "types_filter": []}


def _describe(*groups: str, version: int = 5, **rest: Any) -> Step:
    return ask("describe_groups", version, groups=list(groups), **rest)


def _delete(*groups: str, version: int = 2) -> Step:
    return ask("delete_groups", version, groups_names=list(groups))


def _commit(group_id: str, topic_name: str) -> Step:
    committed = {"partition_index": 0, "committed_offset": 1, "committed_metadata": ""}
    return ask(
        "offset_commit",
        8,
        group_id=group_id,
        generation_id_or_member_epoch=-1,
        topics=[{"name": topic_name, "partitions": [committed]}],
        recorded_=False,
    )


def _leave(group_id: str) -> Step:
    return ask(
        "leave_group",
        5,
        group_id=group_id,
        members=[{"member_id": member("main")}],
        recorded_=False,
    )


CONVERSATIONS: Final = (
    Conversation(
        "listed, with filters, every version",
        [
            *topic("listed"),
            *joined_alone("stable-group"),
            _commit("empty-group", "listed"),
            *[ask("list_groups", version) for version in range(4)],
            ask("list_groups", 5, **FILTERS),
            ask("list_groups", 4, states_filter=["Stable"]),
            ask("list_groups", 4, states_filter=["empty", "Dead"]),
            ask("list_groups", 5, **FILTERS | {"types_filter": ["classic"]}),
            ask("list_groups", 5, **FILTERS | {"types_filter": ["consumer"]}),
            ask("list_groups", 4, states_filter=["NoSuchState"]),
        ],
        fresh_broker=True,
    ),
    Conversation(
        "a stable group, every version",
        [*joined_alone("described")]
        + [_describe("described", version=version) for version in range(7)],
    ),
    Conversation(
        "groups that wait, are empty, are not there",
        [
            *topic("remembered"),
            join("joining", recorded_=False),
            join("joining", member("main"), recorded_=False),
            _describe("joining"),
            _commit("only-offsets", "remembered"),
            _describe("only-offsets"),
            _describe("not-there", version=5),
            _describe("not-there", version=6),
            _describe(""),
            _describe("joining", "not-there"),
        ],
    ),
    Conversation(
        "authorized operations",
        [*joined_alone("operated"), _describe("operated", include_authorized_operations=True)],
    ),
    Conversation(
        "deleting: empty, busy, unknown",
        [
            *topic("forgotten"),
            *joined_alone("busy"),
            _commit("idle", "forgotten"),
            _delete("busy", "idle", "unknown-group"),
            _describe("idle"),
            _delete("idle"),
            _leave("busy"),
            _delete("busy"),
            ask(
                "offset_fetch",
                8,
                groups=[{"group_id": "idle", "topics": None}],
            ),
        ],
    ),
    Conversation(
        "deleting, other versions and odd names",
        [_delete("unknown-1", version=0), _delete("unknown-1", version=1), _delete(""), _delete()],
    ),
)
