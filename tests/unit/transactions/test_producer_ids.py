"""Producer ids: none is given twice."""

import pytest

from pybroker.errors import KafkaError
from pybroker.store import Store, producer_ids
from pybroker.store.producer_ids import ProducerIdsTaken
from pybroker.transactions.producer_ids import (
    LAST_PRODUCER_ID,
    PRODUCER_ID_BLOCK_SIZE,
    ProducerIds,
)


def test_a_block_is_taken_with_its_first_id_only():
    ids = ProducerIds()
    first, second = ids.give(), ids.give()
    assert first == (0, [ProducerIdsTaken(PRODUCER_ID_BLOCK_SIZE)])
    assert second == (1, [])


def test_the_next_block_follows_the_last_one():
    ids = ProducerIds()
    given = [ids.give() for _ in range(PRODUCER_ID_BLOCK_SIZE + 1)]
    assert [id_.producer_id for id_ in given] == list(range(PRODUCER_ID_BLOCK_SIZE + 1))
    assert given[-1].changes == [ProducerIdsTaken(2 * PRODUCER_ID_BLOCK_SIZE)]


def test_no_id_is_given_twice_over_crashes():
    store = Store(None)
    seen = set()
    for life in range(3):
        ids = ProducerIds(producer_ids.load(store))
        for _ in range(life + PRODUCER_ID_BLOCK_SIZE):
            given = ids.give()
            store.apply(given.changes)
            store.commit()
            assert given.producer_id not in seen
            seen.add(given.producer_id)
    store.close()


def test_ids_end_rather_than_begin_again():
    ids = ProducerIds([ProducerIdsTaken(LAST_PRODUCER_ID - 5)])
    with pytest.raises(KafkaError):
        ids.give()
