"""DeleteTopics: by name and by id, and what is left afterwards."""

from typing import Any, Final

from compat.differential.conversation import Answer, Conversation, Step, ask, error_codes
from compat.differential.record_batches import Batch
from compat.differential.requests import fetch, filled, look, produce, topic, topic_id

UNKNOWN_ID: Final = "12345678-1234-1234-1234-123456789abc"


def _unknown(answer: Answer) -> bool:
    # Kafka's brokers hear of a deletion a moment after the controller has answered.
    return error_codes(answer) == {"UNKNOWN_TOPIC_OR_PARTITION"}


def _delete(*topics: dict[str, Any]) -> Step:
    return ask("delete_topics", 6, topics=list(topics), timeout=30_000)


CONVERSATIONS: Final = (
    Conversation(
        "by name, gone for the next request",
        [
            *topic("doomed"),
            _delete({"name": "doomed"}),
            look("doomed", until_=_unknown),
        ],
    ),
    Conversation(
        "by id",
        [*topic("doomed-by-id"), _delete({"name": None, "topic_id": topic_id("doomed-by-id")})],
    ),
    Conversation(
        "versions before topic ids",
        [
            step
            for version in range(1, 6)
            for step in (
                *topic(f"doomed-v{version}"),
                ask(
                    "delete_topics",
                    version,
                    topic_names=[f"doomed-v{version}", "never-there"],
                    timeout=30_000,
                ),
            )
        ],
    ),
    Conversation("an unknown name", [_delete({"name": "nobody"})]),
    Conversation("an unknown id", [_delete({"name": None, "topic_id": UNKNOWN_ID})]),
    Conversation(
        "a name beside an id",
        [*topic("both"), _delete({"name": "both", "topic_id": topic_id("both")})],
    ),
    Conversation("neither name nor id", [_delete({"name": None})]),
    Conversation(
        "the same name twice", [*topic("deleted-twice"), _delete(*[{"name": "deleted-twice"}] * 2)]
    ),
    Conversation(
        "a good one beside an unknown one",
        [*topic("deleted-1"), _delete({"name": "deleted-1"}, {"name": "deleted-2"})],
    ),
    Conversation(
        "a topic of the same name starts anew, with another id",
        [
            *topic("again"),
            filled("again", Batch()),
            look("again"),
            _delete({"name": "again"}),
            *topic("again"),
            look("again"),
            fetch("again"),
            produce("again", Batch()),
        ],
    ),
    Conversation("no topics at all", [_delete()]),
)
