"""The regular look for what is too old: positions, and groups of which nothing is left (KIP-211).

The store finds the groups, in memory or not; only those are loaded, a few at a time, so that a
broker with many groups answers in between. Members are known for every group that has some: their
groups are in memory since the start.
"""

from functools import partial
from typing import TYPE_CHECKING, Final

from pybroker.groups import offset_removal
from pybroker.store import groups as stored

if TYPE_CHECKING:
    from pybroker.groups.configs import GroupConfigs
    from pybroker.groups.loaded import AnyGroup, LoadedGroups
    from pybroker.store import Store
    from pybroker.timers import Timers

GROUPS_AT_ONCE: Final = 64  # Groups that one turn of the loop looks at.
MS_PER_MINUTE: Final = 60_000


class OffsetExpiry:
    """Expires positions of the groups of one coordinator."""

    def __init__(
        self, store: "Store", timers: "Timers", configs: "GroupConfigs", loaded: "LoadedGroups"
    ) -> None:
        self._store = store
        self._timers = timers
        self._retention_ms = configs.offsets_retention_minutes * MS_PER_MINUTE
        self._loaded = loaded

    def run(self, now_ms: int) -> None:
        """Look at everything once."""
        for group in list(self._loaded.by_id.values()):
            self._loaded.drop_if_blank(group)
        self._look("", now_ms)

    def _look(self, first_group_id: str, now_ms: int) -> None:
        wall_ms = self._loaded.decision(now_ms).wall_ms
        group_ids = stored.group_ids_to_expire(
            self._store,
            first_group_id=first_group_id,
            now_ms=wall_ms,
            retention_ms=self._retention_ms,
            limit=GROUPS_AT_ONCE,
        )
        for group_id in group_ids:
            group = self._loaded.find(group_id, now_ms)
            if group is not None:
                self._expire(group, now_ms)
        if len(group_ids) == GROUPS_AT_ONCE:
            # From the last one on: it may still be there, and is looked at twice.
            self._timers.schedule(now_ms + 1, partial(self._look, group_ids[-1]))

    def _expire(self, group: "AnyGroup", now_ms: int) -> None:
        decision = self._loaded.decision(now_ms)
        offset_removal.expire(group, self._retention_ms, decision)
        if group.is_abandoned:
            self._loaded.delete(group, decision)
        else:
            self._loaded.carry_out(group, decision)
