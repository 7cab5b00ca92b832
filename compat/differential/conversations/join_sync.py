"""JoinGroup and SyncGroup: how classic groups come together, and who is turned away."""

from typing import Final

from compat.differential.conversation import Collect, Conversation, Ref
from compat.differential.requests import (
    heartbeat,
    join,
    joined_alone,
    member,
    sync,
    until_state,
)

SMALL_GROUPS: Final = {"group.max.size": "1"}

CONVERSATIONS: Final = (
    Conversation(
        "a first join needs a member id, then it leads",
        [join("alone"), join("alone", member("main")), sync("alone", assignments={"main": b"x"})],
    ),
    Conversation(
        "before v4 the member id comes with the answer",
        [join(f"old-v{version}", version=version) for version in range(4)],
    ),
    Conversation(
        "every version with its member id",
        [
            step
            for version in range(4, 10)
            for step in (
                join(f"by-v{version}", version=version),
                join(f"by-v{version}", member("main"), version=version),
            )
        ],
    ),
    Conversation(
        "sync, every version",
        [
            step
            for version in range(6)
            for step in (
                join(f"sync-v{version}", recorded_=False),
                join(f"sync-v{version}", member("main"), recorded_=False),
                sync(f"sync-v{version}", version=version, assignments={"main": b"part"}),
            )
        ],
    ),
    Conversation(
        "two members: the leader sees both and assigns",
        [
            *joined_alone("pair", by="a"),
            join("pair", by="b"),
            join("pair", member("b"), by="b", protocols={"range": b"second"}, awaited_=False),
            until_state("pair", "PreparingRebalance", 2),
            heartbeat("pair", by="a"),
            join("pair", member("a"), by="a", protocols={"range": b"first"}),
            Collect("b"),
            sync("pair", 2, by="b", awaited_=False),
            sync("pair", 2, by="a", assignments={"a": b"for a", "b": b"for b"}),
            Collect("b"),
            until_state("pair", "Stable", 2),
            heartbeat("pair", 2, by="a"),
            heartbeat("pair", 1, by="b"),
        ],
    ),
    Conversation(
        "the protocol that all can speak wins",
        [
            join("voting", by="a", protocols={"x": b"1", "y": b"2"}),
            join("voting", member("a"), by="a", protocols={"x": b"1", "y": b"2"}),
            join("voting", by="b", protocols={"y": b"3", "z": b"4"}),
            join("voting", member("b"), by="b", protocols={"y": b"3", "z": b"4"}, awaited_=False),
            until_state("voting", "PreparingRebalance", 2),
            join("voting", member("a"), by="a", protocols={"x": b"1", "y": b"2"}),
            Collect("b"),
        ],
    ),
    Conversation(
        "no protocol in common",
        [
            *joined_alone("babel", by="a"),
            join("babel", by="b", protocols={"other": b"1"}),
        ],
    ),
    Conversation(
        "another type of protocol",
        [*joined_alone("typed", by="a"), join("typed", by="b", protocol_type="connect")],
    ),
    Conversation(
        "a member id that nobody gave out",
        [
            join("strangers", "no-such-member"),
            *joined_alone("strangers", by="a"),
            join("strangers", "no-such-member", by="b"),
        ],
    ),
    Conversation("no protocols", [join("speechless", protocols={"": b""}, protocol_type="")]),
    Conversation("the empty group id", [join("")]),
    Conversation(
        "session timeouts out of bounds",
        [
            join("hasty", session_timeout=5_999),
            join("lazy", session_timeout=1_800_001),
            join("barely", session_timeout=6_000),
        ],
    ),
    Conversation(
        "a group that is full",
        [*joined_alone("full", by="a"), join("full", by="b"), join("full", member("b"), by="b")],
        settings=SMALL_GROUPS,
    ),
    Conversation(
        "the leader joins again, and everybody must",
        [
            *joined_alone("again"),
            join("again", member("main")),
            heartbeat("again", 1),
            heartbeat("again", 2),
            sync("again", 1),
            sync("again", 2, assignments={"main": b"new"}),
        ],
    ),
    Conversation(
        "a follower joins again with the same metadata and gets the present generation",
        [
            *joined_alone("steady", by="a"),
            join("steady", by="b"),
            join("steady", member("b"), by="b", awaited_=False),
            until_state("steady", "PreparingRebalance", 2),
            join("steady", member("a"), by="a"),
            Collect("b"),
            sync("steady", 2, by="b", awaited_=False),
            sync("steady", 2, by="a", assignments={"a": b"for a", "b": b"for b"}),
            Collect("b"),
            join("steady", member("b"), by="b"),
        ],
    ),
    Conversation(
        "sync of strangers and of other generations",
        [
            sync("nobody-here", member_id="stranger"),
            *joined_alone("synced"),
            sync("synced", member_id="stranger"),
            sync("synced", 7),
            sync("synced", 0),
            sync("synced", protocol_name="roundrobin"),
            sync("synced", protocol_type="connect"),
            sync("synced"),
        ],
    ),
    Conversation(
        "the leader leaves somebody out",
        [
            join("sparse"),
            join("sparse", member("main")),
            sync("sparse", assignments={}),
        ],
    ),
    Conversation(
        "static members keep their place",
        [
            join("static", by="a", group_instance_id="one"),
            sync("static", by="a", group_instance_id="one", assignments={"a": b"mine"}),
            join("static", by="b", group_instance_id="one"),
            heartbeat("static", by="a", group_instance_id="one"),
            sync("static", by="a", group_instance_id="one"),
            heartbeat("static", by="b", group_instance_id="one"),
            heartbeat("static", by="b", group_instance_id="two"),
            join("static", Ref("a id"), by="c", group_instance_id="one"),
        ],
    ),
)
