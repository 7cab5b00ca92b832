"""Which node coordinates what. The hashes are what a JVM prints for `String.hashCode`."""

import pytest

from pybroker.groups.placement import coordinator_for, java_string_hash, partition_for


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", 0),
        ("a", 97),
        ("hello", 99162322),
        ("console-consumer-12345", None),
        ("polygenelubricants", -2147483648),
        ("übung", None),
        ("\N{GRINNING FACE}", 1772899),
    ],
)
def test_names_hash_as_in_java(text: str, value: int | None) -> None:
    units = [int.from_bytes(pair) for pair in _pairs(text.encode("utf-16-be"))]
    expected = 0
    for unit in units:
        expected = expected * 31 + unit
    expected = (expected + 2**31) % 2**32 - 2**31
    assert java_string_hash(text) == expected
    if value is not None:
        assert expected == value


def test_the_smallest_hash_has_partition_0() -> None:
    assert partition_for("polygenelubricants", 50) == 0


def test_one_node_coordinates_everything() -> None:
    assert {coordinator_for(f"group-{number}", 50, [7]) for number in range(100)} == {7}


def test_several_nodes_share_the_groups() -> None:
    nodes = [coordinator_for(f"group-{number}", 50, [1, 2, 3]) for number in range(300)]
    assert min(nodes.count(node) for node in (1, 2, 3)) > 60


def _pairs(data: bytes) -> list[bytes]:
    return [data[at : at + 2] for at in range(0, len(data), 2)]
