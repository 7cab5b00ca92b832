"""A coordinator whose clock the test holds."""

import pytest

from tests.support.groups import Bench


@pytest.fixture
def bench() -> Bench:
    return Bench()
