"""Deadlines on the broker's clock.

A timer never acts on its own time: the owner asks for what is due after everything that had reached
the machine by then was served, so that a heartbeat that arrived in time counts in time, however
long Python, or the whole process, was held up.
"""

import heapq
from collections.abc import Callable


class Timer:
    """One deadline. A cancelled timer never fires."""

    __slots__ = ("callback", "deadline_ms")

    def __init__(self, deadline_ms: int, callback: Callable[[int], None]) -> None:
        self.deadline_ms = deadline_ms
        self.callback: Callable[[int], None] | None = callback

    def cancel(self) -> None:
        """Forget the deadline; cancelling twice, or after it fired, is harmless."""
        self.callback = None


class Timers:
    """A heap of deadlines on the monotonic scale.

    `rearm(deadline_ms)` is called when the earliest deadline became earlier, so that the owner can
    wake up then.
    """

    # A heap with more cancelled entries than live ones, past this size, is swept.
    SWEEP_SIZE = 1024

    def __init__(self, rearm: Callable[[int], None]) -> None:
        self._heap: list[tuple[int, int, Timer]] = []
        self._sequence = 0
        self._sweep_at = self.SWEEP_SIZE
        self._rearm = rearm

    def schedule(self, deadline_ms: int, callback: Callable[[int], None]) -> Timer:
        """Call `callback(now_ms)` once the monotonic clock has reached the deadline."""
        timer = Timer(deadline_ms, callback)
        self._sequence += 1
        earliest = self._heap[0][0] if self._heap else None
        heapq.heappush(self._heap, (deadline_ms, self._sequence, timer))
        if len(self._heap) > self._sweep_at:
            self._sweep()
        if earliest is None or deadline_ms < earliest:
            self._rearm(deadline_ms)
        return timer

    def next_deadline_ms(self) -> int | None:
        """Give the earliest live deadline."""
        while self._heap and self._heap[0][2].callback is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def fire(self, now_ms: int) -> int:
        """Call what is due at `now_ms`, in order. Gives the number of timers fired."""
        fired = 0
        while self._heap and self._heap[0][0] <= now_ms:
            callback = heapq.heappop(self._heap)[2].callback
            if callback is not None:
                callback(now_ms)
                fired += 1
        return fired

    def _sweep(self) -> None:
        self._heap = [entry for entry in self._heap if entry[2].callback is not None]
        heapq.heapify(self._heap)
        self._sweep_at = max(self.SWEEP_SIZE, 2 * len(self._heap))
