"""A broker, and each client library in turn connected to it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from compat.pybroker_process import PybrokerProcess
from pybroker import Broker
from tests.support.clients import LIBRARIES, library_class
from tests.support.clients.library import Admin, Library

# Groups begin at once, and forget a member that was killed within a second or two.
SETTINGS = {"group.initial.rebalance.delay.ms": "0", "group.min.session.timeout.ms": "100"}


@pytest.fixture
def broker(start_broker: Callable[..., Broker]) -> Broker:
    """A broker inside the test process."""
    return start_broker(settings=SETTINGS)


@pytest.fixture(params=LIBRARIES)
def library_name(request: pytest.FixtureRequest) -> str:
    """Each of the libraries."""
    name: str = request.param
    return name


@pytest.fixture
def connect(broker: Broker) -> Iterator[Callable[[str], Library]]:
    """Connect libraries by name to the broker."""
    with ExitStack() as stack:

        def connect(name: str) -> Library:
            library = library_class(name)(broker.bootstrap_servers)
            return stack.enter_context(library)

        yield connect


@pytest.fixture
def library(connect: Callable[[str], Library], library_name: str) -> Library:
    """Each of the libraries, connected to the broker."""
    return connect(library_name)


@pytest.fixture
def admin(library: Library) -> Admin:
    """The admin client of the library."""
    return library.admin()


@pytest.fixture
def process(tmp_path: Path) -> Iterator[PybrokerProcess]:
    """A broker in a process of its own, which can be stopped, killed and started again."""
    with PybrokerProcess(settings=SETTINGS, data_dir=tmp_path) as process:
        yield process


@pytest.fixture
def process_library(process: PybrokerProcess, library_name: str) -> Iterator[Library]:
    """Each of the libraries, connected to the broker of the process."""
    with library_class(library_name)(process.bootstrap_servers) as library:
        yield library
