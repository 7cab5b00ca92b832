"""Members of classic groups: those that are static, change, are pending, or do not keep up."""

from typing import Any, Final

from compat.differential.conversation import Collect, Conversation, Step, ask
from compat.differential.requests import (
    FOLLOWS,
    commit,
    generation_of_two,
    has_error,
    heartbeat,
    join,
    joined_alone,
    member,
    sync,
    topic,
    until_state,
)

NARROW_SESSIONS: Final = {
    "group.min.session.timeout.ms": "100",
    "group.max.session.timeout.ms": "1000",
}


def _static_alone(group_id: str, instance: str = "one", version: int = 9) -> list[Step]:
    """A static member that has synced, alone; nothing is recorded."""
    static: dict[str, Any] = {"group_instance_id": instance, "recorded_": False}
    return [
        join(group_id, by="old", version=version, **static),
        sync(group_id, by="old", assignments={"old": b"mine"}, **static),
    ]


def _leave(group_id: str, *members: dict[str, Any], by: str = "main") -> Step:
    return ask("leave_group", 5, group_id=group_id, members=list(members), on_=by)


CONVERSATIONS: Final = (
    Conversation(
        "a static leader comes back and is told to skip the assignment, or not that it leads",
        [
            step
            for version in (5, 6, 7, 8, 9)
            for step in (
                *_static_alone(f"back-v{version}", version=version),
                join(f"back-v{version}", by="new", version=version, group_instance_id="one"),
                sync(f"back-v{version}", by="new", group_instance_id="one"),
            )
        ],
    ),
    Conversation(
        "a static member comes back with other metadata for the chosen protocol",
        [
            *_static_alone("altered"),
            join("altered", by="new", group_instance_id="one", protocols={"range": b"other"}),
            ask("describe_groups", 5, groups=["altered"]),
        ],
    ),
    Conversation(
        "a static member comes back with other protocols",
        [
            *_static_alone("reworded"),
            join("reworded", by="new", group_instance_id="one", protocols={"sticky": b"x"}),
        ],
    ),
    Conversation(
        "a static member comes back between join and sync",
        [
            join("between", by="old", group_instance_id="one", recorded_=False),
            join("between", by="new", group_instance_id="one"),
            sync("between", 1, by="old", group_instance_id="one"),
            heartbeat("between", 2, by="new", group_instance_id="one"),
        ],
    ),
    Conversation(
        "a static member with an id that is not its own",
        [
            *_static_alone("odd-ids"),
            join("odd-ids", "stranger", group_instance_id="one"),
            join("odd-ids", "stranger", group_instance_id="two"),
            join("odd-ids", member("old"), group_instance_id="two"),
            join("odd-ids", member("old")),
            _leave("odd-ids", {"member_id": "stranger", "group_instance_id": "one"}),
        ],
    ),
    Conversation(
        "a pending member: what it may do before it joins",
        [
            join("pending", by="a"),
            heartbeat("pending", 0, by="a"),
            sync("pending", 0, by="a"),
            _leave("pending", {"member_id": member("a")}),
            join("pending", member("a"), by="a"),
            join("pending", by="b"),
            join("pending", member("b"), by="b", group_instance_id="one"),
        ],
    ),
    Conversation(
        "a rebalance waits for members that were given an id",
        [
            *joined_alone("awaited", by="a"),
            join("awaited", by="b", protocols=FOLLOWS, recorded_=False),
            join("awaited", member("a"), by="a", awaited_=False),
            until_state("awaited", "PreparingRebalance", 1),
            join("awaited", member("b"), by="b", protocols=FOLLOWS),
            Collect("a"),
        ],
    ),
    Conversation(
        "a follower changes its subscription",
        [
            *generation_of_two("resubscribed"),
            join("resubscribed", member("b"), by="b", protocols={"range": b"more"}, awaited_=False),
            until_state("resubscribed", "PreparingRebalance", 2),
            heartbeat("resubscribed", 2, by="a"),
            sync("resubscribed", 2, by="a"),
            join("resubscribed", member("a"), by="a"),
            Collect("b"),
        ],
    ),
    Conversation(
        "the leader leaves, and a follower leads",
        [
            *generation_of_two("orphaned"),
            _leave("orphaned", {"member_id": member("a"), "reason": "done"}, by="a"),
            heartbeat("orphaned", 2, by="b"),
            join("orphaned", member("b"), by="b"),
        ],
    ),
    Conversation(
        "commits at every stage of a rebalance",
        [
            *topic("staged"),
            *generation_of_two("staged"),
            commit("staged", "staged", 1, epoch=2, member_id=member("b")),
            join("staged", member("a"), by="a", awaited_=False),
            until_state("staged", "PreparingRebalance", 2),
            commit("staged", "staged", 1, epoch=2, member_id=member("b")),
            commit("staged", "staged", 1, epoch=3, member_id=member("b")),
            join("staged", member("b"), by="b", protocols=FOLLOWS),
            Collect("a"),
            commit("staged", "staged", 1, epoch=2, member_id=member("b")),
            commit("staged", "staged", 1, epoch=3, member_id=member("b")),
            sync("staged", 3, by="a", assignments={"a": b"1", "b": b"2"}),
            commit("staged", "staged", 1, epoch=3, member_id=member("b")),
        ],
    ),
    Conversation(
        "a member that does not join in time is dropped",
        [
            *joined_alone("dropped", by="a"),
            join("dropped", member("a"), by="a", rebalance_timeout=500, recorded_=False),
            sync("dropped", 2, by="a", assignments={"a": b"all"}, recorded_=False),
            join("dropped", by="b", rebalance_timeout=500, recorded_=False),
            join("dropped", member("b"), by="b", rebalance_timeout=500),
            heartbeat("dropped", 2, by="a"),
        ],
    ),
    Conversation(
        "a leader that never syncs is dropped",
        [
            join("speechless", by="a", rebalance_timeout=500, recorded_=False),
            join("speechless", member("a"), by="a", rebalance_timeout=500),
            heartbeat("speechless", by="a", until_=has_error("UNKNOWN_MEMBER_ID")),
        ],
    ),
    Conversation(
        "a follower that syncs again, and one that syncs before its leader",
        [
            *generation_of_two("synced-again"),
            sync("synced-again", 2, by="b"),
            sync("synced-again", 2, by="a", assignments={"a": b"other", "b": b"other"}),
            join("synced-again", member("a"), by="a", awaited_=False),
            until_state("synced-again", "PreparingRebalance", 2),
            join("synced-again", member("b"), by="b", protocols=FOLLOWS),
            Collect("a"),
            sync("synced-again", 3, by="b", awaited_=False),
            join("synced-again", member("b"), by="c", protocols={"range": b"new"}, awaited_=False),
            Collect("b"),
            heartbeat("synced-again", 3, by="a"),
        ],
    ),
    Conversation(
        "other bounds of session timeouts",
        [
            join("bounded", session_timeout=99),
            join("bounded", session_timeout=1_001),
            join("bounded", version=0, session_timeout=1_000),
            join("bounded", session_timeout=100),
        ],
        settings=NARROW_SESSIONS,
    ),
    Conversation(
        "static members are made to leave together",
        [
            join("together", by="a", group_instance_id="one", recorded_=False),
            sync(
                "together",
                by="a",
                group_instance_id="one",
                assignments={"a": b"x"},
                recorded_=False,
            ),
            _leave(
                "together",
                {"member_id": "", "group_instance_id": "one", "reason": "moved"},
                {"member_id": "", "group_instance_id": "one"},
                {"member_id": member("a"), "group_instance_id": "one"},
                {"member_id": ""},
            ),
            ask("describe_groups", 5, groups=["together"]),
        ],
    ),
)
