"""Fixtures: a broker inside the test process, and a raw connection to it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from pybroker import Broker
from tests.support.raw_client import RawClient


@pytest.fixture
def start_broker() -> Iterator[Callable[..., Broker]]:
    """Start brokers with settings of the test's choice. A bug that one counted fails the test."""
    with ExitStack() as stack:

        def start(**arguments: object) -> Broker:
            broker = stack.enter_context(Broker(**arguments))  # type: ignore[arg-type]
            stack.callback(assert_no_bugs, broker)
            return broker

        yield start


@pytest.fixture
def broker(start_broker: Callable[..., Broker]) -> Broker:
    """A broker with default settings."""
    return start_broker()


@pytest.fixture
def client(broker: Broker) -> Iterator[RawClient]:
    """A connection to the broker."""
    with RawClient(broker.bootstrap_servers) as connection:
        yield connection


def assert_no_bugs(broker: Broker) -> None:
    """The counters of bugs stand at zero."""
    assert broker.dispatcher.bugs == 0
    assert broker.data_plane.counters()["bugs"] == 0
