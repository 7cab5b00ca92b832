"""Producer ids: taken out of the store by the block, given out one by one, none of them twice.

The block is in the store before its first id leaves. What a broker did not give out of its block is
lost when it ends.
"""

from typing import TYPE_CHECKING, Final, NamedTuple

from pybroker.errors import ErrorCode, KafkaError
from pybroker.store.producer_ids import ProducerIdsTaken

if TYPE_CHECKING:
    from collections.abc import Iterable

PRODUCER_ID_BLOCK_SIZE: Final = 1_000
LAST_PRODUCER_ID: Final = 2**63 - 1


class GivenProducerId(NamedTuple):
    """An id, and what the store must hold before it leaves."""

    producer_id: int
    changes: list[ProducerIdsTaken]


class ProducerIds:
    """The ids of this process's block. `changes` are those of the store when the broker started."""

    def __init__(self, changes: "Iterable[ProducerIdsTaken]" = ()) -> None:
        self._next_producer_id = 0
        self._end_of_block = 0
        for change in changes:
            self._next_producer_id = self._end_of_block = change.next_producer_id

    def give(self) -> GivenProducerId:
        """Give the next id, with a new block when this one is used up."""
        producer_id = self._next_producer_id
        changes = []
        if producer_id == self._end_of_block:
            if producer_id > LAST_PRODUCER_ID - PRODUCER_ID_BLOCK_SIZE:
                raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, "All producer ids are used up.")
            self._end_of_block = producer_id + PRODUCER_ID_BLOCK_SIZE
            changes = [ProducerIdsTaken(self._end_of_block)]
        self._next_producer_id = producer_id + 1
        return GivenProducerId(producer_id, changes)
