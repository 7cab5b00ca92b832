"""What a topic may be called: Kafka's rules, with Kafka's messages."""

import re
from typing import Final

MAX_TOPIC_NAME_LENGTH: Final = 249  # With a partition and an ending it still is a file name.
_LEGAL_NAME: Final = re.compile(r"[a-zA-Z0-9._-]+")


def invalid_name_message(name: str) -> str | None:
    """Why a name is none for a topic, in Kafka's words; None when it is one."""
    reason = _reason(name)
    return None if reason is None else f"Topic name is invalid: {reason}"


def _reason(name: str) -> str | None:
    if not name:
        return "the empty string is not allowed"
    if name in {".", ".."}:
        return f"'{name}' is not allowed"
    if len(name) > MAX_TOPIC_NAME_LENGTH:
        return (
            f"the length of '{name}' is longer than the max allowed length {MAX_TOPIC_NAME_LENGTH}"
        )
    if not _LEGAL_NAME.fullmatch(name):
        return (
            f"'{name}' contains one or more characters other than"
            " ASCII alphanumerics, '.', '_' and '-'"
        )
    return None
