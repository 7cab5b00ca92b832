"""A coordinator of consumer groups whose clock the test holds."""

import pytest

from tests.support.consumer_bench import ConsumerBench


@pytest.fixture
def bench() -> ConsumerBench:
    return ConsumerBench()
