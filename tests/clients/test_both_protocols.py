"""Python clients of both protocols in one group, killed and replaced, while records are produced.

`make compat` does the same with Java and Go.
"""

from collections.abc import Sequence

import pytest

from compat.members.journal import Journal
from compat.members.sessions import SETTINGS, Script, come_and_go, play, readers, replace_each
from compat.pybroker_process import PybrokerProcess

SESSIONS: dict[str, tuple[Script, Sequence[str]]] = {
    "mixed": (come_and_go, ["confluent-consumer", "kafka-python", "aiokafka"]),
    "replaced": (replace_each, ["confluent-classic", "confluent-consumer"]),
}


@pytest.mark.parametrize(("script", "kinds"), SESSIONS.values(), ids=SESSIONS)
def test_nothing_is_lost_and_nothing_committed_is_read_again(
    script: Script, kinds: Sequence[str]
) -> None:
    with PybrokerProcess(settings=SETTINGS) as broker, readers(broker) as group:
        assert play(broker, group, script, kinds) is None


def consumed(partition: int, first: int, last: int) -> dict[str, object]:
    span = {"partition": partition, "minOffset": first, "maxOffset": last}
    return {"name": "records_consumed", "partitions": [span]}


def committed(partition: int, offset: int, *, success: bool = True) -> dict[str, object]:
    pair = {"partition": partition, "offset": offset}
    return {"name": "offsets_committed", "offsets": [pair], "success": success}


def test_the_journal_notices_what_is_read_again_although_it_was_committed() -> None:
    journal = Journal()
    journal.add("a", consumed(0, 0, 9))
    journal.add("a", committed(0, 5))
    journal.add("a", committed(0, 10, success=False))
    journal.add("b", consumed(0, 5, 14))
    assert not journal.faults
    assert journal.read_again() == 5
    journal.add("a", consumed(0, 4, 4))
    assert len(journal.faults) == 1


def test_the_journal_notices_what_nobody_read() -> None:
    journal = Journal()
    journal.add("a", consumed(0, 0, 9))
    journal.add("b", consumed(0, 12, 14))
    assert journal.missing({0: 15, 1: 0}) == {0: 10}
    journal.add("a", consumed(0, 10, 11))
    assert journal.missing({0: 15, 1: 0}) == {}
