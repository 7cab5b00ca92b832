"""FindCoordinator: of groups, of transactions, of nothing."""

from typing import Final

from compat.differential.conversation import Conversation, ask

CONVERSATIONS: Final = (
    Conversation(
        "a group, every version with one key",
        [ask("find_coordinator", version, key="some-group") for version in range(4)],
    ),
    Conversation(
        "several groups at once",
        [
            ask("find_coordinator", version, key_type=0, coordinator_keys=["one", "two"])
            for version in (4, 5, 6)
        ],
    ),
    Conversation("no groups", [ask("find_coordinator", 4, key_type=0, coordinator_keys=[])]),
    Conversation(
        "the empty group id", [ask("find_coordinator", 4, key_type=0, coordinator_keys=[""])]
    ),
    Conversation(
        "the same group twice",
        [ask("find_coordinator", 4, key_type=0, coordinator_keys=["one", "one"])],
    ),
    Conversation(
        "a type that is not one",
        [
            ask("find_coordinator", 4, key_type=9, coordinator_keys=["one"]),
            ask("find_coordinator", 3, key_type=9, key="one"),
        ],
    ),
)
