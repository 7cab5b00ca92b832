"""What a topic may be called."""

import pytest

from pybroker.metadata.validation import invalid_name_message


@pytest.mark.parametrize("name", ["a", "A-b_c.9", "...", "_", "-", "x" * 249])
def test_a_legal_name_is_a_name(name):
    assert invalid_name_message(name) is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "the empty string is not allowed"),
        (".", "'.' is not allowed"),
        ("..", "'..' is not allowed"),
        ("x" * 250, f"the length of '{'x' * 250}' is longer than the max allowed length 249"),
        (
            "a b",
            (
                "'a b' contains one or more characters other than"
                " ASCII alphanumerics, '.', '_' and '-'"
            ),
        ),
        (
            "ä",
            "'ä' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
        ),
        (
            "a\n",
            (
                "'a\n' contains one or more characters other than"
                " ASCII alphanumerics, '.', '_' and '-'"
            ),
        ),
    ],
)
def test_an_illegal_name_is_refused_in_kafkas_words(name, reason):
    assert invalid_name_message(name) == f"Topic name is invalid: {reason}"
