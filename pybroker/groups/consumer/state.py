"""The states of a consumer group and of its members, with Kafka's names. docs/groups.md draws them.

member                 has                                     leaves it when
---------------------  --------------------------------------  ---------------------------------
STABLE                 its target, at the target epoch         there is another target
UNREVOKED_PARTITIONS   partitions that it must give up         it no longer says that it owns them
UNRELEASED_PARTITIONS  a part of its target; others have the   the others gave them up
rest still
"""

from enum import Enum, IntEnum


class ConsumerGroupState(Enum):
    """The state of a group, as it is shown."""

    EMPTY = "Empty"
    ASSIGNING = "Assigning"
    RECONCILING = "Reconciling"
    STABLE = "Stable"


class MemberState(IntEnum):
    """How far a member is on its way to its target; the number is stored."""

    STABLE = 0
    UNREVOKED_PARTITIONS = 1
    UNRELEASED_PARTITIONS = 2
