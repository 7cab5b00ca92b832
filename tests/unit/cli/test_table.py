"""Tables line up."""

from pybroker.cli.table import table


def test_numbers_stand_to_the_right_and_nothing_is_a_dash() -> None:
    rows = [("orders", 7, None), ("o", 1_000, "me")]
    assert table(("TOPIC", "OFFSET", "CLIENT"), rows).splitlines() == [
        "TOPIC   OFFSET  CLIENT",
        "orders       7  -",
        "o         1000  me",
    ]


def test_a_table_without_rows_has_its_names() -> None:
    assert table(("A", "B"), []) == "A  B"
