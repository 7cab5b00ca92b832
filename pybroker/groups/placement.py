"""Which node coordinates a group or a transactional id.

Kafka's rule: the key's hash chooses a partition of the internal topic, whose leader coordinates.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

KEYS_REMEMBERED: Final = 10_000  # The hash of a name costs a microsecond per character.


def java_string_hash(text: str) -> int:
    """Java's `String.hashCode`: over UTF-16 code units, in 32 bits with sign."""
    units = text.encode("utf-16-be", "surrogatepass")
    value = 0
    for high, low in zip(units[::2], units[1::2], strict=True):
        value = (31 * value + (high << 8 | low)) & 0xFFFF_FFFF
    return value - 0x1_0000_0000 if value & 0x8000_0000 else value


@lru_cache(maxsize=KEYS_REMEMBERED)
def partition_for(key: str, partition_count: int) -> int:
    """Choose the partition of the internal topic that the key belongs to."""
    value = java_string_hash(key)
    # Kafka's Utils.abs: the smallest integer has no positive twin and counts as 0.
    return (0 if value == -0x8000_0000 else abs(value)) % partition_count


def coordinator_for(key: str, partition_count: int, node_ids: "Sequence[int]") -> int:
    """Choose the node that coordinates the key: partitions go round the nodes in order."""
    if len(node_ids) == 1:
        return node_ids[0]
    return node_ids[partition_for(key, partition_count) % len(node_ids)]
