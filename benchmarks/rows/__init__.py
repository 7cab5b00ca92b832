"""The rows of the table, a file for each group that shares a pair of brokers."""

from collections.abc import Sequence
from importlib import import_module
from typing import Final

from benchmarks.measure import Work

# Group name and the rows in it.
GROUPS: Final = {
    "produce": (1,),
    "one_record": (2,),
    "consume": (3,),
    "end_to_end": (4,),
    "partitions": (5,),
    "groups": (7,),
    "startup": (10,),
    "idle": (11,),
    "recovery": (12,),
    "durable": (13,),
    "admin": (14,),
    "boundary": (15,),
    "compaction": (16,),
    "retention": (17,),
}


def load(group: str) -> Sequence[Work]:
    """Give the works of a group."""
    works: Sequence[Work] = import_module(f"{__name__}.{group}").WORKS
    return works
