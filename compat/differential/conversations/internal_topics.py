"""The topics of the coordinators, as clients see them."""

from typing import Final

from compat.differential.conversation import Conversation, Step, ask, without_error
from compat.differential.record_batches import Batch
from compat.differential.requests import fetch, look, offsets_at, produce

GROUPS: Final = "__consumer_offsets"
TRANSACTIONS: Final = "__transaction_state"
SETTINGS: Final = {
    "offsets.topic.num.partitions": "3",
    "transaction.state.log.num.partitions": "2",
}


def _coordinator(key_type: int) -> Step:
    return ask(
        "find_coordinator",
        3,
        key="somebody",
        key_type=key_type,
        until_=without_error,
        recorded_=False,
    )


def _configs(name: str) -> Step:
    keys = ["cleanup.policy", "compression.type", "segment.bytes"]
    resource = {"resource_type": 2, "resource_name": name, "configuration_keys": keys}
    return ask("describe_configs", 4, resources=[resource])


CONVERSATIONS: Final = (
    Conversation(
        "they appear with the first question for a coordinator",
        [
            ask("metadata", 12, topics=None),
            _coordinator(0),
            look(GROUPS, until_=without_error),
            _coordinator(1),
            look(GROUPS, TRANSACTIONS, until_=without_error),
            _configs(GROUPS),
            _configs(TRANSACTIONS),
        ],
        settings=SETTINGS,
        fresh_broker=True,
    ),
    Conversation(
        "read and written",
        [
            _coordinator(0),
            look(GROUPS, until_=without_error),
            *offsets_at(GROUPS, -1, -2, -3, 5),
            fetch(GROUPS),
            fetch(GROUPS, 7),
            fetch(GROUPS, partition=3),
            produce(GROUPS, Batch(keys=(b"key",))),
        ],
        settings=SETTINGS,
        fresh_broker=True,
    ),
)
