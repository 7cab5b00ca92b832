"""Heartbeat and LeaveGroup: staying, being missed, going."""

from typing import Any, Final

from compat.differential.conversation import Collect, Conversation, Step, ask
from compat.differential.requests import (
    heartbeat,
    join,
    joined_alone,
    member,
    sync,
    until_state,
)


def _leave(group_id: str, *members: dict[str, Any], by: str = "main") -> Step:
    return ask("leave_group", 5, group_id=group_id, members=list(members), on_=by)


CONVERSATIONS: Final = (
    Conversation(
        "heartbeats of a member, every version",
        [*joined_alone("beating")]
        + [heartbeat("beating", version=version) for version in range(5)],
    ),
    Conversation(
        "heartbeats that do not count",
        [
            heartbeat("no-such-group", member_id="stranger"),
            *joined_alone("counted"),
            heartbeat("counted", member_id="stranger"),
            heartbeat("counted", 9),
            heartbeat("counted", 0),
            heartbeat("", member_id="stranger"),
        ],
    ),
    Conversation(
        "a heartbeat before the leader has assigned",
        [
            join("waiting", recorded_=False),
            join("waiting", member("main"), recorded_=False),
            heartbeat("waiting"),
        ],
    ),
    Conversation(
        "a member that stays silent is missed",
        [
            join("silent", session_timeout=6_000, recorded_=False),
            join("silent", member("main"), session_timeout=6_000, recorded_=False),
            sync("silent", assignments={"main": b"x"}, recorded_=False),
            until_state("silent", "Empty"),
            heartbeat("silent"),
            join("silent", member("main")),
        ],
    ),
    Conversation(
        "a member leaves and is gone",
        [
            *joined_alone("left"),
            _leave("left", {"member_id": member("main"), "reason": "enough"}),
            heartbeat("left"),
            _leave("left", {"member_id": member("main")}),
        ],
    ),
    Conversation(
        "leaving, versions for one member",
        [
            step
            for version in range(3)
            for step in (
                *joined_alone(f"left-v{version}"),
                ask(
                    "leave_group",
                    version,
                    group_id=f"left-v{version}",
                    member_id=member("main"),
                ),
                ask("leave_group", version, group_id=f"left-v{version}", member_id="stranger"),
            )
        ],
    ),
    Conversation(
        "leaving, versions for many",
        [
            step
            for version in (3, 4, 5)
            for step in (
                *joined_alone(f"left-v{version}"),
                ask(
                    "leave_group",
                    version,
                    group_id=f"left-v{version}",
                    members=[{"member_id": member("main")}, {"member_id": "stranger"}],
                ),
            )
        ],
    ),
    Conversation(
        "leaving a group that is not there",
        [_leave("nowhere", {"member_id": "stranger"}), _leave("", {"member_id": "stranger"})],
    ),
    Conversation(
        "nobody leaves", [*joined_alone("unmoved"), _leave("unmoved"), heartbeat("unmoved")]
    ),
    Conversation(
        "a static member is made to leave by its instance",
        [
            join("evicted", group_instance_id="one", recorded_=False),
            _leave("evicted", {"member_id": "", "group_instance_id": "two"}),
            _leave("evicted", {"member_id": "wrong", "group_instance_id": "one"}),
            _leave("evicted", {"member_id": "", "group_instance_id": "one"}),
            heartbeat("evicted", group_instance_id="one"),
        ],
    ),
    Conversation(
        "the one who stays hears of it",
        [
            *joined_alone("half", by="a"),
            join("half", by="b", recorded_=False),
            join("half", member("b"), by="b", awaited_=False),
            until_state("half", "PreparingRebalance", 2),
            _leave("half", {"member_id": member("a")}, by="a"),
            Collect("b"),
            heartbeat("half", 2, by="b"),
        ],
    ),
)
