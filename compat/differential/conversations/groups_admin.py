"""ListGroups, DescribeGroups, DeleteGroups: groups seen from outside."""

from typing import Any, Final

from compat.differential.conversation import Conversation, Step, ask
from compat.differential.requests import commit, join, joined_alone, member, topic

FILTERS: Final[dict[str, list[str]]] = {"states_filter": [], "types_filter": []}


def _describe(*groups: str, version: int = 5, **rest: Any) -> Step:
    return ask("describe_groups", version, groups=list(groups), **rest)


def _delete(*groups: str, version: int = 2) -> Step:
    return ask("delete_groups", version, groups_names=list(groups))


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
            commit("empty-group", "listed", 1, version=8, recorded_=False),
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
            commit("only-offsets", "remembered", 1, version=8, recorded_=False),
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
            commit("idle", "forgotten", 1, version=8, recorded_=False),
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
