"""What a conversation is made of: requests as data, with placeholders for what a broker made up.

Field names are those of `kio`, an implementation of the protocol that is not ours; durations are
milliseconds. A field that is left out has its default, or the zero of its type.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

Answer: TypeAlias = dict[str, Any]

COORDINATOR_STARTS: Final = frozenset(
    {
        "COORDINATOR_LOAD_IN_PROGRESS",
        "COORDINATOR_NOT_AVAILABLE",
        "NOT_COORDINATOR",
        "LEADER_NOT_AVAILABLE",
    }
)


def error_codes(answer: Any) -> set[str]:
    """Give every error code in an answer, however deep."""
    if isinstance(answer, dict):
        own = {answer["error_code"]} if isinstance(answer.get("error_code"), str) else set()
        return own.union(*(error_codes(value) for value in answer.values()))
    if isinstance(answer, list):
        return set().union(*(error_codes(value) for value in answer))
    return set()


def settled(answer: Answer) -> bool:
    """Say whether the broker is past its start, when coordinators still load."""
    return error_codes(answer).isdisjoint(COORDINATOR_STARTS)


def without_error(answer: Answer) -> bool:
    """Say whether nothing in the answer is an error."""
    return error_codes(answer) <= {"NONE"}


def first(_answer: Answer) -> bool:
    """Take the first answer as it is."""
    return True


@dataclass(frozen=True, slots=True)
class Ref:
    """A value that an earlier answer of the conversation held, by the name it was saved under."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Send a request and take its answer."""

    api: str
    version: int
    fields: Mapping[str, Any]
    connection: str = "main"
    save: Mapping[str, str] = field(default_factory=dict)
    """Names for `Ref`, and where in the answer their values stand (`topics.0.topic_id`)."""
    until: Callable[[Answer], bool] = settled
    """The request is repeated until its answer satisfies this; the last answer counts."""
    awaited: bool = True
    """False: go on to the next step; `Collect` takes the answer later."""
    silent: bool = False
    """True: there is no answer to this request (acks=0)."""
    recorded: bool = True
    """False: the step only prepares something, and its answer is not compared."""


@dataclass(frozen=True, slots=True)
class Collect:
    """Take the answer of a request that was not awaited."""

    connection: str


@dataclass(frozen=True, slots=True)
class SendBytes:
    """Send bytes as they are, and take an answer or see the connection closed."""

    data: bytes
    connection: str = "main"
    answered_as: tuple[str, int] | None = None
    """How an answer is read, if there is one; without it, its bytes are shown."""


Step: TypeAlias = Ask | Collect | SendBytes


@dataclass(frozen=True, slots=True)
class Conversation:
    """Steps under a name that says what they show, and the broker settings that they need."""

    name: str
    steps: Sequence[Step]
    settings: Mapping[str, str] = field(default_factory=dict)
    fresh_broker: bool = False
    """True: the conversation lists everything, so it needs a broker to itself."""


def ask(api: str, version: int, /, **fields: Any) -> Ask:
    """Build an `Ask`; keywords ending in an underscore (`on_`, `save_`, ...) steer the step."""
    return Ask(
        api=api,
        version=version,
        connection=fields.pop("on_", "main"),
        save=fields.pop("save_", {}),
        until=fields.pop("until_", settled),
        awaited=fields.pop("awaited_", True),
        silent=fields.pop("silent_", False),
        recorded=fields.pop("recorded_", True),
        fields=fields,
    )
