"""The strategies that decide which member shall have which partitions, by the names of Kafka's.

`group.consumer.assignors` says which of them members may choose, and which is the default.
"""

from typing import TYPE_CHECKING, Final, TypeAlias

from pybroker.groups.consumer.assignors import range as range_assignor
from pybroker.groups.consumer.assignors import uniform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pybroker.groups.consumer.assignors.subscriber import Subscriber
    from pybroker.groups.consumer.member import Target

Assignor: TypeAlias = "Callable[[Sequence[Subscriber], Mapping[bytes, int]], dict[str, Target]]"
"""Gives every subscriber its target; takes the number of partitions of each subscribed topic."""

ASSIGNORS: Final[dict[str, Assignor]] = {
    "uniform": uniform.assign,
    "range": range_assignor.assign,
}
