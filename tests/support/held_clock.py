"""A clock that a test moves, and the broker's timers with it."""

import asyncio

from pybroker import Broker

START_MS = 1_700_000_000_000


class HeldClock:
    """Both scales stand still until `advance`."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """The wall clock."""
        return self._now_ms

    def monotonic_ms(self) -> int:
        """The scale of timers: it started with the wall clock's zero."""
        return self._now_ms

    def advance(self, broker: Broker, by_ms: int) -> None:
        """Move on, and let a broker in the background do what is due."""
        self._now_ms += by_ms
        background = broker._background
        assert background is not None
        background.run(_fire_timers(broker))


async def _fire_timers(broker: Broker) -> None:
    await asyncio.sleep(0)
    broker.dispatcher.fire_timers(broker.clock.monotonic_ms())
