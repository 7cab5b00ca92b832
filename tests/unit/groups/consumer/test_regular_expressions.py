"""Regular expressions: what RE2J 1.8, which Kafka uses, made of the same patterns and names."""

import pytest

from pybroker.errors import ErrorCode, KafkaError
from pybroker.groups.consumer.regular_expressions import resolve

NAMES = ["a", "ab", "abc", "orders", "orders-1", "orders.eu", "payments_x", "1", "A", "Orders"]


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("orders.*", "orders orders-1 orders.eu"),
        ("orders", "orders"),
        ("a|ab", "a ab"),
        ("^orders$", "orders"),
        ("(?i)orders", "orders Orders"),
        (r"orders\.eu", "orders.eu"),
        ("orders.eu", "orders.eu"),
        (r"\w+", "a ab abc orders payments_x 1 A Orders"),
        (r"[[:alpha:]]+", "a ab abc orders A Orders"),
        (r"\pL+", "a ab abc orders A Orders"),
        (r"\Qorders.eu\E", "orders.eu"),
        (r"\Qorders.", ""),
        ("(?P<x>a)b", "ab"),
        ("(?<x>a)b", "ab"),
        ("a{,3}", ""),
        ("[a&&b]", "a"),
        (r"\x61", "a"),
        (r"\101", "A"),
        (r"\<a", ""),
        ("(?s).", "a 1 A"),
        ("", ""),
        ("[^a-z]", "1 A"),
        (r"[\w.-]+", " ".join(NAMES)),
    ],
)
def test_whole_names_match_as_with_re2j(pattern: str, matched: str) -> None:
    assert resolve(pattern, NAMES) == frozenset(matched.split())


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("[", "missing closing ]"),
        ("(", "missing closing )"),
        (")", "missing opening ("),
        ("*", "missing argument to repetition operator"),
        ("a**", "invalid nested repetition operator"),
        ("a{1001}", "invalid repeat count"),
        ("a{2,1}", "invalid repeat count"),
        ("a\\", "trailing backslash at end of expression"),
        (r"\1", "invalid escape sequence"),
        (r"\y", "invalid escape sequence"),
        ("(?=a)", "invalid or unsupported Perl syntax"),
        ("(?<=a)b", "invalid named capture"),
        ("(?P<x>a)(?P<x>b)", "duplicate capture group name"),
        ("[z-a]", "invalid character class range"),
        (r"\p{Foo}", "invalid character class range"),
        ("[[:foo:]]", "invalid character class range"),
        ("((a{100}){100}){100}", "expression too large"),
    ],
)
def test_what_is_no_expression_is_refused(pattern: str, why: str) -> None:
    with pytest.raises(KafkaError) as raised:
        resolve(pattern, NAMES)
    assert raised.value.code is ErrorCode.INVALID_REGULAR_EXPRESSION
    assert raised.value.message == (
        f"SubscribedTopicRegex `{pattern}` is not a valid regular expression: {why}."
    )
