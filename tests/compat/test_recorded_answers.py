"""Every recorded conversation again, with pybroker in the place of the real Kafka."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import pytest

from compat.differential.compare import differences, read_findings, unexplained
from compat.differential.conversations import AREAS, load
from compat.differential.live import play_all, recorded
from pybroker import Broker
from tests.conftest import assert_no_bugs


class _Served(NamedTuple):
    port: int


@contextmanager
def _embedded(settings: Mapping[str, str]) -> Iterator[_Served]:
    with Broker(settings=settings) as broker:
        yield _Served(int(broker.bootstrap_servers.rpartition(":")[2]))
        assert_no_bugs(broker)


@pytest.mark.parametrize("area", AREAS)
def test_pybroker_answers_as_kafka_did(area: str) -> None:
    answers = recorded(area)
    played = {
        conversation.name: outcomes for conversation, outcomes in play_all(load(area), _embedded)
    }
    found = [
        difference
        for name, outcomes in played.items()
        for difference in differences(f"{area}: {name}", answers[name], outcomes)
    ]
    assert [str(each) for each in unexplained(found, read_findings())] == []


@pytest.mark.parametrize("area", AREAS)
def test_every_conversation_has_a_name_of_its_own_and_is_recorded(area: str) -> None:
    names = [conversation.name for conversation in load(area)]
    assert sorted(names) == sorted(recorded(area))
