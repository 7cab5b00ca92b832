"""Clients that asked who coordinates a group, and are about to join it.

Most clients ask, and join a few milliseconds later. librdkafka 2.16 asks on its first connection,
drops it, makes the next one 50 ms after the first, asks there again, and joins before or after.
Nothing tells which connections belong to one client, so clients are counted: a question on a new
connection is the second one of somebody who asked RECONNECT_MS ago or earlier, if there is such a
client, and a newcomer is one of those who have not come yet.
"""

from collections import OrderedDict, deque
from typing import Final

RECONNECT_MS: Final = 40
# Questions are remembered for this many times the window: until the second one has come, too.
MEMORY: Final = 2
MAX_GROUPS: Final = 1_000


class Arrivals:
    """Who asked about one group lately. Whoever asks comes within `window_ms`, or not at all."""

    __slots__ = ("_asked_once", "_came_unasked", "_connections", "_expected", "_window_ms")

    def __init__(self, window_ms: int) -> None:
        self._window_ms = window_ms
        # When a connection asked first.
        self._connections: OrderedDict[int, int] = OrderedDict()
        # When those asked who have not come, and who have asked once; and when those came who have
        # not asked.
        self._expected: deque[int] = deque()
        self._asked_once: deque[int] = deque()
        self._came_unasked: deque[int] = deque()

    def ask(self, connection_id: int, now_ms: int) -> None:
        """Take in a question."""
        self._forget(now_ms)
        if connection_id in self._connections or not self._window_ms:
            return
        self._connections[connection_id] = now_ms
        if self._asked_once and self._asked_once[0] + RECONNECT_MS <= now_ms:
            self._asked_once.popleft()
            return
        self._asked_once.append(now_ms)
        if self._came_unasked:
            self._came_unasked.popleft()
        else:
            self._expected.append(now_ms)

    def come(self, now_ms: int) -> None:
        """Take in a newcomer."""
        self._forget(now_ms)
        if self._expected:
            self._expected.popleft()
        else:
            self._came_unasked.append(now_ms)

    def since_ms(self, now_ms: int) -> int:
        """Give when the first one asked who may still come; `now_ms` if nobody may."""
        first_ms = now_ms - self._window_ms
        return next((asked_ms for asked_ms in self._expected if asked_ms > first_ms), now_ms)

    def until_ms(self) -> int:
        """Give until when somebody may come; 0 if nobody is on the way."""
        return self._expected[-1] + self._window_ms if self._expected else 0

    def _forget(self, now_ms: int) -> None:
        first_ms = now_ms - MEMORY * self._window_ms
        for times in (self._expected, self._asked_once, self._came_unasked):
            while times and times[0] <= first_ms:
                times.popleft()
        while self._connections and next(iter(self._connections.values())) <= first_ms:
            self._connections.popitem(last=False)


class EarlyArrivals:
    """Who asked lately about groups that are not in memory; of very many groups about the last."""

    def __init__(self, window_ms: int) -> None:
        self._window_ms = window_ms
        self._by_group: OrderedDict[str, Arrivals] = OrderedDict()

    def ask(self, group_id: str, connection_id: int, now_ms: int) -> None:
        """Take in a question."""
        arrivals = self._by_group.setdefault(group_id, Arrivals(self._window_ms))
        arrivals.ask(connection_id, now_ms)
        self._by_group.move_to_end(group_id)
        while self._by_group and self._may_forget_first(now_ms):
            self._by_group.popitem(last=False)

    def pop(self, group_id: str) -> Arrivals | None:
        """Give who asked about a group that begins now."""
        return self._by_group.pop(group_id, None)

    def _may_forget_first(self, now_ms: int) -> bool:
        first = next(iter(self._by_group.values()))
        return len(self._by_group) > MAX_GROUPS or first.until_ms() <= now_ms
