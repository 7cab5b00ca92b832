"""What the store keeps of partitions: the same bytes for the same partitions."""

from pybroker.groups.consumer.snapshot import (
    pack_assigned,
    pack_target,
    unpack_assigned,
    unpack_target,
)

FIRST, SECOND = b"1" * 16, b"2" * 16


def test_a_target_is_packed_alike_in_whatever_order_it_was_made() -> None:
    target = {SECOND: frozenset([4, 1]), FIRST: frozenset([7])}
    packed = pack_target(target)
    assert packed == pack_target(dict(reversed(target.items())))
    assert unpack_target(packed) == target
    assert unpack_target(pack_target({})) == {}


def test_so_is_what_a_member_has() -> None:
    assigned = {SECOND: {4: 2, 1: 3}, FIRST: {7: 2}}
    packed = pack_assigned(assigned)
    assert packed == pack_assigned({FIRST: {7: 2}, SECOND: {1: 3, 4: 2}})
    assert unpack_assigned(packed) == assigned
    assert unpack_assigned(pack_assigned({})) == {}
