"""Waiting for a condition, never for a duration."""

import time
from collections.abc import Callable

DEADLINE_S = 30.0
POLL_S = 0.005


def wait_until(condition: Callable[[], object], deadline_s: float = DEADLINE_S) -> None:
    """Return once the condition holds; fail when it does not within the deadline."""
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, "the condition did not come true"
        time.sleep(POLL_S)
