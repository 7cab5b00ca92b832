"""Members of classic groups, each on its own connection."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pybroker import Broker
from tests.support.classic_member import ClassicMember
from tests.support.raw_client import RawClient

# Groups do not wait for more members before their first generation.
AT_ONCE = {"group.initial.rebalance.delay.ms": "0"}


@pytest.fixture
def group_broker(start_broker: Callable[..., Broker]) -> Broker:
    """A broker with groups that begin at once."""
    return start_broker(settings=AT_ONCE)


@pytest.fixture
def group_client(group_broker: Broker) -> Iterator[RawClient]:
    """A connection to that broker."""
    with RawClient(group_broker.bootstrap_servers) as connection:
        yield connection


@pytest.fixture
def start_member(request: pytest.FixtureRequest) -> Iterator[Callable[..., ClassicMember]]:
    """Connect members, to `group_broker` if no other broker is given."""
    with ExitStack() as stack:

        def start(
            broker: Broker | None = None, group_id: str = "group", instance: str | None = None
        ) -> ClassicMember:
            if broker is None:
                broker = request.getfixturevalue("group_broker")
            member = ClassicMember(broker.bootstrap_servers, group_id, instance)
            stack.callback(member.close)
            return member

        yield start


@pytest.fixture
def restart_broker(tmp_path: Path) -> Iterator[Callable[[], Broker]]:
    """Start a broker over the same data; whoever calls again stops the one before."""
    brokers: list[Broker] = []

    def stop() -> None:
        if brokers:
            brokers.pop().__exit__(None, None, None)

    def start() -> Broker:
        stop()
        brokers.append(Broker(settings=AT_ONCE, data_dir=tmp_path).__enter__())
        return brokers[0]

    yield start
    stop()
