"""Subscriptions by regular expression: whole names, in RE2's syntax (docs/decisions/0018)."""

from typing import TYPE_CHECKING

from pybroker._native import match_topics
from pybroker.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from collections.abc import Iterable


def resolve(pattern: str, names: "Iterable[str]") -> frozenset[str]:
    """Find the topics that a pattern means; INVALID_REGULAR_EXPRESSION when it is none."""
    try:
        return frozenset(match_topics(pattern, list(names)))
    except ValueError as error:
        message = f"SubscribedTopicRegex `{pattern}` is not a valid regular expression: {error}."
        raise KafkaError(ErrorCode.INVALID_REGULAR_EXPRESSION, message) from None
