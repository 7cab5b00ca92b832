"""Plays conversations to live brokers: to record the real Kafka, or to compare pybroker with it."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final, Protocol

from compat.differential.conversation import Ask, Conversation, ask
from compat.differential.play import Outcome, play
from compat.process import HOST

RECORDED: Final = Path(__file__).with_name("recorded")

# What both sides are given: timestamps of the past must stay, and joins must not wait.
COMMON_SETTINGS: Final = {
    "group.initial.rebalance.delay.ms": "0",
    "log.retention.ms": "-1",
    "offsets.topic.num.partitions": "1",
}

# Kafka makes the topic of the committed offsets when somebody looks for a coordinator.
WARM_UP: Final = Conversation(
    "coordinators come up", [ask("find_coordinator", 0, key="warm-up", recorded_=False)]
)

GROUP_APIS: Final = frozenset(
    {
        *("join_group", "heartbeat", "leave_group", "offset_commit", "offset_fetch"),
        *("delete_groups", "consumer_group_heartbeat", "consumer_group_describe"),
    }
)


class Served(Protocol):
    """A broker that answers on a port of this machine."""

    @property
    def port(self) -> int:
        """The port."""


StartBroker = Callable[[Mapping[str, str]], AbstractContextManager[Served]]


def play_all(
    conversations: Sequence[Conversation], start: StartBroker
) -> Iterator[tuple[Conversation, list[Outcome]]]:
    """Play conversations, each to a broker with its settings; equal settings share a broker."""
    shared: dict[tuple[tuple[str, str], ...], list[Conversation]] = {}
    for conversation in conversations:
        if conversation.fresh_broker:
            yield from _play_to_one([conversation], start, conversation.settings)
        else:
            key = tuple(sorted(conversation.settings.items()))
            shared.setdefault(key, []).append(conversation)
    for settings, group in shared.items():
        yield from _play_to_one(group, start, dict(settings))


def _play_to_one(
    conversations: Sequence[Conversation], start: StartBroker, settings: Mapping[str, str]
) -> Iterator[tuple[Conversation, list[Outcome]]]:
    with start({**COMMON_SETTINGS, **settings}) as broker:
        if any(step.api in GROUP_APIS for each in conversations for step in _asked(each)):
            play(WARM_UP, host=HOST, port=broker.port)
        for conversation in conversations:
            try:
                yield conversation, play(conversation, host=HOST, port=broker.port)
            except Exception as error:
                error.add_note(f"in {conversation.name!r}")
                raise


def _asked(conversation: Conversation) -> list[Ask]:
    return [step for step in conversation.steps if isinstance(step, Ask)]


def recorded(area: str) -> dict[str, list[Any]]:
    """Give the answers of the real Kafka, by conversation."""
    outcomes: dict[str, list[Any]] = json.loads((RECORDED / f"{area}.json").read_text())
    return outcomes


def record(area: str, outcomes: Mapping[str, Sequence[Outcome]]) -> None:
    """Keep the answers of the real Kafka."""
    text = json.dumps(outcomes, indent=1, sort_keys=False, ensure_ascii=False)
    (RECORDED / f"{area}.json").write_text(text + "\n")
