"""What the commands that ask a cluster say when something went wrong: sentences, no codes."""

import sys
from typing import TYPE_CHECKING, Final

from pybroker.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from pybroker.client.connection import Unreachable

# What the codes mean to somebody who looks after groups.
SENTENCES: Final = {
    ErrorCode.NON_EMPTY_GROUP: "it has members; stop them first",
    ErrorCode.UNKNOWN_MEMBER_ID: "it has members; stop them first",
    ErrorCode.GROUP_ID_NOT_FOUND: "there is no such group",
    ErrorCode.GROUP_AUTHORIZATION_FAILED: "you may not do that to it",
    ErrorCode.TOPIC_AUTHORIZATION_FAILED: "you may not read its topics",
}


def complain(message: str) -> None:
    """Say on standard error what went wrong."""
    print(f"pybroker: {message}", file=sys.stderr)


def sentence(error: "Unreachable | KafkaError") -> str:
    """Say in words what went wrong."""
    if not isinstance(error, KafkaError):
        return str(error)
    meaning = SENTENCES.get(error.code, error.code.name)
    return f"{meaning} ({error.message})" if error.message else meaning
